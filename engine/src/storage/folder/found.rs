//! Which series a segment has.

use std::collections::HashSet;

use super::DataFolder;
use crate::storage::identity::{Identity, Serial};
use crate::storage::segment::{Segment, SegmentError};

/// The series of a segment.
pub(super) struct FoundSeries {
    /// Those that are not gone, in growing order.
    pub(super) series: Vec<(Identity, Serial)>,
    /// How many more there are, whose identities are damaged and not known
    /// from elsewhere.
    pub(super) unknown: usize,
}

impl DataFolder {
    /// Reads the series of a segment; identities that are damaged there come
    /// from memory.
    pub(super) fn series_in(&self, segment: &Segment) -> Result<FoundSeries, SegmentError> {
        let dead = self.dead();
        let mut series = Vec::with_capacity(segment.series());
        segment.identities(&mut |entry| series.push((entry.identity, entry.serial)))?;
        let mut unknown = segment.series().saturating_sub(series.len());
        if unknown > 0 {
            let read: HashSet<Serial> = series.iter().map(|(_, serial)| *serial).collect();
            let serials = segment.serials()?.into_iter().map(|(serial, _)| serial);
            let missing: HashSet<Serial> = serials.filter(|one| !read.contains(one)).collect();
            let book = self.ledger.book().series();
            let known = book.iter().filter(|known| missing.contains(&known.serial()));
            series.extend(known.map(|known| (known.identity().clone(), known.serial())));
            let gone = missing.intersection(&dead).count();
            unknown = segment.series().saturating_sub(series.len() + gone);
            series.sort();
        }
        series.retain(|(_, serial)| !dead.contains(serial));
        Ok(FoundSeries { series, unknown })
    }

    /// Returns the series of segments in growing order, each once.
    pub(super) fn series_of(
        &self,
        segments: &[Segment],
    ) -> Result<Vec<(Identity, Serial)>, SegmentError> {
        let mut all: Vec<(Identity, Serial)> = Vec::new();
        let mut known: HashSet<Serial> = HashSet::new();
        for segment in segments {
            let found = self.series_in(segment)?.series.into_iter();
            all.extend(found.filter(|(_, serial)| known.insert(*serial)));
        }
        all.sort();
        // An identity that came twice keeps its newest serial.
        all.reverse();
        all.dedup_by(|older, newer| older.0 == newer.0);
        all.reverse();
        Ok(all)
    }

    /// Returns the serials of series that are gone.
    fn dead(&self) -> HashSet<Serial> {
        self.ledger.tombstones().iter().map(|tombstone| tombstone.serial).collect()
    }
}

/// Returns what was read, or nothing where it is damaged: that is lost, while
/// a file system that refuses may give it at the next try.
pub(super) fn unless_damaged<T>(read: Result<T, SegmentError>) -> Result<Option<T>, SegmentError> {
    match read {
        Err(error @ SegmentError::Io { .. }) => Err(error),
        read => Ok(read.ok()),
    }
}
