use loom::sync::Arc;
use loom::thread;

use super::atomic::{AtomicBool, AtomicU64, Ordering};
use super::row::Row;
use super::tenancy::Tenancy;
use super::version::Version;

/// A slab of one thread at a time, as the engine has it.
struct Slab {
    tenancy: Tenancy,
    words: [AtomicU64; 2],
}

impl Slab {
    fn new() -> Self {
        let words = [AtomicU64::new(0), AtomicU64::new(0)];
        Self { tenancy: Tenancy(AtomicBool::new(false)), words }
    }

    /// Takes the slab, counts and leaves; says whether it could.
    fn count(&self, times: u64) -> bool {
        if !self.tenancy.take() {
            return false;
        }
        for _ in 0..times {
            Row::alone(&self.words).add(0, 1);
            Row::alone(&self.words).add_float(1, 0.5);
        }
        self.tenancy.leave();
        true
    }

    fn whole(&self) -> u64 {
        self.words[0].load(Ordering::Relaxed)
    }

    fn float(&self) -> f64 {
        f64::from_bits(self.words[1].load(Ordering::Relaxed))
    }
}

#[test]
fn a_slab_that_goes_from_thread_to_thread_loses_nothing() {
    loom::model(|| {
        let slab = Arc::new(Slab::new());
        let threads: Vec<_> = (1..=2)
            .map(|times| {
                let slab = Arc::clone(&slab);
                thread::spawn(move || if slab.count(times) { times } else { 0 })
            })
            .collect();
        // Whoever reads meanwhile sees no more than will be.
        let seen = slab.whole();
        let counted: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert!(seen <= counted);
        assert!(slab.count(1), "nobody has it any more");
        assert_eq!(slab.whole(), counted + 1);
        assert_eq!(slab.float(), (counted + 1) as f64 * 0.5);
    });
}

#[test]
fn a_slab_that_is_shared_loses_nothing() {
    loom::model(|| {
        let slab = Arc::new(Slab::new());
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let slab = Arc::clone(&slab);
                thread::spawn(move || {
                    Row::shared(&slab.words).add(0, 1);
                    Row::shared(&slab.words).add_float(1, 0.5);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!((slab.whole(), slab.float()), (2, 1.0));
    });
}

#[test]
fn what_is_read_in_one_version_is_nobody_elses() {
    loom::model(|| {
        let metric = Arc::new((Version::new(), AtomicU64::new(1)));
        let expiring = Arc::clone(&metric);
        let other = thread::spawn(move || {
            let (version, word) = &*expiring;
            version.change();
            // The word is another's by now.
            word.store(100, Ordering::Relaxed);
        });
        let (version, word) = &*metric;
        let before = version.current();
        let total = word.load(Ordering::Relaxed);
        if version.is_still(before) {
            assert!(before == 1 || total == 1);
        }
        other.join().unwrap();
    });
}

/// The words of a cell, which its last holder frees.
struct Cell(Arc<Slab>);

impl Drop for Cell {
    fn drop(&mut self) {
        for word in &self.0.words {
            word.store(0, Ordering::Relaxed);
        }
    }
}

#[test]
fn words_that_are_freed_hold_nothing_of_who_wrote_them() {
    loom::model(|| {
        let slab = Arc::new(Slab::new());
        let cell = Arc::new(Cell(Arc::clone(&slab)));
        let other = Arc::clone(&cell);
        let writer = thread::spawn(move || {
            Row::alone(&other.0.words).add(0, 1);
            drop(other);
        });
        drop(cell);
        writer.join().unwrap();
        assert_eq!(slab.whole(), 0);
        assert!(slab.count(1));
        assert_eq!(slab.whole(), 1);
    });
}
