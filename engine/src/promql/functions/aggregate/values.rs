//! Aggregations that need the values themselves: `quantile`, `count_values`.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::promql::functions::absence::{ABSENT, is_absent};
use crate::promql::functions::number::plain;
use crate::promql::functions::quantile::quantile;
use crate::promql::functions::range::Parameter;

/// The values of one group for `quantile`.
#[derive(Debug, Clone)]
pub struct Quantiles {
    steps: usize,
    /// The columns, one behind the other.
    values: Vec<f64>,
}

impl Quantiles {
    /// Creates the state over `steps` steps.
    #[must_use]
    pub const fn new(steps: usize) -> Self {
        Self { steps, values: Vec::new() }
    }

    /// Takes in one series, a value a step; steps that it lacks are absent.
    pub fn add(&mut self, column: &[f64]) {
        let filled = self.values.len() + self.steps;
        self.values.extend(column.iter().take(self.steps));
        self.values.resize(filled, ABSENT);
    }

    /// Returns the φ-quantile a step, absent where no series had a value.
    #[must_use]
    pub fn finish(self, phi: Parameter<'_>) -> Vec<f64> {
        let mut scratch = Vec::new();
        let mut result = Vec::with_capacity(self.steps);
        for step in 0..self.steps {
            scratch.clear();
            let values = self.values.iter().skip(step).step_by(self.steps);
            scratch.extend(values.copied().filter(|&value| !is_absent(value)));
            let quantile = |values: &mut Vec<f64>| quantile(phi.at(step), values);
            result.push(if scratch.is_empty() { ABSENT } else { quantile(&mut scratch) });
        }
        result
    }
}

/// How often each value came in one group, for `count_values`.
#[derive(Debug, Clone)]
pub struct ValueCounts {
    steps: usize,
    counts: HashMap<u64, Vec<f64>, RandomState>,
}

impl ValueCounts {
    /// Creates the state over `steps` steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { steps, counts: HashMap::default() }
    }

    /// Takes in one series, a value a step.
    pub fn add(&mut self, column: &[f64]) {
        for (step, &value) in column.iter().take(self.steps).enumerate() {
            if is_absent(value) {
                continue;
            }
            // All NaNs read alike.
            let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
            let counts = self.counts.entry(bits).or_insert_with(|| vec![ABSENT; self.steps]);
            if let Some(count) = counts.get_mut(step) {
                *count = if is_absent(*count) { 1.0 } else { *count + 1.0 };
            }
        }
    }

    /// Returns how many values were told apart; each will be a series.
    #[must_use]
    pub fn series(&self) -> usize {
        self.counts.len()
    }

    /// Returns each value as text with its counts, a value a step, sorted by
    /// text.
    #[must_use]
    pub fn finish(self) -> Vec<(String, Vec<f64>)> {
        let texts =
            self.counts.into_iter().map(|(bits, counts)| (plain(f64::from_bits(bits)), counts));
        let mut series: Vec<_> = texts.collect();
        series.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        series
    }
}
