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
/// The pages of a slab.
const PAGES: usize = 512;
/// The words of a slab.
pub(super) const WORDS: u32 = (CHUNK * PAGE * PAGES) as u32;

type Chunk = [AtomicU64; CHUNK];
type Page = [OnceLock<Box<Chunk>>; PAGE];

/// The words of one thread at a time. Slabs are never freed: each goes from
/// thread to thread, and there are as many as there were threads at once.
pub(super) struct Slab {
    tenancy: Tenancy,
    /// The slab that was made after it.
    next: OnceLock<&'static Self>,
    pages: [OnceLock<Box<Page>>; PAGES],
}

/// The slab of those who have none, and the first of all.
static SHARED: Slab = Slab::new(true);

impl Slab {
    const fn new(taken: bool) -> Self {
        Self {
            tenancy: Tenancy(AtomicBool::new(taken)),
            next: OnceLock::new(),
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

    /// Returns `len` words of one chunk, which is made if they are the first
    /// of it.
    #[inline]
    pub(super) fn words(&self, start: u32, len: usize) -> &[AtomicU64] {
        let (page, chunk, place) = split(start);
        let made = self.pages[page].get().and_then(|page| page[chunk].get());
        let chunk = match made {
            Some(chunk) => chunk,
            None => self.make(page, chunk),
        };
        // Blocks end where chunks do, if not before.
        chunk.get(place..place + len).unwrap_or_default()
    }

    #[cold]
    fn make(&self, page: usize, chunk: usize) -> &Chunk {
        let empty_page = || Box::new(array::from_fn(|_| OnceLock::new()));
        let empty_chunk = || Box::new(array::from_fn(|_| AtomicU64::new(0)));
        let page = self.pages[page].get_or_init(empty_page);
        page[chunk].get_or_init(empty_chunk)
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
        let (page, chunk, place) = split(word);
        Some(&self.pages[page].get()?[chunk].get()?[place])
    }
}

/// Returns the page of a word, the chunk in it and the place in that. Words
/// from [`WORDS`] on, which there are none of, begin again.
#[inline]
const fn split(word: u32) -> (usize, usize, usize) {
    let word = word as usize;
    ((word / (CHUNK * PAGE)) % PAGES, (word / CHUNK) % PAGE, word % CHUNK)
}
