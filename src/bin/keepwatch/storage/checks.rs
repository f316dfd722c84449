//! What is damaged in a data folder.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::layout::{count, size};
use crate::counted;

/// What a check of every byte found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Checks {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The files that were read.
    pub(crate) files: Vec<CheckedFile>,
    /// What is wrong and belongs to no file.
    pub(crate) others: Vec<String>,
}

/// A file and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CheckedFile {
    /// The file, from the folder.
    pub(crate) file: PathBuf,
    pub(crate) bytes: u64,
    /// The samples or buckets that can be read, where they are counted.
    pub(crate) samples: Option<u64>,
    /// What is wrong.
    pub(crate) problems: Vec<String>,
    /// What is not as usual and costs nothing.
    pub(crate) notes: Vec<String>,
}

impl Checks {
    /// Returns how many problems there are.
    pub(crate) fn problems(&self) -> usize {
        self.others.len() + self.files.iter().map(|file| file.problems.len()).sum::<usize>()
    }
}

impl fmt::Display for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            let verdict = if file.problems.is_empty() { "good" } else { "DAMAGED" };
            write!(f, "{verdict:<8} {} ({}", file.file.display(), size(file.bytes))?;
            match file.samples {
                Some(samples) => writeln!(f, ", {} samples)", count(samples))?,
                None => writeln!(f, ")")?,
            }
            for line in file.problems.iter().chain(&file.notes) {
                writeln!(f, "           {line}")?;
            }
        }
        for line in &self.others {
            writeln!(f, "DAMAGED  {line}")?;
        }
        writeln!(
            f,
            "{} checked in {}: {}",
            counted(self.files.len(), "file"),
            self.folder.display(),
            match self.problems() {
                0 => "all good".to_owned(),
                problems => counted(problems, "problem"),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn checks_as_text() {
        let mut checks = Checks { folder: "data".into(), ..Checks::default() };
        checks.files.push(CheckedFile {
            file: "wal/00000000000000000001.wal".into(),
            bytes: 2_048,
            notes: vec!["12 bytes of an unfinished write at its end".to_owned()],
            ..CheckedFile::default()
        });
        expect![[r#"
            good     wal/00000000000000000001.wal (2.00 KiB)
                       12 bytes of an unfinished write at its end
            1 file checked in data: all good
        "#]]
        .assert_eq(&checks.to_string());
        checks.files.push(CheckedFile {
            file: "segments/1-2.seg".into(),
            bytes: 1 << 20,
            samples: Some(720_000),
            problems: vec!["the column of values at byte 77 is damaged".to_owned()],
            ..CheckedFile::default()
        });
        checks.others.push("3 samples of the log belong to no series".to_owned());
        assert_eq!(checks.problems(), 2);
        expect![[r#"
            good     wal/00000000000000000001.wal (2.00 KiB)
                       12 bytes of an unfinished write at its end
            DAMAGED  segments/1-2.seg (1.00 MiB, 720,000 samples)
                       the column of values at byte 77 is damaged
            DAMAGED  3 samples of the log belong to no series
            2 files checked in data: 2 problems
        "#]]
        .assert_eq(&checks.to_string());
    }
}
