//! When aggregations run, and what became of the runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{AggregateError, Definition};
use crate::model::{Labels, Timestamp};
use crate::storage::state::{Batch, Contents, Stored, Table};

/// The aggregations of one aggregator, and when each is due.
///
/// Runs are aligned: to multiples of the interval since the epoch. One that
/// comes late runs once, at the last such point; the points that it skipped
/// are counted as missed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schedule {
    interval: Duration,
    entries: BTreeMap<Arc<str>, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    definition: Arc<Definition>,
    origin: Origin,
    interval: Duration,
    /// The point of the last run, or of the addition.
    last: Timestamp,
    state: AggregationState,
    /// The series of the last run that succeeded, of an expression.
    series: Arc<BTreeSet<Labels>>,
}

/// Where an aggregation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It comes anew with each start.
    Configured,
    /// It was added at run time.
    Added,
    /// It was added at run time before the last start; whoever adds one of
    /// its name takes its place.
    Restored,
}

/// What became of an aggregation's runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AggregationState {
    /// Runs that ended, failures included.
    pub runs: u64,
    /// Runs that failed.
    pub failures: u64,
    /// Points in time that were skipped because a run was late.
    pub missed: u64,
    /// The point of the last run that ended.
    pub last_run: Option<Timestamp>,
    /// How long it took.
    pub last_duration: Option<Duration>,
    /// How many values it stored.
    pub last_results: usize,
    /// Why it failed; `None` if it did not.
    pub last_error: Option<String>,
}

/// A run that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// What to run.
    pub definition: Arc<Definition>,
    /// For which point in time.
    pub at: Timestamp,
    /// Which series the run before stored; of an expression.
    pub before: Arc<BTreeSet<Labels>>,
}

/// What a run stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// How many values.
    pub stored: usize,
    /// Of an expression, under which labels.
    pub series: Arc<BTreeSet<Labels>>,
}

