//! Records of subjects whose series is known: no look-up, no comparison of
//! text.
//!
//! What does not hold any more, and whatever is to be refused, is left to the
//! way that every record can go, so that both ways have the same errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Limits, Registry};
use crate::instrument::Metric;
use crate::model::{MetricKind, Observation, Record, Sample, Subject, Timestamp};
use crate::storage::SeriesRef;

/// The token of the next registry of this process.
static NEXT_TOKEN: AtomicU32 = AtomicU32::new(1);

/// Returns a token that no other registry of this process has; 0, with which
/// nothing is remembered, once there are no more.
pub(super) fn next_token() -> u32 {
    let next = |token: u32| token.checked_add(1);
    NEXT_TOKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(0)
}

/// What decides whether a metric takes a set value.
#[derive(Debug)]
pub(super) struct Terms {
    metric: Arc<Metric>,
    kind: MetricKind,
    /// How far behind the clock a sample may be.
    age_max: Duration,
}

impl Terms {
    pub(super) fn new(metric: Arc<Metric>, limits: &Limits) -> Self {
        let definition = metric.definition();
        let age_max = definition.retention().unwrap_or_default().max(limits.age_max);
        Self { kind: definition.kind(), age_max, metric }
    }

    /// Says whether the metric takes the value, and no cell has to go on from
    /// it.
    fn take(&self, value: f64) -> bool {
        let fits = match self.kind {
            MetricKind::Gauge | MetricKind::Info => true,
            MetricKind::Counter => value >= 0.0 && value.is_finite(),
            MetricKind::Histogram | MetricKind::Summary | MetricKind::StateSet => false,
        };
        fits && self.metric.children() == 0
    }
}

impl Registry {
    /// Stores the value of a record whose subject's series is known; `false`
    /// leaves the record as if it had not come.
    #[inline]
    pub(super) fn record_known(&mut self, record: &Record, now: Timestamp) -> bool {
        self.drop_replaced();
        let Observation::Set { value, at: given } = record.observation else { return false };
        let Some([id, serial, metric]) = record.subject().and_then(|s| s.recall(self.token)) else {
            return false;
        };
        let Some(terms) = self.terms.get(metric as usize) else { return false };
        let at = given.unwrap_or(now);
        if !terms.take(value) || (at < now && at < now - terms.age_max) {
            return false;
        }
        let (series, sample) = (SeriesRef::from_parts([id, serial]), Sample::new(at, value));
        let stored = match given {
            Some(_) => self.store.append(series, sample, now),
            None => self.store.amend(series, sample, now),
        };
        stored.is_ok()
    }
}

