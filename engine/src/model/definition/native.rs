//! How the exponential buckets of a histogram are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The exponential buckets of a histogram: those of Prometheus' native
/// histograms. A bucket's upper bound is `2^(2^-schema)` times its lower one,
/// which needs no bounds to be chosen beforehand.
///
/// Source: Prometheus, "Native Histograms" (specification), schemas -4 to 8.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NativeBuckets {
    /// The finest resolution, -4 (a factor of 65,536) to 8 (a factor of
    /// 1.0027). 3 by default: buckets are 9 % wide.
    pub schema: i8,
    /// The most buckets that are shown, 160 by default: if more are in use,
    /// neighbours are shown as one.
    pub buckets_max: u16,
    /// Measurements of at most this magnitude count as zero; 2^-128 by
    /// default.
    pub zero_threshold: f64,
}

impl NativeBuckets {
    /// Returns buckets of which each is at most `factor` times as wide as the
    /// one below: 1.1 gives schema 3.
    #[must_use]
    pub fn with_growth(factor: f64) -> Self {
        let grows = |schema: &i8| f64::exp2(f64::exp2(-f64::from(*schema))) <= factor;
        let schema = (-4..=8).find(grows).unwrap_or(8);
        Self { schema, ..Self::default() }
    }

    /// Returns what would have to be, if these buckets cannot be.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !(-4..=8).contains(&self.schema) {
            return Err("a schema of -4 to 8");
        }
        if self.buckets_max < 4 {
            return Err("room for 4 buckets or more");
        }
        if !(0.0..=1e300).contains(&self.zero_threshold) {
            return Err("a zero threshold from 0 to 1e300");
        }
        Ok(())
    }
}

impl Default for NativeBuckets {
    fn default() -> Self {
        Self { schema: 3, buckets_max: 160, zero_threshold: f64::exp2(-128.0) }
    }
}

impl fmt::Display for NativeBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schema, buckets_max, zero_threshold } = *self;
        write!(f, "native buckets of schema {schema}")?;
        let standard = Self::default();
        if buckets_max != standard.buckets_max {
            write!(f, ", {buckets_max} at most")?;
        }
        if zero_threshold != standard.zero_threshold {
            write!(f, ", zero up to {zero_threshold}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_by_schema() {
        for (factor, schema) in
            [(1.1, 3), (1.09, 4), (2.0, 0), (1.5, 1), (4.0, -1), (1e9, -4), (1.002, 8), (0.0, 8)]
        {
            assert_eq!(NativeBuckets::with_growth(factor).schema, schema, "{factor}");
        }
    }
}
