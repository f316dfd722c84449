//! The `keepwatch` binary: watches its host and itself.

mod arguments;
mod check;
mod defaults;
mod query;
mod serve;
mod storage;
mod test_rules;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use keepwatch::config::Config;

use self::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => serve::serve(&arguments.serve),
        Some(Command::Serve(serve)) => serve::serve(&serve),
        Some(Command::Check { files }) => check::run(&files),
        Some(Command::Query(arguments)) => query::run(&arguments),
        Some(Command::TestRules(arguments)) => test_rules::run(&arguments),
        Some(Command::Storage(command)) => storage::run(&command),
        Some(Command::Defaults) => print(defaults::TEXT),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The alternate form writes the whole chain on one line.
            eprintln!("keepwatch: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes what a configuration defines.
fn contents(config: &Config) -> String {
    let rules = counted(config.rules.len(), "rule");
    let checks = counted(config.checks.len(), "check");
    let aggregations = counted(config.aggregations.len(), "aggregation");
    let files = &config.rule_files;
    if files.paths.is_empty() {
        return format!("{rules}, {checks} and {aggregations}");
    }
    let groups: usize = files.files.iter().map(|(_, file)| file.groups.len()).sum();
    let (files, groups) = (counted(files.files.len(), "rule file"), counted(groups, "group"));
    format!("{rules}, {checks}, {aggregations} and {files} with {groups}")
}

/// Writes a count of things.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Prints; a reader that closed the pipe early, such as `head`, is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
