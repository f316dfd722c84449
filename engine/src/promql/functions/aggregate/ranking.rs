//! `topk` and `bottomk`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use crate::promql::functions::absence::{ABSENT, is_absent};
use crate::promql::functions::error::FunctionError;
use crate::promql::functions::range::Parameter;
use crate::promql::syntax::AggregateOp;

/// The bounds of a 64-bit integer, the upper one excluded.
const INTEGER_END: f64 = 9_223_372_036_854_775_808.0;

/// Returns how many series to take at each of `steps` steps: the parameter cut
/// to an integer, 0 where it is below 1.
///
/// # Errors
/// A parameter that is NaN or does not fit an integer of 64 bits at any step.
pub fn counts(parameter: Parameter<'_>, steps: usize) -> Result<Vec<usize>, FunctionError> {
    (0..steps)
        .map(|step| {
            let value = parameter.at(step);
            if value.is_nan() {
                return Err(FunctionError::CountIsNan);
            }
            if value >= INTEGER_END {
                return Err(FunctionError::CountOverflow(value));
            }
            if value <= -INTEGER_END {
                return Err(FunctionError::CountUnderflow(value));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the fraction is cut off, and what is below 0 is 0"
            )]
            let count = value as usize;
            Ok(count)
        })
        .collect()
}

/// The best series of one group at each step.
#[derive(Debug, Clone)]
pub struct Ranking {
    greatest: bool,
    steps: Vec<Best>,
}

/// A series that was chosen, with a value at the steps at which it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What it was added as.
    pub series: usize,
    /// Its values at the steps at which it is among the best.
    pub column: Vec<f64>,
}

#[derive(Debug, Clone)]
struct Best {
    count: usize,
    /// The entries, of which the worst comes first.
    entries: BinaryHeap<Entry>,
}

/// A series at one step. The greater of two entries is the worse one: NaN,
/// then the value further from what is looked for, then what came later.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Such that a greater one is better; NaN is worst.
    score: f64,
    series: usize,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let better = match (self.score.is_nan(), other.score.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.score.partial_cmp(&other.score).unwrap_or(Ordering::Equal),
        };
        better.reverse().then(self.series.cmp(&other.series))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl Ranking {
    /// Creates the ranking of `topk` or `bottomk` from how many series to take
    /// at each step; `None` for another operator.
    #[must_use]
    pub fn new(op: AggregateOp, counts: &[usize]) -> Option<Self> {
        let greatest = match op {
            AggregateOp::Topk => true,
            AggregateOp::Bottomk => false,
            _ => return None,
        };
        let steps =
            counts.iter().map(|&count| Best { count, entries: BinaryHeap::new() }).collect();
        Some(Self { greatest, steps })
    }

    /// Takes in one series, a value a step. Of equal values the one that was
    /// added first is better; `series` grows from call to call.
    pub fn add(&mut self, series: usize, column: &[f64]) {
        for (best, &value) in self.steps.iter_mut().zip(column) {
            if is_absent(value) || best.count == 0 {
                continue;
            }
            let entry = Entry { score: if self.greatest { value } else { -value }, series };
            if best.entries.len() < best.count {
                best.entries.push(entry);
            } else if let Some(mut worst) = best.entries.peek_mut()
                && entry < *worst
            {
                *worst = entry;
            }
        }
    }

    /// Returns the series that are among the best at one step at least: in the
    /// order of rank at the first step, then at the second, and so on.
    #[must_use]
    pub fn finish(self) -> Vec<Chosen> {
        let count = self.steps.len();
        let mut chosen: Vec<Chosen> = Vec::new();
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for (step, best) in self.steps.into_iter().enumerate() {
            for Entry { score, series } in best.entries.into_sorted_vec() {
                let place = *places.entry(series).or_insert_with(|| {
                    chosen.push(Chosen { series, column: vec![ABSENT; count] });
                    chosen.len() - 1
                });
                chosen[place].column[step] = if self.greatest { score } else { -score };
            }
        }
        chosen
    }
}
