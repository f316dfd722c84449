//! The one writer of series.

use std::sync::Arc;
use std::time::Duration;

use super::columns::Columns;
use super::error::AppendError;
use super::identity::{Identity, Serial};
use super::index::{Cardinality, Index};
use super::journal::Journal;
use super::ledger::{Book, Ledger, Recovery, salvage};
use super::selection::Selection;
use super::selector::Selector;
use super::series::{Body, Series, SeriesRef};
use super::slot::Slot;
use super::snapshot::Snapshot;
use super::wal::Commit;
use crate::model::{Labels, Sample, TimeRange, Timestamp};

/// Which timestamps a [`Store`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConfig {
    /// How much older than its series' newest a sample may be; 5 min by
    /// default.
    pub out_of_order_window: Duration,
    /// How far ahead of the store's time a sample may be; 10 min by default.
    pub future_tolerance: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            out_of_order_window: Duration::from_secs(5 * 60),
            future_tolerance: Duration::from_secs(10 * 60),
        }
    }
}

/// The series of the engine, owned by one writer.
///
/// Appending to a resolved series takes nanoseconds and allocates only when a
/// lane is full. See the [module](super) for what readers may rely on.
#[derive(Debug)]
pub struct Store {
    pub(super) config: StoreConfig,
    pub(super) ledger: Arc<Ledger>,
    pub(super) book: Arc<Book>,
    pub(super) index: Index,
    pub(super) slots: Vec<Option<Slot>>,
    pub(super) free: Vec<u32>,
    pub(super) columns: Columns,
    /// Samples before this are sealed to segments.
    pub(super) sealed_before: Timestamp,
    /// What is to be logged, if the ledger is durable.
    pub(super) journal: Option<Journal>,
}

/// What a store that was filled from disk leaves to the first one that works.
#[derive(Debug)]
pub(super) struct Loaded {
    book: Arc<Book>,
    index: Index,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    columns: Columns,
}

impl Store {
    /// Creates a store over a ledger: empty over a new one, and with all
    /// series of the predecessor over a used one. References given out by
    /// the predecessor stay valid; its handles on the series do not.
    #[must_use]
    pub fn recover(ledger: Arc<Ledger>, config: StoreConfig) -> (Self, Recovery) {
        let mut recovery = Recovery::default();
        let loaded = ledger.take_loaded();
        let mut store = Self {
            config,
            book: Arc::new(Book::default()),
            index: Index::default(),
            slots: Vec::new(),
            free: Vec::new(),
            columns: Columns::default(),
            sealed_before: ledger.files().sealed_before(),
            journal: Journal::new(&ledger),
            ledger,
        };
        if let Some(loaded) = loaded {
            store.go_on_with(loaded, &mut recovery);
            return (store, recovery);
        }
        for predecessor in store.ledger.book().series() {
            let salvaged = salvage(&predecessor, &mut store.columns, &mut recovery);
            store.adopt(Arc::new(salvaged));
        }
        store.free = (0u32..)
            .zip(&store.slots)
            .filter_map(|(id, slot)| slot.is_none().then_some(id))
            .collect();
        store.log_newest();
        // Last, so that a recovery that fails half-way can be tried again.
        store.ledger.turn_over(Arc::clone(&store.book));
        (store, recovery)
    }

    /// Ends the store and leaves everything that is in it to the first that
    /// recovers from the ledger, which then need not copy it.
    pub(super) fn hand_over(self) {
        let Self { ledger, book, index, slots, free, columns, .. } = self;
        ledger.leave(Loaded { book, index, slots, free, columns });
    }

    fn go_on_with(&mut self, loaded: Loaded, recovery: &mut Recovery) {
        let Loaded { book, index, mut slots, free, columns } = loaded;
        for slot in slots.iter_mut().flatten() {
            // Files may have newer samples than the log.
            if slot.newest_at < slot.series.left_at() {
                *slot = Slot::new(Arc::clone(&slot.series));
            }
            recovery.series += 1;
            recovery.samples += slot.series.body().samples(slot.filled());
        }
        // The ledger has the book already.
        (self.book, self.index, self.slots, self.free) = (book, index, slots, free);
        self.columns = columns;
    }

    /// Logs the newest sample of each series again: the predecessor may have
    /// ended before it handed over what it had stored last.
    fn log_newest(&mut self) {
        let Some(journal) = &mut self.journal else { return };
        for slot in self.slots.iter_mut().flatten() {
            if let Some(newest) = slot.newest() {
                journal.sample(slot, newest, true, &self.ledger);
            }
        }
    }

