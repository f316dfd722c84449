//! What a question found, before its samples are looked at.

use std::fmt;
use std::sync::Arc;

use super::identity::Serial;
use super::index::passes;
use super::ledger::{Book, Ledger};
use super::snapshot::{SeriesView, Snapshot};
use crate::model::{Matcher, TimeRange, Timestamp};

/// Series that match, to be read on any thread.
///
/// Finding them is the owner's work and takes microseconds; everything that
/// grows with the series and their samples is done by who asks.
#[derive(Clone)]
pub struct Selection {
    ledger: Arc<Ledger>,
    book: Arc<Book>,
    ids: Arc<[u32]>,
    /// Conditions that are still to be checked on each series.
    rest: Arc<[Matcher]>,
    /// Series from this serial on came later; one of them may have taken the
    /// place of a series that was found.
    before: Serial,
    range: TimeRange,
    /// What is in files and before this is not shown.
    kept_since: Timestamp,
}

impl Selection {
    pub(super) fn new(
        ledger: &Arc<Ledger>,
        book: Arc<Book>,
        ids: Vec<u32>,
        rest: Vec<Matcher>,
        range: TimeRange,
    ) -> Self {
        Self {
            book,
            ids: ids.into(),
            rest: rest.into(),
            before: ledger.coming_serial(),
            range,
            kept_since: Timestamp::MIN,
            ledger: Arc::clone(ledger),
        }
    }

    /// Hides what is in files and before `since`: samples that are kept no
    /// longer, in a file that others still need.
    #[must_use]
    pub fn kept_since(self, since: Timestamp) -> Self {
        Self { kept_since: since, ..self }
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
                views.push(SeriesView::new(&series));
            }
        }
        // After the series: what left one of them for a file meanwhile is in
        // a file that is published already.
        let files = self.ledger.files();
        let from_files = TimeRange::new(self.range.start.max(self.kept_since), self.range.end);
        if !files.may_overlap(from_files) {
            views.retain(|view| view.may_overlap(self.range));
        }
        Snapshot::new(views, files, self.kept_since)
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
