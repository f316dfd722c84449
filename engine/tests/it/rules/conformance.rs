//! The folder with the files, and what is expected of each.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use keepwatch_engine::rules::file::RuleFile;

/// The folder with the data beside the checkout.
const BESIDE: &str = "../shared/conformance";

/// What is found wrong with the files, or odd; the others are good.
const EXPECTED: &[(&str, Expected)] = &[
    ("fixtures/invalid_rules.yaml", Expected::Errors(&["6:9: unknown field \"unexpected_field\""])),
    ("fixtures/rules_multi_doc.yaml", Expected::Warnings(&["8:1: only the first document"])),
    ("unit/bad-rules-syntax.yml", Expected::Errors(&["7:22: could not parse expression"])),
    ("unit/bad-sd-file-format.yml", Expected::Errors(&["1:1: expected a rule file, found a list"])),
    ("unit/prometheus-rules.lint.yml", Expected::Warnings(&["11:5: the rule"])),
    ("unit/rules_duplicates.yml", Expected::Warnings(&["18:9: the rule", "23:9: the rule"])),
    (
        "unit/rules_extrafields.yml",
        Expected::Errors(&[
            "7:5: unknown field \"namespace\"",
            "21:5: unknown field \"ownership\"",
        ]),
    ),
];

/// What is to be found in a rule file: beginnings of messages.
#[derive(Clone, Copy)]
enum Expected {
    Nothing,
    Warnings(&'static [&'static str]),
    Errors(&'static [&'static str]),
}

/// Returns the folder with the rules, if it is there; what is relative begins
/// at the checkout.
fn folder() -> Result<PathBuf, String> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = crate_folder.parent().unwrap_or(crate_folder);
    let named = env::var_os("KEEPWATCH_CONFORMANCE").unwrap_or_else(|| BESIDE.into());
    let folder = checkout.join(named).join("rules");
    let is_there = folder.is_dir();
    if is_there { Ok(folder) } else { Err(format!("there is no folder {}", folder.display())) }
}

/// Returns the files, as `fixtures/rules.yaml`, with their texts.
fn files(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for part in ["fixtures", "unit"] {
        for entry in fs::read_dir(folder.join(part))? {
            let entry = entry?;
            let name = format!("{part}/{}", entry.file_name().to_string_lossy());
            files.push((name, fs::read_to_string(entry.path())?));
        }
    }
    files.sort();
    Ok(files)
}

/// Writes past the test harness, which would keep the lines of a test that
/// passes to itself.
fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

fn check_rules(name: &str, text: &str) -> Result<(), String> {
    let expected = EXPECTED.iter().find(|(of, _)| *of == name);
    let expected = expected.map_or(Expected::Nothing, |(_, expected)| *expected);
    let (errors, warnings) = match RuleFile::parse(text) {
        Ok(file) => (Vec::new(), file.warnings.iter().map(ToString::to_string).collect()),
        Err(errors) => (errors.iter().map(ToString::to_string).collect(), Vec::new()),
    };
    let (errors_expected, warnings_expected): (&[&str], &[&str]) = match expected {
        Expected::Nothing => (&[], &[]),
        Expected::Warnings(warnings) => (&[], warnings),
        Expected::Errors(errors) => (errors, &[]),
    };
    begin_with("errors", &errors, errors_expected)?;
    begin_with("warnings", &warnings, warnings_expected)
}

fn begin_with(what: &str, found: &[String], expected: &[&str]) -> Result<(), String> {
    let begins = |(found, expected): (&String, &&str)| found.starts_with(expected);
    if found.len() == expected.len() && found.iter().zip(expected).all(begins) {
        return Ok(());
    }
    Err(format!("expected {what} {expected:?}, found {found:#?}"))
}

#[test]
fn every_file_is_as_expected() -> io::Result<()> {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(reason) => return say(&format!("rules conformance: left out, as {reason}")),
    };
    let (mut good, mut bad) = (0, 0);
    for (name, text) in files(&folder)? {
        if text.contains("tests:") {
            continue;
        }
        match check_rules(&name, &text) {
            Ok(()) => good += 1,
            Err(problem) => {
                bad += 1;
                say(&format!("{name}: {problem}"))?;
            }
        }
    }
    say(&format!("rules conformance: {good} files as expected, {bad} not"))?;
    assert!(good > 0, "no file was read in {}", folder.display());
    assert_eq!(bad, 0, "files that are not as expected");
    Ok(())
}
