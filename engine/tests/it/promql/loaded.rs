//! The series that a file has loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::model::{Labels, Sample, TimeRange, Timestamp};
use keepwatch_engine::promql::plan::Select;
use keepwatch_engine::promql::{LabelSet, NAME, Points, SeriesReader, SeriesSet};
use keepwatch_engine::storage::{Snapshot, Store, StoreConfig};

use super::points::{Slot, number};
use super::script::Load;

/// What makes three series of a classic histogram.
const PARTS: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Start timestamps by the time of their sample.
type Starts = BTreeMap<i64, i64>;

/// The series that a file has loaded, as a store of the engine.
pub(super) struct Loaded {
    floats: Store,
    /// A sample wherever there is a native histogram: what a query selects
    /// here is what it cannot be evaluated without.
    histograms: Store,
    starts: Arc<BTreeMap<LabelSet, Starts>>,
}

impl Loaded {
    pub(super) fn new() -> Self {
        // Files may load older samples after newer ones.
        let any_time =
            StoreConfig { out_of_order_window: Duration::MAX, future_tolerance: Duration::MAX };
        let (floats, histograms) = (Store::new(any_time), Store::new(any_time));
        Self { floats, histograms, starts: Arc::default() }
    }

    /// Adds the samples of a command.
    pub(super) fn load(&mut self, load: &Load) -> Result<(), String> {
        for (labels, slots) in &load.values {
            for (at_ms, slot) in times(load.step_ms).zip(slots) {
                match *slot {
                    Slot::Nothing => {}
                    Slot::Float(value) => append(&mut self.floats, labels, at_ms, value)?,
                    Slot::Histogram => append(&mut self.histograms, labels, at_ms, 1.0)?,
                }
            }
        }
        let starts = Arc::make_mut(&mut self.starts);
        for (labels, offsets) in &load.starts {
            let of_series = starts.entry(labels.clone()).or_default();
            let known = times(load.step_ms).zip(offsets);
            of_series.extend(known.filter_map(|(at_ms, offset)| Some((at_ms, at_ms + (*offset)?))));
        }
        if load.with_native {
            for (labels, times) in native_of(load) {
                for at_ms in times {
                    append(&mut self.histograms, &labels, at_ms, 1.0)?;
                }
            }
        }
        Ok(())
    }

    /// Finds the series that a query reads.
    pub(super) fn select(&self, select: &Select) -> Selected {
        let snapshot = self.floats.snapshot(&select.selector, select.range);
        Selected { snapshot, starts: Arc::clone(&self.starts) }
    }

    /// Says whether a native histogram is among what a query reads.
    pub(super) fn has_histograms(&self, select: &Select) -> bool {
        !self.histograms.snapshot(&select.selector, select.range).decode(select.range).is_empty()
    }
}

/// Returns the times of the values of a `load` command.
fn times(step_ms: i64) -> impl Iterator<Item = i64> {
    (0..).map(move |index: i64| index * step_ms)
}

fn append(store: &mut Store, labels: &LabelSet, at_ms: i64, value: f64) -> Result<(), String> {
    let LabelSet { name, labels } = labels;
    let series = store.resolve(name, name, labels).ok_or("the store is full")?;
    let sample = Sample::new(Timestamp::from_millis(at_ms), value);
    let appended = store.append(series, sample, sample.at);
    appended.map_err(|error| format!("{name}{labels} at {at_ms} ms: {error}"))
}

/// Returns the native histograms that the classic ones of a command stand for,
/// and when they have samples.
fn native_of(load: &Load) -> BTreeMap<LabelSet, BTreeSet<i64>> {
    let mut found: BTreeMap<LabelSet, BTreeSet<i64>> = BTreeMap::new();
    for (labels, slots) in &load.values {
        let part = PARTS.iter().find_map(|part| Some((*part, labels.name.strip_suffix(part)?)));
        let Some((part, name)) = part else { continue };
        let is_bound = |le: &str| number(le).is_ok_and(|bound| !bound.is_nan());
        if part == "_bucket" && !is_bound(labels.get("le")) {
            continue;
        }
        let native = labels.with("le", "").with(NAME, name);
        let floats = times(load.step_ms).zip(slots);
        let floats = floats.filter(|(_, slot)| matches!(slot, Slot::Float(_)));
        found.entry(native).or_default().extend(floats.map(|(at_ms, _)| at_ms));
    }
    found
}

