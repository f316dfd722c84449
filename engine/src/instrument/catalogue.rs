//! All metrics by name.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::callback::Called;
use super::error::RegisterError;
use super::family::{Family, Handle};
use super::metric::Metric;
use super::statics::StaticMetric;
use crate::model::{MetricDefinition, underscored};

/// What the metrics of a [`Catalogue`] may grow to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueLimits {
    /// The most labels of a metric; 30 by default.
    pub labels_per_series: usize,
    /// The longest label value in bytes; 1,024 by default.
    pub label_value_bytes: usize,
    /// The most sets of label values of a metric that names no limit of its
    /// own; 10,000 by default.
    pub series_per_metric: usize,
}

impl Default for CatalogueLimits {
    fn default() -> Self {
        Self { labels_per_series: 30, label_value_bytes: 1_024, series_per_metric: 10_000 }
    }
}

/// The registered metrics; clones share them.
///
/// The map is immutable and replaced as a whole when a metric is added, so
/// looking one up takes no lock and never waits for a registration. Metrics
/// are never removed. One that was restored is replaced if the program defines
/// it otherwise.
#[derive(Clone, Default)]
pub struct Catalogue {
    limits: CatalogueLimits,
    pub(super) entries: Arc<ArcSwap<Entries>>,
    replacements: Arc<AtomicU64>,
    pub(super) callbacks: Arc<ArcSwap<Vec<Called>>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    pub(super) metrics: HashMap<Arc<str>, Arc<Metric>>,
    /// Whose series have which name, as it is where names are escaped: two
    /// that become one there would spoil the whole text.
    series: HashMap<String, Arc<Metric>>,
    /// Metrics known from before the start, which nobody has registered
    /// since.
    pub(super) restored: HashSet<Arc<str>>,
}

