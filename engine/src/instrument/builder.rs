//! Defining a metric and registering it in one go.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::callback::Callback;
use super::catalogue::Catalogue;
use super::error::{LabelError, RegisterError};
use super::family::{Family, Handle};
use super::metric::Metric;
use super::typed::{LabelSet, TypedFamily};
use super::{Counter, Gauge, Histogram, Info, StateSet, Summary};
use crate::model::{DefinitionBuilder, DefinitionError, MetricDefinition, NativeBuckets};

/// Why a metric was not registered.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// The definition is not valid.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// The name is taken, or has another definition.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// One handle, or a callback, was asked of a metric with labels; it was not
    /// registered.
    #[error("metric {metric:?} has labels, so it has no one handle: use register and with")]
    Labelled {
        /// The metric.
        metric: String,
    },
    /// The metric gave no handle.
    #[error(transparent)]
    Labels(#[from] LabelError),
}

/// A metric being defined; see [`DefinitionBuilder`] for what each part means
/// and its default.
///
/// Registration takes effect at once on any thread, whether the engine runs
/// or not.
#[derive(Debug, Clone)]
#[must_use = "a metric does nothing until it is registered"]
pub struct MetricBuilder<H> {
    catalogue: Catalogue,
    definition: DefinitionBuilder,
    kind: PhantomData<fn() -> H>,
}

impl Catalogue {
    /// Starts the definition of a counter.
    pub fn counter(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Counter> {
        MetricBuilder::new(self.clone(), MetricDefinition::counter(name))
    }

    /// Starts the definition of a gauge.
    pub fn gauge(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Gauge> {
        MetricBuilder::new(self.clone(), MetricDefinition::gauge(name))
    }

    /// Starts the definition of a histogram.
    pub fn histogram(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Histogram> {
        MetricBuilder::new(self.clone(), MetricDefinition::histogram(name))
    }

    /// Starts the definition of a summary.
    pub fn summary(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Summary> {
        MetricBuilder::new(self.clone(), MetricDefinition::summary(name))
    }

    /// Starts the definition of an info, whose name ends in `_info`.
    pub fn info(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Info> {
        MetricBuilder::new(self.clone(), MetricDefinition::info(name))
    }

    /// Starts the definition of a set of states.
    pub fn state_set(&self, name: impl Into<Arc<str>>) -> MetricBuilder<StateSet> {
        MetricBuilder::new(self.clone(), MetricDefinition::state_set(name))
    }
}

impl<H: Handle> MetricBuilder<H> {
    fn new(catalogue: Catalogue, definition: DefinitionBuilder) -> Self {
        Self { catalogue, definition, kind: PhantomData }
    }

    /// Sets the help text; empty by default.
    pub fn help(mut self, help: impl Into<Arc<str>>) -> Self {
        self.definition = self.definition.help(help);
        self
    }

    /// Sets the base unit, such as `seconds` or `bytes`; none by default.
    pub fn unit(mut self, unit: impl Into<Arc<str>>) -> Self {
        self.definition = self.definition.unit(unit);
        self
    }

    /// Sets the names of the labels; none by default.
    pub fn labels<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.definition = self.definition.labels(names);
        self
    }

    /// Sets the upper bounds of a histogram's buckets, without `+Inf`; with
    /// [`native`](Self::native) buckets there are none by default.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.definition = self.definition.bounds(bounds);
        self
    }

    /// Counts a histogram's measurements in exponential buckets too.
    pub fn native(mut self, native: NativeBuckets) -> Self {
        self.definition = self.definition.native(native);
        self
    }

    /// Sets the names of a set's states, 1 to 64.
    pub fn states<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.definition = self.definition.states(names);
        self
    }

    /// Sets a summary's quantiles, 0 to 1.
    pub fn quantiles(mut self, quantiles: impl IntoIterator<Item = f64>) -> Self {
        self.definition = self.definition.quantiles(quantiles);
        self
    }

    /// Lets the metric and its labels have any text as their names; see
    /// [`DefinitionBuilder::utf8_names`].
    pub fn utf8_names(mut self) -> Self {
        self.definition = self.definition.utf8_names();
        self
    }

    /// Keeps this metric's samples for `retention` instead of the default.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.definition = self.definition.retention(retention);
        self
    }

    /// Caps this metric's series at `cap` instead of the default.
    pub fn series_max(mut self, cap: usize) -> Self {
        self.definition = self.definition.series_max(cap);
        self
    }

    /// Registers the metric, whose name must be new, and returns its family
    /// of handles.
    ///
    /// # Errors
    /// A definition that is not valid, a name that is taken.
    pub fn register(self) -> Result<Family<H>, MetricError> {
        let metric = self.catalogue.register(self.definition.build()?)?;
        Ok(family(metric))
    }

    /// Returns the family of the metric of this definition, and registers it
    /// if its name is new.
    ///
    /// # Errors
    /// A definition that is not valid, a name that is registered with another
    /// definition; the error names both.
    pub fn get_or_register(self) -> Result<Family<H>, MetricError> {
        let metric = self.catalogue.get_or_register(self.definition.build()?)?;
        Ok(family(metric))
    }

    /// Registers the metric, whose name must be new, with the labels of `L`,
    /// and returns its family of handles by typed labels.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn register_typed<L: LabelSet>(self) -> Result<TypedFamily<H, L>, MetricError> {
        let labelled = self.labels(L::NAMES.iter().copied());
        Ok(TypedFamily::of(&labelled.register()?)?)
    }

    /// Registers a metric without labels and returns its one handle.
    ///
    /// # Errors
    /// As [`register`](Self::register), and a definition with labels.
    pub fn register_one(self) -> Result<H, MetricError> {
        let definition = self.unlabelled()?;
        let family = family::<H>(self.catalogue.register(definition)?);
        Ok(family.with(&[])?)
    }

    fn unlabelled(&self) -> Result<MetricDefinition, MetricError> {
        let definition = self.definition.clone().build()?;
        if definition.label_names().is_empty() {
            return Ok(definition);
        }
        Err(MetricError::Labelled { metric: definition.name().to_string() })
    }

    fn register_callback(self, callback: Callback) -> Result<(), MetricError> {
        let definition = self.unlabelled()?;
        let metric = self.catalogue.register(definition)?;
        self.catalogue.call_back(Arc::clone(metric.definition().name()), callback);
        Ok(())
    }
}

impl MetricBuilder<Gauge> {
    /// Registers a gauge without labels whose value `read` returns at each
    /// collection, on a pool thread. What has labels, or takes long, is better
    /// a collector.
    ///
    /// # Errors
    /// As [`register_one`](Self::register_one).
    pub fn callback(
        self,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), MetricError> {
        self.register_callback(Arc::new(read))
    }
}

impl MetricBuilder<Counter> {
    /// Registers a counter without labels whose running total `read` returns
    /// at each collection, on a pool thread. What has labels, or takes long,
    /// is better a collector.
    ///
    /// # Errors
    /// As [`register_one`](Self::register_one).
    pub fn callback(
        self,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), MetricError> {
        self.register_callback(Arc::new(read))
    }
}

fn family<H: Handle>(metric: Arc<Metric>) -> Family<H> {
    // The builder was made from the kind that the handle's type stands for.
    Family::of(metric).expect("the definition is of the handle's kind")
}
