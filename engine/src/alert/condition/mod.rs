//! Conditions: when an alert rule holds.
//!
//! Size is bounded ([`TERMS_MAX`], [`DEPTH_MAX`]), so that no recursion over a
//! condition can exhaust the stack.

mod parse;
mod text;

use std::ops;

pub use parse::{ConditionError, TEXT_BYTES_MAX};

use super::Reading;

/// The most comparisons in one condition.
pub const TERMS_MAX: usize = 100;

/// The deepest nesting of one condition.
pub const DEPTH_MAX: usize = 32;

/// When a rule holds.
///
/// A condition judges two numbers of a series, its `value` and its `change`,
/// in three-valued logic: a comparison with a number that is missing is
/// neither true nor false but unknown, and what becomes of the unknown is the
/// rule's no-data policy. Conditions are written in Rust
/// (`Condition::above(90.0)`) or as text (`value > 90`); the text form prints
/// and parses back to the same condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition(Node);

/// A number of a series that a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The series' value by the rule's method.
    Value,
    /// The relative change over the window.
    Change,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

/// The tree. `All` and `Any` hold at least two nodes, none of their own kind;
/// `Not` never holds a `Not`: so each condition has one shape.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Compare(Subject, Op, f64),
    Absent,
    Present,
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// What grew past the bounds; a rule refuses it.
    Oversized,
}

/// Why a condition cannot be used in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Defect {
    NotANumber,
    Oversized,
}

impl Condition {
    /// Holds while the value is greater than `bound`.
    #[must_use]
    pub const fn above(bound: f64) -> Self {
        Self::value(Op::Above, bound)
    }

    /// Holds while the value is `bound` or greater.
    #[must_use]
    pub const fn at_least(bound: f64) -> Self {
        Self::value(Op::AtLeast, bound)
    }

    /// Holds while the value is less than `bound`.
    #[must_use]
    pub const fn below(bound: f64) -> Self {
        Self::value(Op::Below, bound)
    }

    /// Holds while the value is `bound` or less.
    #[must_use]
    pub const fn at_most(bound: f64) -> Self {
        Self::value(Op::AtMost, bound)
    }

    /// Holds while the value is exactly `bound`.
    #[must_use]
    pub const fn equal(bound: f64) -> Self {
        Self::value(Op::Equal, bound)
    }

    /// Holds while the value is anything but `bound`.
    #[must_use]
    pub const fn not_equal(bound: f64) -> Self {
        Self::value(Op::NotEqual, bound)
    }

    /// Holds while the value is less than `low` or greater than `high`.
    #[must_use]
    pub fn outside(low: f64, high: f64) -> Self {
        Self::below(low).or(Self::above(high))
    }

    /// Holds while the value lies from `low` to `high`, both included.
    #[must_use]
    pub fn inside(low: f64, high: f64) -> Self {
        Self::at_least(low).and(Self::at_most(high))
    }

    /// Holds while the window's last value exceeds its first by more than
    /// `ratio` of the first: 0.5 is a rise by half. Text form:
    /// `change > 0.5`.
    #[must_use]
    pub const fn rising(ratio: f64) -> Self {
        Self(Node::Compare(Subject::Change, Op::Above, ratio))
    }

    /// Holds while the window's last value falls short of its first by more
    /// than `ratio` of the first: 0.5 is a fall by half. Text form:
    /// `change < -0.5`.
    #[must_use]
    pub const fn falling(ratio: f64) -> Self {
        Self(Node::Compare(Subject::Change, Op::Below, -ratio))
    }

    /// Holds while a series has no value in the window, and while no series
    /// matches the rule at all.
    #[must_use]
    pub const fn absent() -> Self {
        Self(Node::Absent)
    }

    /// Holds while a series has a value, whatever it is; unlike `not absent`
    /// it says nothing of series that nobody has seen.
    #[must_use]
    pub const fn present() -> Self {
        Self(Node::Present)
    }

    /// Holds while both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut nodes = Vec::new();
        for node in [self.0, other.0] {
            match node {
                Node::All(inner) => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        Self::bounded(Node::All(nodes))
    }

    /// Holds while at least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut nodes = Vec::new();
        for node in [self.0, other.0] {
            match node {
                Node::Any(inner) => nodes.extend(inner),
                node => nodes.push(node),
            }
        }
        Self::bounded(Node::Any(nodes))
    }

    /// Judges a reading: `None` is unknown, for want of a value.
    #[must_use]
    pub fn judge(&self, reading: &Reading) -> Option<bool> {
        self.0.judge(reading)
    }

    /// Says whether the condition asks for absence anywhere.
    pub(super) fn asks_absence(&self) -> bool {
        self.0.any(&|node| matches!(node, Node::Absent))
    }

    /// Says whether the condition asks anywhere how far a value has changed.
    pub(super) fn asks_change(&self) -> bool {
        self.0.any(&|node| matches!(node, Node::Compare(Subject::Change, _, _)))
    }

    /// Returns what makes the condition unfit for a rule.
    pub(super) fn defect(&self) -> Option<Defect> {
        if self.0.any(&|node| matches!(node, Node::Oversized)) {
            return Some(Defect::Oversized);
        }
        let nan = |node: &Node| matches!(node, Node::Compare(_, _, bound) if bound.is_nan());
        self.0.any(&nan).then_some(Defect::NotANumber)
    }

    const fn value(op: Op, bound: f64) -> Self {
        Self(Node::Compare(Subject::Value, op, bound))
    }

