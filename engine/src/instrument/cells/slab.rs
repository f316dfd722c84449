//! The words of one thread.

use std::array;
use std::iter;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::tenancy::Tenancy;

/// The words of a chunk: small, as a thread that counts one thing takes one.
pub(super) const CHUNK: usize = 128;
/// The chunks of a page.
const PAGE: usize = 256;
/// The pages of a slab, after its first.
const PAGES: usize = 511;
/// The words of a slab.
pub(super) const WORDS: u32 = (CHUNK * PAGE * (PAGES + 1)) as u32;

type Chunk = [AtomicU64; CHUNK];
type Page = [OnceLock<Box<Chunk>>; PAGE];

/// The words of one thread at a time. Slabs are never freed: each goes from
/// thread to thread, and there are as many as there were threads at once.
pub(super) struct Slab {
    tenancy: Tenancy,
    /// The slab that was made after it.
    next: OnceLock<&'static Self>,
    /// The first page, which most programs never leave: one step less to each
    /// of its words.
    first: Page,
    /// The pages after it.
    pages: [OnceLock<Box<Page>>; PAGES],
}

/// The slab of those who have none, and the first of all.
static SHARED: Slab = Slab::new(true);

impl Slab {
    const fn new(taken: bool) -> Self {
        Self {
            tenancy: Tenancy(AtomicBool::new(taken)),
            next: OnceLock::new(),
            first: [const { OnceLock::new() }; PAGE],
            pages: [const { OnceLock::new() }; PAGES],
        }
    }

    /// Returns the slab that is shared: whoever writes there must expect
    /// others.
    pub(super) const fn shared() -> &'static Self {
        &SHARED
    }

    /// Returns all slabs, the shared one first.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        iter::successors(Some(Self::shared()), |slab| slab.next.get().copied())
    }

    /// Takes a slab that no thread has, or a new one. What the thread that had
    /// it before wrote there is seen.
    pub(super) fn take() -> &'static Self {
        let mut last = Self::shared();
        for slab in Self::all() {
            last = slab;
            if slab.tenancy.take() {
                return slab;
            }
        }
        let new: &'static Self = Box::leak(Box::new(Self::new(true)));
        while last.next.set(new).is_err() {
            // Another thread was faster; the end is behind its slab.
            last = iter::successors(Some(last), |slab| slab.next.get().copied())
                .last()
                .unwrap_or(last);
        }
        new
    }

    /// Leaves the slab to the next thread.
    pub(super) fn leave(&self) {
        self.tenancy.leave();
    }

    /// Returns a word, whose chunk is made if it is the first of it.
    #[inline]
    pub(super) fn word(&self, word: u32) -> &AtomicU64 {
        &self.chunk(word)[word as usize % CHUNK]
    }

    /// Returns `len` words of one chunk, which is made if they are the first
    /// of it.
    #[inline]
    pub(super) fn words(&self, start: u32, len: usize) -> &[AtomicU64] {
        let place = start as usize % CHUNK;
        // Blocks end where chunks do, if not before.
        self.chunk(start).get(place..place + len).unwrap_or_default()
    }

    #[inline]
    fn chunk(&self, word: u32) -> &Chunk {
        let place = word as usize / CHUNK;
        match self.first.get(place).and_then(OnceLock::get) {
            Some(chunk) => chunk,
            None => self.find_or_make(place),
        }
    }

    #[cold]
    fn find_or_make(&self, place: usize) -> &Chunk {
        let empty_page = || Box::new([const { OnceLock::new() }; PAGE]);
        let empty_chunk = || Box::new(array::from_fn(|_| AtomicU64::new(0)));
        let page = match place / PAGE {
            0 => &self.first,
            page => self.pages[(page - 1) % PAGES].get_or_init(empty_page),
        };
        page[place % PAGE].get_or_init(empty_chunk)
    }

    /// Reads a word; `None` if its chunk was never written.
    pub(super) fn peek(&self, word: u32) -> Option<u64> {
        self.made(word).map(|word| word.load(Ordering::Relaxed))
    }

    /// Sets a word to zero. Nobody may write it meanwhile.
    pub(super) fn clear(&self, word: u32) {
        if let Some(word) = self.made(word) {
            word.store(0, Ordering::Relaxed);
        }
    }

    fn made(&self, word: u32) -> Option<&AtomicU64> {
        let place = word as usize / CHUNK;
        let page = match place / PAGE {
            0 => &self.first,
            page => self.pages[(page - 1) % PAGES].get()?,
        };
        Some(&page[place % PAGE].get()?[word as usize % CHUNK])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_page_are_read_where_they_were_written() {
        let slab = Slab::new(true);
        let page = (CHUNK * PAGE) as u32;
        let words = [0, 127, 128, page - 1, page, page + 128, 7 * page + 5, WORDS - 1];
        for (word, count) in words.into_iter().zip(1..) {
            assert_eq!(slab.peek(word).unwrap_or(0), 0);
            slab.word(word).store(count, Ordering::Relaxed);
        }
        for (word, count) in words.into_iter().zip(1..) {
            assert_eq!(slab.peek(word), Some(count), "word {word}");
            slab.clear(word);
            assert_eq!(slab.peek(word), Some(0));
        }
    }
}
