//! Which series there are, for who keeps something for each of them.

use std::sync::Arc;

use super::identity::Serial;
use super::ledger::{Book, Ledger, Page};
use super::series::{Series, SeriesRef};

/// The series of a [`Ledger`] as they were when somebody looked; immutable,
/// cheap to clone, 8 bytes a series.
///
/// Looking again tells what came since and costs as much as changed, not as
/// much as there is. Any thread may look; the owner of the store does not
/// notice.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    book: Option<Arc<Book>>,
    pages: Vec<Sheet>,
}

/// A page as it was.
#[derive(Debug, Clone)]
struct Sheet {
    changes: u64,
    /// Who was at each place.
    serials: Arc<[Option<Serial>]>,
}

impl Roster {
    /// Looks again. Returns the roster as it is now and the series that are
    /// new since this one, or `None` if nothing has changed. After a recovery
    /// of the store all series are new.
    #[must_use]
    pub fn renewed(&self, ledger: &Ledger) -> Option<(Self, Vec<Arc<Series>>)> {
        let book = ledger.book();
        let same = self.book.as_ref().is_some_and(|known| Arc::ptr_eq(known, &book));
        let known: &[Sheet] = if same { &self.pages } else { &[] };
        let pages = book.pages();
        let is_unchanged = |(sheet, page): (&Sheet, &Arc<Page>)| sheet.changes == page.changes();
        if same && known.len() == pages.len() && known.iter().zip(pages.iter()).all(is_unchanged) {
            return None;
        }
        let mut new = Vec::new();
        let look = |(index, page): (usize, &Arc<Page>)| match known.get(index) {
            Some(sheet) if sheet.changes == page.changes() => sheet.clone(),
            sheet => Sheet::look(page, sheet, &mut new),
        };
        let pages = pages.iter().enumerate().map(look).collect();
        Some((Self { book: Some(book), pages }, new))
    }

    /// Returns all series that there are now.
    #[must_use]
    pub fn series(&self) -> Vec<Arc<Series>> {
        self.book.as_ref().map_or_else(Vec::new, |book| book.series())
    }

    /// Returns a series that is still there.
    #[must_use]
    pub fn get(&self, reference: SeriesRef) -> Option<Arc<Series>> {
        let series = self.book.as_ref()?.get(reference.id)?;
        (series.serial() == reference.serial).then_some(series)
    }

    /// Says whether this very series is still there.
    #[must_use]
    pub fn has(&self, series: &Arc<Series>) -> bool {
        self.get(series.reference()).is_some_and(|found| Arc::ptr_eq(&found, series))
    }
}

impl Sheet {
    /// Reads a page and notes who was not there before.
    fn look(page: &Arc<Page>, before: Option<&Self>, new: &mut Vec<Arc<Series>>) -> Self {
        // Read first: what changes meanwhile is looked at again.
        let changes = page.changes();
        let before = before.map_or(&[][..], |sheet| &sheet.serials);
        let note = |(place, series): (usize, Option<Arc<Series>>)| {
            let series = series?;
            let serial = series.serial();
            if before.get(place) != Some(&Some(serial)) {
                new.push(series);
            }
            Some(serial)
        };
        let serials = page.series().enumerate().map(note).collect();
        Self { changes, serials }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Labels;
    use crate::storage::{Store, StoreConfig};

    fn names(series: &[Arc<Series>]) -> Vec<&str> {
        series.iter().map(|series| &**series.name()).collect()
    }

    #[test]
    fn looking_again_tells_what_came_since() {
        let ledger = Arc::new(Ledger::new());
        let config = StoreConfig::default();
        let (mut store, _) = Store::recover(Arc::clone(&ledger), config);
        let add = |store: &mut Store, name: &str| {
            let name: Arc<str> = name.into();
            store.resolve(&name, &name, &Labels::EMPTY).unwrap()
        };
        let (empty, new) = Roster::default().renewed(&ledger).unwrap();
        assert!(new.is_empty() && empty.renewed(&ledger).is_none());
        let a = add(&mut store, "a");
        let (first, new) = empty.renewed(&ledger).unwrap();
        assert_eq!(names(&new), ["a"]);
        assert!(first.renewed(&ledger).is_none() && first.has(&new[0]));
        // Another page, of which there was none.
        let many: Vec<String> = (0..300).map(|index| format!("m{index}")).collect();
        for name in &many {
            add(&mut store, name);
        }
        let (second, new) = first.renewed(&ledger).unwrap();
        assert_eq!(names(&new), many);
        // One goes, and another takes its place.
        store.remove(a.to_parts()[0]);
        assert!(second.get(a).is_none());
        let b = add(&mut store, "b");
        let (third, new) = second.renewed(&ledger).unwrap();
        assert_eq!((names(&new), third.get(b).is_some()), (vec!["b"], true));
        // What has recovered is new as a whole.
        let (_, recovery) = Store::recover(Arc::clone(&ledger), config);
        let (fourth, new) = third.renewed(&ledger).unwrap();
        assert_eq!((new.len(), fourth.series().len(), recovery.series), (301, 301, 301));
        assert!(!fourth.has(&third.series()[0]));
    }
}