    /// Creates a store over a ledger of its own.
    #[must_use]
    pub fn new(config: StoreConfig) -> Self {
        Self::recover(Arc::default(), config).0
    }

    /// Returns which timestamps the store takes.
    #[must_use]
    pub const fn config(&self) -> StoreConfig {
        self.config
    }

    /// Returns the series, if it exists.
    #[must_use]
    pub fn find(&self, metric: &str, name: &Arc<str>, labels: &Labels) -> Option<SeriesRef> {
        let is = |id| self.slot(id).is_some_and(|slot| slot.series.is(metric, name, labels));
        let id = self.index.find(metric, name, labels, is)?;
        Some(self.slot(id)?.series.reference())
    }

    /// Returns the series, creating it if it does not exist: `None` if the
    /// store is full, at 2^32 series.
    pub fn resolve(
        &mut self,
        metric: &Arc<str>,
        name: &Arc<str>,
        labels: &Labels,
    ) -> Option<SeriesRef> {
        if let Some(found) = self.find(metric, name, labels) {
            return Some(found);
        }
        let id = match self.free.last() {
            Some(&id) => id,
            None => u32::try_from(self.slots.len()).ok()?,
        };
        let reference = SeriesRef { id, serial: self.ledger.next_serial() };
        let identity =
            Identity { metric: Arc::clone(metric), name: Arc::clone(name), labels: labels.clone() };
        let identity = self.index.intern(&identity);
        let series = Series::new(reference, identity, Body::empty(self.columns.none()));
        self.free.pop();
        self.adopt(Arc::new(series));
        Some(reference)
    }

    /// Makes sure that a serial that is on disk is not given out again: the
    /// log may say that its series is gone.
    pub(super) fn restore_serial(&self, serial: Serial) {
        self.ledger.skip_serial(serial);
    }

    /// Enters a series that is on disk; `None` if the store is full, or has
    /// the series under another serial.
    pub(super) fn restore(&mut self, serial: Serial, identity: Identity) -> Option<u32> {
        self.ledger.skip_serial(serial);
        let Identity { metric, name, labels } = &identity;
        if let Some(known) = self.find(metric, name, labels) {
            return (known.serial == serial).then_some(known.id);
        }
        let id = match self.free.pop() {
            Some(id) => id,
            None => u32::try_from(self.slots.len()).ok()?,
        };
        let identity = self.index.intern(&identity);
        let body = Body::empty(self.columns.none());
        self.adopt(Arc::new(Series::new(SeriesRef { id, serial }, identity, body)));
        Some(id)
    }

    /// Notes that a file has samples of a series up to `newest`; `exact` says
    /// whether there is a sample at that time. What is known stays.
    pub(super) fn restore_newest(&self, id: u32, newest: Timestamp, exact: bool) {
        let Some(slot) = self.slot(id) else { return };
        // Rollups tell little of a series that has samples.
        if exact || (slot.newest_at == Timestamp::MIN && slot.series.left_at() == Timestamp::MIN) {
            slot.series.leave(newest);
        }
    }

    /// Returns how many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Returns how many series the metric has.
    #[must_use]
    pub fn series_of(&self, metric: &str) -> usize {
        self.index.series_of(metric)
    }

    /// Returns the series' newest sample; `None` if it has none or does not
    /// exist.
    #[must_use]
    pub fn newest(&self, series: SeriesRef) -> Option<Sample> {
        self.slot_of(series)?.newest()
    }

    /// Counts series by metric and by label.
    #[must_use]
    pub fn cardinality(&self) -> Cardinality {
        self.index.cardinality()
    }

    /// Says whether the series still exists.
    #[must_use]
    pub fn exists(&self, series: SeriesRef) -> bool {
        self.slot_of(series).is_some()
    }

    /// Returns the name of the metric that the series belongs to.
    #[must_use]
    pub fn metric_of(&self, series: SeriesRef) -> Option<Arc<str>> {
        self.slot_of(series).map(|slot| Arc::clone(slot.series.metric()))
    }

    /// Adds a sample to a series at the time `now`.
    ///
    /// Newer than the newest: appended. The newest again: nothing happens.
    /// Older, within the out-of-order window: kept and merged when read.
    ///
    /// # Errors
    /// A series that does not exist, another value at a timestamp that is
    /// taken, and timestamps too old or too far ahead.
    #[inline]
    pub fn append(
        &mut self,
        series: SeriesRef,
        sample: Sample,
        now: Timestamp,
    ) -> Result<(), AppendError> {
        let slot = self.slots.get_mut(series.id as usize).and_then(Option::as_mut);
        let Some(slot) = slot.filter(|slot| slot.serial == series.serial) else {
            return Err(AppendError::UnknownSeries { series });
        };
        let tolerance = self.config.future_tolerance;
        if sample.at > now && sample.at > now + tolerance {
            return Err(AppendError::TooFarInFuture { at: sample.at, now, tolerance });
        }
        let window = self.config.out_of_order_window;
        let stored = slot.append_quickly(sample)
            || slot.append_slowly(sample, window, self.sealed_before, &mut self.columns)?;
        if stored && let Some(journal) = &mut self.journal {
            journal.sample(slot, sample, false, &self.ledger);
        }
        Ok(())
    }

