//! Suite `exposition`: what a scrape costs an application, beside the peers.
//!
//! 100,000 counters with two labels, then 5,000 histograms with 12 bounds,
//! each as the text that `/metrics` would send. The same series have the same
//! values for all; what each writes is read back and compared before the
//! rounds. What any of them may keep between two scrapes, it keeps.

mod counters;
mod histograms;
mod read_back;

use crate::rounds::{Contestant, Cost, measure};

const ROUNDS: usize = 15;
/// How many values the labels have.
const PATHS: usize = 2_000;
const INSTANCES: usize = 50;

pub(crate) fn run() {
    counters::compare();
    histograms::compare();
}

/// Makes a contestant of what writes everything and returns its length.
fn contestant<'a>(name: &'static str, mut scrape: impl FnMut() -> usize + 'a) -> Contestant<'a> {
    let turn = move || -> Cost {
        measure(1, || {
            std::hint::black_box(scrape());
        })
    };
    Contestant { name, turn: Box::new(turn) }
}

/// Label values live as long as the program, as some peers want them.
fn path(index: usize) -> &'static str {
    format!("/api/v1/orders/{index:04}").leak()
}

fn instance(index: usize) -> &'static str {
    format!("host-{index:03}.eu").leak()
}

/// A sequence in which no predictor finds a pattern.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
