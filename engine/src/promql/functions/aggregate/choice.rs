//! `limitk` and `limit_ratio`.

use crate::promql::functions::absence::{ABSENT, is_absent};
use crate::promql::functions::error::FunctionError;
use crate::promql::functions::range::Parameter;

/// The first series of one group at each step, for `limitk`.
#[derive(Debug, Clone)]
pub struct Limit {
    /// How many more are taken at each step.
    left: Vec<usize>,
}

impl Limit {
    /// Creates the state from how many series to take at each step.
    #[must_use]
    pub const fn new(counts: Vec<usize>) -> Self {
        Self { left: counts }
    }

    /// Takes in one series and leaves it the samples at the steps at which it
    /// is among the first. Says whether it has any left.
    pub fn keep(&mut self, column: &mut [f64]) -> bool {
        let mut kept = false;
        for (step, value) in column.iter_mut().enumerate() {
            if is_absent(*value) {
                continue;
            }
            match self.left.get_mut(step) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    kept = true;
                }
                _ => *value = ABSENT,
            }
        }
        kept
    }

    /// Says whether further series would be left with nothing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.left.iter().all(|&left| left == 0)
    }
}

/// The parameter of `limit_ratio` over the steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratios {
    /// The ratios, at least −1 and at most 1.
    pub ratios: Vec<f64>,
    /// What was given outside of these bounds, each once, for warnings.
    pub capped: Vec<f64>,
}

impl Ratios {
    /// Caps the parameter at each of `steps` steps to −1 and 1.
    ///
    /// # Errors
    /// A parameter that is NaN at any step.
    pub fn new(parameter: Parameter<'_>, steps: usize) -> Result<Self, FunctionError> {
        let (mut ratios, mut capped) = (Vec::with_capacity(steps), Vec::new());
        for step in 0..steps {
            let given = parameter.at(step);
            if given.is_nan() {
                return Err(FunctionError::RatioIsNan);
            }
            let ratio = given.clamp(-1.0, 1.0);
            if ratio != given && capped.last() != Some(&given) {
                capped.push(given);
            }
            ratios.push(ratio);
        }
        capped.sort_by(f64::total_cmp);
        capped.dedup();
        Ok(Self { ratios, capped })
    }
}

/// Returns where in [0, 1) a series lies for `limit_ratio`: a hash of its
/// labels, which have to be in the order of their names, the metric's own
/// name included. It is the same in every process.
///
/// The hash is FNV-1a of 64 bits, its bits spread by the finalizer of
/// SplitMix64. Prometheus takes another, so that the choice is another one
/// too; what both promise is that a ratio r and −(1 − r) complement each other.
#[must_use]
pub fn share<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> f64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |text: &str| {
        // No byte of UTF-8 is 0xff.
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (name, value) in labels {
        add(name);
        add(value);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    let share = (hash >> 11) as f64 / (1_u64 << 53) as f64;
    share
}

/// Leaves a series that lies at `share` the samples at the steps whose ratio
/// takes it in: those below the ratio, or with a negative one those from
/// 1 + ratio on. Says whether it has any left.
pub fn keep_share(share: f64, ratios: &[f64], column: &mut [f64]) -> bool {
    let mut kept = false;
    for (step, value) in column.iter_mut().enumerate() {
        if is_absent(*value) {
            continue;
        }
        let ratio = ratios.get(step).copied().unwrap_or(0.0);
        if if ratio >= 0.0 { share < ratio } else { share >= 1.0 + ratio } {
            kept = true;
        } else {
            *value = ABSENT;
        }
    }
    kept
}