/// The series that one selector of a query found, with start timestamps, which
/// the store does not keep.
pub(super) struct Selected {
    snapshot: Snapshot,
    starts: Arc<BTreeMap<LabelSet, Starts>>,
}

impl SeriesSet for Selected {
    fn labels(&self) -> Vec<LabelSet> {
        self.snapshot.labels()
    }

    fn reader(&self, range: TimeRange) -> Box<dyn SeriesReader + '_> {
        let starts = self.labels().iter().map(|labels| self.starts.get(labels)).collect();
        Box::new(Reader { samples: SeriesSet::reader(&self.snapshot, range), starts })
    }
}

struct Reader<'a> {
    samples: Box<dyn SeriesReader + 'a>,
    starts: Vec<Option<&'a Starts>>,
}

impl SeriesReader for Reader<'_> {
    fn read(&mut self, index: usize, points: &mut Points) {
        self.samples.read(index, points);
        if let Some(Some(starts)) = self.starts.get(index) {
            let start = |at_ms| starts.get(at_ms).copied().unwrap_or(0);
            points.starts.extend(points.times.iter().map(start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::script::{Action, commands};
    use keepwatch_engine::model::Matcher;
    use keepwatch_engine::storage::Selector;

    fn loaded(text: &str) -> Loaded {
        let mut loaded = Loaded::new();
        for command in commands(text) {
            let Ok(Action::Load(load)) = command.action else { panic!("{command:?}") };
            loaded.load(&load).unwrap();
        }
        loaded
    }

    fn select(name: &str, start_ms: i64, end_ms: i64) -> Select {
        let selector = Selector::any().matching(Matcher::equal(NAME, name));
        let millis = Timestamp::from_millis;
        Select { selector, range: TimeRange::new(millis(start_ms), millis(end_ms)) }
    }

    #[test]
    fn samples_and_their_starts() {
        let loaded = loaded("load 10s\n  a{b=\"c\"}@st _ -1s\n  a{b=\"c\"} 1 2 _ 4\n");
        let found = loaded.select(&select("a", 0, 60_000));
        assert_eq!(found.labels().len(), 1);
        let mut points = Points::default();
        SeriesSet::reader(&found, TimeRange::new(Timestamp::MIN, Timestamp::MAX))
            .read(0, &mut points);
        assert_eq!(points.times, [0, 10_000, 30_000]);
        assert_eq!(points.values, [1.0, 2.0, 4.0]);
        assert_eq!(points.starts, [0, 9_000, 0]);
    }

    #[test]
    fn histograms_are_known_where_they_are() {
        let text = "load 10s\n a 1 {{}} 3\n\nload_with_nhcb 5s\n h_bucket{le=\"1\"} _ 1\n \
                    i_bucket{le=\"x\"} 1\n j_total 1";
        let loaded = loaded(text);
        let check = |name, start_ms, end_ms, expected| {
            assert_eq!(loaded.has_histograms(&select(name, start_ms, end_ms)), expected, "{name}");
        };
        check("a", 0, 9_999, false);
        check("a", 0, 10_000, true);
        check("a", 10_001, 20_000, false);
        check("h", 0, 4_999, false);
        check("h", 0, 5_000, true);
        check("h_bucket", 0, 5_000, false);
        check("i", 0, 5_000, false);
        check("j", 0, 5_000, false);
        assert_eq!(loaded.select(&select("a", 0, 60_000)).labels().len(), 1);
    }

    #[test]
    fn labels_may_have_any_name() {
        let labels = Labels::EMPTY.with("l.x", "1");
        let loaded = loaded("load 1m\n  {\"a.b\", \"l.x\"=\"1\"} 1");
        assert_eq!(loaded.select(&select("a.b", 0, 0)).labels()[0].labels, labels);
    }
}
