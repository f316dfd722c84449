//! A registered metric and its cells.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

use super::catalogue::CatalogueLimits;
use super::cells::Version;
use super::child::{Child, Total};
use super::children::Children;
use super::error::LabelError;
use super::histogram::Guide;
use super::part::Part;
use super::refusals::{RefusalCells, Refusals};
use crate::model::{Labels, MetricDefinition};

/// The value of every label of the series that takes what has no room.
pub const OVERFLOW: &str = "__overflow__";

/// What numbers metrics for the caches of threads; no number comes twice.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// A registered metric: its definition, and a child for each set of label
/// values.
#[derive(Debug)]
pub struct Metric {
    number: u64,
    definition: Arc<MetricDefinition>,
    parts: Box<[Part]>,
    /// The buckets of its histograms.
    guide: Guide,
    hasher: RandomState,
    children: ArcSwap<Children>,
    /// How many they are, those that are about to come included.
    count: AtomicUsize,
    /// The child of the label values beyond the limit.
    overflow: OnceLock<Arc<Child>>,
    overflow_told: AtomicBool,
    /// Grows with every change of the set of children.
    version: Version,
    series_max: usize,
    value_bytes_max: usize,
    refusals: Arc<RefusalCells>,
}

impl Metric {
    pub(super) fn new(definition: Arc<MetricDefinition>, limits: CatalogueLimits) -> Self {
        Self {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            parts: Part::of(&definition).into(),
            guide: Guide::new(definition.bounds()),
            hasher: RandomState::default(),
            children: ArcSwap::default(),
            count: AtomicUsize::new(0),
            overflow: OnceLock::new(),
            overflow_told: AtomicBool::new(false),
            version: Version::new(),
            series_max: definition.series_max().unwrap_or(limits.series_per_metric),
            value_bytes_max: limits.label_value_bytes,
            refusals: Arc::default(),
            definition,
        }
    }

    /// Returns the definition.
    #[must_use]
    pub const fn definition(&self) -> &Arc<MetricDefinition> {
        &self.definition
    }

    /// Returns the series that each set of label values is stored as.
    #[must_use]
    pub const fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the most sets of label values that the metric may have.
    #[must_use]
    pub const fn series_max(&self) -> usize {
        self.series_max
    }

    /// Returns a number that no other metric of this process has.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many sets of label values there are, the overflow's aside.
    #[must_use]
    pub fn children(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns a number that changes whenever the set of children does.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.current()
    }

