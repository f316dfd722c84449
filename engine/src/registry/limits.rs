//! What the registry takes.

use std::time::Duration;

use crate::instrument::CatalogueLimits;
use crate::storage::StoreConfig;

/// Limits of the registry.
///
/// The first three are kept by the catalogue, which also checks handles: make
/// it with [`Catalogue::with_limits`](crate::instrument::Catalogue::with_limits)
/// and [`Limits::catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest label value in bytes; 1,024 by default.
    pub label_value_bytes: usize,
    /// The most labels of a metric; 30 by default.
    pub labels_per_series: usize,
    /// The most sets of label values of a metric that names no limit of its
    /// own; 10,000 by default.
    pub series_per_metric: usize,
    /// The most series in all; 1,000,000 by default.
    pub series_total: usize,
    /// How much older than its series' newest a sample may be; 5 min by
    /// default.
    pub out_of_order_window: Duration,
    /// How far ahead of the clock a sample may be; 10 min by default.
    pub future_tolerance: Duration,
    /// How far behind the clock a sample may be; 7 days by default, as
    /// retention would remove it at once. A metric that is kept longer takes
    /// older samples.
    pub age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let catalogue = CatalogueLimits::default();
        let store = StoreConfig::default();
        Self {
            label_value_bytes: catalogue.label_value_bytes,
            labels_per_series: catalogue.labels_per_series,
            series_per_metric: catalogue.series_per_metric,
            series_total: 1_000_000,
            out_of_order_window: store.out_of_order_window,
            future_tolerance: store.future_tolerance,
            age_max: Duration::from_secs(7 * 24 * 60 * 60),
        }
    }
}

impl Limits {
    /// Returns the part that the catalogue keeps.
    #[must_use]
    pub const fn catalogue(&self) -> CatalogueLimits {
        CatalogueLimits {
            labels_per_series: self.labels_per_series,
            label_value_bytes: self.label_value_bytes,
            series_per_metric: self.series_per_metric,
        }
    }

    pub(super) const fn store(&self) -> StoreConfig {
        StoreConfig {
            out_of_order_window: self.out_of_order_window,
            future_tolerance: self.future_tolerance,
        }
    }
}
