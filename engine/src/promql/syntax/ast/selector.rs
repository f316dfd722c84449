//! Which series an expression reads, and at what time.

use super::Length;
use crate::model::{MatchOp, Matcher};
use crate::promql::syntax::Span;

/// The newest sample of some series at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSelector {
    /// The metric's name, where one is written before the braces. A quoted
    /// name in the braces is a matcher on `__name__`.
    pub name: Option<MetricName>,
    /// The conditions in the braces, in the order in which they are written,
    /// without the one that `name` stands for.
    pub matchers: Vec<LabelMatcher>,
    /// `@` and `offset`.
    pub modifiers: Modifiers,
    /// `anchored` or `smoothed`.
    pub extension: Option<Extension>,
}

impl VectorSelector {
    /// Returns every condition on a series, that on its name included: first
    /// the name, then the others in the order in which they are written.
    #[must_use]
    pub fn conditions(&self) -> Vec<Matcher> {
        let name = self.name.iter().map(|name| Matcher::equal("__name__", name.name.as_str()));
        name.chain(self.matchers.iter().map(|matcher| matcher.matcher.clone())).collect()
    }

    /// Returns the metric's name if the selector fixes it, be it by `name` or
    /// by an equality on `__name__`.
    #[must_use]
    pub fn metric_name(&self) -> Option<&str> {
        let equality = self
            .matchers
            .iter()
            .map(|matcher| &matcher.matcher)
            .find(|matcher| matcher.name() == "__name__" && matcher.op() == MatchOp::Equal);
        let name = self.name.as_ref().map(|name| name.name.as_str());
        name.or_else(|| equality.map(Matcher::value))
    }
}

/// The samples of some series in a window before each step.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixSelector {
    /// Which series; its modifiers stand after the brackets.
    pub vector: VectorSelector,
    /// Where the name and the braces stand, without brackets and modifiers.
    pub vector_span: Span,
    /// The length of the window.
    pub range: Length,
}

/// The name of a metric and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricName {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A condition on a label and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelMatcher {
    /// The condition; its regular expression has been compiled.
    pub matcher: Matcher,
    /// Where it stands.
    pub span: Span,
}

/// What moves the time at which a selector or a subquery is evaluated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Modifiers {
    /// `@`: evaluated at this time at every step. Applies before `offset`.
    pub at: Option<At>,
    /// `offset`: evaluated this much earlier; later if it is negative.
    pub offset: Option<Length>,
}

/// A time after `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// Which time.
    pub time: AtTime,
    /// Where it stands, from the `@` on.
    pub span: Span,
}

/// The times that `@` can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AtTime {
    /// Milliseconds since the Unix epoch.
    Millis(i64),
    /// `start()`: the first step of the outermost query.
    Start,
    /// `end()`: the last step of the outermost query.
    End,
}

/// How a selector takes in samples around its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extension {
    /// `anchored`: the sample before the window stands at its start.
    Anchored,
    /// `smoothed`: values at the window's edges are interpolated.
    Smoothed,
}

impl Extension {
    /// Returns the keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Anchored => "anchored",
            Self::Smoothed => "smoothed",
        }
    }
}
