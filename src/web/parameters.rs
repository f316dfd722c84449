//! Query parameters, read so that a bad one is named.
//!
//! A parameter that the endpoint does not know is refused: `serverity=error`
//! must not answer with all alerts.

use std::str::FromStr;
use std::time::Duration;

use actix_web::web::Query;
use chrono::DateTime;
use keepwatch_engine::model::{Matcher, Timestamp};

use super::error::ApiError;
use crate::notation::{parse_duration, parse_matchers};

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// Reads a query string whose parameters may be `known` only.
    pub(super) fn read(query: &str, known: &[&str]) -> Result<Self, ApiError> {
        let pairs = match Query::<Vec<(String, String)>>::from_query(query) {
            Ok(Query(pairs)) => pairs,
            Err(_) => return Err(ApiError::parameter("query", query, "name=value pairs, encoded")),
        };
        for (index, (name, value)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let expected = match known {
                    [] => "no parameters".to_owned(),
                    known => format!("one of the parameters {}", known.join(", ")),
                };
                return Err(ApiError::parameter(name, value, expected));
            }
            let earlier = pairs.iter().take(index).any(|(other, _)| other == name);
            if earlier && !name.ends_with("[]") {
                return Err(ApiError::parameter(name, value, "the parameter once"));
            }
        }
        Ok(Self { pairs })
    }

    /// Returns the text of a parameter; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Reads a value by its own parser.
    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, ApiError> {
        let refuse = |text: &str| ApiError::parameter(name, text, expected);
        self.text(name).map(|text| text.parse().map_err(|_| refuse(text))).transpose()
    }

    /// Reads a whole number from 1 to `max`.
    pub(super) fn count(&self, name: &str, max: usize) -> Result<Option<usize>, ApiError> {
        let expected = format!("a whole number from 1 to {max}");
        match self.parsed(name, &expected)? {
            Some(count) if count == 0 || count > max => {
                let text = self.text(name).unwrap_or_default();
                Err(ApiError::parameter(name, text, expected))
            }
            count => Ok(count),
        }
    }

    /// Reads a span of time such as `5m`, of at least a millisecond.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse_duration(text) {
            Ok(duration) if !duration.is_zero() => Ok(Some(duration)),
            _ => Err(ApiError::parameter(name, text, "a duration such as 15s, 5m, 1h30m or 7d")),
        }
    }

    /// Reads a point in time: RFC 3339, or Unix seconds with a fraction.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match parse_time(text) {
            Some(at) => Ok(Some(at)),
            None => {
                let expected = "an RFC 3339 time such as 2026-01-31T12:00:00Z, or Unix seconds";
                Err(ApiError::parameter(name, text, expected))
            }
        }
    }

    /// Refuses a range that ends before it starts; `name` is its start.
    pub(super) fn check_order(
        &self,
        name: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<(), ApiError> {
        if start <= end {
            return Ok(());
        }
        let text = self.text(name).unwrap_or_default();
        Err(ApiError::parameter(name, text, format!("a time not after the end, {end}")))
    }

    /// Reads all label matchers of a repeatable parameter.
    pub(super) fn matchers(&self, name: &str) -> Result<Vec<Matcher>, ApiError> {
        let mut matchers = Vec::new();
        for text in self.all(name) {
            match parse_matchers(text) {
                Ok(more) => matchers.extend(more),
                Err(error) => {
                    let expected = format!("matchers such as route=\"/cart\": {error}");
                    return Err(ApiError::parameter(name, text, expected));
                }
            }
        }
        Ok(matchers)
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp::from_millis(at.timestamp_millis()));
    }
    // A plus sign of an offset that was not encoded arrives as a space.
    if let Ok(at) = DateTime::parse_from_rfc3339(&text.replace(' ', "+")) {
        return Some(Timestamp::from_millis(at.timestamp_millis()));
    }
    let millis = text.parse::<f64>().ok()? * 1_000.0;
    // Beyond 2^53 ms the float no longer names a millisecond.
    let in_range = millis.abs() < 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "in range, checked above")]
    in_range.then(|| Timestamp::from_millis(millis.round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["start", "window", "limit", "match[]"];

    fn read(query: &str) -> Parameters {
        Parameters::read(query, KNOWN).unwrap()
    }

    #[test]
    fn good() {
        let parameters = read("start=1.5&window=5m&limit=7&match[]=a%3D%22b%22&match[]=c%21%3D'd'");
        assert_eq!(parameters.time("start"), Ok(Some(Timestamp::from_millis(1_500))));
        assert_eq!(parameters.duration("window"), Ok(Some(Duration::from_secs(300))));
        assert_eq!(parameters.count("limit", 10), Ok(Some(7)));
        assert_eq!(parameters.matchers("match[]").unwrap().len(), 2);
        let parameters = read("start=&window=");
        assert_eq!(parameters.time("start"), Ok(None));
        assert_eq!(parameters.duration("window"), Ok(None));
    }

    #[test]
    fn times() {
        for (text, ms) in [
            ("0", 0),
            ("-1", -1_000),
            ("1700000000.123", 1_700_000_000_123),
            ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
            ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
            ("2023-11-15T00:13:20 02:00", 1_700_000_000_000),
        ] {
            assert_eq!(parse_time(text), Some(Timestamp::from_millis(ms)), "{text}");
        }
        for text in ["", "now", "NaN", "inf", "1e300", "2023-11-14"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn bad() {
        let check = |error: Result<_, ApiError>, message: &str| {
            assert_eq!(error.map(|_: ()| ()).unwrap_err().to_string(), message);
        };
        let unknown = Parameters::read("sart=1", KNOWN).map(|_| ());
        check(
            unknown,
            "sart is \"1\"; expected one of the parameters start, window, limit, match[]",
        );
        check(Parameters::read("a=1", &[]).map(|_| ()), "a is \"1\"; expected no parameters");
        let twice = Parameters::read("limit=1&limit=2", KNOWN).map(|_| ());
        check(twice, "limit is \"2\"; expected the parameter once");
        check(
            read("limit=0").count("limit", 10).map(|_| ()),
            "limit is \"0\"; expected a whole number from 1 to 10",
        );
        check(
            read("window=0s").duration("window").map(|_| ()),
            "window is \"0s\"; expected a duration such as 15s, 5m, 1h30m or 7d",
        );
        check(
            read("start=noon").time("start").map(|_| ()),
            "start is \"noon\"; expected an RFC 3339 time such as 2026-01-31T12:00:00Z, or Unix seconds",
        );
        check(
            read("match[]=a").matchers("match[]").map(|_| ()),
            "match[] is \"a\"; expected matchers such as route=\"/cart\": expected '=', '!=', '=~' or '!~' at position 2 of \"a\"",
        );
    }
}
