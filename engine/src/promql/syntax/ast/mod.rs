//! The tree of an expression. Every node knows its [`Span`](super::Span).

mod aggregation;
mod binary;
mod duration;
mod expr;
mod literal;
mod selector;

pub use aggregation::{AggregateOp, Aggregation, Grouping, GroupingKind};
pub use binary::{Binary, BinaryOp, Fill, Group, GroupSide, Matching, MatchingKind, Operation};
pub use duration::{DurationExpr, DurationKind, DurationOp, Length, LengthKind};
pub(super) use duration::{to_millis, to_timestamp_millis};
pub use expr::{Call, Expr, ExprKind, Label, Subquery, Unary, UnaryOp};
pub use literal::{Number, Text};
pub use selector::{
    At, AtTime, Extension, LabelMatcher, MatrixSelector, MetricName, Modifiers, VectorSelector,
};
