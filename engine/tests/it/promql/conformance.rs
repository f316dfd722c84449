//! The folder with the files, and what is told of them.

use std::env;
use std::fs;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use super::compliance;
use super::file::{self, Counts, Only, Report};
use crate::shared::{folder, say};

/// Returns the test files of a folder by name.
fn test_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == "test") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn say_all(lines: &[String]) -> io::Result<()> {
    lines.iter().try_for_each(|line| say(line))
}

/// Runs files side by side.
fn reports(files: &[(String, String)], only: Option<&Only>) -> Vec<Report> {
    thread::scope(|scope| {
        let running: Vec<_> = files
            .iter()
            .map(|(name, text)| scope.spawn(move || file::report(name, text, only)))
            .collect();
        let end = |running: thread::ScopedJoinHandle<'_, Report>| match running.join() {
            Ok(report) => report,
            Err(panic) => resume_unwind(panic),
        };
        running.into_iter().map(end).collect()
    })
}

#[test]
fn every_case_passes() -> io::Result<()> {
    let folder = match folder("promql") {
        Ok(folder) => folder,
        Err(reason) => return say(&format!("promql conformance: left out, as {reason}")),
    };
    let only = env::var("KEEPWATCH_CONFORMANCE_ONLY").ok().map(|text| Only::new(&text));
    let verbose = env::var_os("KEEPWATCH_CONFORMANCE_VERBOSE").is_some_and(|value| value != "0");
    let mut files = Vec::new();
    for path in test_files(&folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if only.as_ref().is_none_or(|only| only.has_file(&name)) {
            files.push((name, fs::read_to_string(&path)?));
        }
    }
    let mut sum = Counts::default();
    for (name, report) in files.iter().map(|(name, _)| name).zip(reports(&files, only.as_ref())) {
        say_all(&report.problems)?;
        if verbose {
            say_all(&report.needing_histograms)?;
        }
        say(&format!("{name}: {}", report.counts))?;
        sum.add(report.counts);
    }
    let templates = folder.join("compliance-queries.yml");
    let mut refused = 0;
    if only.is_none() && templates.is_file() {
        let report = compliance::report(&fs::read_to_string(&templates)?);
        say_all(&report.problems)?;
        refused = report.problems.len();
        let queries = report.queries;
        say(&format!("compliance-queries.yml: {queries} queries evaluated, {refused} failed"))?;
    }
    say(&format!("promql conformance: {sum}"))?;
    assert!(sum.ran() > 0, "no case was run in {}", folder.display());
    assert_eq!((sum.failed, refused), (0, 0), "cases and queries that failed");
    Ok(())
}
