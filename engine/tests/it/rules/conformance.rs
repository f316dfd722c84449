//! The folder with the files, and what is told of them.

use std::fs;
use std::io;
use std::path::Path;

use super::{rule_file, unit_test};
use crate::shared::{folder, say};

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

#[test]
fn every_file_is_as_expected() -> io::Result<()> {
    let folder = match folder("rules") {
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
