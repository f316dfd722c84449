//! What a record is about.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Observation, Record, Timestamp};

/// A label's name and value.
type Pair = (Arc<str>, Arc<str>);

/// A metric and the values of its labels, for those who record the same series
/// again and again: cheap to clone, and records of it are cheap to make.
///
/// The registry checks and finds the series at the first record, and remembers
/// in the subject where it lies. Nothing depends on it: a series that was
/// removed meanwhile is found or created anew, and a subject may be recorded
/// by several monitors.
///
/// ```
/// use keepwatch_engine::model::{Record, Subject};
///
/// let load = Subject::new("load").label("host", "a");
/// assert_eq!(load.set(0.5), Record::set("load", 0.5).label("host", "a"));
/// ```
#[derive(Clone)]
pub struct Subject(Arc<Inner>);

struct Inner {
    place: Place,
    metric: Arc<str>,
    labels: Vec<Pair>,
}

/// Where a registry found the series of a subject.
///
/// Each part carries the registry's token. Only that registry writes it, and
/// only one thread at a time runs the registry, so that parts with its token
/// are those that it wrote last; others may overwrite them at any time.
#[derive(Default)]
struct Place([AtomicU64; 3]);

impl Subject {
    /// Creates the subject of a metric without labels.
    #[must_use]
    pub fn new(metric: impl Into<Arc<str>>) -> Self {
        let (place, metric, labels) = (Place::default(), metric.into(), Vec::new());
        Self(Arc::new(Inner { place, metric, labels }))
    }

    /// Creates a subject with labels in any order.
    pub(super) fn with(metric: Arc<str>, labels: Vec<Pair>) -> Self {
        Self(Arc::new(Inner { place: Place::default(), metric, labels }))
    }

    /// Adds the value of a label; clones made before do not have it.
    #[must_use]
    pub fn label(self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        let (metric, mut labels) = match Arc::try_unwrap(self.0) {
            Ok(own) => (own.metric, own.labels),
            Err(shared) => (Arc::clone(&shared.metric), shared.labels.clone()),
        };
        labels.push((name.into(), value.into()));
        Self::with(metric, labels)
    }

    /// Returns the metric's name.
    #[must_use]
    pub fn metric(&self) -> &Arc<str> {
        &self.0.metric
    }

    /// Returns the names and values of the labels, in the order given.
    #[must_use]
    pub fn labels(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.0.labels
    }

    /// Records that the value is `value` now: a gauge's, or a counter's total.
    #[must_use]
    pub fn set(&self, value: f64) -> Record {
        Record::of(self, Observation::Set { value, at: None })
    }

    /// Records that the value was `value` at a point in time.
    #[must_use]
    pub fn set_at(&self, value: f64, at: impl Into<Timestamp>) -> Record {
        Record::of(self, Observation::Set { value, at: Some(at.into()) })
    }

    /// Records that a counter or gauge changed by `amount`.
    #[must_use]
    pub fn add(&self, amount: f64) -> Record {
        Record::of(self, Observation::Add(amount))
    }

    /// Records one measurement for a histogram or summary.
    #[must_use]
    pub fn observe(&self, value: f64) -> Record {
        Record::of(self, Observation::Observe(value))
    }

    /// Returns what the registry with this token, which is not 0, remembered.
    #[inline]
    pub(crate) fn recall(&self, token: u32) -> Option<[u32; 3]> {
        let mut parts = [0; 3];
        for (part, cell) in parts.iter_mut().zip(&self.0.place.0) {
            let packed = cell.load(Ordering::Relaxed);
            if packed >> 32 != u64::from(token) {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "the lower half is the part")]
            {
                *part = packed as u32;
            }
        }
        (token != 0).then_some(parts)
    }

    /// Remembers where the registry with this token found the series.
    pub(crate) fn remember(&self, token: u32, parts: [u32; 3]) {
        for (part, cell) in parts.iter().zip(&self.0.place.0) {
            cell.store(u64::from(token) << 32 | u64::from(*part), Ordering::Relaxed);
        }
    }
}

impl PartialEq for Subject {
    /// Compares the metric and the labels, not what a registry remembers.
    fn eq(&self, other: &Self) -> bool {
        (self.metric(), self.labels()) == (other.metric(), other.labels())
    }
}

impl Eq for Subject {}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("metric", self.metric())
            .field("labels", &self.labels())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_what_is_remembered_until_a_label_is_added() {
        let subject = Subject::new("m").label("a", "1");
        let clone = subject.clone();
        assert_eq!(subject.recall(0), None, "no registry has the token 0");
        subject.remember(7, [1, 2, 3]);
        assert_eq!((clone.recall(7), clone.recall(8)), (Some([1, 2, 3]), None));
        let other = clone.label("b", "2");
        assert_eq!((other.recall(7), subject.labels().len()), (None, 1));
        assert_eq!(subject.label("b", "2"), other);
    }

    #[test]
    fn what_another_registry_overwrote_in_part_is_not_recalled() {
        let subject = Subject::new("m");
        subject.remember(7, [1, 2, 3]);
        for cell in &subject.0.place.0 {
            subject.remember(7, [1, 2, 3]);
            cell.store(8 << 32 | 9, Ordering::Relaxed);
            assert_eq!((subject.recall(7), subject.recall(8)), (None, None));
        }
    }
}