impl Catalogue {
    /// Creates an empty catalogue with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty catalogue.
    #[must_use]
    pub fn with_limits(limits: CatalogueLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Returns the limits.
    #[must_use]
    pub const fn limits(&self) -> CatalogueLimits {
        self.limits
    }

    /// Registers a metric whose name must be new.
    ///
    /// # Errors
    /// A name that is taken, too many labels, or series that would be called
    /// like another metric's.
    pub fn register(
        &self,
        definition: impl Into<Arc<MetricDefinition>>,
    ) -> Result<Arc<Metric>, RegisterError> {
        self.enter(definition.into(), None, |existing, _| {
            Err(RegisterError::Duplicate { existing: Arc::clone(existing.definition()) })
        })
    }

    /// Returns the metric of this definition, and registers it if its name is
    /// new.
    ///
    /// # Errors
    /// As [`register`](Self::register), and a name that is registered with
    /// another definition: the error names both.
    pub fn get_or_register(
        &self,
        definition: impl Into<Arc<MetricDefinition>>,
    ) -> Result<Arc<Metric>, RegisterError> {
        self.enter(definition.into(), None, |existing, given| {
            if existing.definition() == given {
                return Ok(Arc::clone(existing));
            }
            Err(RegisterError::Conflict {
                existing: Arc::clone(existing.definition()),
                given: Arc::clone(given),
            })
        })
    }

    /// Takes in a metric that a library declared, with what it has counted.
    /// Several catalogues may have it; one that has it already keeps it. It is
    /// made before there is a catalogue, so the default limits on its labels'
    /// values hold, not the catalogue's.
    ///
    /// # Errors
    /// As [`get_or_register`](Self::get_or_register): a metric of the same
    /// name and definition that is not this one is in the way, too.
    pub fn adopt(&self, declared: &dyn StaticMetric) -> Result<(), RegisterError> {
        let metric = declared.metric();
        let is_it = |existing: &Arc<Metric>, _: &Arc<MetricDefinition>| {
            if Arc::ptr_eq(existing, metric) {
                return Ok(Arc::clone(existing));
            }
            Err(RegisterError::Duplicate { existing: Arc::clone(existing.definition()) })
        };
        self.enter(Arc::clone(metric.definition()), Some(metric), is_it).map(drop)
    }

    /// Returns the metric of this definition as a family, and registers it if
    /// its name is new.
    ///
    /// # Errors
    /// As [`get_or_register`](Self::get_or_register), and a definition of
    /// another kind than the handle's.
    pub fn family<H: Handle>(
        &self,
        definition: impl Into<Arc<MetricDefinition>>,
    ) -> Result<Family<H>, RegisterError> {
        let definition = definition.into();
        if definition.kind() != H::KIND {
            return Err(RegisterError::Kind { given: definition, handle: H::KIND });
        }
        let metric = self.get_or_register(Arc::clone(&definition))?;
        Family::of(metric).ok_or(RegisterError::Kind { given: definition, handle: H::KIND })
    }

    /// Returns how many restored metrics were replaced; what was looked up
    /// before the last one may be of a metric that is no longer there.
    #[must_use]
    pub fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Acquire)
    }

    /// Returns the metric of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Metric>> {
        self.entries.load().metrics.get(name).cloned()
    }

    /// Returns the metric that has the series of this name: for
    /// `latency_seconds_bucket` the histogram `latency_seconds`.
    #[must_use]
    pub fn owner_of_series(&self, name: &str) -> Option<Arc<Metric>> {
        let entries = self.entries.load();
        let owner = entries.series.get(&underscored(name, true))?;
        let names = owner.parts().iter().map(|part| &part.name);
        let mut names = names.chain([owner.definition().name()]);
        names.any(|own| **own == *name).then(|| Arc::clone(owner))
    }

    /// Returns all metrics, sorted by name.
    #[must_use]
    pub fn metrics(&self) -> Vec<Arc<Metric>> {
        let mut metrics: Vec<_> = self.entries.load().metrics.values().cloned().collect();
        metrics.sort_by(|a, b| a.definition().name().cmp(b.definition().name()));
        metrics
    }

    /// Returns how many metrics there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.load().metrics.len()
    }

    /// Says whether there is no metric.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the registered name that is nearest to `name`, if one is near:
    /// for telling a user what was probably meant.
    #[must_use]
    pub fn similar(&self, name: &str) -> Option<Arc<str>> {
        let entries = self.entries.load();
        let near = (name.len() / 3).clamp(1, 4);
        let distances =
            entries.metrics.keys().map(|known| (edit_distance(name, known, near), known));
        let nearest = distances.filter(|(distance, _)| *distance <= near).min()?;
        Some(Arc::clone(nearest.1))
    }

    /// Enters a metric of this definition, `made` or a new one, unless the
    /// name is taken: then `taken` decides.
    fn enter(
        &self,
        definition: Arc<MetricDefinition>,
        made: Option<&Arc<Metric>>,
        taken: impl Fn(&Arc<Metric>, &Arc<MetricDefinition>) -> Result<Arc<Metric>, RegisterError>,
    ) -> Result<Arc<Metric>, RegisterError> {
        let max = self.limits.labels_per_series;
        if definition.label_names().len() > max {
            return Err(RegisterError::TooManyLabels {
                metric: Arc::clone(definition.name()),
                labels: definition.label_names().len(),
                max,
            });
        }
        loop {
            let entries = self.entries.load_full();
            let restored = entries.restored.contains(definition.name());
            let (metric, more) = match entries.metrics.get(definition.name()) {
                Some(existing)
                    if restored && made.is_none() && existing.definition() == &definition =>
                {
                    (Arc::clone(existing), entries.claimed(definition.name()))
                }
                Some(existing) if !restored => return taken(existing, &definition),
                _ => {
                    let new = || Arc::new(Metric::new(Arc::clone(&definition), self.limits));
                    let metric = made.cloned().unwrap_or_else(new);
                    let more = entries.making_way(&metric).with(Arc::clone(&metric))?;
                    (metric, more)
                }
            };
            let is_replaced = more.metrics.len() <= entries.metrics.len()
                && !entries.metrics.get(definition.name()).is_some_and(|m| Arc::ptr_eq(m, &metric));
            let before = self.entries.compare_and_swap(&entries, Arc::new(more));
            if Arc::ptr_eq(&before, &entries) {
                if is_replaced {
                    self.replacements.fetch_add(1, Ordering::Release);
                }
                return Ok(metric);
            }
        }
    }
}

