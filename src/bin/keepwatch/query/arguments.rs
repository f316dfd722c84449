//! What `keepwatch query` is told.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::DateTime;
use clap::{Args, ValueEnum};
use keepwatch::model::Timestamp;
use keepwatch::notation::parse_duration;
use keepwatch::promql::EvaluationTimes;

/// The most points of a series, as in the HTTP API.
const POINTS_MAX: i64 = 11_000;
/// How many points a range has if no step is given.
const POINTS_DEFAULT: i64 = 240;

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The expression, in PromQL
    #[arg(value_name = "EXPR")]
    pub(crate) expression: String,
    /// Evaluate at this time, such as 2026-01-31T12:00:00Z, 1769860800, now-1h or -1h [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["start", "end", "step"])]
    time: Option<Moment>,
    /// Evaluate over a range that begins at this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    start: Option<Moment>,
    /// The end of the range [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, requires = "start")]
    end: Option<Moment>,
    /// The time from one point of the range to the next, such as 15s [default: 240 points]
    #[arg(long, value_name = "DURATION", requires = "start")]
    step: Option<Step>,
    /// Ask the server here; any that speaks the HTTP API of Prometheus
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9737")]
    pub(crate) url: String,
    /// Read this data folder instead, also beside the process that uses it
    #[arg(long, value_name = "FOLDER", conflicts_with = "url")]
    pub(crate) data: Option<PathBuf>,
    /// How to write the answer [default: chart for a range on a terminal, else table]
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
}

/// A form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns of labels and values
    Table,
    /// The `data` of the HTTP API
    Json,
    /// RFC 4180, a column a label
    Csv,
    /// Lines over time
    Chart,
}

impl Query {
    /// Returns the times to evaluate at.
    ///
    /// # Errors
    /// An end before the start, and more points than an answer has.
    pub(crate) fn times(&self, now: Timestamp) -> anyhow::Result<EvaluationTimes> {
        let at = |moment: Option<Moment>| moment.map_or(now, |moment| moment.at(now)).millis();
        let Some(start) = self.start else { return Ok(EvaluationTimes::instant(at(self.time))) };
        let (start, end) = (start.at(now).millis(), at(self.end));
        let span = end.saturating_sub(start);
        if span < 0 {
            anyhow::bail!("the range must not end before it starts");
        }
        let step = match self.step {
            Some(Step(step)) => i64::try_from(step.as_millis()).unwrap_or(i64::MAX),
            // Whole seconds read better.
            None => ((span / POINTS_DEFAULT + 999) / 1_000).max(1) * 1_000,
        };
        let points = span / step + 1;
        if points > POINTS_MAX {
            anyhow::bail!(
                "a range of {points} points is longer than {POINTS_MAX}; take a longer --step"
            );
        }
        Ok(EvaluationTimes::range(start, end, step))
    }
}

/// A point in time, or one that is so far from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    At(Timestamp),
    Before(Duration),
    After(Duration),
}

impl Moment {
    fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Before(span) => now - span,
            Self::After(span) => now + span,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let from_now = text.strip_prefix("now").unwrap_or(text);
        if text == "now" {
            return Ok(Self::Before(Duration::ZERO));
        }
        if let Some(Ok(span)) = from_now.strip_prefix('-').map(parse_duration) {
            return Ok(Self::Before(span));
        }
        if let Some(Ok(span)) = from_now.strip_prefix('+').map(parse_duration) {
            return Ok(Self::After(span));
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(Timestamp::from_millis(at.timestamp_millis())));
        }
        let seconds = text.parse::<f64>().ok().map(|seconds| (seconds * 1e3).round());
        #[expect(clippy::cast_possible_truncation, reason = "the bounds are those of an i64")]
        match seconds.filter(|millis| millis.abs() < 9e18) {
            Some(millis) => Ok(Self::At(Timestamp::from_millis(millis as i64))),
            None => Err("expected a time such as 2026-01-31T12:00:00Z, seconds since 1970, \
                         now or now-1h"
                .to_owned()),
        }
    }
}

/// A duration, also as a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step(Duration);

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = || text.parse().ok().and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        parse_duration(text)
            .ok()
            .or_else(seconds)
            .filter(|step| *step >= Duration::from_millis(1))
            .map(Self)
            .ok_or_else(|| "expected a duration such as 15s or a number of seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn moments() {
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.at(NOW).millis());
        for (text, millis) in [
            ("now", 1_700_000_000_000),
            ("now-1h30m", 1_699_994_600_000),
            ("-5m", 1_699_999_700_000),
            ("now+1s", 1_700_000_001_000),
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("1700000000.5", 1_700_000_000_500),
            ("-1.5", -1_500),
        ] {
            assert_eq!(at(text), Ok(millis), "{text}");
        }
        for text in ["", "later", "now-", "1e300", "2023-11-14"] {
            assert!(at(text).unwrap_err().starts_with("expected a time"), "{text}");
        }
        assert_eq!("30".parse(), Ok(Step(Duration::from_secs(30))));
        assert!("0".parse::<Step>().is_err());
    }

    #[test]
    fn ranges_have_a_step_of_whole_seconds_and_a_length() {
        let query = |start: &str, step: Option<&str>| Query {
            expression: "up".into(),
            time: None,
            start: Some(start.parse().unwrap()),
            end: None,
            step: step.map(|step| step.parse().unwrap()),
            url: String::new(),
            data: None,
            format: None,
        };
        let step = |start| query(start, None).times(NOW).unwrap().step_ms;
        assert_eq!((step("-1h"), step("-1m"), step("-7d")), (15_000, 1_000, 2_520_000));
        let error = |start, step| query(start, step).times(NOW).unwrap_err().to_string();
        assert!(error("now+1h", None).contains("must not end before"));
        assert!(error("-7d", Some("1s")).contains("a range of 604801 points is longer than 11000"));
    }
}
