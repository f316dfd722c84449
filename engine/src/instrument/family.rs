//! Metrics whose kind is known at compile time.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::cache;
use super::child::Child;
use super::error::LabelError;
use super::metric::Metric;
use super::{Counter, Gauge, Histogram, Info, StateSet, Summary};
use crate::model::MetricKind;

/// A handle on a cell: [`Counter`], [`Gauge`], [`Histogram`], [`Summary`],
/// [`Info`] or [`StateSet`].
pub trait Handle: Clone + Send + Sync + sealed::Sealed + 'static {
    /// The kind of metric that the handle writes.
    const KIND: MetricKind;

    /// Returns the handle if the child is of this kind.
    fn of(child: &Child) -> Option<&Self>;
}

/// A metric with labels, which gives a handle for each set of their values;
/// cheap to clone, usable on any thread.
pub struct Family<H> {
    metric: Arc<Metric>,
    kind: PhantomData<fn() -> H>,
}

/// A family of counters.
pub type CounterFamily = Family<Counter>;
/// A family of gauges.
pub type GaugeFamily = Family<Gauge>;
/// A family of histograms.
pub type HistogramFamily = Family<Histogram>;
/// A family of summaries.
pub type SummaryFamily = Family<Summary>;
/// A family of infos.
pub type InfoFamily = Family<Info>;
/// A family of sets of states.
pub type StateSetFamily = Family<StateSet>;

impl<H: Handle> Family<H> {
    /// Takes a metric as a family; `None` if it is of another kind.
    #[must_use]
    pub fn of(metric: Arc<Metric>) -> Option<Self> {
        (metric.definition().kind() == H::KIND).then_some(Self { metric, kind: PhantomData })
    }

    /// Returns the handle for these label values, given in the order of the
    /// definition's labels. Keep it where the values are always the same:
    /// looking it up costs more than writing it.
    ///
    /// Beyond the metric's limit of sets of values it is the handle of the
    /// overflow series, whose label values are all
    /// [`OVERFLOW`](super::OVERFLOW).
    ///
    /// A series expires that has not changed for the time of retention, unless
    /// a handle is kept or something is in flight: keep the handle of a value
    /// that is set once.
    ///
    /// # Errors
    /// A wrong number of values, and an over-long value.
    pub fn with(&self, values: &[&str]) -> Result<H, LabelError> {
        let child = self.metric.child_or_overflow(values)?;
        H::of(&child).cloned().ok_or_else(|| self.mismatch(values))
    }

    /// Lets `write` have the handle for these label values, as
    /// [`with`](Self::with) does: `requests.on(&["GET", "200"],
    /// Counter::increment)?`. It is found in a cache of the calling thread,
    /// which neither locks nor counts holders; the janitor may still take the
    /// series when it is idle.
    ///
    /// # Errors
    /// As [`with`](Self::with).
    #[inline]
    pub fn on<R>(&self, values: &[&str], write: impl FnOnce(&H) -> R) -> Result<R, LabelError> {
        cache::on(&self.metric, values, |child| H::of(child).map(write))?
            .ok_or_else(|| self.mismatch(values))
    }

    /// The kind was checked when the family was made, and children are of
    /// their metric's kind.
    #[cold]
    fn mismatch(&self, values: &[&str]) -> LabelError {
        LabelError::Count {
            metric: Arc::clone(self.metric.definition().name()),
            labels: self.metric.definition().label_names().to_vec(),
            given: values.len(),
        }
    }

    /// Returns the metric.
    #[must_use]
    pub const fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }
}

impl<H> Clone for Family<H> {
    fn clone(&self) -> Self {
        Self { metric: Arc::clone(&self.metric), kind: PhantomData }
    }
}

impl<H> fmt::Debug for Family<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric.definition())
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! handle {
    ($handle:ident, $getter:ident) => {
        impl sealed::Sealed for $handle {}

        impl Handle for $handle {
            const KIND: MetricKind = MetricKind::$handle;

            fn of(child: &Child) -> Option<&Self> {
                child.$getter()
            }
        }
    };
}

handle!(Counter, counter);
handle!(Gauge, gauge);
handle!(Histogram, histogram);
handle!(Summary, summary);
handle!(Info, info);
handle!(StateSet, state_set);
