//! The figures of one series over a window, for summaries.

use serde::Serialize;

use super::window::latest;
use super::{Method, Observed};
use crate::model::{Labels, TimeRange};

/// The figures of one series over a window; `None` where there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Digest {
    /// The series' labels.
    pub labels: Labels,
    /// A gauge's latest value, a counter's running total, the running count
    /// of a histogram's or summary's measurements.
    pub current: Option<f64>,
    /// The smallest sample.
    pub min: Option<f64>,
    /// The largest sample.
    pub max: Option<f64>,
    /// The mean of the samples, or of what was measured.
    pub mean: Option<f64>,
    /// How many samples there are, or how many measurements were made.
    pub count: f64,
    /// The 95th percentile of the samples, or of what was measured; of a
    /// summary only if it records that quantile.
    pub p95: Option<f64>,
}

impl Observed {
    /// Returns the series' figures over `window`.
    #[must_use]
    pub fn digest(&self, window: TimeRange) -> Digest {
        let value = |method| self.value(method, window);
        let current = if self.kind().is_distribution() {
            latest(self.samples(), window).map(|sample| sample.value)
        } else {
            value(Method::Last)
        };
        Digest {
            labels: self.labels().clone(),
            current,
            min: value(Method::Min),
            max: value(Method::Max),
            mean: value(Method::Avg),
            count: value(Method::Count).unwrap_or(0.0),
            p95: value(Method::Quantile(0.95)),
        }
    }
}
