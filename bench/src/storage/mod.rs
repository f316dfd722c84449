//! Suite `storage`: what it costs to take samples in, to keep them and to read
//! them back, beside tsink.
//!
//! Names are `<engine>_<dataset>[_<series>]_<figure>`; without a number of
//! series it is the main size, 20,000 series of 360 samples at 10 s. The
//! [datasets](dataset) are the same for every engine, and each turn runs in a
//! process of its own, so that memory, bytes and CPU time are that engine's.
//! Turns of several rounds are interleaved, and a figure is their median.
//! After each turn's reads the samples are compared with what was written.
//!
//! # Figures
//! - `register_cpu_ns_per_series`: making the series known, labels and the
//!   first tick included, with which some ways in create them.
//! - `ingest_cpu_ns_per_sample`: CPU time of all threads from the second tick
//!   to the last acknowledgement, without the making of the values but with
//!   that of the message. Sealing of full chunks in memory lies within. A
//!   durable engine has synced its log before it acknowledges a tick.
//! - `build_cpu_ns_per_sample`: the part of it that making the message took.
//! - `rss_kib_per_series`, `rss_peak_kib_per_series`: growth of `VmRSS` since
//!   before the first series, and the most there was.
//! - `memory_bytes_per_sample`: by the engine's own account.
//! - `select_one_…`: all samples of one series found by its name and labels,
//!   mean over 200 series; `select_all_…`: every series, a metric at a time,
//!   decoded one after another on the asker's thread. `select_sealed_…`: the
//!   same once everything is in files.
//! - `wal_bytes_per_sample`: the log's folder after the last tick.
//! - `disk_bytes_per_sample`: the engine's whole folder after everything was
//!   sealed; `seal_cpu_ns_per_sample`: what that cost.
//! - `written_bytes_per_sample`: bytes that reached the file system, by
//!   `write_bytes` of `/proc/self/io`, which counts whole pages, each time
//!   that they are made dirty.
//! - `write_amplification`: those bytes ÷ the bytes of frames and chunks that
//!   the engine handed to the file system; by `wchar` of `/proc/self/io` for
//!   an engine that does not count them.
//! - `reopen_ms`: from the start of opening until the engine takes queries,
//!   after SIGKILL behind the last acknowledgement; `reopen_refused`: how
//!   often it did not open at all; `lost_after_kill`: the acknowledged samples
//!   that were missing.
//! - `drop_window_ms`: removing a sealed window.
//!
//! tsink takes some 30 µs a sample, so it gets 2,000 series; keepwatch runs at
//! that size as well, and ratios are between these; as tsink takes one turn
//! only, they are ratios of medians.

mod child;
mod dataset;
mod engine;
mod goals;
mod plan;
mod results;
mod turn;
mod usage;

use std::path::PathBuf;

use self::plan::Plan;
use self::results::Results;
use self::turn::Turn;

const USAGE: &str = "storage [--quick] [--only PART_OF_A_NAME] [--dir FOLDER]";

/// What the command line asks for.
struct Options {
    /// A smoke run in seconds, at sizes of its own.
    quick: bool,
    /// Only the contestants whose name has this text.
    only: Option<String>,
    /// Where the engines' folders are made.
    folder: PathBuf,
}

/// Runs the suite, or a turn of it if the process was started for one.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some((first, rest)) = arguments.split_first()
        && first == "--turn"
    {
        return Turn::parse(rest)?.run();
    }
    let options = Options::parse(arguments)?;
    let plan = Plan::new(options.quick, options.only.as_deref());
    let results = plan.run(&options.folder.join(format!("keepwatch-bench-{}", std::process::id())));
    print(&plan, results)
}

/// Prints what was measured, also if a turn failed.
fn print(plan: &Plan, mut results: Results) -> Result<(), String> {
    plan.compare(&mut results);
    for (name, value, unit) in results.medians() {
        let decimals = if value < 100.0 { 3 } else { 1 };
        println!("RESULT storage {name} {value:.decimals$} {unit}");
    }
    goals::print(&results);
    match results.failures() {
        [] => Ok(()),
        failures => Err(failures.join("\n")),
    }
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self { quick: false, only: None, folder: std::env::temp_dir() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value =
                || rest.next().cloned().ok_or_else(|| format!("{argument} takes a value: {USAGE}"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--only" => options.only = Some(value()?),
                "--dir" => options.folder = value()?.into(),
                other => return Err(format!("expected {USAGE}, got {other}")),
            }
        }
        Ok(options)
    }
}