impl Entries {
    /// Returns the entries with a restored metric registered.
    fn claimed(&self, name: &str) -> Self {
        let mut claimed = self.clone();
        claimed.restored.remove(name);
        claimed
    }

    /// Returns the entries without the restored metrics that are in the way
    /// of a new one, by their own name or by one of their series'.
    fn making_way(&self, metric: &Metric) -> Self {
        let mut fewer = self.clone();
        let own = metric.definition().name();
        for name in metric.parts().iter().map(|part| &part.name).chain([own]) {
            let Some(owner) = fewer.series.get(&underscored(name, true)).cloned() else { continue };
            if fewer.restored.remove(owner.definition().name()) {
                fewer.series.retain(|_, other| !Arc::ptr_eq(other, &owner));
                fewer.metrics.remove(owner.definition().name());
            }
        }
        fewer
    }

    pub(super) fn with(self, metric: Arc<Metric>) -> Result<Self, RegisterError> {
        let mut more = self;
        let own = Arc::clone(metric.definition().name());
        for name in metric.parts().iter().map(|part| &part.name).chain([&own]) {
            let escaped = underscored(name, true);
            // A metric has several parts of one name.
            let is_other = |other: &&Arc<Metric>| !Arc::ptr_eq(other, &metric);
            if let Some(other) = more.series.get(&escaped).filter(is_other) {
                return Err(RegisterError::SeriesName {
                    series: Arc::clone(name),
                    existing: Arc::clone(other.definition()),
                    given: Arc::clone(metric.definition()),
                });
            }
            more.series.insert(escaped, Arc::clone(&metric));
        }
        more.metrics.insert(own, metric);
        Ok(more)
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let definitions = self.metrics();
        f.debug_set().entries(definitions.iter().map(|metric| metric.definition())).finish()
    }
}

/// Returns the Levenshtein distance in bytes, or more than `max` if it is
/// larger. It looks no farther from the diagonal than that, and no longer: it
/// is asked for each name that a foreign batch has wrong.
fn edit_distance(a: &str, b: &str, max: usize) -> usize {
    if a.len().abs_diff(b.len()) > max {
        return max + 1;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let far = max + 1;
    let mut row: Vec<usize> = (0..=b.len()).map(|place| place.min(far)).collect();
    for (i, x) in a.iter().enumerate() {
        let (from, to) = (i.saturating_sub(max), b.len().min(i + far));
        let mut diagonal = row.get(from).copied().unwrap_or(far);
        let mut left = if from == 0 { (i + 1).min(far) } else { far };
        let mut nearest = left;
        if let Some(first) = row.get_mut(from) {
            *first = left;
        }
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)).take(to).skip(from) {
            let best = (diagonal + usize::from(x != y)).min(left + 1).min(*above + 1).min(far);
            diagonal = *above;
            *above = best;
            left = best;
            nearest = nearest.min(best);
        }
        if nearest > max {
            return far;
        }
    }
    row.last().copied().unwrap_or(far)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As it is defined.
    fn distance(a: &[u8], b: &[u8]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a @ ..], [y, b @ ..]) if x == y => distance(a, b),
            ([_, shorter_a @ ..], [_, shorter_b @ ..]) => {
                let ways = [(shorter_a, b), (a, shorter_b), (shorter_a, shorter_b)];
                1 + ways.into_iter().map(|(a, b)| distance(a, b)).min().unwrap_or(0)
            }
        }
    }

    proptest! {
        #[test]
        fn a_distance_is_exact_as_far_as_it_is_asked_for(
            a in "[ab]{0,7}",
            b in "[abc]{0,7}",
            max in 0_usize..5,
        ) {
            let exact = distance(a.as_bytes(), b.as_bytes());
            prop_assert_eq!(edit_distance(&a, &b, max), exact.min(max + 1));
        }
    }
}
