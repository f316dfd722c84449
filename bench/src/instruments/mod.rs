//! Suite `instruments`: what counting costs an application, beside the peers.
//!
//! One and two threads write the same metric at once; each figure is the CPU
//! time of one operation on one thread. Measurements are long pseudo-random
//! sequences, as a branch predictor learns short ones by heart. Every turn is
//! checked for what was counted.

mod counter;
mod histogram;
mod look_up;
mod memory;
mod middleware;
mod open_telemetry;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use crate::rounds::{Contestant, Cost, compete, measure};

const ROUNDS: usize = 15;
/// Operations of one thread in a turn.
const OPERATIONS: u32 = 2_000_000;

pub(crate) fn run() {
    for threads in [1, 2] {
        counter::compare(threads);
        histogram::compare(threads);
        look_up::compare(threads);
    }
    middleware::compare();
    memory::compare();
}

/// Makes a contestant of what one thread does, `work(operations)`.
fn contestant<'a>(
    name: &'static str,
    threads: u32,
    work: impl Fn(u32) + Sync + 'a,
) -> Contestant<'a> {
    Contestant { name, turn: Box::new(move || turn(threads, &work)) }
}

/// Lets threads work side by side. Starting them is not counted as work: it
/// is little beside two million operations.
fn turn(threads: u32, work: &(impl Fn(u32) + Sync)) -> Cost {
    let barrier = Barrier::new(threads as usize);
    measure(OPERATIONS * threads, || {
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    barrier.wait();
                    work(black_box(OPERATIONS));
                });
            }
        });
    })
}

fn compare(what: &str, threads: u32, contestants: &mut [Contestant<'_>]) {
    let plural = if threads == 1 { "thread" } else { "threads" };
    println!("{what}, {threads} {plural}:");
    compete(&format!("instruments {what}_{threads}t"), ROUNDS, contestants);
}
