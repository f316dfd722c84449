//! Why a query is not an expression.

use thiserror::Error;

use super::{BinaryOp, Extension, Position, Span, Text};
use crate::model::MatcherError;

/// What is wrong with a query, and where.
///
/// Writes itself as the message alone; [`ParseError::position`] gives the
/// line and column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The piece of the query that it is about; empty at the end of the query.
    pub span: Span,
    /// Another piece that matters: the bracket that has no end, or the first
    /// of two where there may be one.
    pub related: Option<Span>,
}

impl ParseError {
    pub(super) const fn new(kind: ParseErrorKind, span: Span) -> Self {
        Self { kind, span, related: None }
    }

    pub(super) fn related_to(self, span: Span) -> Self {
        Self { related: Some(span), ..self }
    }

    /// Returns where in `query` the error is.
    #[must_use]
    pub fn position(&self, query: &str) -> Position {
        self.span.position(query)
    }
}

/// The kinds of error in a query. Where Prometheus has the same error, the
/// message is the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing but white space and comments.
    #[error("no expression found in input")]
    Empty,
    /// The query is longer than [`Limits::bytes_max`](super::Limits).
    #[error("a query of {bytes} bytes is longer than the {max} that are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The tree has more levels than [`Limits::depth_max`](super::Limits).
    #[error("the query is nested more than {max} levels deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// More matchers than [`Limits::regexes_max`](super::Limits) have regular
    /// expressions.
    #[error("the query has more than {max} regular expressions")]
    TooManyRegexes {
        /// The limit.
        max: usize,
    },
    /// Something else stands where the grammar has one thing.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What may stand there.
        expected: &'static str,
        /// What does: a piece of the query in quotes, or `the end of the
        /// query`.
        found: String,
    },
    /// No token begins with this character.
    #[error("unexpected character: {found:?}")]
    UnexpectedCharacter {
        /// The character.
        found: char,
    },
    /// A text in quotes does not end on its line.
    #[error("unterminated quoted string")]
    UnterminatedText,
    /// A text in backquotes does not end.
    #[error("unterminated raw string")]
    UnterminatedRawText,
    /// A backslash before a letter that is no escape.
    #[error("unknown escape sequence: '\\{letter}'")]
    EscapeUnknown {
        /// The letter.
        letter: char,
    },
    /// A text ends within an escape.
    #[error("escape sequence not terminated")]
    EscapeUnfinished,
    /// A character in an escape that is no digit of its base.
    #[error("illegal character in escape sequence: {digit:?}")]
    EscapeDigit {
        /// The character.
        digit: char,
    },
    /// The number in an escape is no character.
    #[error("escape sequence is an invalid Unicode code point")]
    EscapeCodePoint,
    /// A text that has to be UTF-8 is not.
    #[error("{what} {text} is not valid UTF-8")]
    NotUtf8 {
        /// What it is: `label name` or `label value`.
        what: &'static str,
        /// The text.
        text: Text,
    },
    /// What begins like a number is neither a number nor a duration.
    #[error("bad number or duration syntax: {text:?}")]
    Number {
        /// The text.
        text: String,
    },
    /// The units of a duration are unknown, repeated or not falling.
    #[error("not a valid duration string: {text:?}")]
    Duration {
        /// The text.
        text: String,
    },
    /// A duration beyond 292 years.
    #[error("duration out of range")]
    DurationRange,
    /// A range or step of nothing, or less.
    #[error("duration must be greater than 0")]
    DurationNotPositive,
    /// A duration is divided by 0.
    #[error("division by zero")]
    DivisionByZero,
    /// A remainder of a division by 0.
    #[error("modulo by zero")]
    ModuloByZero,
    /// No condition of a selector excludes the empty text, so that it would
    /// select all there is.
    #[error("vector selector must contain at least one non-empty matcher")]
    EmptySelector,
    /// A name before the braces and one in them.
    #[error("metric name must not be set twice: {first:?} or {second:?}")]
    MetricNameTwice {
        /// The name before the braces.
        first: String,
        /// The one in them.
        second: String,
    },
    /// A label name without a character.
    #[error("invalid label name \"\": it must not be empty")]
    EmptyLabelName,
    /// A matcher's regular expression does not compile, or is too large.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
    /// `bool` after an operator that does not compare.
    #[error("bool modifier can only be used on comparison operators")]
    BoolOnOther,
    /// A label both matches and is included.
    #[error("label {label:?} must not occur in ON and GROUP clause at once")]
    LabelInOnAndGroup {
        /// The label.
        label: String,
    },
    /// `group_left` or `group_right` with `and`, `or` or `unless`.
    #[error("no grouping allowed for {:?} operation", op.symbol())]
    GroupWithSet {
        /// The operator.
        op: BinaryOp,
    },
    /// `fill` with `and`, `or` or `unless`.
    #[error("filling in missing series not allowed for set operators")]
    FillWithSet,
    /// A side has two values to fill in.
    #[error("fill values may not be set multiple times")]
    FillTwice,
    /// `by` or `without` both before and after the arguments.
    #[error("grouping may not be set multiple times")]
    GroupingTwice,
    /// An aggregation has nothing between its parentheses.
    #[error("no arguments for aggregate expression provided")]
    NoAggregateArgs,
    /// An aggregation has too few or too many arguments.
    #[error(
        "wrong number of arguments for aggregate expression provided, expected {expected}, got {found}"
    )]
    AggregateArgs {
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A comma before the closing parenthesis of a call.
    #[error("trailing commas not allowed in function call args")]
    TrailingComma,
    /// Brackets with a range after something that selects no series.
    #[error("ranges only allowed for vector selectors")]
    RangeOnOther,
    /// A range after `offset`, `@` or an extension.
    #[error("no {modifier} modifiers allowed before range")]
    ModifierBeforeRange {
        /// The modifier: `offset`, `@`, `anchored` or `smoothed`.
        modifier: &'static str,
    },
    /// `offset` or `@` after something that has no time of its own.
    #[error(
        "{modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery"
    )]
    ModifierOnOther {
        /// The modifier: `offset` or `@`.
        modifier: &'static str,
    },
    /// A second `offset`.
    #[error("offset may not be set multiple times")]
    OffsetTwice,
    /// A second `@`.
    #[error("@ <timestamp> may not be set multiple times")]
    AtTwice,
    /// A time after `@` that is not finite or beyond 64 bits of milliseconds.
    #[error("timestamp out of bounds for @ modifier: {text}")]
    AtRange {
        /// The time as written.
        text: String,
    },
    /// `anchored` or `smoothed` after something that is no selector.
    #[error("{} modifier is not supported for {what}", extension.keyword())]
    ExtensionOnOther {
        /// The modifier.
        extension: Extension,
        /// What it stands after.
        what: &'static str,
    },
    /// Both `anchored` and `smoothed`.
    #[error("anchored and smoothed modifiers cannot be used together")]
    ExtensionsTogether,
    /// A selector is asked for, and the query is another expression.
    #[error("expected a series selector, found an expression")]
    NotSelector,
}