impl Schedule {
    /// Creates a schedule without aggregations. Those that do not say
    /// otherwise run every `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self { interval: interval.max(Duration::from_millis(100)), entries: BTreeMap::new() }
    }

    /// Creates a schedule of the aggregations that were kept.
    #[must_use]
    pub fn restore(interval: Duration, contents: &mut Contents, now: Timestamp) -> Self {
        let mut schedule = Self::new(interval);
        for (name, definition) in contents.take::<Definition>(Table::Aggregations) {
            if *name != **definition.name() {
                contents.leave_out(Table::Aggregations, name, "it is not the aggregation's name");
                continue;
            }
            schedule.enter(definition, Origin::Restored, now);
        }
        schedule
    }

    /// Adds an aggregation; it runs at the first aligned point after `now`.
    /// It takes the place of one that was restored and has not been added
    /// since.
    ///
    /// # Errors
    /// A name that is taken.
    pub fn add(&mut self, definition: Definition, now: Timestamp) -> Result<(), AggregateError> {
        self.check_free(definition.name())?;
        self.enter(definition, Origin::Added, now);
        Ok(())
    }

    /// Adds an aggregation that comes anew with each start, as
    /// [`add`](Self::add) does; it is not kept.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn configure(
        &mut self,
        definition: Definition,
        now: Timestamp,
    ) -> Result<(), AggregateError> {
        self.check_free(definition.name())?;
        self.enter(definition, Origin::Configured, now);
        Ok(())
    }

    fn check_free(&self, name: &str) -> Result<(), AggregateError> {
        match self.entries.get(name) {
            Some(entry) if entry.origin != Origin::Restored => {
                Err(AggregateError::Duplicate { name: name.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn enter(&mut self, definition: Definition, origin: Origin, now: Timestamp) {
        let name = Arc::clone(definition.name());
        let interval = definition.interval().unwrap_or(self.interval);
        let last = now.align_down(interval);
        let definition = Arc::new(definition);
        let state = AggregationState::default();
        let series = Arc::default();
        self.entries.insert(name, Entry { definition, origin, interval, last, state, series });
    }

    /// Removes an aggregation; its results stay.
    ///
    /// # Errors
    /// An unknown name.
    pub fn remove(&mut self, name: &str) -> Result<(), AggregateError> {
        match self.entries.remove(name) {
            Some(_) => Ok(()),
            None => Err(AggregateError::Unknown { name: name.to_owned() }),
        }
    }

    /// Returns the run of an aggregation at `at`, out of its turn.
    ///
    /// # Errors
    /// An unknown name.
    pub fn due_now(&self, name: &str, at: Timestamp) -> Result<Due, AggregateError> {
        let entry = self.entries.get(name);
        entry
            .map(|entry| entry.due(at))
            .ok_or_else(|| AggregateError::Unknown { name: name.to_owned() })
    }

    /// Returns the aggregations with their states, by name.
    #[must_use]
    pub fn states(&self) -> Vec<(Arc<Definition>, AggregationState)> {
        let state = |entry: &Entry| (Arc::clone(&entry.definition), entry.state.clone());
        self.entries.values().map(state).collect()
    }

    /// Takes the runs that are due at `now`, but for those that are `busy`.
    pub fn due(&mut self, now: Timestamp, busy: impl Fn(&str) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        for (name, entry) in &mut self.entries {
            let at = now.align_down(entry.interval);
            // A clock that was set back starts the grid again from there.
            entry.last = entry.last.min(at);
            if at == entry.last || busy(name) {
                continue;
            }
            let points = at.since(entry.last).as_millis() / entry.interval.as_millis().max(1);
            entry.state.missed += u64::try_from(points.saturating_sub(1)).unwrap_or(u64::MAX);
            entry.last = at;
            due.push(entry.due(at));
        }
        due
    }

    /// Returns when the next run is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.entries.values().map(|entry| entry.last + entry.interval).min()
    }

    /// Takes note of how a run ended: how many values it stored, or why it
    /// failed. One whose aggregation has been removed since, or replaced, is
    /// nobody's.
    pub fn finished(&mut self, due: &Due, took: Duration, outcome: Result<Results, String>) {
        let Some(entry) = self.entries.get_mut(due.definition.name()) else { return };
        if !Arc::ptr_eq(&entry.definition, &due.definition) {
            return;
        }
        let state = &mut entry.state;
        state.runs += 1;
        state.failures += u64::from(outcome.is_err());
        state.last_run = Some(due.at);
        state.last_duration = Some(took);
        state.last_results = outcome.as_ref().map_or(0, |results| results.stored);
        match outcome {
            Ok(results) => (state.last_error, entry.series) = (None, results.series),
            Err(error) => state.last_error = Some(error),
        }
    }
}

impl Stored for Schedule {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        for (name, entry) in self.kept() {
            let before = saved.entries.get(name).filter(|entry| entry.is_kept());
            if !before.is_some_and(|before| before.definition == entry.definition) {
                batch.put(Table::Aggregations, name.as_ref(), &entry.definition);
            }
        }
        for (name, _) in saved.kept() {
            if !self.entries.get(name).is_some_and(Entry::is_kept) {
                batch.remove(Table::Aggregations, name.as_ref());
            }
        }
    }
}

impl Schedule {
    fn kept(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.is_kept())
    }
}

impl Entry {
    fn due(&self, at: Timestamp) -> Due {
        let (definition, before) = (Arc::clone(&self.definition), Arc::clone(&self.series));
        Due { definition, at, before }
    }

    fn is_kept(&self) -> bool {
        self.origin != Origin::Configured
    }
}

#[cfg(test)]
mod tests {
    use super::super::Method;
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn schedule() -> Schedule {
        let mut schedule = Schedule::new(MINUTE);
        let definition = Definition::of("m", Method::Avg).name("a").build().unwrap();
        schedule.add(definition, at(10)).unwrap();
        schedule
    }

    fn three() -> Results {
        Results { stored: 3, ..Results::default() }
    }

    fn due(schedule: &mut Schedule, seconds: i64) -> Vec<Timestamp> {
        schedule.due(at(seconds), |_| false).into_iter().map(|due| due.at).collect()
    }

    #[test]
    fn runs_are_aligned_and_late_ones_skip() {
        let mut schedule = schedule();
        assert_eq!(schedule.next_due(), Some(at(60)));
        assert_eq!(due(&mut schedule, 59), []);
        assert_eq!(due(&mut schedule, 61), [at(60)]);
        assert_eq!(due(&mut schedule, 62), []);
        assert_eq!(due(&mut schedule, 250), [at(240)], "once, for the last point");
        assert_eq!(schedule.states()[0].1.missed, 2);
        assert_eq!(schedule.next_due(), Some(at(300)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_runs() {
        let mut schedule = schedule();
        assert_eq!(due(&mut schedule, 3_600), [at(3_600)]);
        assert_eq!(due(&mut schedule, 70), []);
        assert_eq!(due(&mut schedule, 125), [at(120)]);
    }

    #[test]
    fn a_run_of_a_definition_that_was_replaced_counts_for_nobody() {
        let mut schedule = schedule();
        let run = schedule.due(at(60), |_| false).remove(0);
        schedule.remove("a").unwrap();
        let successor = Definition::of("m", Method::Min).name("a").build().unwrap();
        schedule.add(successor, at(61)).unwrap();
        schedule.finished(&run, MINUTE, Ok(three()));
        assert_eq!(schedule.states()[0].1.runs, 0);
    }

    #[test]
    fn a_busy_one_waits_its_turn() {
        let mut schedule = schedule();
        assert_eq!(schedule.due(at(60), |name| name == "a"), []);
        assert_eq!(due(&mut schedule, 61), [at(60)]);
    }

    #[test]
    fn what_was_added_at_run_time_is_kept_and_gives_way_to_what_is_added_again() {
        let mut schedule = schedule();
        let of = |method: Method, name: &str| Definition::of("m", method).name(name).build();
        schedule.configure(of(Method::Min, "b").unwrap(), at(0)).unwrap();
        let mut batch = Batch::new();
        schedule.changes_since(&Schedule::new(MINUTE), &mut batch);
        assert_eq!(batch.len(), 1, "the configured one comes anew");
        let mut contents = Contents::from(batch);
        let mut restored = Schedule::restore(MINUTE, &mut contents, at(100));
        let kept = restored.clone();
        assert_eq!(restored.states()[0].0, schedule.states()[0].0);
        assert_eq!(restored.next_due(), Some(at(120)));

        restored.add(of(Method::Max, "a").unwrap(), at(100)).unwrap();
        let max = of(Method::Max, "a").unwrap();
        assert_eq!(*restored.due_now("a", at(0)).unwrap().definition, max);
        assert!(restored.add(of(Method::Max, "a").unwrap(), at(100)).is_err(), "once");
        let mut batch = Batch::new();
        restored.changes_since(&kept, &mut batch);
        let mut contents = Contents::from(batch);
        let again = Schedule::restore(MINUTE, &mut contents, at(100));
        assert_eq!(*again.due_now("a", at(0)).unwrap().definition, max);

        let mut configured = kept.clone();
        configured.configure(of(Method::Sum, "a").unwrap(), at(100)).unwrap();
        let mut batch = Batch::new();
        configured.changes_since(&kept, &mut batch);
        let mut removed = Batch::new();
        removed.remove(Table::Aggregations, "a");
        assert_eq!(batch, removed, "the configuration goes before");
    }

    #[test]
    fn an_interval_of_its_own() {
        let mut schedule = schedule();
        let quick = Definition::of("m", Method::Max).name("q").interval(MINUTE / 6);
        schedule.add(quick.build().unwrap(), at(10)).unwrap();
        assert_eq!(due(&mut schedule, 20), [at(20)]);
        assert_eq!(due(&mut schedule, 60), [at(60), at(60)]);
    }

    #[test]
    fn outcomes_are_kept_and_names_are_unique() {
        let mut schedule = schedule();
        let run = schedule.due(at(60), |_| false).remove(0);
        schedule.finished(&run, MINUTE, Err("unknown metric".to_owned()));
        schedule.finished(&run, MINUTE, Ok(three()));
        let state = &schedule.states()[0].1;
        assert_eq!((state.runs, state.failures, state.last_results), (2, 1, 3));
        assert_eq!(state.last_error, None);
        let twin = Definition::of("m", Method::Avg).name("a").build().unwrap();
        let error = schedule.add(twin, at(0)).unwrap_err();
        assert_eq!(error.to_string(), "aggregation \"a\" exists already");
        assert_eq!(schedule.remove("a"), Ok(()));
        assert_eq!(schedule.remove("a").unwrap_err().to_string(), "unknown aggregation \"a\"");
        schedule.finished(&run, MINUTE, Ok(three()));
    }
}
