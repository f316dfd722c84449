//! Which series there are.

use crate::storage::Serial;

/// How many numbers a page is for.
const PAGE: u32 = 4_096;

/// A set of numbers that are mostly next to each other, quick to ask.
#[derive(Default)]
pub(super) struct Known {
    pages: Vec<Option<Box<[u64; PAGE as usize / 64]>>>,
}

impl Known {
    #[inline]
    pub(super) fn contains(&self, serial: Serial) -> bool {
        let (page, word, bit) = place(serial);
        let page = self.pages.get(page).and_then(Option::as_deref);
        page.and_then(|page| page.get(word)).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn insert(&mut self, serial: Serial) {
        let (page, word, bit) = place(serial);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page =
            self.pages.get_mut(page).map(|page| page.get_or_insert_with(|| Box::new([0; _])));
        if let Some(word) = page.and_then(|page| page.get_mut(word)) {
            *word |= bit;
        }
    }

    pub(super) fn remove(&mut self, serial: Serial) {
        let (page, word, bit) = place(serial);
        let page = self.pages.get_mut(page).and_then(Option::as_deref_mut);
        if let Some(word) = page.and_then(|page| page.get_mut(word)) {
            *word &= !bit;
        }
    }
}

#[inline]
const fn place(Serial(serial): Serial) -> (usize, usize, u64) {
    ((serial / PAGE) as usize, (serial % PAGE / 64) as usize, 1 << (serial % 64))
}