/// Notes in a subject where the registry with this token has its series.
pub(super) fn remember(subject: &Subject, token: u32, series: SeriesRef, metric: u32) {
    let [id, serial] = series.to_parts();
    subject.remember(token, [id, serial, metric]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::instrument::{Catalogue, Family, GaugeFamily, KeptMetrics};
    use crate::model::{MetricDefinition, SeriesSamples, TimeRange};
    use crate::registry::{RegistryError, SampleRetention};
    use crate::storage::{Ledger, Selector, Slice};

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        NOW + Duration::from_secs(seconds)
    }

    fn registry() -> Registry {
        over(catalogue(), Arc::default())
    }

    fn catalogue() -> Catalogue {
        let catalogue = Catalogue::with_limits(Limits::default().catalogue());
        for builder in [
            MetricDefinition::gauge("load"),
            MetricDefinition::counter("requests_total"),
            MetricDefinition::histogram("latency_seconds"),
        ] {
            catalogue.register(builder.labels(["l"]).build().unwrap()).unwrap();
        }
        catalogue
    }

    fn over(catalogue: Catalogue, ledger: Arc<Ledger>) -> Registry {
        Registry::new(Limits::default(), catalogue, ledger)
    }

    fn load(label: &'static str) -> Subject {
        Subject::new("load").label("l", label)
    }

    fn by_name(record: &Record) -> Record {
        let mut other = Record::set(Arc::clone(record.metric()), 0.0);
        other.observation = record.observation;
        let labels = record.labels().iter().cloned();
        labels.fold(other, |other, (name, value)| other.label(name, value))
    }

    fn samples(registry: &mut Registry, metric: &str, now: Timestamp) -> Vec<SeriesSamples> {
        registry.values(&Selector::metric(metric), TimeRange::ALL, now).unwrap()
    }

    fn lines(registry: &mut Registry, metric: &str, now: Timestamp) -> Vec<String> {
        let values = |one: &SeriesSamples| -> Vec<f64> {
            one.samples.iter().map(|sample| sample.value).collect()
        };
        let line = |one: &SeriesSamples| format!("{} {:?}", one.labels, values(one));
        samples(registry, metric, now).iter().map(line).collect()
    }

    fn prune(registry: &mut Registry, now: Timestamp) -> usize {
        let slice = Slice { cursor: 0, budget: 100, dry_run: false };
        let minute = Duration::from_secs(60);
        let retention = SampleRetention { samples: minute, ..SampleRetention::default() };
        registry.prune(slice, &retention, now).series
    }

    #[test]
    fn a_subject_is_known_from_its_second_record_on() {
        let mut registry = registry();
        let a = load("a");
        assert!(!registry.record_known(&a.set(1.0), NOW));
        registry.record(&a.set(1.0), NOW).unwrap();
        assert!(registry.record_known(&a.clone().set_at(2.0, after(1)), after(1)));
        assert!(!registry.record_known(&load("a").set(3.0), after(2)), "another of the same text");
        assert!(!registry.record_known(&a.clone().label("x", "y").set(3.0), after(2)));
        assert!(!registry.record_known(&a.add(1.0), after(2)));
        assert!(!registry.record_known(&by_name(&a.set(3.0)), after(2)));
        assert_eq!(lines(&mut registry, "load", after(2)), ["{l=\"a\"} [1.0, 2.0]"]);
    }

    #[test]
    fn of_values_without_a_time_of_their_own_the_last_holds() {
        let mut registry = registry();
        let a = load("a");
        registry.record(&a.set(1.0), NOW).unwrap();
        assert!(registry.record_known(&a.set(2.0), NOW));
        assert_eq!(lines(&mut registry, "load", NOW), ["{l=\"a\"} [2.0]"]);
    }

    #[test]
    fn a_series_that_was_removed_comes_back_as_itself() {
        let mut registry = registry();
        let (a, b) = (load("a"), load("b"));
        registry.record(&a.set(1.0), NOW).unwrap();
        assert_eq!(prune(&mut registry, after(61)), 1);
        // In the place of the one that is gone.
        registry.record(&b.set(2.0), after(61)).unwrap();
        assert!(!registry.record_known(&a.set(3.0), after(62)));
        registry.record(&a.set(3.0), after(62)).unwrap();
        assert!(registry.record_known(&a.set(4.0), after(63)));
        let expected = ["{l=\"a\"} [3.0, 4.0]", "{l=\"b\"} [2.0]"];
        assert_eq!(lines(&mut registry, "load", after(63)), expected);
    }

    #[test]
    fn registries_do_not_take_what_another_remembered() {
        let (mut one, mut other) = (registry(), registry());
        let (a, b) = (load("a"), load("b"));
        one.record_batch(&[a.set(1.0), b.set(2.0)], NOW);
        // The other way round, so that the places are exchanged.
        other.record_batch(&[b.set(3.0), a.set(4.0)], NOW);
        one.record_batch(&[a.set(5.0), b.set(6.0)], after(1));
        assert_eq!(
            lines(&mut one, "load", after(1)),
            ["{l=\"a\"} [1.0, 5.0]", "{l=\"b\"} [2.0, 6.0]"]
        );
        assert_eq!(lines(&mut other, "load", after(1)), ["{l=\"a\"} [4.0]", "{l=\"b\"} [3.0]"]);
    }

    #[test]
    fn a_successor_finds_the_series_again() {
        let (catalogue, ledger) = (catalogue(), Arc::<Ledger>::default());
        let a = load("a");
        let mut first = over(catalogue.clone(), Arc::clone(&ledger));
        first.record(&a.set(1.0), NOW).unwrap();
        drop(first);
        let mut second = over(catalogue, ledger);
        assert!(!second.record_known(&a.set(2.0), after(1)));
        second.record(&a.set(2.0), after(1)).unwrap();
        assert!(second.record_known(&a.set(3.0), after(2)));
        assert_eq!(lines(&mut second, "load", after(2)), ["{l=\"a\"} [1.0, 2.0, 3.0]"]);
    }

    #[test]
    fn a_cell_that_is_made_later_goes_on_from_what_is_set() {
        let mut registry = registry();
        let a = load("a");
        registry.record(&a.set(1.0), NOW).unwrap();
        let family: GaugeFamily = Family::of(registry.catalogue().get("load").unwrap()).unwrap();
        let cell = family.with(&["a"]).unwrap();
        assert!(!registry.record_known(&a.set(5.0), after(1)));
        registry.record(&a.set(5.0), after(1)).unwrap();
        assert_eq!(cell.value(), 5.0);
        registry.record(&a.add(1.0), after(2)).unwrap();
        registry.collect(after(3));
        assert_eq!(lines(&mut registry, "load", after(3)), ["{l=\"a\"} [1.0, 5.0, 6.0]"]);
    }

    #[test]
    fn a_metric_that_is_defined_anew_is_checked_anew() {
        let kept = catalogue().kept(&KeptMetrics::default(), NOW);
        let restored = Catalogue::new();
        restored.restore(&kept, NOW, |_| Duration::from_secs(60));
        let mut registry = over(restored.clone(), Arc::default());
        let (a, b) = (load("a"), Subject::new("requests_total").label("l", "b"));
        for value in [1.0, 2.0] {
            assert_eq!(registry.record_batch(&[a.set(value), b.set(value)], NOW).accepted, 2);
        }
        let counter = MetricDefinition::counter("load").labels(["l"]).build().unwrap();
        restored.register(counter).unwrap();
        let outcome = registry.record_batch(&[a.set(-1.0), b.set(3.0)], after(1));
        assert_eq!((outcome.accepted, outcome.refused), (1, 1));
        assert!(outcome.errors[0].1.to_string().contains("must not be negative"));
        registry.record(&a.set(4.0), after(1)).unwrap();
        assert!(registry.record_known(&a.set(5.0), after(2)));
        assert_eq!(lines(&mut registry, "load", after(2)), ["{l=\"a\"} [2.0, 4.0, 5.0]"]);
    }

    #[test]
    fn refusals_are_the_same_with_and_without_a_subject() {
        let (mut known, mut named) = (registry(), registry());
        let (gauge, counter) = (load("a"), Subject::new("requests_total").label("l", "a"));
        let mut both = |record: &Record, now| {
            let before = known.drops();
            // As text, because a NaN in an error is not equal to itself.
            let text = |error: RegistryError| (error.reason(), error.to_string());
            let result = known.record(record, now).map_err(text);
            let expected = named.record(&by_name(record), now).map_err(text);
            assert_eq!(result, expected, "{record:?}");
            let counted = known.drops().total() - before.total();
            assert_eq!(counted, u64::from(result.is_err()), "{record:?}");
            result.map_err(|(_, text)| text)
        };
        for subject in [&gauge, &counter] {
            assert_eq!(both(&subject.set_at(1.0, NOW), NOW), Ok(()));
            assert_eq!(both(&subject.set_at(1.0, NOW), NOW), Ok(()), "the same again is nothing");
            assert!(both(&subject.set_at(2.0, NOW), NOW).unwrap_err().contains("already has 1"));
            let early = NOW - Duration::from_secs(301);
            assert!(both(&subject.set_at(1.0, early), NOW).unwrap_err().contains("older than"));
            assert!(both(&subject.set_at(1.0, after(601)), NOW).unwrap_err().contains("ahead of"));
            let expired = both(&subject.set_at(1.0, NOW), after(604_801)).unwrap_err();
            assert!(expired.contains("behind"), "{expired}");
            assert!(both(&subject.observe(1.0), NOW).unwrap_err().contains("takes"));
        }
        assert_eq!(both(&gauge.set_at(f64::NAN, after(1)), after(1)), Ok(()));
        assert_eq!(both(&gauge.set_at(-1.0, after(2)), after(2)), Ok(()));
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(both(&counter.set_at(value, after(2)), after(2)).is_err());
        }
        let histogram = Subject::new("latency_seconds").label("l", "a");
        for _ in 0..2 {
            assert_eq!(both(&histogram.observe(1.0), NOW), Ok(()));
            assert!(both(&histogram.set(1.0), NOW).is_err());
            assert!(both(&Subject::new("laod").set(1.0), NOW).is_err());
            assert!(both(&Subject::new("load").set(1.0), NOW).is_err());
            assert!(both(&gauge.clone().label("l", "b").set(1.0), NOW).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whether a record has a subject changes nothing.
        #[test]
        fn a_subject_stands_for_its_text(
            steps in prop::collection::vec((0usize..4, -2i32..6, 0u64..90, 0u8..12), 1..120)
        ) {
            let (mut known, mut named) = (registry(), registry());
            let subjects = ["a", "b"].map(|label| ["load", "requests_total"].map(|metric| {
                Subject::new(metric).label("l", label)
            }));
            let subjects = subjects.as_flattened();
            let mut now = NOW;
            for (subject, value, seconds, what) in steps {
                now = now + Duration::from_secs(seconds / 3);
                let (subject, value) = (&subjects[subject], f64::from(value));
                let record = match what {
                    0 => {
                        prop_assert_eq!(prune(&mut known, now), prune(&mut named, now));
                        continue;
                    }
                    1 => subject.add(value),
                    2 => {
                        known.collect(now);
                        named.collect(now);
                        continue;
                    }
                    3..6 => subject.set_at(value, now - Duration::from_secs(seconds)),
                    6 => subject.set_at(value, now + Duration::from_secs(seconds)),
                    _ => subject.set(value),
                };
                prop_assert_eq!(known.record(&record, now), named.record(&by_name(&record), now));
            }
            for metric in ["load", "requests_total"] {
                let (known, named) = (samples(&mut known, metric, now), samples(&mut named, metric, now));
                prop_assert_eq!(known, named);
            }
        }
    }
}
