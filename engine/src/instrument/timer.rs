//! Durations as measurements.

use std::time::Duration;

use super::{Histogram, Summary};
use crate::clock::Stopwatch;

/// What durations are measured into.
pub trait Observer {
    /// Counts a measurement, in the metric's unit.
    fn observe(&self, value: f64);
}

impl Observer for Histogram {
    fn observe(&self, value: f64) {
        Histogram::observe(self, value);
    }
}

impl Observer for Summary {
    fn observe(&self, value: f64) {
        Summary::observe(self, value);
    }
}

/// Measures, in seconds, the time from when it was made to when it is dropped:
/// by a return, a question mark, a panic or a cancelled future alike.
#[derive(Debug)]
#[must_use = "it measures the time until it is dropped"]
pub struct Timer<O: Observer> {
    into: Option<O>,
    watch: Stopwatch,
}

impl<O: Observer> Timer<O> {
    pub(super) fn start(into: O) -> Self {
        Self { into: Some(into), watch: Stopwatch::start() }
    }

    /// Ends the measurement and returns the time.
    pub fn stop(mut self) -> Duration {
        let elapsed = self.watch.elapsed();
        if let Some(into) = self.into.take() {
            into.observe(elapsed.as_secs_f64());
        }
        elapsed
    }

    /// Ends without a measurement.
    pub fn discard(mut self) {
        self.into = None;
    }
}

impl<O: Observer> Drop for Timer<O> {
    fn drop(&mut self) {
        if let Some(into) = &self.into {
            into.observe(self.watch.elapsed().as_secs_f64());
        }
    }
}

macro_rules! timed {
    ($handle:ident) => {
        impl $handle {
            /// Starts to measure a duration, in seconds, which ends when the
            /// timer is dropped.
            pub fn time(&self) -> Timer<Self> {
                Timer::start(self.clone())
            }

            /// Measures how long `work` takes, in seconds, a panic included.
            pub fn time_of<R>(&self, work: impl FnOnce() -> R) -> R {
                let _timer = self.time();
                work()
            }
        }
    };
}

timed!(Histogram);
timed!(Summary);
