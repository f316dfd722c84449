//! The steps that a query is made of.

use crate::model::Matcher;
use crate::promql::functions::Function;
use crate::promql::functions::range::{Reach, Steps};
use crate::promql::syntax::{AggregateOp, BinaryOp, Fill, Grouping, Matching, Span, Text};

/// A part of a plan that gives a number, a text or an instant vector at each
/// step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
}

/// What a node computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeKind {
    /// A number, the same at every step.
    Number(f64),
    /// A text.
    Text(Text),
    /// `time()`: the time of the step in seconds.
    Time,
    /// `scalar(v)`.
    ScalarOf(Box<Node>),
    /// An operator between scalars.
    ScalarBinary { op: BinaryOp, left: Box<Node>, right: Box<Node> },
    /// `-s` of a scalar.
    ScalarNegative(Box<Node>),
    /// `min_of(a, b)` and `max_of(a, b)`.
    ScalarExtreme { function: Function, left: Box<Node>, right: Box<Node> },
    /// `vector(s)`.
    VectorOf(Box<Node>),
    /// What an instant selector finds.
    Instant(Instant),
    /// A function of a range vector, with its scalar arguments.
    OverRange { function: Function, ranges: Ranges, parameters: Vec<Node> },
    /// `absent` of a vector, and the labels that its result has.
    Absent { vector: Box<Node>, labels: Vec<(String, String)> },
    /// A function of single values, with its scalar arguments.
    Map { function: Function, vector: Box<Node>, parameters: Vec<Node> },
    /// `-v`.
    Negative(Box<Node>),
    /// An operator between a vector and a scalar.
    WithScalar {
        op: BinaryOp,
        return_bool: bool,
        vector: Box<Node>,
        scalar: Box<Node>,
        swapped: bool,
    },
    /// An operator between the values of two vectors.
    Binary(Box<VectorBinary>),
    /// `and`, `or` and `unless`.
    Set { op: BinaryOp, matching: Option<Matching>, left: Box<Node>, right: Box<Node> },
    /// An aggregation.
    Aggregate {
        op: AggregateOp,
        grouping: Option<Grouping>,
        parameter: Option<Box<Node>>,
        vector: Box<Node>,
    },
    /// The functions of classic histograms: their scalar arguments, and the
    /// label that `histogram_quantiles` adds.
    Histogram { function: Function, vector: Box<Node>, parameters: Vec<Node>, label: Option<Text> },
    /// `label_replace` and `label_join`, with their texts.
    Relabel { function: Function, vector: Box<Node>, texts: Vec<Text> },
    /// `sort` and its kin, with the labels to sort by.
    Sort { function: Function, vector: Box<Node>, labels: Vec<Text> },
    /// `info(v, {…})`.
    Info(Box<Info>),
    /// `timestamp(v)` of a vector that was computed.
    Timestamp(Box<Node>),
    /// The same at every step, and so evaluated at one.
    Invariant(Box<Node>),
    /// What other nodes need too, evaluated once: its number.
    Shared { number: usize, node: Box<Node> },
}

/// What an instant selector finds, and what of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Instant {
    /// Which of the plan's selects.
    pub(crate) select: usize,
    /// The lookback is the range.
    pub(crate) reach: Reach,
    pub(crate) wanted: Wanted,
}

/// What of a sample is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Value,
    /// When it was taken, in seconds.
    Timestamp,
    /// Since when it counts, in seconds.
    StartTimestamp,
}

/// A range vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranges {
    pub(crate) source: RangeSource,
    pub(crate) reach: Reach,
    /// Where the range vector stands.
    pub(crate) span: Span,
}

/// Where the samples of a range vector come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RangeSource {
    /// One of the plan's selects.
    Select(usize),
    /// A vector at steps of its own.
    Subquery { vector: Box<Node>, steps: Steps },
}

/// An operator between the values of two vectors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VectorBinary {
    pub(crate) op: BinaryOp,
    pub(crate) return_bool: bool,
    pub(crate) matching: Option<Matching>,
    pub(crate) fill: Fill,
    pub(crate) left: Node,
    pub(crate) right: Node,
}

/// `info(v, {…})`: which info metrics, and which of their labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Info {
    pub(crate) vector: Node,
    /// The values of the info metrics' samples; when they were taken tells
    /// which of several holds.
    pub(crate) select: usize,
    pub(crate) reach: Reach,
    /// The conditions on the info metrics' names.
    pub(crate) names: Vec<Matcher>,
    /// The conditions on their labels.
    pub(crate) labels: Vec<Matcher>,
}
