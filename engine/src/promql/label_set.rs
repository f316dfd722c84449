//! What tells one series of a query from another.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::model::Labels;

/// The label under which a series' own name is known.
pub const NAME: &str = "__name__";
/// The labels that tell a metric's kind and unit, where they are kept.
const TYPE: &str = "__type__";
const UNIT: &str = "__unit__";

/// A series' name and its labels; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelSet {
    /// The name; empty for a series that has none.
    pub name: Arc<str>,
    /// The other labels.
    pub labels: Labels,
}

impl Default for LabelSet {
    fn default() -> Self {
        Self { name: "".into(), labels: Labels::EMPTY }
    }
}

impl LabelSet {
    /// Creates the set of a series without a name.
    #[must_use]
    pub fn nameless(labels: Labels) -> Self {
        Self { name: "".into(), labels }
    }

    /// Returns the value of a label, the name included; empty if it is absent.
    #[must_use]
    pub fn get(&self, label: &str) -> &str {
        if label == NAME { &self.name } else { self.labels.get(label).unwrap_or_default() }
    }

    /// Returns the labels in the order of their names, `__name__` included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        // Capitals alone come before underscores.
        let before = self.labels.iter().take_while(|(label, _)| *label < NAME);
        let behind = self.labels.iter().skip_while(|(label, _)| *label < NAME);
        let name = Some((NAME, &*self.name)).filter(|(_, name)| !name.is_empty());
        before.chain(name).chain(behind)
    }

    /// Says whether there is neither name nor label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.labels.is_empty()
    }

    /// Returns the set with a label set; an empty value removes it.
    #[must_use]
    pub fn with(&self, label: &str, value: &str) -> Self {
        if label == NAME {
            return Self { name: value.into(), labels: self.labels.clone() };
        }
        Self { name: Arc::clone(&self.name), labels: self.labels.with(label, value) }
    }

    /// Returns the set without its name, and without type and unit where
    /// labels tell them, as a value that was computed has another meaning.
    #[must_use]
    pub fn without_name(&self, type_and_unit: bool) -> Self {
        if type_and_unit && (self.labels.get(TYPE).is_some() || self.labels.get(UNIT).is_some()) {
            let labels = self.labels.filtered(|label| label != TYPE && label != UNIT);
            return Self::nameless(labels);
        }
        Self::nameless(self.labels.clone())
    }

    /// Returns the set with the labels alone that pass `keep`.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        let name = if keep(NAME) { Arc::clone(&self.name) } else { "".into() };
        Self { name, labels: self.labels.filtered(keep) }
    }
}

impl Ord for LabelSet {
    /// Compares label by label, the name being one of them, as Prometheus
    /// orders its results.
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for LabelSet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for LabelSet {
    /// Writes `name{label="value", …}`, as Prometheus does in messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() && !self.name.is_empty() {
            return Ok(());
        }
        f.write_str("{")?;
        for (index, (label, value)) in self.labels.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{label}={value:?}")?;
        }
        f.write_str("}")
    }
}
