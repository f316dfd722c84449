//! One file: what of it passed.

use std::fmt;

use super::loaded::Loaded;
use super::run::{Outcome, run};
use super::script::{Action, commands};

/// How the cases of a file, or of all, came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) needing_histograms: usize,
}

impl Counts {
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.needing_histograms += other.needing_histograms;
    }

    /// Returns how many cases there were.
    pub(super) const fn ran(self) -> usize {
        self.passed + self.failed + self.needing_histograms
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, needing_histograms } = self;
        write!(f, "{passed} passed, {failed} failed, {needing_histograms} need native histograms")
    }
}

/// The cases that are asked for: those of a file, or the one at a line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Only {
    file: String,
    line: Option<usize>,
}

impl Only {
    /// Reads `functions.test:120`, `functions.test` or `functions`.
    pub(super) fn new(text: &str) -> Self {
        let (file, line) = match text.rsplit_once(':') {
            Some((file, line)) => (file, line.parse().ok()),
            None => (text, None),
        };
        Self { file: file.strip_suffix(".test").unwrap_or(file).to_owned(), line }
    }

    pub(super) fn has_file(&self, name: &str) -> bool {
        name.strip_suffix(".test").unwrap_or(name) == self.file
    }

    fn has_lines(&self, first: usize, last: usize) -> bool {
        self.line.is_none_or(|line| first <= line && line <= last)
    }
}

/// What became of a file.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) counts: Counts,
    /// What failed, with its place.
    pub(super) problems: Vec<String>,
    /// What was not run to its end, with its place.
    pub(super) needing_histograms: Vec<String>,
}

impl Report {
    fn add(&mut self, place: &str, expression: &str, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.counts.passed += 1,
            Outcome::Failed(problem) => self.refuse(format!("{place}: {expression}\n{problem}")),
            Outcome::NeedsHistograms { met_anyway } => {
                self.counts.needing_histograms += 1;
                let note = if met_anyway { " (floats alone give the same)" } else { "" };
                let needing = format!("{place}: needs native histograms{note}: {expression}");
                self.needing_histograms.push(needing);
            }
        }
    }

    /// Counts a failure. Its lines after the first are indented.
    fn refuse(&mut self, problem: String) {
        self.counts.failed += 1;
        self.problems.push(problem.replace('\n', "\n    "));
    }
}

/// Runs the commands of a file. One that cannot be understood has failed.
pub(super) fn report(name: &str, text: &str, only: Option<&Only>) -> Report {
    let mut report = Report::default();
    let mut loaded = Loaded::new();
    for command in commands(text) {
        let place = format!("{name}:{}", command.line);
        let done = command.action.and_then(|action| match action {
            Action::Clear => {
                loaded = Loaded::new();
                Ok(())
            }
            Action::Load(load) => loaded.load(&load),
            Action::Evaluate(case) => {
                if only.is_none_or(|only| only.has_lines(command.line, command.last_line)) {
                    report.add(&place, &case.expression, run(&case, &loaded));
                }
                Ok(())
            }
        });
        if let Err(problem) = done {
            report.refuse(format!("{place}: {problem}"));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "load 1m\n  a 1 2\n  h {{}}\n\neval instant at 1m a\n  a 2\n\n\
                        eval instant at 1m a\n  a 3\n\neval instant at 1m h\n  h {{}}\n\nwhat\n\n\
                        clear\neval instant at 1m a\n";

    #[test]
    fn what_passes_fails_and_needs_histograms_is_counted() {
        let report = report("x.test", FILE, None);
        assert_eq!(
            report.counts.to_string(),
            "2 passed, 2 failed, 1 need native histograms",
            "{report:?}"
        );
        let problem = "x.test:8: a\n    a expected 3, found 2@60000ms";
        assert_eq!(report.problems, [problem, "x.test:14: \"what\" is no command"]);
        assert_eq!(report.needing_histograms, ["x.test:11: needs native histograms: h"]);
    }

    #[test]
    fn one_case_can_be_asked_for() {
        let counts = |only| report("x.test", FILE, Some(&Only::new(only))).counts;
        assert_eq!(counts("x.test:6"), Counts { passed: 1, failed: 1, needing_histograms: 0 });
        assert!(Only::new("x").has_file("x.test") && Only::new("x.test:1").has_file("x.test"));
        assert!(!Only::new("y.test").has_file("x.test"));
    }
}
