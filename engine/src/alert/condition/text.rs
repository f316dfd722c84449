//! The text form of a condition, going out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Condition, ConditionError, Node, Op, Subject};

impl fmt::Display for Condition {
    /// Writes the normal form, which parses back to an equal condition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    /// Reads the text form; see [`Condition::parse`].
    fn from_str(text: &str) -> Result<Self, ConditionError> {
        Self::parse(text)
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl Node {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(subject, op, bound) => {
                write!(f, "{} {} ", subject.as_str(), op.symbol())?;
                write_number(*bound, f)
            }
            Self::Absent => f.write_str("absent"),
            Self::Present => f.write_str("present"),
            Self::All(nodes) => join(nodes, " and ", |node| matches!(node, Self::Any(_)), f),
            Self::Any(nodes) => join(nodes, " or ", |_| false, f),
            Self::Not(node) => {
                f.write_str("not (")?;
                node.write(f)?;
                f.write_str(")")
            }
            Self::Oversized => f.write_str("<condition past the bounds>"),
        }
    }
}

fn join(
    nodes: &[Node],
    word: &str,
    weaker: fn(&Node) -> bool,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if weaker(node) {
            f.write_str("(")?;
            node.write(f)?;
            f.write_str(")")?;
        } else {
            node.write(f)?;
        }
    }
    Ok(())
}

/// Writes the shortest text that reads back to the same number; very large
/// and very small ones with an exponent.
fn write_number(number: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let size = number.abs();
    if number.is_finite() && size != 0.0 && !(1e-5..1e15).contains(&size) {
        write!(f, "{number:e}")
    } else {
        write!(f, "{number}")
    }
}

impl Subject {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Change => "change",
        }
    }
}

impl Op {
    pub(super) const fn symbol(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}
