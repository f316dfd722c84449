//! Label sets.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use thiserror::Error;

use super::name::{NameError, check_foreign_label_name, check_label_name};

/// One label: its name and its value.
type Pair = (Arc<str>, Arc<str>);

/// A set of labels, sorted by name, each name once; cheap to clone.
///
/// An empty value means that the label is absent (Prometheus' rule), so empty
/// values are left out. The metric's own name is not a label here.
/// Serialises as a map.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Labels(Option<Arc<[Pair]>>);

/// Why a label set was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// A label has no valid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The same label is given twice.
    #[error("label {name:?} is given twice, as {first:?} and as {second:?}")]
    Duplicate {
        /// The label's name.
        name: String,
        /// One of its values.
        first: String,
        /// The other.
        second: String,
    },
}

impl Labels {
    /// The set without a label.
    pub const EMPTY: Self = Self(None);

    /// Creates a set from names and values in any order.
    ///
    /// # Errors
    /// A name that is not valid, or that is given twice.
    pub fn new<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, LabelsError>
    where
        K: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        Self::checked(pairs, check_label_name)
    }

    /// Creates a set of what rules, other programs or files say, whose names
    /// may be any text: see [`check_foreign_label_name`].
    ///
    /// # Errors
    /// A name that cannot be, or that is given twice.
    pub fn foreign<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, LabelsError>
    where
        K: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        Self::checked(pairs, check_foreign_label_name)
    }

    fn checked<K, V>(
        pairs: impl IntoIterator<Item = (K, V)>,
        check: impl Fn(&str) -> Result<(), NameError>,
    ) -> Result<Self, LabelsError>
    where
        K: Into<Arc<str>>,
        V: Into<Arc<str>>,
    {
        let mut sorted: Vec<Pair> = Vec::new();
        for (name, value) in pairs {
            let name = name.into();
            check(&name)?;
            sorted.push((name, value.into()));
        }
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(LabelsError::Duplicate {
                name: pair[0].0.to_string(),
                first: pair[0].1.to_string(),
                second: pair[1].1.to_string(),
            });
        }
        Ok(Self::from_sorted(sorted))
    }

    /// Creates a set from pairs that are sorted by name, valid and distinct.
    fn from_sorted(mut sorted: Vec<Pair>) -> Self {
        sorted.retain(|(_, value)| !value.is_empty());
        if sorted.is_empty() { Self::EMPTY } else { Self(Some(sorted.into())) }
    }

    /// Returns the value of `name`; `None` if the label is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.as_deref()?;
        let index = pairs.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
        pairs.get(index).map(|(_, value)| value.as_ref())
    }

    /// Returns the labels in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + '_ {
        self.pairs().iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Returns the shared pairs in the order of their names.
    #[must_use]
    pub fn pairs(&self) -> &[(Arc<str>, Arc<str>)] {
        self.0.as_deref().unwrap_or(&[])
    }

    /// Returns an equal set with other copies of its texts; `texts` must
    /// return equal ones.
    pub(crate) fn with_texts(
        &self,
        mut texts: impl FnMut(&Arc<str>, &Arc<str>) -> (Arc<str>, Arc<str>),
    ) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        Self(Some(self.pairs().iter().map(|(name, value)| texts(name, value)).collect()))
    }

    /// Returns how many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Says whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the set with `name` set to `value`; an empty value removes it.
    /// `name` must be valid: the engine's own names (`le`, `quantile`) and
    /// names that came out of another set are.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut sorted: Vec<_> = self.pairs().to_vec();
        match sorted.binary_search_by(|(key, _)| key.as_ref().cmp(name)) {
            Ok(index) => sorted[index].1 = value.into(),
            Err(index) => sorted.insert(index, (name.into(), value.into())),
        }
        Self::from_sorted(sorted)
    }

    /// Returns the set without the label `name`.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        if self.get(name).is_none() {
            return self.clone();
        }
        self.filtered(|label| label != name)
    }

    /// Returns the labels whose names pass `keep`.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self::from_sorted(self.pairs().iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// Returns this set with the labels of `other` laid over it.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        other.iter().fold(self.clone(), |set, (name, value)| set.with(name, value))
    }
}

impl fmt::Display for Labels {
    /// Writes `{name="value",…}` with `\`, `"` and line feeds escaped, as the
    /// exposition formats do; an empty set is `{}`. A name that is no
    /// identifier is in quotes too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            if is_identifier(name) {
                f.write_str(name)?;
            } else {
                write_quoted(f, name)?;
            }
            f.write_str("=")?;
            write_quoted(f, value)?;
        }
        f.write_str("}")
    }
}

fn is_identifier(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '\\' => f.write_str("\\\\")?,
            '"' => f.write_str("\\\"")?,
            '\n' => f.write_str("\\n")?,
            other => f.write_char(other)?,
        }
    }
    f.write_str("\"")
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<Arc<str>, Arc<str>>::deserialize(deserializer)?;
        Self::foreign(map).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_arrival_does_not_matter_and_empty_values_are_absent() {
        let a = Labels::new([("b", "2"), ("a", "1"), ("c", "")]).unwrap();
        let b = Labels::new([("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(a, b);
        assert_eq!(a.to_string(), r#"{a="1",b="2"}"#);
        assert_eq!(a.get("b"), Some("2"));
        assert_eq!(a.get("c"), None);
        assert_eq!(Labels::new([("x", "")]).unwrap(), Labels::EMPTY);
    }

    #[test]
    fn what_others_name_may_be_any_text() {
        let labels = Labels::foreign([("se.ver", "a"), ("ü\"", "b"), ("__x", "c")]).unwrap();
        assert_eq!(labels.to_string(), r#"{__x="c","se.ver"="a","ü\""="b"}"#);
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
        for name in ["", "__name__", &"n".repeat(257)] {
            assert!(Labels::foreign([(name, "a")]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_label_twice_is_refused_by_name() {
        assert_eq!(
            Labels::new([("a", "1"), ("a", "2")]).unwrap_err().to_string(),
            "label \"a\" is given twice, as \"1\" and as \"2\""
        );
    }

    #[test]
    fn with_without_and_merged() {
        let a = Labels::new([("a", "1")]).unwrap();
        let ab = a.with("b", "2");
        assert_eq!(ab.to_string(), r#"{a="1",b="2"}"#);
        assert_eq!(ab.without("a").to_string(), r#"{b="2"}"#);
        assert_eq!(ab.with("a", ""), ab.without("a"));
        assert_eq!(a.merged(&ab.with("a", "9")).to_string(), r#"{a="9",b="2"}"#);
    }

    #[test]
    fn text_is_escaped() {
        let labels = Labels::new([("path", "a\\b\"c\nd")]).unwrap();
        assert_eq!(labels.to_string(), r#"{path="a\\b\"c\nd"}"#);
    }
}
