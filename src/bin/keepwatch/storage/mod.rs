//! `keepwatch storage`: looks into a data folder, checks it, and moves
//! samples out of it and into it.
//!
//! Reading is apart from showing: [`folder`] makes plain values of a folder,
//! and [`survey`] and [`checks`] show them. [`export`] and [`import`] work
//! against the traits [`export::Source`] and [`import::Sink`].

mod arguments;
mod checks;
mod definitions;
mod export;
mod filling;
mod folder;
mod guess;
mod import;
mod layout;
mod state;
mod survey;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal as _, Read};
use std::path::Path;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use keepwatch::clock::{Clock as _, SystemClock};

pub(crate) use self::arguments::Storage;
use self::arguments::{Export, Import, Inspect, Verify};
use crate::print;

/// The buffer between a dump and the disk.
const BUFFER_BYTES: usize = 1 << 18;

/// Runs a command on a data folder.
///
/// # Errors
/// What cannot be read or written; damage that was found; lines that were
/// refused.
pub(crate) fn run(command: &Storage) -> anyhow::Result<()> {
    match command {
        Storage::Inspect(arguments) => inspect(arguments),
        Storage::Verify(arguments) => verify(arguments),
        Storage::Export(arguments) => export(arguments),
        Storage::Import(arguments) => import(arguments),
    }
}

fn inspect(arguments: &Inspect) -> anyhow::Result<()> {
    let survey = folder::survey(&arguments.data, arguments.top, SystemClock::new().now())?;
    print(&if arguments.json { json(&survey)? } else { survey.to_string() })
}

fn verify(arguments: &Verify) -> anyhow::Result<()> {
    let checks = folder::checks(&arguments.data, SystemClock::new().now())?;
    print(&if arguments.json { json(&checks)? } else { checks.to_string() })?;
    match checks.problems() {
        0 => Ok(()),
        count => {
            anyhow::bail!("{} found in {:?}", crate::counted(count, "problem"), arguments.data)
        }
    }
}

fn export(arguments: &Export) -> anyhow::Result<()> {
    let source = folder::View::open(&arguments.data, SystemClock::new().now())?;
    if let Some(trouble) = source.trouble() {
        eprintln!("{trouble}; they are guessed");
    }
    let wish = arguments.wish()?;
    let report = match &arguments.output {
        Some(path) => {
            // Written whole or not at all: a dump that was cut looks like one
            // that has little.
            let partial = path.with_added_extension("partial");
            let file =
                File::create(&partial).with_context(|| format!("cannot write {partial:?}"))?;
            let out = BufWriter::with_capacity(BUFFER_BYTES, file);
            let exported = export::export(&source, &wish, out).and_then(|(out, report)| {
                out.into_inner()?.sync_all()?;
                std::fs::rename(&partial, path)?;
                Ok(report)
            });
            if exported.is_err() {
                // What is left of it is told of by the error.
                let _ = std::fs::remove_file(&partial);
            }
            exported.with_context(|| format!("cannot export to {path:?}"))?
        }
        None => {
            let out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
            match export::export(&source, &wish, out) {
                Err(error) if is_broken_pipe(&error) => return Ok(()),
                exported => exported?.1,
            }
        }
    };
    // Standard output may be the dump itself.
    eprint!("{report}");
    Ok(())
}

/// Says whether a reader such as `head` had enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

fn import(arguments: &Import) -> anyhow::Result<()> {
    let (input, length) = input(arguments.file.as_deref())?;
    let bar = progress(length);
    let source = BufReader::with_capacity(BUFFER_BYTES, bar.wrap_read(input));
    let report = if arguments.dry_run {
        import::import(source, &arguments.reading(), &mut import::Nowhere)
    } else {
        import::import(
            source,
            &arguments.reading(),
            &mut filling::Filling::open(&arguments.data, SystemClock::new().now())?,
        )
    };
    bar.finish_and_clear();
    let report = report?;
    print(&if arguments.json { json(&report)? } else { report.to_string() })?;
    match report.refused() {
        0 => Ok(()),
        count => anyhow::bail!("{count} samples or lines were refused"),
    }
}

/// Opens what is imported, with its length if it has one.
fn input(file: Option<&Path>) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return Ok((Box::new(io::stdin().lock()), None));
    };
    let file = File::open(path).with_context(|| format!("cannot read {path:?}"))?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
    Ok((Box::new(file), length))
}

/// A bar on a terminal, nothing elsewhere.
fn progress(length: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{bar:40} {percent:>3} %  {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
        ),
        None => (ProgressBar::no_length(), "{spinner} {binary_bytes}, {binary_bytes_per_sec}"),
    };
    let style = ProgressStyle::with_template(template);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}
