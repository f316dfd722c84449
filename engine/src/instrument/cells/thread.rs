//! The calling thread's slab.

use std::cell::Cell;
use std::sync::atomic::Ordering;

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

/// Changes a word of the calling thread.
#[inline]
pub(super) fn update(word: u32, step: impl Fn(u64) -> u64) {
    match SLAB.get() {
        Some(slab) => {
            // Nobody else writes here: a load and a store are enough.
            let word = slab.word(word);
            word.store(step(word.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
        None => update_first(word, step),
    }
}

#[cold]
fn update_first(word: u32, step: impl Fn(u64) -> u64) {
    // Without a guard, nobody would leave the slab again.
    if GUARD.try_with(|_| ()).is_ok() {
        SLAB.set(Some(Slab::take()));
        return update(word, step);
    }
    let word = Slab::shared().word(word);
    let stepped = |value| Some(step(value));
    // The closure always has a value.
    let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, stepped);
}