    /// Returns how many writes through handles were left out.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        self.refusals.read()
    }

    /// Appends a label value to the key of a child, which is made of all
    /// values in the order of the definition's labels.
    pub fn push_key(value: &str, key: &mut Vec<u8>) {
        key.extend_from_slice(value.as_bytes());
        // Never part of UTF-8, so that no two sets share a key.
        key.push(0xff);
    }

    /// Returns the child of these label values, given in the order of the
    /// definition's labels; creates it if there is none.
    ///
    /// # Errors
    /// A wrong number of values, an over-long value, and a child beyond the
    /// metric's limit; each is counted.
    pub fn child(&self, values: &[&str]) -> Result<Arc<Child>, LabelError> {
        let names = self.definition.label_names();
        if values.len() != names.len() {
            self.refusals.labels.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::Count {
                metric: Arc::clone(self.definition.name()),
                labels: names.to_vec(),
                given: values.len(),
            });
        }
        let mut key = Vec::with_capacity(64);
        values.iter().for_each(|value| Self::push_key(value, &mut key));
        if let Some(child) = self.find(&key) {
            return Ok(child);
        }
        let too_long = names.iter().zip(values).find(|(_, v)| v.len() > self.value_bytes_max);
        if let Some((label, value)) = too_long {
            self.refusals.labels.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::ValueTooLong {
                metric: Arc::clone(self.definition.name()),
                label: Arc::clone(label),
                bytes: value.len(),
                max: self.value_bytes_max,
            });
        }
        self.insert(values)
    }

    /// Returns the child of these label values as [`child`](Self::child) does,
    /// and the overflow's if there is no room for it: all its label values
    /// are [`OVERFLOW`].
    ///
    /// # Errors
    /// A wrong number of values, and an over-long value.
    pub fn child_or_overflow(&self, values: &[&str]) -> Result<Arc<Child>, LabelError> {
        match self.child(values) {
            Err(LabelError::TooManySeries { .. }) => Ok(self.overflow_child()),
            other => other,
        }
    }

    /// Says whether these are the labels of the overflow series.
    #[must_use]
    pub fn is_overflow(&self, labels: &Labels) -> bool {
        self.overflow.get().is_some_and(|overflow| overflow.labels() == labels)
    }

    /// Says, the first time that it is asked after it came so, that label
    /// values went to the overflow series: for a warning that comes once.
    #[must_use]
    pub fn overflows_newly(&self) -> bool {
        self.overflow.get().is_some() && !self.overflow_told.swap(true, Ordering::Relaxed)
    }

    pub(super) fn overflow_child(&self) -> Arc<Child> {
        if let Some(made) = self.overflow.get() {
            return Arc::clone(made);
        }
        let made = self.overflow.get_or_init(|| {
            let values = vec![OVERFLOW; self.definition.label_names().len()];
            Arc::new(self.new_child(&values))
        });
        // Only now that it can be found: who has seen the change has to find it.
        self.version.change();
        Arc::clone(made)
    }

    fn new_child(&self, values: &[&str]) -> Child {
        let mut key = Vec::with_capacity(64);
        values.iter().for_each(|value| Self::push_key(value, &mut key));
        let names = self.definition.label_names().iter().cloned();
        let pairs = names.zip(values.iter().map(|value| Arc::<str>::from(*value)));
        // The definition's names are valid and distinct.
        let labels = Labels::foreign(pairs).unwrap_or_default();
        Child::new(key.into(), labels, &self.definition, &self.guide, &self.refusals)
    }

    /// Returns the child of a key, if there is one.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Arc<Child>> {
        let child = self.children.load().get(self.hash(key), key).cloned();
        child.or_else(|| self.overflow.get().filter(|child| **child.key() == *key).cloned())
    }

    /// Returns all children.
    #[must_use]
    pub fn all_children(&self) -> Vec<Arc<Child>> {
        let mut all = Vec::with_capacity(self.children());
        self.children.load().append_to(&mut all);
        all.extend(self.overflow.get().cloned());
        all
    }

    /// Appends the totals of counters that were the metric's at `version`, and
    /// says whether it could. `false` leaves nothing of worth behind: a child
    /// came or went since, or one of the counters has fractions; ask each.
    ///
    /// Going to each child and its cell for a total waits for memory three
    /// times; words lie side by side.
    pub(crate) fn read_totals(&self, version: u64, totals: &[Total], into: &mut Vec<u64>) -> bool {
        if self.refusals.has_fractions() || self.version() != version {
            return false;
        }
        Total::sums(totals, into);
        // A word is another's only after its child has expired, which changes
        // the version first.
        !self.refusals.has_fractions() && self.version.is_still(version)
    }

    /// Removes a child to which no handle exists, and of which `is_idle` says
    /// so, before and again once nobody can find it any more; `false` if it
    /// stays. `child` must be the caller's only share of it.
    ///
    /// A later request for the same values starts a new child at zero.
    pub fn expire(&self, child: &Arc<Child>, mut is_idle: impl FnMut(&Child) -> bool) -> bool {
        if child.is_held() || !is_idle(child) {
            return false;
        }
        let hash = self.hash(child.key());
        self.children.rcu(|children| children.without(hash, child.key()));
        // Someone may have taken a handle between the look and the removal,
        // or may still be about to, through the map as it was.
        let cached = usize::try_from(child.cached()).unwrap_or(usize::MAX);
        let is_held = child.is_held() || Arc::strong_count(child) > cached.saturating_add(1);
        if is_held || !is_idle(child) {
            let mut is_back = true;
            self.children.rcu(|children| {
                is_back = children.get(hash, child.key()).is_none();
                if !is_back {
                    return Arc::clone(children);
                }
                Arc::new(children.with(hash, Arc::clone(child)))
            });
            if is_back {
                self.version.change();
                return false;
            }
            // There is a new one by now, which was counted when it came.
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.version.change();
        true
    }

    fn insert(&self, values: &[&str]) -> Result<Arc<Child>, LabelError> {
        let reserved = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < self.series_max).then_some(count + 1)
        });
        if reserved.is_err() {
            self.refusals.series.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::TooManySeries {
                metric: Arc::clone(self.definition.name()),
                max: self.series_max,
            });
        }
        let new = Arc::new(self.new_child(values));
        let mut kept = Arc::clone(&new);
        let hash = self.hash(new.key());
        self.children.rcu(|children| {
            if let Some(other) = children.get(hash, new.key()) {
                kept = Arc::clone(other);
                return Arc::clone(children);
            }
            kept = Arc::clone(&new);
            Arc::new(children.with(hash, Arc::clone(&new)))
        });
        if Arc::ptr_eq(&kept, &new) {
            self.version.change();
        } else {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(kept)
    }

    fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }
}
