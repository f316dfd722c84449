//! The samples, a tick at a time.

use super::class::Source;
use super::{Class, Fleet};

/// Gives each series of a fleet its next value.
pub(crate) struct Feed {
    sources: Vec<(Class, Source)>,
    digest: Digest,
}

/// What a reader must find: how many samples, and the sum of their bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) samples: u64,
    pub(crate) bits: u64,
}

impl Digest {
    pub(crate) fn add(&mut self, value: f64) {
        self.samples += 1;
        self.bits = self.bits.wrapping_add(value.to_bits());
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.samples += other.samples;
        self.bits = self.bits.wrapping_add(other.bits);
    }
}

impl Feed {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        let source = |series| {
            let class = fleet.metrics()[fleet.metric_of(series)].class;
            (class, Source::new(class, series))
        };
        Self { sources: (0..fleet.series()).map(source).collect(), digest: Digest::default() }
    }

    /// Writes the next value of each series.
    pub(crate) fn tick(&mut self, values: &mut Vec<f64>) {
        values.clear();
        values.extend(self.sources.iter_mut().map(|(class, source)| source.next(*class)));
        values.iter().for_each(|value| self.digest.add(*value));
    }

    /// Returns what has been given out.
    pub(crate) const fn digest(&self) -> Digest {
        self.digest
    }
}
