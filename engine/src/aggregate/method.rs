//! How the values of a window become one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::AggregateError;

/// How the values of a window become one; the table of the module says what
/// each means for each kind of metric.
///
/// As text: `sum`, `avg`, `min`, `max`, `count`, `first`, `last`, `delta`,
/// `increase`, `rate`, `stddev`, `variance`, `median`, and percentiles from
/// `p0` to `p100` with any number of decimals, such as `p99.9`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// The sum of the samples.
    Sum,
    /// Their arithmetic mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// How many there are.
    Count,
    /// The oldest.
    First,
    /// The newest.
    Last,
    /// The newest less the oldest.
    Delta,
    /// By how much a counter grew, resets handled.
    Increase,
    /// The increase a second.
    Rate,
    /// The population standard deviation.
    StdDev,
    /// The population variance.
    Variance,
    /// A quantile, 0 to 1, with linear interpolation between the two nearest
    /// ranks (type 7 of Hyndman and Fan, as Prometheus' `quantile_over_time`).
    Quantile(f64),
}

/// The methods that take no parameter, by name.
const NAMED: [(&str, Method); 13] = [
    ("sum", Method::Sum),
    ("avg", Method::Avg),
    ("min", Method::Min),
    ("max", Method::Max),
    ("count", Method::Count),
    ("first", Method::First),
    ("last", Method::Last),
    ("delta", Method::Delta),
    ("increase", Method::Increase),
    ("rate", Method::Rate),
    ("stddev", Method::StdDev),
    ("variance", Method::Variance),
    ("median", Method::Quantile(0.5)),
];

impl FromStr for Method {
    type Err = AggregateError;

    fn from_str(text: &str) -> Result<Self, AggregateError> {
        if let Some((_, method)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*method);
        }
        let percentile = text
            .strip_prefix('p')
            .filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))
            .and_then(|digits| digits.parse::<f64>().ok())
            .filter(|percent| (0.0..=100.0).contains(percent));
        match percentile {
            Some(percent) => Ok(Self::Quantile(percent / 100.0)),
            None => Err(AggregateError::Method { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, method)| method == self) {
            return f.write_str(name);
        }
        match self {
            // Rounded, because 0.999 × 100 is 99.90000000000001.
            Self::Quantile(q) => write!(f, "p{}", (q * 1e12).round() / 1e10),
            _ => Ok(()),
        }
    }
}

impl Serialize for Method {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for text in [
            "sum", "avg", "min", "max", "count", "first", "last", "delta", "increase", "rate",
            "stddev", "variance", "median", "p0", "p95", "p99", "p99.9", "p99.99", "p100",
        ] {
            assert_eq!(text.parse::<Method>().unwrap().to_string(), text);
        }
        assert_eq!("p50".parse::<Method>().unwrap().to_string(), "median");
    }

    #[test]
    fn what_is_no_method_is_named() {
        for text in ["", "mean", "p", "p101", "p-1", "pinf", "pNaN", "P95", "q50"] {
            let error = text.parse::<Method>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("unknown method {text:?}: expected sum")),
                "{error}"
            );
        }
    }
}
