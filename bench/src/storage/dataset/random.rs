//! A small seeded generator: cheap enough that the feed costs a few
//! nanoseconds a sample.

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone, Copy)]
pub(super) struct Random(u64);

impl Random {
    /// Creates the generator of one series.
    pub(super) fn of(series: usize) -> Self {
        let mut seed = Self(0x6b65_6570_7761_7463 ^ series as u64);
        Self(seed.next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a whole number from 0 to `max`.
    pub(super) fn up_to(&mut self, max: u32) -> i64 {
        let wide = (self.next() >> 32) * (u64::from(max) + 1);
        (wide >> 32) as i64
    }

    /// Returns a number in [0, 1) with all 53 bits of chance.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Returns a whole number whose logarithm is spread evenly from that of
    /// 2^`low` to that of 2^`high`.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> u32 {
        (low + (high - low) * self.unit()).exp2() as u32
    }
}
