//! What is kept of the catalogue.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Catalogue;
use super::catalogue::Entries;
use super::metric::Metric;
use crate::model::{MetricDefinition, Timestamp};
use crate::storage::state::{Batch, Contents, Stored, Table};

/// How exactly it is kept when a metric was registered last.
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The definitions of a [`Catalogue`] as they are kept, each with the last
/// day on which the program registered it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct KeptMetrics {
    by_name: Arc<BTreeMap<Arc<str>, KeptMetric>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct KeptMetric {
    definition: Arc<MetricDefinition>,
    registered: Timestamp,
}

impl KeptMetrics {
    /// Takes the definitions that were kept.
    #[must_use]
    pub fn restore(contents: &mut Contents) -> Self {
        let mut by_name = BTreeMap::new();
        for (name, kept) in contents.take::<KeptMetric>(Table::Metrics) {
            if *name == **kept.definition.name() {
                by_name.insert(Arc::clone(kept.definition.name()), kept);
            } else {
                contents.leave_out(Table::Metrics, name, "it is not the metric's name");
            }
        }
        Self { by_name: Arc::new(by_name) }
    }

    /// Returns the definitions, by name.
    pub fn definitions(&self) -> impl Iterator<Item = &Arc<MetricDefinition>> {
        self.by_name.values().map(|kept| &kept.definition)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Says whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl Stored for KeptMetrics {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        if Arc::ptr_eq(&self.by_name, &saved.by_name) {
            return;
        }
        for (name, kept) in self.by_name.iter() {
            if saved.by_name.get(name) != Some(kept) {
                batch.put(Table::Metrics, name.as_ref(), kept);
            }
        }
        for name in saved.by_name.keys().filter(|name| !self.by_name.contains_key(*name)) {
            batch.remove(Table::Metrics, name.as_ref());
        }
    }
}

impl Catalogue {
    /// Registers what was kept, so that stored series can be read before the
    /// program registers their metrics again. What it then defines otherwise
    /// replaces what was restored.
    ///
    /// A metric goes that nobody has registered for `retention`, which knows
    /// how long its samples are kept: it has none any more.
    pub fn restore(
        &self,
        kept: &KeptMetrics,
        now: Timestamp,
        retention: impl Fn(&MetricDefinition) -> Duration,
    ) {
        for metric in kept.by_name.values() {
            let kept_for = retention(&metric.definition).saturating_add(DAY);
            if now.since(metric.registered) > kept_for {
                continue;
            }
            let name = metric.definition.name();
            if metric.definition.label_names().len() > self.limits().labels_per_series {
                continue;
            }
            let made = Arc::new(Metric::new(Arc::clone(&metric.definition), self.limits()));
            // It is marked as it comes: a program may register it at any time.
            self.entries.rcu(|entries| {
                let is_free = !entries.metrics.contains_key(name);
                let with = |entries: Entries| entries.with(Arc::clone(&made)).ok();
                // What has the name, or the names of its series, was there first.
                match is_free.then(|| with(Entries::clone(entries))).flatten() {
                    Some(mut more) => {
                        more.restored.insert(Arc::clone(name));
                        Arc::new(more)
                    }
                    None => Arc::clone(entries),
                }
            });
        }
    }

    /// Returns what is to be kept at `now`; `before` is what was kept last.
    #[must_use]
    pub fn kept(&self, before: &KeptMetrics, now: Timestamp) -> KeptMetrics {
        let entries = self.entries.load();
        let today = now.align_down(DAY);
        let mut by_name = BTreeMap::new();
        for (name, metric) in &entries.metrics {
            let definition = Arc::clone(metric.definition());
            let known = before.by_name.get(name).map(|kept| kept.registered);
            let registered = match known.filter(|_| entries.restored.contains(name)) {
                Some(known) => known,
                None => today,
            };
            by_name.insert(Arc::clone(name), KeptMetric { definition, registered });
        }
        if by_name == *before.by_name {
            before.clone()
        } else {
            KeptMetrics { by_name: Arc::new(by_name) }
        }
    }

    /// Says whether no metric has been registered since `other` was taken by
    /// [`revision`](Self::revision).
    #[must_use]
    pub fn is_at(&self, other: &CatalogueRevision) -> bool {
        Arc::ptr_eq(&self.entries.load(), &other.0)
    }

    /// Returns the catalogue's present revision.
    #[must_use]
    pub fn revision(&self) -> CatalogueRevision {
        CatalogueRevision(self.entries.load_full())
    }
}

/// The metrics of a [`Catalogue`] at one time, to be compared.
#[derive(Debug, Clone)]
pub struct CatalogueRevision(Arc<super::catalogue::Entries>);

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(name: &str, help: &str) -> MetricDefinition {
        MetricDefinition::gauge(name).help(help).build().unwrap()
    }

    fn at(day: u64) -> Timestamp {
        Timestamp::from_millis(0) + DAY * u32::try_from(day).unwrap()
    }

    fn week(_: &MetricDefinition) -> Duration {
        DAY * 7
    }

    fn kept_by(catalogue: &Catalogue, day: u64) -> KeptMetrics {
        let kept = catalogue.kept(&KeptMetrics::default(), at(day));
        let mut batch = Batch::new();
        kept.changes_since(&KeptMetrics::default(), &mut batch);
        KeptMetrics::restore(&mut Contents::from(batch))
    }

    #[test]
    fn definitions_come_back_until_their_samples_are_gone() {
        let catalogue = Catalogue::new();
        catalogue.register(gauge("a", "one")).unwrap();
        let kept = kept_by(&catalogue, 10);
        for (day, known) in [(10, true), (18, true), (19, false)] {
            let next = Catalogue::new();
            next.restore(&kept, at(day), week);
            assert_eq!(next.get("a").is_some(), known, "on day {day}");
            let then = next.kept(&kept, at(day));
            let mut batch = Batch::new();
            then.changes_since(&kept, &mut batch);
            assert_eq!(batch.is_empty(), known, "nobody has registered it since");
        }
    }

    #[test]
    fn the_program_goes_before_what_was_restored_once() {
        let catalogue = Catalogue::new();
        catalogue.register(gauge("a", "one")).unwrap();
        catalogue.register(MetricDefinition::histogram("h").build().unwrap()).unwrap();
        let kept = kept_by(&catalogue, 1);
        let next = Catalogue::new();
        next.restore(&kept, at(2), week);
        let same = next.get("a").unwrap();
        assert!(Arc::ptr_eq(&next.get_or_register(gauge("a", "one")).unwrap(), &same));
        assert_eq!(next.replacements(), 0);
        assert!(next.register(gauge("a", "one")).is_err(), "it is the program's by now");
        next.register(gauge("h", "another kind")).unwrap();
        assert_eq!(next.replacements(), 1);
        assert!(next.owner_of_series("h_bucket").is_none(), "its series are free again");
        assert!(next.get_or_register(gauge("h", "changed")).is_err());

        let third = Catalogue::new();
        third.restore(&kept, at(2), week);
        third.register(gauge("h_count", "in the way of the histogram")).unwrap();
        assert!(third.get("h").is_none() && third.get("a").is_some());
        assert_eq!(third.replacements(), 1);
    }
}
