//! What can be wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

use keepwatch_engine::rules::Faults;
use thiserror::Error;

/// Why a configuration was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file as given.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file was read, and these things in it are wrong.
    #[error("{}", lines(file, problems))]
    Invalid {
        /// The file's name, for messages.
        file: String,
        /// Everything that is wrong, in the order of the file; never empty.
        problems: Vec<Problem>,
    },
    /// The file is good, but not the rule files that it names.
    #[error("{}", faulty.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    RuleFiles {
        /// The files with what is wrong in each; never empty.
        faulty: Vec<FaultyFile>,
    },
}

/// A rule file and everything that is wrong with it. Displayed as lines
/// `file:line:column: message`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FaultyFile {
    /// The file's name, for messages.
    pub file: String,
    /// What is wrong.
    pub faults: Faults,
}

impl fmt::Display for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&lines(&self.file, &self.faults))
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key, its value, and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

fn lines<T: fmt::Display>(file: &str, problems: impl IntoIterator<Item = T>) -> String {
    let lines: Vec<String> =
        problems.into_iter().map(|problem| format!("{file}:{problem}")).collect();
    lines.join("\n")
}
