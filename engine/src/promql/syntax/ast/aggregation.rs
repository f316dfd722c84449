//! Aggregations over series.

use super::{Expr, Label};
use crate::promql::syntax::Span;

/// An aggregation of series at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    /// What is computed.
    pub op: AggregateOp,
    /// Where the operator's name stands.
    pub op_span: Span,
    /// How series are grouped; all in one group if absent.
    pub grouping: Option<Grouping>,
    /// The first argument of the operators for which
    /// [`AggregateOp::has_param`] holds, and of no other.
    pub param: Option<Box<Expr>>,
    /// What is aggregated.
    pub expr: Box<Expr>,
}

/// `by (…)` or `without (…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// Which labels make a group.
    pub kind: GroupingKind,
    /// The labels, in the order in which they are written.
    pub labels: Vec<Label>,
    /// Where it stands, from the keyword to the closing parenthesis.
    pub span: Span,
}

impl Grouping {
    /// Says whether it differs from no grouping at all, as `by ()` does not.
    #[must_use]
    pub const fn says_something(&self) -> bool {
        matches!(self.kind, GroupingKind::Without) || !self.labels.is_empty()
    }
}

/// Which labels make a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupingKind {
    /// `by`: those listed.
    By,
    /// `without`: those not listed.
    Without,
}

impl GroupingKind {
    /// Returns the keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::By => "by",
            Self::Without => "without",
        }
    }
}

/// The aggregation operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `group`
    Group,
    /// `count`
    Count,
    /// `count_values`
    CountValues,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `topk`
    Topk,
    /// `bottomk`
    Bottomk,
    /// `quantile`
    Quantile,
    /// `limitk`
    Limitk,
    /// `limit_ratio`
    LimitRatio,
}

impl AggregateOp {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Sum,
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Group,
        Self::Count,
        Self::CountValues,
        Self::Stddev,
        Self::Stdvar,
        Self::Topk,
        Self::Bottomk,
        Self::Quantile,
        Self::Limitk,
        Self::LimitRatio,
    ];

    /// Returns the operator's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Count => "count",
            Self::CountValues => "count_values",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::Quantile => "quantile",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Says whether a parameter comes before what is aggregated.
    #[must_use]
    pub const fn has_param(self) -> bool {
        matches!(
            self,
            Self::CountValues
                | Self::Topk
                | Self::Bottomk
                | Self::Quantile
                | Self::Limitk
                | Self::LimitRatio
        )
    }

    /// Says whether Prometheus has the operator behind its flag for
    /// experimental functions.
    #[must_use]
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::Limitk | Self::LimitRatio)
    }
}
