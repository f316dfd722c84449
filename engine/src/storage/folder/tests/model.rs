//! The folder against a plain sorted map, over random histories.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::Matcher;
use crate::storage::{AppendError, Series};

/// How many series there may be; the last is kept longer than the others.
const SERIES: usize = 6;
const LATE_MS: i64 = 5 * 60_000;
const FUTURE_MS: i64 = 10 * 60_000;
const HOUR_MS: i64 = HOUR * 1_000;

/// What happens to a folder and to those who use it.
#[derive(Debug, Clone)]
enum Step {
    /// Samples of one series, each `step` ms after the one before.
    Stream {
        series: usize,
        count: usize,
        step: i64,
        value: u64,
    },
    /// A sample that is `back` ms old.
    Sample {
        series: usize,
        back: i64,
        value: u64,
        amend: bool,
    },
    /// The newest sample once more.
    Repeat {
        series: usize,
        other: bool,
        amend: bool,
    },
    Advance(i64),
    Commit,
    Seal,
    Retain {
        hours: u64,
        long: u64,
    },
    Shrink,
    RollUp,
    Remove {
        series: usize,
    },
    RemoveIdle {
        ms: i64,
    },
    Read {
        back: i64,
        length: i64,
        series: Option<usize>,
    },
    /// The process ends without a word.
    Crash,
    /// The process ends in order.
    Restart,
    /// The owner of the series is replaced.
    Recover,
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => (0..1_000_i32).prop_map(|tenths| (f64::from(tenths) / 10.0).to_bits()),
        1 => any::<u64>(),
        1 => Just((-0.0_f64).to_bits()),
        1 => Just(f64::NAN.to_bits() | 0xbeef),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let series = 0..SERIES;
    let back = prop_oneof![
        4 => 0..LATE_MS,
        2 => -2 * FUTURE_MS..0_i64,
        2 => 0..12 * HOUR_MS,
    ];
    prop_oneof![
        6 => (series.clone(), 1..200_usize, prop_oneof![Just(1_000), Just(15_000), 1..600_000_i64], value())
            .prop_map(|(series, count, step, value)| Step::Stream { series, count, step, value }),
        6 => (series.clone(), back.clone(), value(), any::<bool>())
            .prop_map(|(series, back, value, amend)| Step::Sample { series, back, value, amend }),
        3 => (series.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(series, other, amend)| Step::Repeat { series, other, amend }),
        4 => prop_oneof![1..60_000_i64, 1..5 * HOUR_MS, HOUR_MS..30 * HOUR_MS].prop_map(Step::Advance),
        3 => Just(Step::Commit),
        4 => Just(Step::Seal),
        1 => (1..40_u64, 1..80_u64).prop_map(|(hours, long)| Step::Retain { hours, long }),
        1 => Just(Step::Shrink),
        1 => Just(Step::RollUp),
        1 => series.clone().prop_map(|series| Step::Remove { series }),
        1 => (1..50 * HOUR_MS).prop_map(|ms| Step::RemoveIdle { ms }),
        3 => (back, 1..4 * HOUR_MS, proptest::option::of(series))
            .prop_map(|(back, length, series)| Step::Read { back, length, series }),
        2 => Just(Step::Crash),
        1 => Just(Step::Restart),
        2 => Just(Step::Recover),
    ]
}

/// What is known of one series.
#[derive(Debug, Clone, Default)]
struct Known {
    reference: Option<SeriesRef>,
    samples: BTreeMap<i64, u64>,
    /// Samples that may be gone: too old, or never acknowledged.
    loose: BTreeSet<i64>,
    newest: Option<i64>,
}

struct Model {
    place: Place,
    engine: Option<Engine>,
    series: Vec<Known>,
    /// References to series that are gone.
    stale: Vec<SeriesRef>,
    /// Samples since the last commit.
    uncommitted: Vec<(usize, i64)>,
    now: i64,
}

fn metric_of(series: usize) -> &'static str {
    if series + 1 == SERIES { "long" } else { "m" }
}

fn labels_of(series: usize) -> Labels {
    Labels::new([("s", series.to_string())]).unwrap()
}

