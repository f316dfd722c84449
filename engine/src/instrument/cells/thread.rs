//! The calling thread's slab.

use std::cell::Cell;

use super::row::Row;
use super::slab::Slab;

thread_local! {
    /// The thread's slab: `None` before the first write, and after the guard
    /// has gone. It has no destructor, so that reading it is one load.
    static SLAB: Cell<Option<&'static Slab>> = const { Cell::new(None) };

    /// Leaves the slab when the thread ends.
    static GUARD: Guard = const { Guard };
}

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(slab) = SLAB.take() {
            slab.leave();
        }
    }
}

/// Adds to a word of the calling thread, wrapping around.
#[inline]
pub(super) fn add(word: u32, amount: u64) {
    match SLAB.get() {
        Some(slab) => Row::alone(std::slice::from_ref(slab.word(word))).add(0, amount),
        None => change_first(word, 1, move |row| row.add(0, amount)),
    }
}

/// Lets `change` add to `len` words of the calling thread.
#[inline]
pub(super) fn change(start: u32, len: usize, change: impl FnOnce(Row<'_>)) {
    match SLAB.get() {
        Some(slab) => change(Row::alone(slab.words(start, len))),
        None => change_first(start, len, change),
    }
}

#[cold]
fn change_first(start: u32, len: usize, change: impl FnOnce(Row<'_>)) {
    // Without a guard, nobody would leave the slab again.
    if GUARD.try_with(|_| ()).is_ok() {
        let slab = Slab::take();
        SLAB.set(Some(slab));
        change(Row::alone(slab.words(start, len)));
    } else {
        change(Row::shared(Slab::shared().words(start, len)));
    }
}
