//! What outlives the store's owner.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};

use super::chunk::ChunkList;
use super::column::Column;
use super::columns::Columns;
use super::files::FileSet;
use super::identity::Serial;
use super::series::{Body, Series};
use super::slab::Lane;
use super::store::Loaded;
use crate::model::Timestamp;

/// The series of all incarnations of a [`Store`](super::Store), shared with
/// whoever has to rebuild it.
///
/// Each incarnation writes a book of its own, and a recovery turns the ledger
/// over to a new one: what a predecessor enters afterwards, nobody reads.
pub struct Ledger {
    book: ArcSwap<Book>,
    /// The immutable files that readers look into beside the book.
    files: ArcSwap<FileSet>,
    /// The length of a segment, if there is a data folder.
    window: Option<Duration>,
    tombstones: ArcSwap<Vec<Tombstone>>,
    /// Shared by all incarnations, so that no serial comes twice.
    next_serial: AtomicU32,
    /// The same of the log's files.
    next_epoch: AtomicU32,
    /// What was read from disk, until the first store takes it over.
    loaded: ArcSwapOption<Loaded>,
}

/// A series that is gone and may still have samples in files.
///
/// Each log file begins with all of them, so that a reopening does not bring
/// those samples back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tombstone {
    pub(super) serial: Serial,
    /// The time of its newest sample.
    pub(super) newest_at: Timestamp,
}

/// What a recovery found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Series that are in the index again.
    pub series: usize,
    /// Samples that they have.
    pub samples: usize,
    /// Chunks that were left out because they failed their checks.
    pub chunks_refused: usize,
    /// Open samples that were left out because they were out of order.
    pub samples_refused: usize,
}

const PAGE: usize = 256;

/// The series of one incarnation by id, in pages, so that adding one never
/// copies them all.
#[derive(Debug, Default)]
pub(super) struct Book {
    pages: ArcSwap<Vec<Arc<Page>>>,
}

/// Series with neighbouring ids.
#[derive(Debug)]
pub(super) struct Page {
    entries: Box<[ArcSwapOption<Series>]>,
    /// Grows after each change of an entry.
    changes: AtomicU64,
}

impl Ledger {
    /// Creates a ledger without a series.
    #[must_use]
    pub fn new() -> Self {
        Self {
            book: ArcSwap::default(),
            files: ArcSwap::default(),
            window: None,
            tombstones: ArcSwap::default(),
            next_serial: AtomicU32::new(1),
            next_epoch: AtomicU32::new(1),
            loaded: ArcSwapOption::empty(),
        }
    }

    /// Creates the ledger of a data folder with segments of `window`.
    pub(super) fn durable(window: Duration) -> Self {
        Self { window: Some(window), ..Self::new() }
    }

    /// Returns the length of a segment; `None` without a data folder.
    pub(super) const fn window(&self) -> Option<Duration> {
        self.window
    }

    pub(super) fn files(&self) -> Arc<FileSet> {
        self.files.load_full()
    }

    /// Publishes another set of files; for the one who changes the folder.
    pub(super) fn publish_files(&self, files: FileSet) {
        self.files.store(Arc::new(files));
    }

    pub(super) fn tombstones(&self) -> Arc<Vec<Tombstone>> {
        self.tombstones.load_full()
    }

    pub(super) fn add_tombstones(&self, more: Vec<Tombstone>) {
        self.tombstones.rcu(|known| known.iter().chain(&more).copied().collect::<Vec<_>>());
    }

    /// Forgets the series whose samples are all before `before`: no file has
    /// them any more.
    pub(super) fn bury_tombstones(&self, before: Timestamp) {
        self.tombstones.rcu(|known| {
            known.iter().filter(|one| one.newest_at >= before).copied().collect::<Vec<_>>()
        });
    }

    pub(super) fn book(&self) -> Arc<Book> {
        self.book.load_full()
    }

    /// Makes `book` the one that the next recovery reads.
    pub(super) fn turn_over(&self, book: Arc<Book>) {
        self.book.store(book);
    }

    /// Keeps what was read from disk for the first store; the book of it is
    /// the ledger's.
    pub(super) fn leave(&self, loaded: Loaded) {
        self.loaded.store(Some(Arc::new(loaded)));
    }

    /// Returns what was left, to the first who asks.
    pub(super) fn take_loaded(&self) -> Option<Loaded> {
        // Nobody else ever holds it.
        Arc::into_inner(self.loaded.swap(None)?)
    }

