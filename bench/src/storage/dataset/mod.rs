//! The series and samples that every engine is given.
//!
//! A [`Fleet`] says which series there are, a [`Feed`] gives each of them one
//! sample a tick. Both follow from the dataset and the number of series alone:
//! two runs, and two engines, see the same labels, values and timestamps.
//!
//! # Series
//! As scrapes bring them: an instance exposes 250 metrics of four series, so
//! 20,000 series are 20 instances. Labels are `job`, `instance` and one or two
//! that depend on the metric.
//!
//! # Time
//! A tick is 10 s on the grid, and its samples share a timestamp, as those do
//! that are collected together. 360 ticks are one hour within one window of
//! two hours. What jitter of each series' own would cost is not measured here.
//!
//! # Values
//! The classes are in [`Class`]. `counters` has only counters; `mixed` is 44 %
//! counters, 26 % gauges of two decimals, 26 % that are constant or seldom
//! change, and 4 % full floats. The shares are chosen, not measured: real
//! scrapes have more that is constant (the study's took 0.91 bytes a sample
//! in chunks of 120) and fewer full floats, which no codec takes below some
//! 6.5 bytes and which therefore decide what the whole costs. By the chance in
//! them, no codec gets far below 0.76 bytes a sample of `counters` and 0.8 of
//! `mixed`. Each class is a dataset as well, so that a figure of `mixed` can be
//! taken apart.

mod class;
mod feed;
mod fleet;
mod random;

use std::fmt;
use std::str::FromStr;

pub(super) use class::Class;
pub(super) use feed::{Digest, Feed};
pub(super) use fleet::Fleet;

/// The time of the first sample: a full hour at the start of a two-hour
/// window since the epoch.
pub(super) const START_MS: i64 = 243_055 * 2 * 3_600_000;

/// The time between two samples of a series.
pub(super) const INTERVAL_MS: i64 = 10_000;

/// Which classes the metrics have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dataset {
    /// Every class, by the shares that the [module](self) names.
    Mixed,
    /// One class alone.
    Only(Class),
}

impl Dataset {
    pub(super) const COUNTERS: Self = Self::Only(Class::Counter);
    pub(super) const ALL: [Self; 5] = [
        Self::Mixed,
        Self::COUNTERS,
        Self::Only(Class::Gauge),
        Self::Only(Class::Steady),
        Self::Only(Class::Float),
    ];

    /// Returns the class of a metric by its number.
    pub(super) const fn class_of(self, metric: usize) -> Class {
        match self {
            Self::Only(class) => class,
            Self::Mixed => match metric % 50 {
                0..22 => Class::Counter,
                22..35 => Class::Gauge,
                35..48 => Class::Steady,
                _ => Class::Float,
            },
        }
    }

    /// Returns the word that names of figures have.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Only(Class::Counter) => "counters",
            Self::Only(Class::Gauge) => "gauges",
            Self::Only(Class::Steady) => "steady",
            Self::Only(Class::Float) => "floats",
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dataset {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|dataset| dataset.name() == name);
        found.ok_or_else(|| {
            format!("expected mixed, counters, gauges, steady or floats, got {name}")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SERIES: usize = 5_000;

    fn values(dataset: Dataset, ticks: usize) -> Vec<Vec<f64>> {
        let mut feed = Feed::new(&Fleet::new(dataset, SERIES));
        let tick = |_| {
            let mut values = Vec::new();
            feed.tick(&mut values);
            values
        };
        (0..ticks).map(tick).collect()
    }

    #[test]
    fn every_series_has_labels_of_its_own() {
        let fleet = Fleet::new(Dataset::Mixed, SERIES);
        let identity = |series| (fleet.metric_of(series), fleet.labels(series));
        let identities: HashSet<_> = (0..SERIES).map(identity).collect();
        assert_eq!(identities.len(), SERIES);
        let names: HashSet<_> = fleet.metrics().iter().map(|metric| &metric.name).collect();
        assert_eq!(names.len(), 250);
    }

    #[test]
    fn two_feeds_give_the_same() {
        assert_eq!(values(Dataset::Mixed, 20), values(Dataset::Mixed, 20));
    }

    #[test]
    fn classes_behave_as_they_say() {
        let ticks = values(Dataset::COUNTERS, 100);
        let pairs = || ticks.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]));
        let falls = pairs().filter(|(before, after)| after < before).count();
        // One fall in 72,000 samples, if the total was not 0 already.
        assert!((1..20).contains(&falls), "{falls} falls");
        assert!(pairs().all(|(before, after)| *after == 0.0 || after - before <= 4_096.0));
        assert!(ticks.iter().flatten().all(|value| value.fract() == 0.0));

        for value in values(Dataset::Only(Class::Gauge), 100).iter().flatten() {
            let hundredths = (value * 100.0).round();
            assert!(hundredths / 100.0 == *value && (0.0..=100.0).contains(value), "{value}");
        }

        let ticks = values(Dataset::Only(Class::Steady), 100);
        let changes = ticks.windows(2).flat_map(|pair| pair[0].iter().zip(&pair[1]));
        let changes = changes.filter(|(before, after)| before != after).count();
        // 30 % of the series, once in 60 ticks.
        assert!((1_500..3_500).contains(&changes), "{changes} changes");

        for value in values(Dataset::Only(Class::Float), 10).iter().flatten() {
            assert!(value.is_finite() && *value >= 0.0, "{value}");
        }
    }

    #[test]
    fn mixed_has_the_shares_that_it_names() {
        let fleet = Fleet::new(Dataset::Mixed, 1_000);
        let share = |class| {
            let of = |series: &usize| fleet.metrics()[fleet.metric_of(*series)].class == class;
            (0..1_000).filter(of).count()
        };
        let shares = [Class::Counter, Class::Gauge, Class::Steady, Class::Float].map(share);
        assert_eq!(shares, [440, 260, 260, 40]);
    }
}
