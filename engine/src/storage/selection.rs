//! What a question found, before its samples are looked at.

use std::fmt;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::files::FileSet;
use super::identity::Serial;
use super::ledger::{Book, Ledger};
use super::rollup::{Resolution, SeriesRollups};
use super::snapshot::{SeriesView, Snapshot};
use crate::model::{TimeRange, Timestamp};

/// Series that match, to be read on any thread.
///
/// Finding them is the owner's work and takes microseconds; everything that
/// grows with the series and their samples is done by who asks.
#[derive(Clone)]
pub struct Selection {
    ledger: Arc<Ledger>,
    book: Arc<Book>,
    ids: Arc<RoaringBitmap>,
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
        ids: RoaringBitmap,
        range: TimeRange,
    ) -> Self {
        Self {
            book,
            ids: Arc::new(ids),
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

    /// Returns what the samples of each series in the range amount to, span by
    /// span, sorted by name and labels: from rollups where there are any, from
    /// samples behind them. Series without a value are left out.
    #[must_use]
    pub fn rollups(&self, resolution: Resolution) -> Vec<SeriesRollups> {
        let (views, files) = self.views();
        let snapshot = Snapshot::new(views, files, self.kept_since);
        let rolled = snapshot.iter().map(|series| SeriesRollups {
            name: Arc::clone(series.name()),
            labels: series.labels().clone(),
            buckets: snapshot.rollups(series, self.range, resolution),
        });
        let mut all: Vec<SeriesRollups> = rolled.filter(|one| !one.buckets.is_empty()).collect();
        all.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        all
    }

    /// Takes the series as they are now: those that may have a sample in the
    /// range. Removed ones are left out.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (mut views, files) = self.views();
        let from_files = TimeRange::new(self.range.start.max(self.kept_since), self.range.end);
        if !files.may_overlap(from_files) {
            views.retain(|view| view.may_overlap(self.range));
        }
        Snapshot::new(views, files, self.kept_since)
    }

    fn views(&self) -> (Vec<SeriesView>, Arc<FileSet>) {
        let found = self.ids.iter().filter_map(|id| self.book.get(id));
        let views: Vec<SeriesView> = found
            .filter(|series| series.serial() < self.before)
            .map(|series| SeriesView::new(&series))
            .collect();
        // After the series: what left one of them for a file meanwhile is in
        // a file that is published already.
        (views, self.ledger.files())
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