impl Model {
    fn new() -> Self {
        let place = Place::new();
        let engine = Some(Engine::open(&place.0, at(0)));
        let (series, now) = (vec![Known::default(); SERIES], at(0).millis());
        Self { place, engine, series, stale: Vec::new(), uncommitted: Vec::new(), now }
    }

    fn engine(&mut self) -> &mut Engine {
        self.engine.as_mut().unwrap()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    fn reference(&mut self, series: usize) -> SeriesRef {
        let metric: Arc<str> = metric_of(series).into();
        let resolved = self.engine().store.resolve(&metric, &metric, &labels_of(series)).unwrap();
        if let Some(known) = self.series[series].reference {
            assert_eq!(known, resolved, "a reference holds until the series is removed");
        }
        self.series[series].reference = Some(resolved);
        resolved
    }

    /// Says whether the engine has a series.
    fn is_there(&mut self, series: usize) -> bool {
        let metric: Arc<str> = metric_of(series).into();
        self.engine().store.find(&metric, &metric, &labels_of(series)).is_some()
    }

    /// Adds a sample and compares what is said with what has to be.
    fn add(&mut self, series: usize, at: i64, bits: u64, amend: bool) {
        let now = self.now();
        let reference = self.reference(series);
        let sample = Sample::new(Timestamp::from_millis(at), f64::from_bits(bits));
        let store = &mut self.engine().store;
        let sealed = store.sealed_before.millis();
        let said = if amend {
            store.amend(reference, sample, now)
        } else {
            store.append(reference, sample, now)
        };
        let known = &mut self.series[series];
        let newest = known.newest.unwrap_or(i64::MIN);
        let stored = known.samples.get(&at).copied();
        let context =
            || format!("series {series} at {at} newest {newest} sealed {sealed} {said:?}");
        if at > now.millis() + FUTURE_MS {
            assert!(matches!(said, Err(AppendError::TooFarInFuture { .. })), "{}", context());
        } else if at > newest {
            assert!(said.is_ok(), "{}", context());
            known.newest = Some(at);
            known.samples.insert(at, bits);
            self.uncommitted.push((series, at));
        } else if at < newest - LATE_MS || (at < newest && at < sealed) {
            assert!(matches!(said, Err(AppendError::TooOld { .. })), "{}", context());
        } else if let Some(stored) = stored.filter(|_| !known.loose.contains(&at)) {
            if at < sealed {
                // Whether the value is at hand depends on what is in memory.
                let refused =
                    matches!(said, Err(AppendError::TooOld { .. } | AppendError::Duplicate { .. }));
                assert!(refused || (stored == bits && said.is_ok()), "{}", context());
            } else if stored == bits {
                assert!(said.is_ok(), "{}", context());
            } else if amend && at == newest {
                assert!(said.is_ok(), "{}", context());
                known.samples.insert(at, bits);
                self.commit();
            } else {
                assert!(matches!(said, Err(AppendError::Duplicate { .. })), "{}", context());
            }
        } else if stored.is_none() && at < newest {
            assert!(said.is_ok(), "{}", context());
            known.samples.insert(at, bits);
            self.uncommitted.push((series, at));
        } else if said.is_ok() {
            // In place of one that may be gone, or the same one.
            known.samples.insert(at, bits);
            known.loose.insert(at);
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.engine().commit();
        self.uncommitted.clear();
    }

    /// Lets go of everything that was not acknowledged.
    fn forget_uncommitted(&mut self) {
        for (series, at) in std::mem::take(&mut self.uncommitted) {
            self.series[series].loose.insert(at);
        }
    }

    fn loosen(&mut self, gone: impl Fn(usize, i64) -> bool) {
        for (series, known) in self.series.iter_mut().enumerate() {
            let old = known.samples.keys().copied().filter(|&at| gone(series, at));
            known.loose.extend(old);
        }
    }

    /// Compares everything, or a part, with what has to be there.
    fn check(&mut self, range: TimeRange, only: Option<usize>) -> Vec<BTreeMap<i64, u64>> {
        let mut all = vec![BTreeMap::new(); SERIES];
        for metric in ["m", "long"] {
            let mut selector = Selector::metric(metric);
            if let Some(series) = only {
                selector = selector.matching(Matcher::equal("s", series.to_string()));
            }
            let found = self.engine().bits(&selector, range);
            for series in (0..SERIES).filter(|&series| metric_of(series) == metric) {
                let found = found.get(&labels_of(series).to_string()).cloned().unwrap_or_default();
                if only.is_some_and(|only| only != series) {
                    assert!(found.is_empty());
                    continue;
                }
                let known = &self.series[series];
                for (at, bits) in &found {
                    assert!(range.contains(Timestamp::from_millis(*at)));
                    assert_eq!(
                        known.samples.get(at),
                        Some(bits),
                        "made up: series {series} at {at}"
                    );
                }
                let (start, end) = (range.start.millis(), range.end.millis());
                for (at, _) in known.samples.range(start..=end) {
                    let there = found.contains_key(at) || known.loose.contains(at);
                    assert!(there, "lost: series {series} at {at}");
                }
                all[series] = found;
            }
        }
        all
    }

    /// Takes over what is there in place of what may be there.
    fn settle(&mut self) {
        let found = self.check(TimeRange::ALL, None);
        for (known, found) in self.series.iter_mut().zip(found) {
            known.newest = found.keys().next_back().copied();
            known.loose.clear();
            known.samples = found;
            known.reference = None;
        }
    }

    fn reopen(&mut self, orderly: bool) {
        if orderly {
            self.commit();
            self.engine().log.close(Duration::ZERO);
        }
        self.forget_uncommitted();
        self.engine = None;
        let engine = Engine::open(&self.place.0, self.now());
        assert!(!engine.report.lost_anything(), "{}", engine.report);
        self.engine = Some(engine);
        self.stale.clear();
        self.settle();
    }

    fn recover(&mut self) {
        self.forget_uncommitted();
        let engine = self.engine();
        let ledger = Arc::clone(&engine.store.ledger);
        engine.store = Store::recover(ledger, StoreConfig::default()).0;
        self.check(TimeRange::ALL, None);
    }

    fn remove(&mut self, gone: impl Fn(&Series) -> bool) {
        self.commit();
        let cutoffs = |series: &Series| Cutoffs {
            samples_before: Timestamp::MIN,
            idle_before: if gone(series) { Timestamp::MAX } else { Timestamp::MIN },
        };
        let slice = Slice { cursor: 0, budget: SERIES * 9, dry_run: false };
        self.engine().store.prune(slice, cutoffs);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Stream { series, count, step, value } => {
                for index in 0..count {
                    self.now += step;
                    let value = value.wrapping_add(index as u64 % 7);
                    self.add(series, self.now, value, false);
                }
                self.commit();
            }
            Step::Sample { series, back, value, amend } => {
                self.add(series, self.now - back, value, amend);
            }
            Step::Repeat { series, other, amend } => {
                let newest = self.series[series]
                    .newest
                    .and_then(|newest| Some((newest, *self.series[series].samples.get(&newest)?)));
                if let Some((at, bits)) = newest {
                    self.add(series, at, bits ^ u64::from(other), amend);
                }
            }
            Step::Advance(ms) => self.now += ms,
            Step::Commit => self.commit(),
            Step::Seal => {
                self.commit();
                let now = self.now();
                self.engine().seal(now);
                self.check(TimeRange::ALL, None);
            }
            Step::Retain { hours, long } => self.retain(hours, long),
            Step::Shrink => self.shrink(),
            Step::RollUp => {
                let now = self.now();
                self.engine().folder.roll_up(&Keeping::default(), now).unwrap();
            }
            Step::Remove { series } => {
                if let Some(reference) = self.series[series].reference {
                    self.remove(|other| other.reference() == reference);
                    // Those that never had a sample go as well; of one whose
                    // samples are all gone, the engine may know that it had.
                    let gone: Vec<bool> = (0..SERIES).map(|other| !self.is_there(other)).collect();
                    self.forget(|index, known| {
                        index == series || known.newest.is_none() && gone[index]
                    });
                }
            }
            Step::RemoveIdle { ms } => self.remove_idle(ms),
            Step::Read { back, length, series } => {
                let start = Timestamp::from_millis(self.now - back - length);
                let end = Timestamp::from_millis(self.now - back);
                self.check(TimeRange::new(start, end), series);
            }
            Step::Crash => self.reopen(false),
            Step::Restart => self.reopen(true),
            Step::Recover => self.recover(),
        }
        let now = self.now();
        for &stale in &self.stale.clone() {
            let said = self.engine().store.append(stale, Sample::new(now, 1.0), now);
            assert!(matches!(said, Err(AppendError::UnknownSeries { .. })), "{said:?}");
        }
    }

    fn remove_idle(&mut self, ms: i64) {
        self.commit();
        let idle_before = Timestamp::from_millis(self.now - ms);
        let cutoffs = |_: &Series| Cutoffs { samples_before: Timestamp::MIN, idle_before };
        let slice = Slice { cursor: 0, budget: SERIES * 9, dry_run: false };
        self.engine().store.prune(slice, cutoffs);
        self.forget(|_, known| known.newest.is_none_or(|newest| newest < idle_before.millis()));
    }

    fn forget(&mut self, gone: impl Fn(usize, &Known) -> bool) {
        for (index, known) in self.series.iter_mut().enumerate() {
            if gone(index, known) {
                self.stale.extend(std::mem::take(known).reference);
            }
        }
        self.engine().commit();
        self.check(TimeRange::ALL, None);
    }

    fn retain(&mut self, hours: u64, long: u64) {
        self.commit();
        let duration = |hours: u64| Duration::from_secs(hours * HOUR as u64);
        let keeping = Keeping {
            samples: duration(hours),
            by_metric: [("long".into(), duration(long))].into(),
            ..Keeping::default()
        };
        let now = self.now();
        self.engine().folder.retain(&keeping, 0, now).unwrap();
        self.loosen(|series, at| {
            let end = Timestamp::from_millis(at).align_down(WINDOW) + WINDOW;
            let hours = if metric_of(series) == "long" { long } else { hours };
            end <= now - duration(hours)
        });
        self.check(TimeRange::ALL, None);
    }

    fn shrink(&mut self) {
        self.commit();
        let ledger = Arc::clone(&self.engine().store.ledger);
        let windows = || -> Vec<TimeRange> {
            ledger.files().of(SegmentKind::Raw).iter().map(|one| one.window()).collect()
        };
        let before = windows();
        let bytes = self.engine().folder.bytes();
        let keeping = Keeping {
            samples: Duration::MAX,
            bytes_max: Some(bytes.saturating_sub(1)),
            ..Keeping::default()
        };
        let now = self.now();
        self.engine().folder.retain(&keeping, 0, now).unwrap();
        let after = windows();
        self.loosen(|_, at| {
            let at = Timestamp::from_millis(at);
            before
                .iter()
                .any(|window| window.start <= at && at < window.end && !after.contains(window))
        });
        self.check(TimeRange::ALL, None);
    }
}

#[test]
fn a_series_whose_samples_are_gone_once_had_some() {
    let mut model = Model::new();
    for step in [
        Step::Sample { series: 3, back: 1, value: 0, amend: false },
        Step::Stream { series: 0, count: 1, step: 1_000, value: 0 },
        Step::Advance(61_199_000),
        Step::Seal,
        Step::Retain { hours: 1, long: 1 },
        Step::Crash,
        // Refused, as it is too far ahead.
        Step::Sample { series: 3, back: -FUTURE_MS - 1, value: 0, amend: false },
        Step::Stream { series: 1, count: 1, step: 1_000, value: 0 },
        Step::Remove { series: 1 },
    ] {
        model.take(&step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 500, ..ProptestConfig::with_cases(cases(24)) })]

    #[test]
    fn a_folder_holds_what_a_sorted_map_does(steps in proptest::collection::vec(step(), 1..80)) {
        let mut model = Model::new();
        for step in &steps {
            model.take(step);
        }
        model.commit();
        model.reopen(false);
    }
}

/// As many as are asked for by `PROPTEST_CASES`.
fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
