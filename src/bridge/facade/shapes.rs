//! The metrics that a name of the facade became.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use keepwatch_engine::instrument::{Handle, Metric};
use keepwatch_engine::model::{MetricDefinition, MetricKind};
use metrics::Key;

use super::handles::Bridged;
use super::keys::Made;
use super::{Description, Shared, names};

/// A name of the facade, which each kind may have.
type Name = (MetricKind, String);

/// The most shapes that are remembered as refused.
const REFUSED_MAX: usize = 1_000;

/// A name of the facade with its labels' names, which have no metric.
type Refused = (Name, Vec<String>);

/// The metrics of each name and kind, one for each set of labels that no
/// other takes; and which name of the facade has which of the catalogue's.
#[derive(Default)]
pub(super) struct Shapes {
    metrics: ArcSwap<HashMap<Name, Vec<Arc<Metric>>>>,
    owners: ArcSwap<HashMap<String, Name>>,
    /// What cannot be, so that it is tried once: a program asks at each use.
    refused: ArcSwap<HashSet<Refused>>,
}

impl Shapes {
    /// Returns the metric of a name that has all of these labels.
    fn find(&self, kind: MetricKind, name: &str, labels: &[(String, &str)]) -> Option<Arc<Metric>> {
        let metrics = self.metrics.load();
        let takes = |metric: &&Arc<Metric>| {
            let known = metric.definition().label_names();
            labels.iter().all(|(label, _)| known.iter().any(|known| **known == **label))
        };
        metrics.get(&(kind, name.to_owned()))?.iter().find(takes).cloned()
    }

    fn add(&self, kind: MetricKind, name: &str, metric: &Arc<Metric>) {
        self.metrics.rcu(|metrics| {
            let mut more = HashMap::clone(metrics);
            let of_name = more.entry((kind, name.to_owned())).or_default();
            if !of_name.iter().any(|known| Arc::ptr_eq(known, metric)) {
                of_name.push(Arc::clone(metric));
            }
            more
        });
    }

    /// Makes a name of the catalogue `name`'s while `register` makes its
    /// metric, and for good if it can; `None` if it is another's.
    fn claim(
        &self,
        (kind, name): (MetricKind, &str),
        wanted: &str,
        register: impl FnOnce() -> Option<Arc<Metric>>,
    ) -> Option<Arc<Metric>> {
        let own = (kind, name.to_owned());
        let is_own = |owner: &Name| *owner == own;
        let is_new = !self.owners.load().contains_key(wanted);
        if is_new {
            self.owners.rcu(|owners| {
                let mut more = HashMap::clone(owners);
                more.entry(wanted.to_owned()).or_insert_with(|| own.clone());
                more
            });
        }
        if !self.owners.load().get(wanted).is_some_and(is_own) {
            return None;
        }
        let metric = register();
        if is_new && metric.is_none() {
            self.owners.rcu(|owners| {
                let mut fewer = HashMap::clone(owners);
                fewer.remove(wanted);
                fewer
            });
        }
        metric
    }

    fn refuse(&self, shape: Refused) {
        self.refused.rcu(|refused| {
            if refused.len() >= REFUSED_MAX {
                return Arc::clone(refused);
            }
            let mut more = HashSet::clone(refused);
            more.insert(shape.clone());
            Arc::new(more)
        });
    }
}

impl Shared {
    /// Makes the handle of a key; `None` if there can be none, which is
    /// counted.
    pub(super) fn handle<H: Handle>(&self, key: &Key) -> Option<Made<Bridged<H>>> {
        let made = self.try_handle(key);
        if made.is_none() {
            self.count_refusal();
        }
        made
    }

    fn try_handle<H: Handle>(&self, key: &Key) -> Option<Made<Bridged<H>>> {
        let labels = labels_of(key, H::KIND);
        let found = self.shapes.find(H::KIND, key.name(), &labels);
        let metric = found.or_else(|| self.register_once(H::KIND, key.name(), &labels))?;
        let value = |name: &Arc<str>| {
            labels.iter().find(|(label, _)| **label == **name).map_or("", |(_, value)| value)
        };
        let values: Vec<&str> = metric.definition().label_names().iter().map(value).collect();
        let child = metric.child_or_overflow(&values).ok()?;
        let handle = H::of(&child).cloned()?;
        Some(Made { handle: handle.into(), is_overflow: metric.is_overflow(child.labels()) })
    }

    /// Registers the metric of a shape, unless that was refused before.
    fn register_once(
        &self,
        kind: MetricKind,
        name: &str,
        labels: &[(String, &str)],
    ) -> Option<Arc<Metric>> {
        let names = labels.iter().map(|(label, _)| label.clone()).collect();
        let shape = ((kind, name.to_owned()), names);
        if self.shapes.refused.load().contains(&shape) {
            return None;
        }
        let metric = self.register(kind, name, labels);
        if metric.is_none() {
            self.shapes.refuse(shape);
        }
        metric
    }

    fn register(
        &self,
        kind: MetricKind,
        name: &str,
        labels: &[(String, &str)],
    ) -> Option<Arc<Metric>> {
        let mut wanted = names::metric(name);
        let declared = self.labels.get(name).into_iter().flatten();
        let declared = declared.map(|label| names::label(label, kind));
        let mut all: Vec<String> = labels.iter().map(|(label, _)| label.clone()).collect();
        all.extend(declared);
        let mut seen = HashSet::new();
        all.retain(|label| seen.insert(label.clone()));
        if self.shapes.metrics.load().contains_key(&(kind, name.to_owned())) {
            wanted = format!("{wanted}_by_{}", all.join("_"));
        }
        let letters = names::suffix(name);
        let suffixes = [String::new(), letters.clone(), format!("{letters}_{kind}")];
        let metric = suffixes.iter().find_map(|suffix| {
            let wanted = format!("{wanted}{suffix}");
            self.shapes.claim((kind, name), &wanted, || {
                let definition = self.definition(kind, &wanted, name, &all)?;
                self.catalogue.get_or_register(definition).ok()
            })
        })?;
        self.shapes.add(kind, name, &metric);
        Some(metric)
    }

    fn definition(
        &self,
        kind: MetricKind,
        wanted: &str,
        name: &str,
        labels: &[String],
    ) -> Option<MetricDefinition> {
        let known = self.descriptions.load();
        let Description { help, unit } =
            known.get(&(kind, name.to_owned())).cloned().unwrap_or_default();
        let definition = MetricDefinition::of_kind(kind, wanted)
            .help(help)
            .unit(unit)
            .labels(labels.iter().map(String::as_str));
        let definition = match kind {
            MetricKind::Histogram => {
                let bounds = self.bounds.get(name).unwrap_or(&self.bounds_otherwise);
                definition.bounds(bounds.iter().copied())
            }
            _ => definition,
        };
        definition.build().ok()
    }
}

/// Returns the labels of a key by names that can be; of two with one name, the
/// last.
fn labels_of(key: &Key, kind: MetricKind) -> Vec<(String, &str)> {
    let mut labels: Vec<(String, &str)> = Vec::new();
    for label in key.labels() {
        let name = names::label(label.key(), kind);
        labels.retain(|(known, _)| *known != name);
        labels.push((name, label.value()));
    }
    labels
}
