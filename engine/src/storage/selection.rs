//! What a question found, before its samples are looked at.

use std::fmt;
use std::sync::Arc;

use super::identity::Serial;
use super::index::passes;
use super::ledger::Book;
use super::snapshot::{SeriesView, Snapshot};
use crate::model::{Matcher, TimeRange};

/// Series that match, to be read on any thread.
///
/// Finding them is the owner's work and takes microseconds; everything that
/// grows with the series and their samples is done by who asks.
#[derive(Clone)]
pub struct Selection {
    book: Arc<Book>,
    ids: Arc<[u32]>,
    /// Conditions that are still to be checked on each series.
    rest: Arc<[Matcher]>,
    /// Series from this serial on came later; one of them may have taken the
    /// place of a series that was found.
    before: Serial,
    range: TimeRange,
}

impl Selection {
    pub(super) fn new(
        book: Arc<Book>,
        ids: Vec<u32>,
        rest: Vec<Matcher>,
        before: Serial,
        range: TimeRange,
    ) -> Self {
        Self { book, ids: ids.into(), rest: rest.into(), before, range }
    }

    /// Returns the span that was asked for.
    #[must_use]
    pub const fn range(&self) -> TimeRange {
        self.range
    }

    /// Takes the series as they are now: those that may have a sample in the
    /// range. Removed ones are left out.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut views = Vec::with_capacity(self.ids.len());
        for series in self.ids.iter().filter_map(|&id| self.book.get(id)) {
            let matches = series.serial() < self.before
                && self.rest.iter().all(|rest| passes(rest, series.name(), series.labels()));
            if matches {
                let view = SeriesView::new(&series);
                if view.may_overlap(self.range) {
                    views.push(view);
                }
            }
        }
        Snapshot::new(views)
    }
}

impl fmt::Debug for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection")
            .field("series", &self.ids.len())
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
