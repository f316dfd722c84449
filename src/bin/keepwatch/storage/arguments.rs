//! What `keepwatch storage` takes.

use std::path::PathBuf;

use chrono::DateTime;
use clap::{Args, Subcommand, ValueEnum};
use keepwatch::model::{TimeRange, Timestamp, check_metric_name};
use keepwatch::notation::parse_matchers;
use keepwatch_engine::exposition::openmetrics::Typing;

use super::export::{Choice, Wish};
use super::import::{Format, Reading};

/// Look into a data folder, check it, move samples out of and into it.
#[derive(Debug, Subcommand)]
pub(crate) enum Storage {
    /// Print sizes by kind of file, windows, and the metrics and labels with the most series
    Inspect(Inspect),
    /// Read and check every byte; print every problem and fail if there is one
    Verify(Verify),
    /// Write samples as OpenMetrics with timestamps
    Export(Export),
    /// Read samples with timestamps from OpenMetrics or Prometheus text
    Import(Import),
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The data folder; another process may be using it
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// How many metrics and labels to list
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) top: usize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The data folder; another process may be using it
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The data folder; another process may be using it
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// Only these series: a metric or a part of one, and labels, such as 'up', 'latency_seconds_bucket{job="x"}' or '{job=~"x|y"}'; may be given again for more
    #[arg(short, long = "match", value_name = "SELECTOR", value_parser = choice)]
    pub(crate) matches: Vec<Choice>,
    /// Only samples from this time on: RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) start: Option<Timestamp>,
    /// Only samples up to this time: RFC 3339 or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) end: Option<Timestamp>,
    /// Write every series as of type unknown, which loses no value that a type does not allow
    #[arg(long)]
    pub(crate) untyped: bool,
    /// Write to this file, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl Export {
    /// Returns what is to be exported.
    ///
    /// # Errors
    /// An end before the start.
    pub(crate) fn wish(&self) -> anyhow::Result<Wish> {
        let start = self.start.unwrap_or(Timestamp::MIN);
        let end = self.end.unwrap_or(Timestamp::MAX);
        anyhow::ensure!(start <= end, "--end {end} is before --start {start}");
        let typing = if self.untyped { Typing::Unknown } else { Typing::Kept };
        Ok(Wish { choices: self.matches.clone(), range: TimeRange::new(start, end), typing })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The data folder; no other process may be using it
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) data: PathBuf,
    /// The dump [default: standard input]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The format of the dump
    #[arg(long, value_enum, default_value_t = FormatName::Openmetrics)]
    pub(crate) format: FormatName,
    /// The time of samples without a timestamp, RFC 3339 or Unix seconds; without it they are refused
    #[arg(long, value_name = "TIME", value_parser = time, allow_hyphen_values = true)]
    pub(crate) at: Option<Timestamp>,
    /// Read and check everything, and store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl Import {
    /// Returns how the dump is to be read.
    pub(crate) fn reading(&self) -> Reading {
        let format = match self.format {
            FormatName::Openmetrics => Format::OpenMetrics,
            FormatName::Prometheus => Format::Prometheus,
        };
        Reading { format, at: self.at }
    }
}

/// The formats by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// OpenMetrics 1.0, as `keepwatch storage export` writes it
    Openmetrics,
    /// The Prometheus text format
    Prometheus,
}

/// Reads a selector.
fn choice(text: &str) -> Result<Choice, String> {
    let name = text.split('{').next().unwrap_or_default();
    let rest = text.strip_prefix(name).unwrap_or_default();
    let metric = name.trim();
    if !metric.is_empty() {
        check_metric_name(metric).map_err(|error| error.to_string())?;
    }
    if metric.is_empty() && rest.is_empty() {
        return Err("expected a selector such as 'up{job=\"x\"}'".to_owned());
    }
    let matchers = parse_matchers(rest.trim()).map_err(|error| error.to_string())?;
    Ok(Choice { metric: (!metric.is_empty()).then(|| metric.into()), matchers })
}

/// Reads a point in time.
fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc().into());
    }
    let expected =
        || format!("expected RFC 3339 such as 2026-11-22T08:00:00Z or Unix seconds, got {text:?}");
    let seconds: f64 = text.parse().map_err(|_| expected())?;
    if !seconds.is_finite() {
        return Err(expected());
    }
    #[expect(clippy::cast_possible_truncation, reason = "saturates at the ends of time")]
    let millis = (seconds * 1_000.0).round() as i64;
    Ok(Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors() {
        let show = |text: &str| {
            choice(text).map(|choice| {
                let matchers: Vec<_> = choice.matchers.iter().map(ToString::to_string).collect();
                format!("{:?} {}", choice.metric, matchers.join(" "))
            })
        };
        assert_eq!(show("up").unwrap(), "Some(\"up\") ");
        assert_eq!(show("up{a=\"{\",b!~\"x.*\"}").unwrap(), "Some(\"up\") a=\"{\" b!~\"x.*\"");
        assert_eq!(show("{a=\"b\"}").unwrap(), "None a=\"b\"");
        for bad in ["", "a b", "up{a=b}", "up{a=\"b\"", "9"] {
            assert!(show(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("1.5", 1_500),
            ("-1", -1_000),
            ("1970-01-01T00:00:01+01:00", -3_599_000),
            ("1970-01-01T00:00:00.250Z", 250),
        ] {
            assert_eq!(time(text).unwrap().millis(), expected, "{text}");
        }
        for bad in ["", "noon", "NaN", "1970-01-01"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