    /// Returns a serial that no series ever had; `None` once they are used up.
    pub(super) fn next_serial(&self) -> Option<Serial> {
        // Only the uniqueness matters, not the order against other memory.
        let next = |serial: u32| serial.checked_add(1);
        let taken = self.next_serial.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.ok().map(Serial)
    }

    pub(super) fn next_epoch(&self) -> u32 {
        self.next_epoch.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the serial that the next series gets.
    pub(super) fn coming_serial(&self) -> Serial {
        Serial(self.next_serial.load(Ordering::Relaxed))
    }

    /// Makes sure that `serial`, which is on disk, is not given out.
    pub(super) fn skip_serial(&self, serial: Serial) {
        self.next_serial.fetch_max(serial.0.saturating_add(1), Ordering::Relaxed);
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("series", &self.book().series().len()).finish()
    }
}

impl Book {
    /// Enters a series under its id, or strikes it out; for the one writer.
    pub(super) fn set(&self, id: u32, series: Option<Arc<Series>>) {
        let id = id as usize;
        let pages = self.pages.load();
        if let Some(page) = pages.get(id / PAGE) {
            page.set(id % PAGE, series);
            return;
        }
        let mut longer = pages.as_ref().clone();
        while longer.len() <= id / PAGE {
            longer.push(Arc::default());
        }
        if let Some(page) = longer.get(id / PAGE) {
            page.set(id % PAGE, series);
        }
        self.pages.store(Arc::new(longer));
    }

    /// Returns the series that is entered under `id`.
    pub(super) fn get(&self, id: u32) -> Option<Arc<Series>> {
        let id = id as usize;
        self.pages.load().get(id / PAGE)?.entries.get(id % PAGE)?.load_full()
    }

    /// Returns the series that are entered, by growing id.
    pub(super) fn series(&self) -> Vec<Arc<Series>> {
        let pages = self.pages.load();
        pages.iter().flat_map(|page| page.series()).flatten().collect()
    }

    /// Returns the pages, the lowest ids first.
    pub(super) fn pages(&self) -> Arc<Vec<Arc<Page>>> {
        self.pages.load_full()
    }
}

impl Page {
    fn set(&self, place: usize, series: Option<Arc<Series>>) {
        if let Some(entry) = self.entries.get(place) {
            entry.store(series);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns a number that grows after each change: what is read after it
    /// is at least as new.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Returns what is entered at each place.
    pub(super) fn series(&self) -> impl Iterator<Item = Option<Arc<Series>>> {
        self.entries.iter().map(ArcSwapOption::load_full)
    }
}

impl Default for Page {
    fn default() -> Self {
        let entries = (0..PAGE).map(|_| ArcSwapOption::empty()).collect();
        Self { entries, changes: AtomicU64::new(0) }
    }
}

/// Copies a series for a new writer: the same identity and chunks, and the
/// open samples in a lane that no predecessor holds.
pub(super) fn salvage(series: &Series, columns: &mut Columns, recovery: &mut Recovery) -> Series {
    let body = series.body();
    let sound = body.chunks.iter().filter(|chunk| chunk.is_plausible()).count();
    recovery.chunks_refused += body.chunks.len() - sound;
    let chunks = if sound == body.chunks.len() {
        body.chunks.clone()
    } else {
        let sound = body.chunks.iter().filter(|chunk| chunk.is_plausible());
        sound.cloned().collect::<ChunkList>()
    };
    let open = copy_open(&body.open, columns, recovery);
    recovery.series += 1;
    let body = Body { chunks, late: Arc::clone(&body.late), open };
    recovery.samples += body.samples(body.open.len());
    let salvaged = Series::new(series.reference(), series.identity().clone(), body);
    salvaged.leave(series.left_at());
    salvaged
}

fn copy_open(open: &Lane, columns: &mut Columns, recovery: &mut Recovery) -> Lane {
    let published = open.len();
    if published == 0 {
        return columns.none();
    }
    let times: Vec<i64> = open.column().iter(published).collect();
    // Only against its own kind: a chunk of late samples may overlap the lane.
    if times.windows(2).all(|pair| pair[0] < pair[1]) {
        return columns.tail(open, 0, published);
    }
    let mut kept: Vec<(i64, u64)> = Vec::with_capacity(published);
    for (at, bits) in times.into_iter().zip(open.values(published)) {
        if kept.last().is_none_or(|(before, _)| at > *before) {
            kept.push((at, bits));
        }
    }
    recovery.samples_refused += published - kept.len();
    let lane = columns.lane(&Column::holding(kept.iter().map(|(at, _)| *at)));
    lane.fill(kept.iter().map(|(_, bits)| *bits));
    lane
}
