//! Why a text was refused.

use std::io;

use thiserror::Error;

use super::event::FamilyKind;

/// A line that was refused, and where.
#[derive(Debug, Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The source could not be read; nothing comes after this.
    #[error("could not be read: {0}")]
    Read(#[from] io::Error),
    /// Bytes that are no UTF-8.
    #[error("expected UTF-8, found byte {byte:#04x}")]
    Encoding {
        /// The first byte that does not fit.
        byte: u8,
    },
    /// Something else stands where the grammar has this.
    #[error("expected {expected}, found {found:?}")]
    Expected {
        /// What the grammar has there.
        expected: &'static str,
        /// What stands there, cut after a few characters; empty at the end
        /// of the line.
        found: String,
    },
    /// More of something than a limit allows.
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A label stands twice in a set.
    #[error("label {label:?} stands twice")]
    DuplicateLabel {
        /// The label.
        label: String,
    },
    /// The text of OpenMetrics must end with `# EOF`.
    #[error("expected \"# EOF\" before the end of the text")]
    MissingEof,
    /// Lines after `# EOF`.
    #[error("expected the end of the text after \"# EOF\"")]
    AfterEof,
    /// A second `TYPE`, `HELP` or `UNIT` of a family.
    #[error("family {family:?} has a second {keyword}")]
    RepeatedMetadata {
        /// The family.
        family: String,
        /// `TYPE`, `HELP` or `UNIT`.
        keyword: &'static str,
    },
    /// Metadata behind the samples it describes.
    #[error("{keyword} of family {family:?} must stand before its samples")]
    LateMetadata {
        /// The family.
        family: String,
        /// `TYPE`, `HELP` or `UNIT`.
        keyword: &'static str,
    },
    /// A name that an earlier family has, or would have with a suffix. The
    /// lines of a family must stand together.
    #[error("name {name:?} belongs to an earlier family, whose lines must stand together")]
    Clash {
        /// The name.
        name: String,
    },
    /// A family's name must end with its unit.
    #[error("family {family:?} must end with its unit, \"_{unit}\"")]
    Unit {
        /// The family.
        family: String,
        /// The unit.
        unit: String,
    },
    /// An info or stateset with a unit.
    #[error("family {family:?} is of type {kind}, which has no unit; found {unit:?}")]
    UnitOfKind {
        /// The family.
        family: String,
        /// Its type.
        kind: FamilyKind,
        /// The unit.
        unit: String,
    },
    /// A sample lacks the label that its part of the family needs, or has a
    /// value there that does not fit.
    #[error("sample {name:?} of a {kind} needs label {label:?}: {expected}, found {found:?}")]
    Label {
        /// The sample.
        name: String,
        /// The family's type.
        kind: FamilyKind,
        /// The label.
        label: String,
        /// What its value must be.
        expected: &'static str,
        /// Its value; empty if it is absent.
        found: String,
    },
    /// A value that the part of the family can't have.
    #[error("sample {name:?} of a {kind} must be {expected}, found {value}")]
    Value {
        /// The sample.
        name: String,
        /// The family's type.
        kind: FamilyKind,
        /// What the value must be.
        expected: &'static str,
        /// The value.
        value: f64,
    },
    /// An exemplar on a sample that can't have one.
    #[error("only buckets and counters have exemplars, found one on {name:?}")]
    ExemplarPlace {
        /// The sample.
        name: String,
    },
    /// An exemplar with more label text than 128 characters.
    #[error("labels of an exemplar have at most 128 characters, found {characters}")]
    ExemplarLength {
        /// The characters of its names and values.
        characters: usize,
    },
    /// The samples of one label set do not stand together.
    #[error("samples of {name:?} with the same labels must stand together")]
    Grouping {
        /// The sample that came back.
        name: String,
    },
    /// The samples of one label set have timestamps in part.
    #[error("either all or no samples of a label set have timestamps, {name:?} differs")]
    MixedTimestamps {
        /// The sample that differs.
        name: String,
    },
    /// Timestamps of one label set fall.
    #[error("timestamps of a label set must not fall, {name:?} has {found} after {before}")]
    TimeOrder {
        /// The sample.
        name: String,
        /// Its timestamp in seconds.
        found: f64,
        /// The timestamp before, in seconds.
        before: f64,
    },
    /// The same series twice without a timestamp.
    #[error("sample {name:?} stands twice with the same labels and without a timestamp")]
    DuplicateSample {
        /// The sample.
        name: String,
    },
    /// A bucket that does not fit the one before it.
    #[error("{what}, which {name:?} breaks")]
    BucketOrder {
        /// The sample.
        name: String,
        /// What must hold.
        what: &'static str,
    },
    /// The buckets, sum and count of a histogram do not fit each other.
    #[error("histogram {family:?}: {what}")]
    Histogram {
        /// The family.
        family: String,
        /// What does not fit.
        what: &'static str,
    },
}

impl Problem {
    /// Returns a few words for the sort of problem, to count by.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Read(_) => "could not be read",
            Self::Encoding { .. } => "not UTF-8",
            Self::Expected { .. } => "syntax",
            Self::Limit { .. } => "beyond a limit",
            Self::DuplicateLabel { .. } => "label twice",
            Self::MissingEof | Self::AfterEof => "misplaced end",
            Self::RepeatedMetadata { .. } | Self::LateMetadata { .. } => "misplaced metadata",
            Self::Clash { .. } => "clashing name",
            Self::Unit { .. } | Self::UnitOfKind { .. } => "unit",
            Self::Label { .. } => "label of the type",
            Self::Value { .. } => "value of the type",
            Self::ExemplarPlace { .. } | Self::ExemplarLength { .. } => "exemplar",
            Self::Grouping { .. } => "grouping",
            Self::MixedTimestamps { .. } | Self::TimeOrder { .. } => "timestamps",
            Self::DuplicateSample { .. } => "duplicate sample",
            Self::BucketOrder { .. } | Self::Histogram { .. } => "histogram",
        }
    }
}
