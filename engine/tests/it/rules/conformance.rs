//! The folder with the files, and what is told of them.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{rule_file, unit_test};

/// The folder with the data beside the checkout.
const BESIDE: &str = "../shared/conformance";

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

#[test]
fn every_file_is_as_expected() -> io::Result<()> {
    let folder = match folder() {
        Ok(folder) => folder,
        Err(reason) => return say(&format!("rules conformance: left out, as {reason}")),
    };
    let (mut good, mut bad) = (0, 0);
    let files = files(&folder)?;
    for (name, text) in &files {
        let is_test = text.lines().any(|line| line.starts_with("tests:"));
        let checked = if is_test {
            unit_test::check(name, text, &files)
        } else {
            rule_file::check(name, text).map(|()| String::new())
        };
        match checked {
            Ok(note) => {
                good += 1;
                if !note.is_empty() {
                    say(&format!("{name}: {note}"))?;
                }
            }
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
