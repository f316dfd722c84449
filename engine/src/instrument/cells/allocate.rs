//! Which words are free.

use std::sync::atomic::{AtomicU32, Ordering};

use crossbeam_queue::SegQueue;

use super::slab::{CHUNK, WORDS};

/// The sizes of blocks are powers of two, from one word to a chunk.
const CLASSES: usize = CHUNK.ilog2() as usize + 1;

/// Where the free blocks of each size begin.
static FREE: [SegQueue<u32>; CLASSES] = [const { SegQueue::new() }; CLASSES];

/// The first word of the first chunk that is in no use.
static FRESH: AtomicU32 = AtomicU32::new(0);

/// Returns the class of blocks that `len` words fit into; `None` if they are
/// more than a chunk has.
pub(super) fn class(len: usize) -> Option<u8> {
    let class = len.max(1).next_power_of_two().ilog2();
    u8::try_from(class).ok().filter(|class| usize::from(*class) < CLASSES)
}

/// Takes a free block of a class, all zero; `None` if there is no room.
pub(super) fn take(class: u8) -> Option<u32> {
    let free = FREE.get(usize::from(class))?;
    if let Some(start) = free.pop() {
        return Some(start);
    }
    // A chunk becomes blocks of one size, so that none crosses its end.
    let chunk = |fresh: u32| (fresh < WORDS).then_some(fresh + CHUNK as u32);
    let start = FRESH.fetch_update(Ordering::Relaxed, Ordering::Relaxed, chunk).ok()?;
    let rest = (start..start + CHUNK as u32).step_by(1 << class).skip(1);
    rest.for_each(|start| free.push(start));
    Some(start)
}

/// Gives a block back, all zero.
pub(super) fn give_back(class: u8, start: u32) {
    if let Some(free) = FREE.get(usize::from(class)) {
        free.push(start);
    }
}
