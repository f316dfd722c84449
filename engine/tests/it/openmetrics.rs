//! The texts of the OpenMetrics project that must parse, and that must not.
//!
//! The files are no part of the project; see `promql` for where they are
//! looked for.

use std::fs;
use std::io;
use std::path::Path;

use keepwatch_engine::exposition::parse::{Limits, Parser};

use crate::shared::{folder, say};

/// Returns what is wrong with a case, if anything is.
fn check(case: &Path) -> io::Result<Option<String>> {
    let expected: serde_json::Value = serde_json::from_slice(&fs::read(case.join("test.json"))?)?;
    let must_parse = expected["shouldParse"].as_bool().unwrap_or_default();
    let text = fs::read(case.join(expected["file"].as_str().unwrap_or("metrics")))?;
    let parsed: Result<Vec<_>, _> = Parser::open_metrics(&*text, Limits::default()).collect();
    Ok(match (parsed, must_parse) {
        (Ok(_), false) => Some("it parses, and must not".to_owned()),
        (Err(error), true) => Some(format!("it must parse: {error}")),
        _ => None,
    })
}

#[test]
fn every_text_is_as_expected() -> io::Result<()> {
    let folder = match folder("openmetrics") {
        Ok(folder) => folder,
        Err(reason) => return say(&format!("openmetrics conformance: left out, as {reason}")),
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        cases.push(entry?.path());
    }
    cases.sort();
    let mut wrong = 0;
    for case in &cases {
        if let Some(problem) = check(case)? {
            wrong += 1;
            say(&format!("{}: {problem}", case.file_name().unwrap_or_default().display()))?;
        }
    }
    let right = cases.len() - wrong;
    say(&format!("openmetrics conformance: {right} texts as expected, {wrong} not"))?;
    assert!(wrong == 0 && right > 0, "{wrong} of {} texts are not as expected", cases.len());
    Ok(())
}
