//! What outlives the store's owner.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::chunk::ChunkList;
use super::series::{Body, Series};
use super::slab::Slab;

/// The series of all incarnations of a [`Store`](super::Store), shared with
/// whoever has to rebuild it.
///
/// Each incarnation writes a book of its own, and a recovery turns the ledger
/// over to a new one: what a predecessor enters afterwards, nobody reads.
pub struct Ledger {
    book: ArcSwap<Book>,
    /// Shared by all incarnations, so that no generation comes twice.
    next_generation: AtomicU32,
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
    pages: ArcSwap<Vec<Arc<[ArcSwapOption<Series>]>>>,
}

impl Ledger {
    /// Creates a ledger without a series.
    #[must_use]
    pub fn new() -> Self {
        Self { book: ArcSwap::default(), next_generation: AtomicU32::new(1) }
    }

    pub(super) fn book(&self) -> Arc<Book> {
        self.book.load_full()
    }

    /// Makes `book` the one that the next recovery reads.
    pub(super) fn turn_over(&self, book: Arc<Book>) {
        self.book.store(book);
    }

    pub(super) fn next_generation(&self) -> u32 {
        // Only the uniqueness matters, not the order against other memory.
        self.next_generation.fetch_add(1, Ordering::Relaxed)
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
        if let Some(entry) = pages.get(id / PAGE).and_then(|page| page.get(id % PAGE)) {
            entry.store(series);
            return;
        }
        let mut longer = pages.as_ref().clone();
        while longer.len() <= id / PAGE {
            longer.push((0..PAGE).map(|_| ArcSwapOption::empty()).collect());
        }
        if let Some(entry) = longer.get(id / PAGE).and_then(|page| page.get(id % PAGE)) {
            entry.store(series);
        }
        self.pages.store(Arc::new(longer));
    }

    /// Returns the series that are entered, by growing id.
    pub(super) fn series(&self) -> Vec<Arc<Series>> {
        let pages = self.pages.load();
        pages.iter().flat_map(|page| page.iter()).filter_map(ArcSwapOption::load_full).collect()
    }
}

/// Copies a series for a new writer: the same identity and chunks, and the
/// open samples in a slab that no predecessor holds.
pub(super) fn salvage(series: &Series, recovery: &mut Recovery) -> Series {
    let body = series.body();
    let all: Vec<_> = body.chunks.iter().cloned().collect();
    let sound: Vec<_> = all.iter().filter(|chunk| chunk.is_plausible()).cloned().collect();
    recovery.chunks_refused += all.len() - sound.len();

    let published = body.open.len();
    let mut open = Vec::with_capacity(published);
    // Only against its own kind: a chunk of late samples may overlap the slab.
    let mut before = None;
    for sample in body.open.iter(published) {
        if before.is_none_or(|before| sample.at > before) {
            before = Some(sample.at);
            open.push(sample);
        }
    }
    recovery.samples_refused += published - open.len();

    let chunks =
        if sound.len() == all.len() { body.chunks.clone() } else { ChunkList::from_chunks(&sound) };
    recovery.series += 1;
    recovery.samples += chunks.samples() + body.late.len() + open.len();
    let body = Body { chunks, late: Arc::clone(&body.late), open: Slab::holding(&open) };
    Series::new(
        series.reference(),
        Arc::clone(series.metric()),
        Arc::clone(series.name()),
        series.labels().clone(),
        body,
    )
}
