//! What rules put out: series whose labels are their own.
//!
//! The series of a registered metric all have the labels of its definition.
//! Those of a recording rule, of `ALERTS`, or of a program that is scraped have
//! what the expression, the rule or that program say, so there is no
//! definition: such a metric reads as a gauge.
//!
//! Two programs may have a metric of the same name, as `process_…` have all.
//! A series of another program has a label that a registered metric has not,
//! so both can be told apart; it lies in the store as of a metric of its own,
//! and queries find both by their name.

use std::sync::Arc;

use super::{BatchOutcome, Registry, RegistryError, Selected};
use crate::model::{Labels, MetricDefinition, Sample, TimeRange, Timestamp};
use crate::model::{check_foreign_label_name, check_foreign_metric_name};
use crate::storage::{Selector, SeriesRef};

/// A sample of a series that a rule made.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedSample {
    /// The name of the series and of its metric.
    pub name: Arc<str>,
    /// Its other labels.
    pub labels: Labels,
    /// Its value and time; a staleness marker says that the series has ended
    /// for now.
    pub sample: Sample,
}

impl Registry {
    /// Appends what rules put out, making series that are new; one that is
    /// refused does not touch the others.
    ///
    /// Refused, and counted, are samples that could be of a registered metric
    /// by their labels, names that are empty or too long, label values that are
    /// too long, new series beyond a limit, and timestamps as with
    /// [`append`](Self::append).
    pub fn append_derived(&mut self, samples: &[DerivedSample], now: Timestamp) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        for (index, derived) in samples.iter().enumerate() {
            let appended = self.derived_series(derived).and_then(|series| {
                let appended = self.store.append(series, derived.sample, now);
                appended.map_err(|error| RegistryError::append(&derived.name, error))
            });
            if let Err(error) = &appended {
                self.drops.count(error);
            }
            outcome.add(index, appended);
        }
        outcome
    }

    fn derived_series(&mut self, derived: &DerivedSample) -> Result<SeriesRef, RegistryError> {
        let DerivedSample { name, labels, .. } = derived;
        let metric = || Arc::clone(name);
        let owner = self.catalogue.get(name).or_else(|| self.catalogue.owner_of_series(name));
        let is_foreign = owner.as_ref().map(|owner| is_foreign(owner.definition(), labels));
        let group = match is_foreign {
            None => Arc::clone(name),
            Some(true) => foreign_group(name),
            Some(false) => return Err(RegistryError::Registered { metric: metric() }),
        };
        if let Some(known) = self.store.find(&group, name, labels) {
            return Ok(known);
        }
        // The metric may have come, or gone, since the series began.
        let other = if is_foreign.is_some() { Arc::clone(name) } else { foreign_group(name) };
        if let Some(known) = self.store.find(&other, name, labels) {
            return Ok(known);
        }
        check_foreign_metric_name(name)
            .and_then(|()| labels.iter().try_for_each(|(name, _)| check_foreign_label_name(name)))
            .map_err(|source| RegistryError::Name { metric: metric(), source })?;
        let max = self.limits.label_value_bytes;
        if let Some((label, value)) = labels.iter().find(|(_, value)| value.len() > max) {
            let (label, bytes) = (label.into(), value.len());
            return Err(RegistryError::LabelValueTooLong { metric: metric(), label, bytes, max });
        }
        let max = self.limits.series_per_metric;
        if self.store.series_of(&group) >= max {
            return Err(RegistryError::SeriesOfMetric { metric: metric(), max });
        }
        let max = self.limits.series_total;
        let room = self.store.series() < max;
        let made = room.then(|| self.store.resolve(&group, name, labels)).flatten();
        made.ok_or_else(|| RegistryError::SeriesTotal { metric: metric(), max })
    }

    /// Finds series of a metric that rules made; `None` if there is none.
    pub(super) fn select_derived(
        &self,
        selector: &Selector,
        range: TimeRange,
        now: Timestamp,
    ) -> Option<Selected> {
        if self.store.series_of(&selector.metric) == 0 {
            return None;
        }
        let definition = MetricDefinition::foreign_gauge(Arc::clone(&selector.metric));
        let selection = self.store.select(selector, range);
        let selection = self.hide_expired(selection, &definition, now);
        Some(Selected { definition: Arc::new(definition), selection })
    }
}

/// Says whether a series has a label that the metric's own never have.
fn is_foreign(definition: &MetricDefinition, labels: &Labels) -> bool {
    let is_own = |label: &str| {
        matches!(label, "le" | "quantile")
            || label == &**definition.name()
            || definition.label_names().iter().any(|name| **name == *label)
    };
    labels.iter().any(|(label, _)| !is_own(label))
}

