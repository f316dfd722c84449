//! Reading metrics from text.
//!
//! A [`Parser`] reads a source line by line, in memory that does not grow
//! with the text: only the names of its families are held, and in OpenMetrics
//! a fingerprint of each label set of the family that is being read. It gives
//! [`Event`]s: a [`Family`], then its samples. Nothing here knows what is
//! stored; a sample's name and labels are as the text has them.
//!
//! Two formats, which differ in more than their spelling:
//! - OpenMetrics 1.0 ([`Parser::open_metrics`]) is strict, as its
//!   specification asks of a parser: `# EOF` at the end, families that stand
//!   together with their metadata first, label sets that stand together with
//!   times that do not fall, values that fit their type, histograms whose
//!   parts fit each other, no name in two families. Names of any characters in
//!   quotes are read by [`Parser::open_metrics_utf8`] alone, which is what
//!   `escaping=allow-utf-8` announces.
//! - The Prometheus text format 0.0.4 ([`Parser::prometheus`]) takes what
//!   scrapers take: blanks, comments, families in any order, names of any
//!   characters in quotes.
//!
//! Source: OpenMetrics 1.0, "Text Format"; Prometheus documentation,
//! "Exposition formats".

mod cursor;
mod error;
mod event;
mod fingerprint;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod group;
mod histogram;
mod lenient;
mod limits;
mod line;
mod parser;
mod source;
mod strict;
mod value;

#[cfg(test)]
mod tests;

pub use error::{ParseError, Problem};
pub use event::{Event, Exemplar, Family, FamilyKind, Role, SampleLine};
pub use limits::Limits;
pub use parser::Parser;
pub(super) use value::misfit;

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    OpenMetrics,
    /// With names of any characters in quotes.
    OpenMetricsUtf8,
    Prometheus,
}

impl Dialect {
    /// Says whether blanks and the order of lines are as OpenMetrics has them.
    const fn is_strict(self) -> bool {
        matches!(self, Self::OpenMetrics | Self::OpenMetricsUtf8)
    }

    /// Says whether names may stand in quotes.
    const fn quotes_names(self) -> bool {
        !matches!(self, Self::OpenMetrics)
    }
}
