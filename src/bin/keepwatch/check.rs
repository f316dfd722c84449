//! `keepwatch check`: says what is in files, or everything that is wrong.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use keepwatch::config::Config;
use keepwatch::rules::UnknownFields;
use keepwatch::rules::file::{RuleDefinition, RuleFile};

use crate::{contents, counted, defaults, print};

/// Reads each file as `serve` would and says what is in it.
///
/// # Errors
/// What is wrong with the file; with several, of each, and then how many.
pub(crate) fn run(files: &[PathBuf]) -> anyhow::Result<()> {
    if let [file] = files {
        return print(&checked(file)?);
    }
    let mut bad = 0;
    for file in files {
        match checked(file) {
            Ok(good) => print(&good)?,
            Err(error) => {
                bad += 1;
                eprintln!("keepwatch: {error:#}");
            }
        }
    }
    if bad > 0 {
        bail!("{bad} of {} files are not good", files.len());
    }
    Ok(())
}

fn checked(file: &Path) -> anyhow::Result<String> {
    let what = if is_yaml(file) { rules(file)? } else { configuration(file)? };
    Ok(format!("{} is good: {what}\n", file.display()))
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn configuration(file: &Path) -> anyhow::Result<String> {
    let mut config = Config::load(file)?;
    let contents = contents(&config);
    for (name, file) in &config.rule_files.files {
        warn(name, file);
    }
    defaults::add_to(&mut config)?;
    config.check_dependencies()?;
    Ok(contents)
}

/// Reads a rule file of Prometheus.
fn rules(path: &Path) -> anyhow::Result<String> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
    let file = match RuleFile::parse_with(&text, UnknownFields::Refused) {
        Ok(file) => file,
        Err(faults) => bail!(listed(&name, &faults)),
    };
    warn(&name, &file);
    let alerting = file.rules().filter(|rule| matches!(rule, RuleDefinition::Alerting(_))).count();
    let recording = file.rules().count() - alerting;
    Ok(format!(
        "{} with {} and {}",
        counted(file.groups.len(), "group"),
        counted(alerting, "alerting rule"),
        counted(recording, "recording rule"),
    ))
}

/// Tells what is odd in a rule file.
fn warn(name: &str, file: &RuleFile) {
    for warning in &file.warnings {
        eprintln!("{name}:{warning}");
    }
}

/// Writes each of a file's faults on a line with the file's name.
pub(crate) fn listed<T: std::fmt::Display>(
    file: &str,
    faults: impl IntoIterator<Item = T>,
) -> String {
    let mut text = String::new();
    for fault in faults {
        let separator = if text.is_empty() { "" } else { "\n" };
        // Writing to a text does not fail.
        let _ = write!(text, "{separator}{file}:{fault}");
    }
    text
}
