//! How values behave.

use super::random::Random;

/// The behaviour of a metric's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A running total that grows by 0 to m a tick, m from 1 to 4,096 and its
    /// logarithm spread evenly over the series: 6.1 bits of chance a sample on
    /// average. One series in 200 falls to 0 within an hour.
    Counter,
    /// A percentage of two decimals that moves by up to s a tick either way,
    /// s from 0.02 to 5.12 and its logarithm spread evenly: 6.0 bits.
    Gauge,
    /// Seven in ten never change; the others are whole numbers that change
    /// once in ten minutes.
    Steady,
    /// An exponentially distributed latency in seconds, all 52 bits of its
    /// fraction by chance.
    Float,
}

/// One series' generator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    random: Random,
    /// The running total, hundredths of a percent, or the whole number.
    level: i64,
    /// How far a tick may go; for steady series, how often: 0 is never.
    reach: u32,
}

/// The top of a gauge, in hundredths.
const FULL: i64 = 10_000;

impl Source {
    pub(super) fn new(class: Class, series: usize) -> Self {
        let mut random = Random::of(series);
        let (level, reach) = match class {
            Class::Counter => {
                let reach = random.magnitude(0.0, 12.0);
                // A process that has been up for some hours.
                (i64::from(reach) * random.up_to(5_000), reach)
            }
            Class::Gauge => (random.up_to(10_000), random.magnitude(1.0, 9.0)),
            Class::Steady => {
                let changes = random.up_to(9) >= 7;
                (i64::from(random.magnitude(0.0, 16.0)) - 1, u32::from(changes))
            }
            Class::Float => (0, random.magnitude(0.0, 10.0)),
        };
        Self { random, level, reach }
    }

    /// Returns the value of the next tick.
    pub(super) fn next(&mut self, class: Class) -> f64 {
        match class {
            Class::Counter => {
                let chance = self.random.next();
                let step = ((chance >> 32) * (u64::from(self.reach) + 1)) >> 32;
                // One in 200 series within 360 ticks.
                let reset = (chance as u32).is_multiple_of(72_000);
                self.level = if reset { 0 } else { self.level + step as i64 };
                self.level as f64
            }
            Class::Gauge => {
                let reach = i64::from(self.reach);
                let moved = self.level + self.random.up_to(2 * self.reach) - reach;
                self.level = if moved < 0 { -moved } else { FULL - (FULL - moved).abs() };
                self.level as f64 / 100.0
            }
            Class::Steady => {
                if self.reach > 0 && self.random.up_to(59) == 0 {
                    self.level = self.random.up_to(64);
                }
                self.level as f64
            }
            Class::Float => {
                let mean = f64::from(self.reach) * 1e-3;
                -mean * (1.0 - self.random.unit()).ln()
            }
        }
    }
}
