//! Why a function or an aggregation cannot be evaluated.

use std::fmt::Write as _;

use thiserror::Error;

use super::Function;
use super::number::shortest;

/// Why a function or an aggregation cannot be evaluated. The query ends with
/// it. The words are those of Prometheus.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// `anchored` or `smoothed` before a function that does not know it.
    #[error("{extension} modifier can only be used with: {allowed} - not with {function}")]
    Extension {
        /// The modifier.
        extension: &'static str,
        /// The functions that know it, sorted.
        allowed: &'static str,
        /// The function.
        function: Function,
    },
    /// A smoothing factor outside of 0 and 1.
    #[error("invalid smoothing factor. Expected: 0 < sf < 1, got: {0:.6}")]
    SmoothingFactor(f64),
    /// A trend factor outside of 0 and 1.
    #[error("invalid trend factor. Expected: 0 < tf < 1, got: {0:.6}")]
    TrendFactor(f64),
    /// Bytes that are no name of a label: none, or not UTF-8.
    #[error("invalid label name {}", quoted(.0))]
    LabelName(Vec<u8>),
    /// A destination that is no name of a label.
    #[error("invalid destination label name in {function}(): {}", quoted(.name))]
    DestinationLabel {
        /// The function.
        function: Function,
        /// The name as given.
        name: Vec<u8>,
    },
    /// A source that is no name of a label.
    #[error("invalid source label name in {function}(): {}", quoted(.name))]
    SourceLabel {
        /// The function.
        function: Function,
        /// The name as given.
        name: Vec<u8>,
    },
    /// A regular expression that does not compile, or is too large.
    #[error("invalid regular expression {pattern:?} in label_replace(): {reason}")]
    Regex {
        /// The expression as given.
        pattern: String,
        /// What the regex library says of it.
        reason: String,
    },
    /// How many series to take is NaN.
    #[error("Parameter value is NaN")]
    CountIsNan,
    /// How many series to take is more than an integer holds.
    #[error("Scalar value {} overflows int64", shortest(*.0))]
    CountOverflow(f64),
    /// How many series to take is less than an integer holds.
    #[error("Scalar value {} underflows int64", shortest(*.0))]
    CountUnderflow(f64),
    /// Which share of the series to take is NaN.
    #[error("Ratio value is NaN")]
    RatioIsNan,
}

/// Returns bytes in quotes, those that are not UTF-8 as `\xc5`.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}", chunk.valid().escape_debug());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text.push('"');
    text
}
