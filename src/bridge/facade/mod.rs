//! A recorder for the facade `metrics`.
//!
//! ```
//! use keepwatch::Monitor;
//! use keepwatch::bridge::facade::Recorder;
//!
//! # fn main() -> anyhow::Result<()> {
//! let monitor = Monitor::builder().start()?;
//! Recorder::builder(monitor.catalogue())
//!     .bounds_of("query.duration", [0.001, 0.01, 0.1])
//!     .build()
//!     .install()?;
//! metrics::counter!("queries", "table" => "users").increment(1);
//! assert!(monitor.catalogue().get("queries").is_some());
//! # Ok(())
//! # }
//! ```
//!
//! The facade knows less of a metric than a definition says, so:
//! - What a name may not have becomes `_`. If two names become one, or two
//!   kinds have one name, the later gets a suffix made of its letters.
//! - The labels of a metric are those of the first use and of
//!   [`RecorderBuilder::labels_of`]. A use with fewer leaves the others empty,
//!   which is as if they were absent. One with others makes a metric of its
//!   own, `NAME_by_LABELS`: name those labels beforehand to have one metric.
//! - A description, and its unit, holds if it comes before the first use.
//! - A metric that cannot be is counted in
//!   `keepwatch_facade_refused_total`, and what is counted in it goes nowhere.
//! - Handles are remembered, so series are not removed for being idle; what
//!   exceeds a metric's limit of series counts in its overflow series.

mod handles;
mod keys;
mod names;
mod shapes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keepwatch_engine::instrument::{Catalogue, Counter, Gauge, Histogram};
use keepwatch_engine::model::{DEFAULT_BOUNDS, MetricKind};
use metrics::{Key, KeyName, Metadata, SetRecorderError, SharedString, Unit};

use self::keys::Keys;
use self::shapes::Shapes;

/// Records what comes through the facade; see the [module](self). Clones share
/// what they know.
#[derive(Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    catalogue: Catalogue,
    bounds: HashMap<String, Vec<f64>>,
    bounds_otherwise: Vec<f64>,
    labels: HashMap<String, Vec<String>>,
    descriptions: ArcSwap<HashMap<(MetricKind, String), Description>>,
    shapes: Shapes,
    counters: Keys<metrics::Counter>,
    gauges: Keys<metrics::Gauge>,
    histograms: Keys<metrics::Histogram>,
    refused: Option<Counter>,
}

#[derive(Clone, Default)]
struct Description {
    help: String,
    unit: &'static str,
}

/// A [`Recorder`] in the making.
#[derive(Debug, Clone)]
#[must_use = "it records nothing until it is built and installed"]
pub struct RecorderBuilder {
    catalogue: Catalogue,
    bounds: HashMap<String, Vec<f64>>,
    bounds_otherwise: Vec<f64>,
    labels: HashMap<String, Vec<String>>,
}

impl Recorder {
    /// Starts to describe a recorder that registers in a catalogue.
    pub fn builder(catalogue: &Catalogue) -> RecorderBuilder {
        RecorderBuilder {
            catalogue: catalogue.clone(),
            bounds: HashMap::new(),
            bounds_otherwise: DEFAULT_BOUNDS.to_vec(),
            labels: HashMap::new(),
        }
    }

    /// Makes it the recorder of this process.
    ///
    /// # Errors
    /// If there is one already.
    pub fn install(self) -> Result<(), SetRecorderError<Self>> {
        metrics::set_global_recorder(self)
    }
}

impl RecorderBuilder {
    /// Sets the upper bounds of a histogram's buckets, by its name in the
    /// facade.
    pub fn bounds_of(
        mut self,
        name: impl Into<String>,
        bounds: impl IntoIterator<Item = f64>,
    ) -> Self {
        self.bounds.insert(name.into(), bounds.into_iter().collect());
        self
    }

    /// Sets the upper bounds of all other histograms; Prometheus' default ones
    /// by default, from 5 ms to 10 s.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.bounds_otherwise = bounds.into_iter().collect();
        self
    }

    /// Names labels that a metric will have, by its name in the facade,
    /// besides those of its first use.
    pub fn labels_of<N: Into<String>>(
        mut self,
        name: impl Into<String>,
        labels: impl IntoIterator<Item = N>,
    ) -> Self {
        self.labels.insert(name.into(), labels.into_iter().map(Into::into).collect());
        self
    }

    /// Makes the recorder.
    #[must_use]
    pub fn build(self) -> Recorder {
        let refused = self
            .catalogue
            .counter("keepwatch_facade_refused_total")
            .help("Metrics of the facade that could not be registered, each time one is used.")
            .get_or_register();
        Recorder(Arc::new(Shared {
            catalogue: self.catalogue,
            bounds: self.bounds,
            bounds_otherwise: self.bounds_otherwise,
            labels: self.labels,
            descriptions: ArcSwap::default(),
            shapes: Shapes::default(),
            counters: Keys::default(),
            gauges: Keys::default(),
            histograms: Keys::default(),
            // A user's metric of this name is theirs.
            refused: refused.ok().and_then(|family| family.with(&[]).ok()),
        }))
    }
}

impl Shared {
    fn describe(&self, kind: MetricKind, name: &KeyName, unit: Option<Unit>, help: &SharedString) {
        let unit = unit.filter(|unit| *unit != Unit::Count).map_or("", |unit| unit.as_str());
        self.descriptions.rcu(|known| {
            let mut more = HashMap::clone(known);
            let description = Description { help: help.to_string(), unit };
            more.insert((kind, name.as_str().to_owned()), description);
            more
        });
    }

    fn count_refusal(&self) {
        if let Some(refused) = &self.refused {
            refused.increment();
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.0.describe(MetricKind::Counter, &name, unit, &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.0.describe(MetricKind::Gauge, &name, unit, &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.0.describe(MetricKind::Histogram, &name, unit, &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        let made = || self.0.handle::<Counter>(key);
        self.0.counters.find(key, made, metrics::Counter::noop)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        let made = || self.0.handle::<Gauge>(key);
        self.0.gauges.find(key, made, metrics::Gauge::noop)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        let made = || self.0.handle::<Histogram>(key);
        self.0.histograms.find(key, made, metrics::Histogram::noop)
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder into {} metrics", self.0.catalogue.len())
    }
}