/// Returns under which metric the store has series of another program's metric
/// that is called as one of this one's: what no metric can be called.
fn foreign_group(name: &str) -> Arc<str> {
    format!("{name} of others").into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::instrument::Catalogue;
    use crate::model::{Matcher, Record};
    use crate::promql::plan::Select;
    use crate::registry::{DropReason, Limits};
    use crate::storage::Ledger;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn derived(name: &str, labels: &[(&str, &str)], value: f64, at: Timestamp) -> DerivedSample {
        let labels = Labels::new(labels.iter().copied()).unwrap();
        DerivedSample { name: name.into(), labels, sample: Sample::new(at, value) }
    }

    fn registry() -> Registry {
        let limits = Limits { series_per_metric: 3, label_value_bytes: 8, ..Limits::default() };
        let catalogue = Catalogue::new();
        let definition = MetricDefinition::gauge("load").labels(["l"]).build().unwrap();
        catalogue.register(definition).unwrap();
        Registry::new(limits, catalogue, Arc::new(Ledger::new()))
    }

    #[test]
    fn series_of_one_metric_differ_in_their_labels() {
        let mut registry = registry();
        let later = NOW + Duration::from_secs(15);
        let given = [
            derived("job:up:sum", &[("job", "a")], 1.0, NOW),
            derived("job:up:sum", &[("job", "b"), ("zone", "x")], 2.0, NOW),
            derived("job:up:sum", &[("job", "a")], 3.0, later),
        ];
        let outcome = registry.append_derived(&given, later);
        assert_eq!((outcome.accepted, outcome.errors), (3, vec![]));
        let all = TimeRange::ALL;
        let found = registry.values(&Selector::metric("job:up:sum"), all, later).unwrap();
        let counts: Vec<_> =
            found.iter().map(|one| (one.labels.to_string(), one.samples.len())).collect();
        assert_eq!(counts, [("{job=\"a\"}".into(), 2), ("{job=\"b\",zone=\"x\"}".into(), 1)]);
    }

    #[test]
    fn programs_may_have_metrics_of_the_same_name() {
        let mut registry = registry();
        let mut series = vec![("l", "a"), ("job", "other")];
        let given =
            [derived("load", &series, 1.0, NOW), derived("load", &series, 2.0, NOW + SECOND)];
        assert_eq!(registry.append_derived(&given, NOW + SECOND).accepted, 2);
        series.pop();
        let own = derived("load", &series, 1.0, NOW);
        assert_eq!(registry.append_derived(&[own], NOW).accepted, 0);
        // An exposition has its own series only, a query finds both by name.
        let now = NOW + SECOND;
        registry.record(&Record::set_at("load", 3.0, NOW).label("l", "a"), now).unwrap();
        let own = registry.values(&Selector::metric("load"), TimeRange::ALL, now).unwrap();
        assert_eq!(own.len(), 1);
        let selector = Selector::any().matching(Matcher::equal("__name__", "load"));
        let found = registry.find(&[Select { selector, range: TimeRange::ALL }], now);
        assert_eq!(found[0].snapshot().decode(TimeRange::ALL).len(), 2);
    }

    #[test]
    fn a_series_goes_on_when_a_metric_of_its_name_comes() {
        let mut registry = registry();
        let series = [("l", "a"), ("job", "other")];
        let early = derived("later", &series, 1.0, NOW);
        assert_eq!(registry.append_derived(&[early], NOW).accepted, 1);
        let definition = MetricDefinition::gauge("later").labels(["l"]).build().unwrap();
        registry.catalogue.register(definition).unwrap();
        let late = derived("later", &series, 2.0, NOW + SECOND);
        assert_eq!(registry.append_derived(&[late], NOW + SECOND).accepted, 1);
        let selector = Selector::any().matching(Matcher::equal("__name__", "later"));
        let found = registry.find(&[Select { selector, range: TimeRange::ALL }], NOW + SECOND);
        let found = found[0].snapshot().decode(TimeRange::ALL);
        assert_eq!(found.iter().map(|series| series.samples.len()).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn names_may_be_any_text() {
        let mut registry = registry();
        let labels = Labels::foreign([("zone.x", "ü")]).unwrap();
        let sample = DerivedSample { labels, ..derived("büro.x", &[], 1.0, NOW) };
        assert_eq!(registry.append_derived(&[sample], NOW).accepted, 1);
        let found = registry.values(&Selector::metric("büro.x"), TimeRange::ALL, NOW).unwrap();
        assert_eq!(found[0].labels.to_string(), "{\"zone.x\"=\"ü\"}");
    }

    #[test]
    fn what_cannot_be_is_refused_and_counted() {
        let mut registry = registry();
        let given = [
            derived("load", &[("l", "a")], 1.0, NOW),
            derived("x", &[("l", "much too long")], 1.0, NOW),
            derived("x", &[("l", "a")], 1.0, NOW),
            derived("x", &[("l", "a")], 2.0, NOW),
            derived("x", &[("l", "b")], 1.0, NOW),
            derived("x", &[("l", "c")], 1.0, NOW),
            derived("x", &[("l", "d")], 1.0, NOW),
            derived("", &[("l", "d")], 1.0, NOW),
            DerivedSample {
                labels: Labels::EMPTY.with(&"n".repeat(257), "a"),
                ..derived("x", &[], 1.0, NOW)
            },
        ];
        let outcome = registry.append_derived(&given, NOW);
        let told: Vec<_> =
            outcome.errors.iter().map(|(at, error)| (*at, error.reason().unwrap())).collect();
        let expected = [
            (0, DropReason::WrongKind),
            (1, DropReason::LabelValue),
            (3, DropReason::Duplicate),
            (6, DropReason::SeriesOfMetric),
            (7, DropReason::Labels),
            (8, DropReason::Labels),
        ];
        assert_eq!(told, expected);
        assert_eq!(registry.drops().total(), 6);
        assert_eq!(
            outcome.errors[0].1.to_string(),
            "metric \"load\" is registered; a rule cannot write its series"
        );
    }
}