    /// Adds a sample of any time that is to be sealed before anything else
    /// happens to the store: it is not logged.
    pub(super) fn backfill(
        &mut self,
        series: SeriesRef,
        sample: Sample,
    ) -> Result<(), AppendError> {
        let slot = self.slots.get_mut(series.id as usize).and_then(Option::as_mut);
        let Some(slot) = slot.filter(|slot| slot.serial == series.serial) else {
            return Err(AppendError::UnknownSeries { series });
        };
        if !slot.append_quickly(sample) {
            slot.append_slowly(sample, Duration::MAX, Timestamp::MIN, &mut self.columns)?;
        }
        Ok(())
    }

    /// Adds a sample, or replaces the newest one if it has the same
    /// timestamp. Snapshots taken before keep the old value.
    ///
    /// For series that are sampled from a running total, which may be read
    /// twice within a millisecond.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn amend(
        &mut self,
        series: SeriesRef,
        sample: Sample,
        now: Timestamp,
    ) -> Result<(), AppendError> {
        match self.append(series, sample, now) {
            Err(AppendError::Duplicate { at, stored, given }) => {
                let slot = self.slots.get_mut(series.id as usize).and_then(Option::as_mut);
                // What is sealed to a segment stays as it is.
                let sealed = at < self.sealed_before;
                let newest = slot.filter(|slot| slot.newest_at == at && !sealed);
                let Some(slot) = newest else {
                    return Err(AppendError::Duplicate { at, stored, given });
                };
                if !slot.replace_newest(sample, &mut self.columns) {
                    return Err(AppendError::Duplicate { at, stored, given });
                }
                if let Some(journal) = &mut self.journal {
                    journal.sample(slot, sample, true, &self.ledger);
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Finds the series that match; which of them have samples in `range` is
    /// seen when the selection is read, on whatever thread.
    #[must_use]
    pub fn select(&self, selector: &Selector, range: TimeRange) -> Selection {
        let ids = self.index.select(selector);
        Selection::new(&self.ledger, Arc::clone(&self.book), ids, range)
    }

    /// Finds the series that match and takes a snapshot of them at once.
    #[must_use]
    pub fn snapshot(&self, selector: &Selector, range: TimeRange) -> Snapshot {
        self.select(selector, range).snapshot()
    }

    /// Takes what is to be logged: the changes since the last call, in the
    /// order in which they were made. Nothing without a data folder.
    pub fn take_commits(&mut self) -> Vec<Commit> {
        self.journal.as_mut().map(|journal| journal.take(&self.ledger)).unwrap_or_default()
    }

    /// Begins a new log file if the disk refused the one under way:
    /// `refused_epoch` of the log's status.
    pub fn leave_refused_log(&mut self, refused_epoch: u32) {
        if let Some(journal) = &mut self.journal
            && journal.epoch() <= refused_epoch
        {
            journal.begin_file(&self.ledger);
        }
    }

    pub(super) fn slot_of(&self, series: SeriesRef) -> Option<&Slot> {
        self.slot(series.id).filter(|slot| slot.serial == series.serial)
    }

    pub(super) fn slot(&self, id: u32) -> Option<&Slot> {
        self.slots.get(id as usize)?.as_ref()
    }

    /// Enters a series in the ledger's book, the index and its slot.
    fn adopt(&mut self, series: Arc<Series>) {
        let id = series.reference().id;
        self.book.set(id, Some(Arc::clone(&series)));
        self.index.insert(series.identity(), id);
        let place = id as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Some(Slot::new(series));
        }
    }

    /// Removes a series from the slot, the index and the ledger's book.
    pub(super) fn remove(&mut self, id: u32) {
        let Some(slot) = self.slots.get_mut(id as usize).and_then(Option::take) else { return };
        if let Some(journal) = &mut self.journal {
            journal.removed(slot.serial, slot.newest_at);
        }
        let series = slot.series;
        self.index.remove(series.identity(), id);
        self.book.set(id, None);
        self.free.push(id);
    }
}