    fn bounded(node: Node) -> Self {
        let fits = node.terms() <= TERMS_MAX && node.depth() <= DEPTH_MAX;
        Self(if fits { node } else { Node::Oversized })
    }
}

impl ops::Not for Condition {
    type Output = Self;

    /// Holds while the condition is known not to hold.
    fn not(self) -> Self {
        match self.0 {
            Node::Not(inner) => Self(*inner),
            node => Self::bounded(Node::Not(Box::new(node))),
        }
    }
}

impl Node {
    fn judge(&self, reading: &Reading) -> Option<bool> {
        match self {
            Self::Compare(Subject::Value, op, bound) => {
                reading.value.map(|value| op.holds(value, *bound))
            }
            Self::Compare(Subject::Change, op, bound) => {
                reading.change.map(|change| op.holds(change, *bound))
            }
            Self::Absent => Some(reading.value.is_none()),
            Self::Present => Some(reading.value.is_some()),
            Self::All(nodes) => settle(nodes, reading, false),
            Self::Any(nodes) => settle(nodes, reading, true),
            Self::Not(node) => node.judge(reading).map(|holds| !holds),
            Self::Oversized => None,
        }
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(|node| node.any(test)),
                Self::Not(node) => node.any(test),
                Self::Compare(..) | Self::Absent | Self::Present | Self::Oversized => false,
            }
    }

    fn terms(&self) -> usize {
        match self {
            Self::Compare(..) | Self::Absent | Self::Present => 1,
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().map(Self::terms).sum(),
            Self::Not(node) => node.terms(),
            Self::Oversized => TERMS_MAX + 1,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Compare(..) | Self::Absent | Self::Present | Self::Oversized => 1,
            Self::All(nodes) | Self::Any(nodes) => {
                1 + nodes.iter().map(Self::depth).max().unwrap_or(0)
            }
            Self::Not(node) => 1 + node.depth(),
        }
    }
}

/// Judges nodes of which one that is `decisive` decides, Kleene's way:
/// otherwise one unknown makes the whole unknown.
fn settle(nodes: &[Node], reading: &Reading, decisive: bool) -> Option<bool> {
    let mut settled = Some(!decisive);
    for node in nodes {
        match node.judge(reading) {
            Some(holds) if holds == decisive => return Some(decisive),
            Some(_) => {}
            None => settled = None,
        }
    }
    settled
}

impl Op {
    /// Compares as IEEE 754 does: NaN differs from everything and is neither
    /// above nor below.
    #[expect(
        clippy::float_cmp,
        reason = "`==` of a rule means exactly equal, and is documented so"
    )]
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Equal => value == bound,
            Self::NotEqual => value != bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges `value` and, after a slash, `change`; `-` is missing.
    fn check(condition: &Condition, reading: &str, expected: Option<bool>) {
        let (value, change) = reading.split_once('/').unwrap_or((reading, "-"));
        let number = |text: &str| text.parse::<f64>().ok();
        let given = Reading {
            series: crate::promql::LabelSet::default(),
            value: number(value),
            change: number(change),
        };
        assert_eq!(condition.judge(&given), expected, "{condition} on {reading}");
    }

    #[test]
    fn comparisons() {
        check(&Condition::above(90.0), "90", Some(false));
        check(&Condition::above(90.0), "90.1", Some(true));
        check(&Condition::at_least(90.0), "90", Some(true));
        check(&Condition::below(1.0), "0.9", Some(true));
        check(&Condition::at_most(1.0), "1", Some(true));
        check(&Condition::equal(0.0), "0", Some(true));
        check(&Condition::not_equal(0.0), "NaN", Some(true));
        check(&Condition::above(0.0), "NaN", Some(false));
        check(&Condition::outside(10.0, 90.0), "10", Some(false));
        check(&Condition::outside(10.0, 90.0), "9", Some(true));
        check(&Condition::outside(10.0, 90.0), "91", Some(true));
        check(&Condition::inside(10.0, 90.0), "90", Some(true));
        check(&Condition::inside(10.0, 90.0), "91", Some(false));
        check(&Condition::rising(0.5), "1/0.6", Some(true));
        check(&Condition::rising(0.5), "1/0.5", Some(false));
        check(&Condition::falling(0.5), "1/-0.6", Some(true));
        check(&Condition::falling(0.5), "1", None);
    }

    #[test]
    fn what_is_missing_is_unknown_unless_the_rest_decides() {
        let absent_or_high = Condition::absent().or(Condition::above(1.0));
        check(&Condition::above(1.0), "-", None);
        check(&!Condition::above(1.0), "-", None);
        check(&Condition::absent(), "-", Some(true));
        check(&Condition::absent(), "NaN", Some(false));
        check(&absent_or_high, "-", Some(true));
        check(&absent_or_high, "2", Some(true));
        check(&absent_or_high, "1", Some(false));
        check(&Condition::above(1.0).and(Condition::absent()), "-", None);
        check(&Condition::above(1.0).and(!Condition::absent()), "-", Some(false));
    }

    #[test]
    fn what_grows_past_the_bounds_is_marked_and_stays_small() {
        let mut condition = Condition::above(0.0);
        for step in 0..100_000 {
            condition = if step % 2 == 0 {
                condition.and(Condition::absent())
            } else {
                condition.or(Condition::absent())
            };
        }
        assert_eq!(condition.defect(), Some(Defect::Oversized));
        assert_eq!(Condition::above(f64::NAN).defect(), Some(Defect::NotANumber));
        assert_eq!(Condition::outside(0.0, 1.0).defect(), None);
    }
}
