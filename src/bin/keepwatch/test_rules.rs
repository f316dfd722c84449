//! `keepwatch test-rules`: unit tests of rules, in promtool's format.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use keepwatch::rules::UnknownFields;
use keepwatch::rules::unit_test::{LoadError, RuleText, UnitTestFile};
use regex::Regex;

use crate::check::listed;
use crate::{counted, print};

#[derive(Debug, Args)]
pub(crate) struct TestRules {
    /// Files of tests, in the format of `promtool test rules`
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Run only the tests whose name this regular expression finds
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Take files with fields that nobody reads
    #[arg(long)]
    ignore_unknown_fields: bool,
}

/// What came of a file of tests.
#[derive(Default)]
struct Account {
    passed: usize,
    failed: usize,
}

/// Runs the tests of each file.
///
/// # Errors
/// Files that have errors, and how many tests failed.
pub(crate) fn run(arguments: &TestRules) -> anyhow::Result<()> {
    let (mut failed, mut bad) = (0, 0);
    for path in &arguments.files {
        match test(path, arguments) {
            Ok(account) => {
                failed += account.failed;
                let (path, passed) = (path.display(), counted(account.passed, "test"));
                print(&match account.failed {
                    0 => format!("{path}: {passed} passed\n"),
                    failed => format!("{path}: {passed} passed, {failed} failed\n"),
                })?;
            }
            Err(error) => {
                bad += 1;
                eprintln!("keepwatch: {error:#}");
            }
        }
    }
    match (failed, bad) {
        (0, 0) => Ok(()),
        (failed, 0) => bail!("{} failed", counted(failed, "test")),
        (0, bad) => bail!("{} could not be run", counted(bad, "file")),
        (failed, bad) => {
            bail!("{} failed, {} could not be run", counted(failed, "test"), counted(bad, "file"))
        }
    }
}

fn test(path: &Path, arguments: &TestRules) -> anyhow::Result<Account> {
    let name = path.display().to_string();
    let unknown = if arguments.ignore_unknown_fields {
        UnknownFields::Ignored
    } else {
        UnknownFields::Refused
    };
    let text = std::fs::read_to_string(path).with_context(|| name.clone())?;
    let file = match UnitTestFile::parse_with(&text, unknown) {
        Ok(file) => file,
        Err(faults) => bail!(listed(&name, &faults)),
    };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let suite = match file.load(unknown, &mut |pattern| rule_files(folder, pattern)) {
        Ok(suite) => suite,
        Err(errors) => {
            let texts: Vec<String> = errors.iter().map(told).collect();
            bail!(texts.join("\n"));
        }
    };
    for pattern in &suite.unmatched {
        eprintln!("{name}: no file matches {pattern:?}");
    }
    let mut account = Account::default();
    let wanted = |name: &str| arguments.run.as_ref().is_none_or(|run| run.is_match(name));
    for test in file.tests.iter().filter(|test| wanted(&test.name)) {
        let report = suite.run(test);
        let title = if report.name.is_empty() {
            format!("{name}:{}", report.line)
        } else {
            format!("{name}:{}: {}", report.line, report.name)
        };
        for left_out in &report.needing_histograms {
            eprintln!("{title}: left out, as it needs native histograms: {left_out}");
        }
        if report.has_passed() {
            account.passed += 1;
            continue;
        }
        account.failed += 1;
        for failure in &report.failures {
            print(&format!("{title}: FAILED\n  {}\n", failure.to_string().replace('\n', "\n  ")))?;
        }
    }
    Ok(account)
}

/// Finds the rule files that a file of tests names, in its folder.
fn rule_files(folder: &Path, pattern: &str) -> Result<Vec<RuleText>, String> {
    // The folder's own name is no pattern.
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    let pattern = Path::new(&folder).join(pattern);
    let found = glob::glob(&pattern.to_string_lossy()).map_err(|error| error.to_string())?;
    let mut texts = Vec::new();
    for path in found {
        let path = path.map_err(|error| error.to_string())?;
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        texts.push(RuleText { name: path.display().to_string(), text });
    }
    Ok(texts)
}

/// Writes why rule files are not there, each fault on a line.
fn told(error: &LoadError) -> String {
    match error {
        LoadError::Faults { file, faults } => listed(file, faults),
        error => error.to_string(),
    }
}
