//! What is wrong with a file, and where.

use std::fmt;

use thiserror::Error;

use super::unit_test::NotationError;
use crate::promql::QueryError;
use crate::promql::syntax::{Position, Span, ValueType};

/// The most faults of a file that are told; the others are counted.
pub const FAULTS_MAX: usize = 1_000;

/// Something wrong with a file. Writes itself as `line:column: message`.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{position}: {kind}")]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The piece of the file that it is about; may be empty.
    pub span: Span,
    /// Where that begins.
    pub position: Position,
}

/// The kinds of fault in rule files and their unit tests. Where Prometheus has
/// the same one, the message means the same.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// The text is not YAML.
    #[error("invalid YAML: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// The file is longer than [`BYTES_MAX`](super::BYTES_MAX).
    #[error("a file of {bytes} bytes is longer than the {max} that are read")]
    FileTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Lists and mappings are in one another beyond
    /// [`DEPTH_MAX`](super::DEPTH_MAX).
    #[error("lists and mappings are nested more than {max} levels deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// Aliases repeat more than
    /// [`EXPANDED_BYTES_MAX`](super::EXPANDED_BYTES_MAX).
    #[error("with its aliases written out, the file is larger than {max} bytes")]
    AliasesTooLarge {
        /// The limit.
        max: usize,
    },
    /// An alias stands within what it repeats.
    #[error("an alias stands within what it repeats")]
    AliasOfItself,
    /// A mapping has an entry twice.
    #[error("field {key:?} is given twice, at {first} before")]
    DuplicateKey {
        /// The name of the entry.
        key: String,
        /// Where the other is.
        first: Position,
    },
    /// A mapping has an entry that nobody reads.
    #[error("unknown field {field:?} in {owner}, expected one of {expected}")]
    UnknownField {
        /// The name of the entry.
        field: String,
        /// What it is in.
        owner: &'static str,
        /// The names that are read.
        expected: String,
    },
    /// A value is of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What may stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A field that has to be there is not, or is empty.
    #[error("field '{field}' must be set in {owner}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What it is missing from.
        owner: &'static str,
    },
    /// Two groups of a file have one name.
    #[error("groupname: {name:?} is repeated in the same file, it is at {first} before")]
    DuplicateGroup {
        /// The name.
        name: String,
        /// Where the other is.
        first: Position,
    },
    /// A rule that records and alerts.
    #[error("only one of 'record' and 'alert' must be set")]
    RecordAndAlert,
    /// A rule that does neither.
    #[error("one of 'record' or 'alert' must be set")]
    NeitherRecordNorAlert,
    /// A field of alerting rules in a recording rule.
    #[error("invalid field '{field}' in recording rule")]
    OnRecording {
        /// The field.
        field: &'static str,
    },
    /// A name that may not be given.
    #[error("invalid {what} name: {name:?}{}", explained(reason))]
    Name {
        /// What is named.
        what: &'static str,
        /// The name.
        name: String,
        /// Why not; may be empty.
        reason: &'static str,
    },
    /// A duration in another form.
    #[error("not a valid duration string: {text:?}, expected such as \"1h30m\"")]
    Duration {
        /// The text.
        text: String,
    },
    /// A duration that no 64 bits of nanoseconds hold.
    #[error("duration out of range: {text:?}")]
    DurationRange {
        /// The text.
        text: String,
    },
    /// An expression that is none.
    #[error("could not parse expression: {error}")]
    Expression {
        /// Why not.
        error: QueryError,
    },
    /// A template that is none.
    #[error("could not parse template of {what} {name:?}: {message}")]
    Template {
        /// `label` or `annotation`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// More of something than there may be.
    #[error("more than {max} {what} in {owner}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// Where.
        owner: &'static str,
        /// The limit.
        max: usize,
    },
    /// There is no group; told as a warning.
    #[error("there are no rule groups in the file")]
    NoGroups,
    /// There is no test; told as a warning.
    #[error("there are no tests in the file")]
    NoTests,
    /// A series that is none.
    #[error("could not parse series: {message}")]
    Series {
        /// What is wrong with it.
        message: String,
    },
    /// The values of a series that are none.
    #[error("could not parse values: {error}")]
    Values {
        /// What is wrong with them.
        error: NotationError,
    },
    /// A group is named twice in the order of evaluation.
    #[error("group name repeated in evaluation order: {name}")]
    DuplicateOrder {
        /// The name.
        name: String,
    },
    /// The file has more than one document; told as a warning.
    #[error("only the first document of the file is read")]
    SecondDocument,
    /// The same rule is there before; told as a warning.
    #[error("the rule {name:?} has the name, expression and labels of the one at {first}")]
    DuplicateRule {
        /// What it records or alerts.
        name: String,
        /// Where the other is.
        first: Position,
    },
    /// An expression that a rule can make nothing of; told as a warning.
    #[error("a rule needs an instant vector or a scalar, and the expression gives a {found}")]
    NotVector {
        /// The type of its result.
        found: ValueType,
    },
}

fn explained(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// What is wrong with a file, in the order of the file. Writes itself a line
/// a fault.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    faults: Vec<Fault>,
    left_out: usize,
}

impl Faults {
    /// Returns the faults that are told, in the order of the file; at most
    /// [`FAULTS_MAX`].
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }

    /// Returns how many there are, with those that are not told.
    #[must_use]
    pub fn len(&self) -> usize {
        self.faults.len() + self.left_out
    }

    /// Says whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.left_out += 1;
        }
    }

    fn sorted(mut self) -> Self {
        self.faults.sort_by_key(|fault| fault.span.start());
        self
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        if self.left_out > 0 {
            write!(f, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Collects what is wrong with one file.
pub(super) struct FaultList<'a> {
    text: &'a str,
    /// The first byte of each line.
    lines: Vec<usize>,
    errors: Faults,
    warnings: Faults,
}

impl<'a> FaultList<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, lines, errors: Faults::default(), warnings: Faults::default() }
    }

    /// Returns the text of the file.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns where a span begins.
    pub(super) fn position(&self, span: Span) -> Position {
        let line = self.lines.partition_point(|start| *start <= span.start());
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Position { line, column: span.start() - start + 1 }
    }

    pub(super) fn error(&mut self, span: Span, kind: FaultKind) {
        let position = self.position(span);
        self.errors.add(Fault { kind, span, position });
    }

    pub(super) fn warning(&mut self, span: Span, kind: FaultKind) {
        let position = self.position(span);
        self.warnings.add(Fault { kind, span, position });
    }

    /// Returns a value with the warnings, or the errors if there are any.
    pub(super) fn finish<T>(self, value: T) -> Result<(T, Faults), Faults> {
        if self.errors.is_empty() {
            Ok((value, self.warnings.sorted()))
        } else {
            Err(self.errors.sorted())
        }
    }
}
