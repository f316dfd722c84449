//! Labels whose values are known when the program is compiled.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::error::LabelError;
use super::family::{Family, Handle};
use super::metric::Metric;
use crate::model::MetricDefinition;

/// The most sets of label values that a [`TypedFamily`] has places for.
const SETS_MAX: usize = 1 << 16;

/// A label that has one of a few values: an enum without fields, for which it
/// can be derived, or a `bool`.
pub trait LabelValue: Copy {
    /// How many values there are.
    const COUNT: usize;

    /// Returns the place of this value, less than [`COUNT`](Self::COUNT).
    fn index(self) -> usize;

    /// Returns the value as text.
    fn text(self) -> &'static str;
}

impl LabelValue for bool {
    const COUNT: usize = 2;

    fn index(self) -> usize {
        usize::from(self)
    }

    fn text(self) -> &'static str {
        if self { "true" } else { "false" }
    }
}

/// The labels of a metric, each a [`LabelValue`]: a struct of them, for which
/// it can be derived.
pub trait LabelSet: Copy {
    /// The names of the labels.
    const NAMES: &'static [&'static str];
    /// How many sets of values there are.
    const COUNT: usize;

    /// Returns the place of this set, less than [`COUNT`](Self::COUNT).
    fn index(self) -> usize;

    /// Appends the values as text, in the order of the names.
    fn push_texts(self, into: &mut Vec<&'static str>);
}

/// A metric whose labels are typed: its handles lie in an array, in which a
/// set of values is a place, so that nothing is hashed or compared. Cheap to
/// clone, usable on any thread.
///
/// Handles are made when they are first asked for, and kept: the series of a
/// typed family are not removed for being idle.
pub struct TypedFamily<H, L> {
    metric: Arc<Metric>,
    places: Arc<[OnceLock<H>]>,
    labels: std::marker::PhantomData<fn(L)>,
}

impl<H: Handle, L: LabelSet> TypedFamily<H, L> {
    /// Takes a family whose labels are those of `L`.
    ///
    /// # Errors
    /// Another number of labels, or other names.
    pub fn of(family: &Family<H>) -> Result<Self, LabelError> {
        const { assert!(L::COUNT <= SETS_MAX, "more sets of label values than have places") };
        let definition = family.metric().definition();
        if !has_labels::<L>(definition) {
            return Err(LabelError::Names {
                metric: Arc::clone(definition.name()),
                labels: definition.label_names().to_vec(),
                typed: L::NAMES,
            });
        }
        Ok(Self {
            metric: Arc::clone(family.metric()),
            places: (0..L::COUNT).map(|_| OnceLock::new()).collect(),
            labels: std::marker::PhantomData,
        })
    }

    /// Returns the handle for these label values.
    #[inline]
    #[must_use]
    pub fn get(&self, labels: L) -> &H {
        // An index is less than the count, by the trait's contract.
        let place = &self.places[labels.index()];
        match place.get() {
            Some(handle) => handle,
            None => self.make(place, labels),
        }
    }

    #[cold]
    fn make<'a>(&self, place: &'a OnceLock<H>, labels: L) -> &'a H {
        place.get_or_init(|| {
            let mut texts = Vec::with_capacity(L::NAMES.len());
            labels.push_texts(&mut texts);
            // Of the texts, one may be too long for a label; the number and
            // the kind were checked when the family was made.
            let child = self.metric.child_or_overflow(&texts);
            let child = child.unwrap_or_else(|_| self.metric.overflow_child());
            H::of(&child).cloned().expect("children are of their metric's kind")
        })
    }

    /// Returns the metric.
    #[must_use]
    pub const fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }
}

fn has_labels<L: LabelSet>(definition: &MetricDefinition) -> bool {
    definition.label_names().iter().map(|name| &**name).eq(L::NAMES.iter().copied())
}

impl<H, L> Clone for TypedFamily<H, L> {
    fn clone(&self) -> Self {
        let (metric, places) = (Arc::clone(&self.metric), Arc::clone(&self.places));
        Self { metric, places, labels: self.labels }
    }
}

impl<H, L> fmt::Debug for TypedFamily<H, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} places", self.metric.definition(), self.places.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::{Catalogue, Counter, OVERFLOW};
    use crate::model::DefinitionBuilder;

    #[derive(Clone, Copy)]
    struct Two {
        is_read: bool,
        is_hit: bool,
    }

    impl LabelSet for Two {
        const NAMES: &'static [&'static str] = &["read", "hit"];
        const COUNT: usize = 4;

        fn index(self) -> usize {
            self.is_read.index() * 2 + self.is_hit.index()
        }

        fn push_texts(self, into: &mut Vec<&'static str>) {
            into.extend([self.is_read.text(), self.is_hit.text()]);
        }
    }

    fn family(builder: DefinitionBuilder) -> Family<Counter> {
        Catalogue::new().family(builder.build().unwrap()).unwrap()
    }

    #[test]
    fn a_place_is_the_series_of_its_texts() {
        let by_text = family(MetricDefinition::counter("c_total").labels(["read", "hit"]));
        let typed = TypedFamily::<Counter, Two>::of(&by_text).unwrap();
        for (is_read, is_hit, count) in [(false, true, 2), (true, false, 3), (true, true, 4)] {
            typed.get(Two { is_read, is_hit }).increment_by(count);
            typed.clone().get(Two { is_read, is_hit }).increment();
            let texts = [is_read.text(), is_hit.text()];
            assert_eq!(by_text.with(&texts).unwrap().value(), count as f64 + 1.0);
        }
        assert_eq!(by_text.metric().children(), 3, "what was not asked for is no series");
    }

    #[test]
    fn labels_are_those_of_the_type() {
        let other = family(MetricDefinition::counter("c_total").labels(["hit", "read"]));
        let error = TypedFamily::<Counter, Two>::of(&other).unwrap_err();
        assert_eq!(
            error.to_string(),
            "metric \"c_total\" has the labels {hit,read}; the type has {read,hit}"
        );
    }

    #[test]
    fn what_has_no_room_overflows() {
        let builder = MetricDefinition::counter("c_total").labels(["read", "hit"]).series_max(1);
        let by_text = family(builder);
        let typed = TypedFamily::<Counter, Two>::of(&by_text).unwrap();
        for is_hit in [true, false] {
            typed.get(Two { is_read: true, is_hit }).increment();
            typed.get(Two { is_read: false, is_hit }).increment();
        }
        assert_eq!(by_text.with(&[OVERFLOW, OVERFLOW]).unwrap().value(), 3.0);
    }
}
