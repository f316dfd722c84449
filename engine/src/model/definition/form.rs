//! Definitions as they come in from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::{DefinitionBuilder, DefinitionError, MetricDefinition, MetricKind, NativeBuckets};

/// A definition as it comes in; what is absent was empty, not left to a
/// default.
#[derive(Deserialize)]
pub(super) struct Form {
    name: Arc<str>,
    kind: MetricKind,
    #[serde(default)]
    help: Arc<str>,
    #[serde(default)]
    unit: Arc<str>,
    #[serde(default)]
    label_names: Vec<Arc<str>>,
    #[serde(default)]
    bounds: Vec<f64>,
    #[serde(default)]
    quantiles: Vec<f64>,
    #[serde(default)]
    native: Option<NativeBuckets>,
    #[serde(default)]
    states: Vec<Arc<str>>,
    #[serde(default)]
    retention: Option<Duration>,
    #[serde(default)]
    series_max: Option<usize>,
}

impl TryFrom<Form> for MetricDefinition {
    type Error = DefinitionError;

    fn try_from(form: Form) -> Result<Self, DefinitionError> {
        let of_kind =
            |kind, list: Vec<f64>| (form.kind == kind || !list.is_empty()).then_some(list);
        let builder = DefinitionBuilder {
            bounds: of_kind(MetricKind::Histogram, form.bounds),
            quantiles: of_kind(MetricKind::Summary, form.quantiles),
            name: form.name,
            kind: form.kind,
            help: form.help,
            unit: form.unit,
            label_names: form.label_names,
            native: form.native,
            states: form.states,
            retention: form.retention,
            series_max: form.series_max,
            // It was asked for when the definition was made, if it had to be.
            utf8_names: true,
        };
        builder.build()
    }
}
