//! Aggregations with one value a step that keep no values.

use crate::promql::functions::absence::{ABSENT, is_absent};
use crate::promql::functions::sum::{Mean, two_sum};
use crate::promql::syntax::AggregateOp;

/// The state of one group over all steps.
#[derive(Debug, Clone)]
pub struct Accumulator {
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    /// Each part of the sums in a column of its own, which the compiler turns
    /// into operations on several steps at once.
    Sum {
        sums: Vec<f64>,
        lost: Vec<f64>,
        seen: Vec<u64>,
    },
    Avg(Vec<Option<Mean>>),
    Min(Vec<f64>),
    Max(Vec<f64>),
    Count(Vec<f64>),
    Group(Vec<f64>),
    Variance {
        moments: Vec<Moments>,
        root: bool,
    },
}

/// Welford's running moments; no value yet while `count` is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Accumulator {
    /// Creates the state of an operator over `steps` steps; `None` for the
    /// operators with a parameter, which are not of this kind.
    #[must_use]
    pub fn new(op: AggregateOp, steps: usize) -> Option<Self> {
        let state = match op {
            AggregateOp::Sum => {
                State::Sum { sums: vec![0.0; steps], lost: vec![0.0; steps], seen: vec![0; steps] }
            }
            AggregateOp::Avg => State::Avg(vec![None; steps]),
            AggregateOp::Min => State::Min(vec![ABSENT; steps]),
            AggregateOp::Max => State::Max(vec![ABSENT; steps]),
            AggregateOp::Count => State::Count(vec![0.0; steps]),
            AggregateOp::Group => State::Group(vec![ABSENT; steps]),
            AggregateOp::Stddev | AggregateOp::Stdvar => State::Variance {
                moments: vec![Moments::default(); steps],
                root: op == AggregateOp::Stddev,
            },
            _ => return None,
        };
        Some(Self { state })
    }

    /// Takes in one series, a value a step.
    pub fn add(&mut self, column: &[f64]) {
        match &mut self.state {
            State::Sum { sums, lost, seen } => add_all(sums, lost, seen, column),
            State::Avg(means) => each(means, column, |mean, value| {
                mean.get_or_insert_default().add(value);
            }),
            // A NaN gives way to any number; the first sample to any other.
            State::Min(least) => each(least, column, |least, value| {
                *least = if is_absent(*least) { value } else { least.min(value) };
            }),
            State::Max(greatest) => each(greatest, column, |greatest, value| {
                *greatest = if is_absent(*greatest) { value } else { greatest.max(value) };
            }),
            State::Count(counts) => each(counts, column, |count, _| *count += 1.0),
            State::Group(ones) => each(ones, column, |one, _| *one = 1.0),
            State::Variance { moments, .. } => each(moments, column, Moments::add),
        }
    }

    /// Returns the result, a value a step, absent where no series had one.
    #[must_use]
    pub fn finish(self) -> Vec<f64> {
        match self.state {
            State::Sum { mut sums, lost, seen } => {
                for ((sum, lost), seen) in sums.iter_mut().zip(lost).zip(seen) {
                    if seen == 0 {
                        *sum = ABSENT;
                    } else if sum.is_finite() {
                        *sum += lost;
                    }
                }
                sums
            }
            State::Avg(means) => {
                means.into_iter().map(|mean| mean.map_or(ABSENT, Mean::mean)).collect()
            }
            State::Min(column) | State::Max(column) | State::Group(column) => column,
            State::Count(counts) => {
                counts.into_iter().map(|count| if count > 0.0 { count } else { ABSENT }).collect()
            }
            State::Variance { moments, root } => {
                moments.into_iter().map(|moments| moments.result(root)).collect()
            }
        }
    }
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        // A first infinity leaves a NaN, as its mean is none to go on from.
        self.squares += delta * (value - self.mean);
    }

    fn result(self, root: bool) -> f64 {
        if self.count == 0.0 {
            return ABSENT;
        }
        let variance = self.squares / self.count;
        if root { variance.sqrt() } else { variance }
    }
}

/// Adds a column to compensated sums.
#[inline]
fn add_all(sums: &mut [f64], lost: &mut [f64], seen: &mut [u64], column: &[f64]) {
    let state = sums.iter_mut().zip(lost).zip(seen);
    for (((sum, lost), seen), &value) in state.zip(column) {
        let absent = is_absent(value);
        let (next, rounding) = two_sum(*sum, if absent { 0.0 } else { value });
        *lost += rounding;
        *sum = next;
        *seen |= u64::from(!absent);
    }
}

/// Calls `f` with the state and the value of each step that has one.
#[inline]
fn each<S>(states: &mut [S], column: &[f64], mut f: impl FnMut(&mut S, f64)) {
    for (state, &value) in states.iter_mut().zip(column) {
        if !is_absent(value) {
            f(state, value);
        }
    }
}
