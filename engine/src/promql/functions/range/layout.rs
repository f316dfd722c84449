//! The windows of a query over one column of times.

use super::rate::{Difference, Edges};
use super::window::{Reach, Samples, Steps, Window, Windows};

/// The windows over the series that was seen last.
///
/// Series that are collected together have the same times, and what a window
/// takes from times alone is then the same for all of them: where it begins
/// and ends, and how far is extrapolated. A comparison of the times costs much
/// less than to find that again.
#[derive(Debug, Default)]
pub(super) struct Layout {
    times: Vec<i64>,
    of: Option<(Reach, Steps)>,
    pub(super) windows: Vec<Window>,
    /// One a window; none where there are fewer than two samples.
    pub(super) edges: Vec<Option<Edges>>,
}

impl Layout {
    /// Lays the windows over a series.
    pub(super) fn prepare(&mut self, samples: &Samples<'_>, reach: &Reach, steps: &Steps) {
        if self.of == Some((*reach, *steps)) && self.times == samples.times {
            return;
        }
        self.of = Some((*reach, *steps));
        self.times.clear();
        self.times.extend_from_slice(samples.times);
        self.windows.clear();
        self.windows.extend(Windows::new(samples, reach, steps));
        self.edges.clear();
    }

    /// Finds how far each window is extrapolated.
    pub(super) fn prepare_edges(&mut self, reach: &Reach, difference: Difference) {
        if self.edges.len() == self.windows.len() {
            return;
        }
        self.edges.clear();
        self.edges.extend(self.windows.iter().map(|window| {
            let times = self.times.get(window.lo..window.hi).filter(|times| times.len() > 1)?;
            Edges::new(times, window, None, reach, difference)
        }));
    }
}
