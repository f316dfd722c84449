//! `keepwatch query`: answers to PromQL on the command line.
//!
//! [`remote`] asks a server, [`local`] reads a data folder; either gives an
//! [`answer::Answer`], which [`table`], [`csv`] and [`chart`] write.

mod answer;
mod arguments;
mod chart;
mod csv;
mod local;
mod remote;
pub(crate) mod snippet;
mod table;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;

use keepwatch::clock::{Clock as _, SystemClock};

use self::arguments::Format;
pub(crate) use self::arguments::Query;
use crate::print;

/// Evaluates an expression and prints the answer.
///
/// # Errors
/// Times that make no range, an expression that is none, and whatever keeps
/// the answer away.
pub(crate) fn run(arguments: &Query) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let times = arguments.times(now)?;
    let answer = match &arguments.data {
        Some(folder) => local::ask(folder, &arguments.expression, times, now)?,
        None => remote::ask(&arguments.url, &arguments.expression, times)?,
    };
    for remark in &answer.remarks {
        eprintln!("{remark}");
    }
    let terminal = std::io::stdout().is_terminal();
    let is_range = !times.is_instant();
    let format = arguments.format.unwrap_or(if is_range && terminal {
        Format::Chart
    } else {
        Format::Table
    });
    let is_matrix = answer.data["resultType"] == "matrix";
    print(&match format {
        Format::Table => table::written(&answer, is_matrix),
        Format::Json => serde_json::to_string_pretty(&answer.data)? + "\n",
        Format::Csv => csv::written(&answer),
        Format::Chart => {
            let coloured = terminal && std::env::var_os("NO_COLOR").is_none();
            chart::written(&answer, &chart::Canvas::fitting(times, coloured))
        }
    })
}
