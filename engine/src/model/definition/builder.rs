//! Definitions in the making.

use std::sync::Arc;
use std::time::Duration;

use super::{DefinitionError, MetricDefinition, MetricKind, NativeBuckets};
use crate::model::name::{
    check_foreign_metric_name, check_label_name, check_metric_name, check_utf8_label_name,
    underscored,
};

/// The upper bounds of a histogram's buckets if none are given, in the
/// metric's unit: Prometheus' defaults, made for seconds.
pub const DEFAULT_BOUNDS: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The quantiles of a summary if none are given.
pub const DEFAULT_QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// The most states of a set.
const STATES_MAX: usize = 64;

/// A definition being written; [`build`](Self::build) checks it.
#[derive(Debug, Clone)]
#[must_use = "a definition does nothing until it is built and registered"]
pub struct DefinitionBuilder {
    pub(super) name: Arc<str>,
    pub(super) kind: MetricKind,
    pub(super) help: Arc<str>,
    pub(super) unit: Arc<str>,
    pub(super) label_names: Vec<Arc<str>>,
    pub(super) bounds: Option<Vec<f64>>,
    pub(super) quantiles: Option<Vec<f64>>,
    pub(super) native: Option<NativeBuckets>,
    pub(super) states: Vec<Arc<str>>,
    pub(super) retention: Option<Duration>,
    pub(super) series_max: Option<usize>,
    pub(super) utf8_names: bool,
}

impl DefinitionBuilder {
    pub(super) fn new(name: Arc<str>, kind: MetricKind) -> Self {
        Self {
            name,
            kind,
            help: "".into(),
            unit: "".into(),
            label_names: Vec::new(),
            bounds: None,
            quantiles: None,
            native: None,
            states: Vec::new(),
            retention: None,
            series_max: None,
            utf8_names: false,
        }
    }

    /// Sets the help text; empty by default.
    pub fn help(mut self, help: impl Into<Arc<str>>) -> Self {
        self.help = help.into();
        self
    }

    /// Sets the base unit, such as `seconds` or `bytes`; none by default.
    pub fn unit(mut self, unit: impl Into<Arc<str>>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Sets the names of the labels; none by default.
    pub fn labels<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.label_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the upper bounds of a histogram's buckets, in the metric's unit
    /// and without `+Inf`; [`DEFAULT_BOUNDS`] by default, and none if it has
    /// [`native`](Self::native) ones.
    pub fn bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.bounds = Some(bounds.into_iter().collect());
        self
    }

    /// Sets a summary's quantiles, 0 to 1; [`DEFAULT_QUANTILES`] by default.
    pub fn quantiles(mut self, quantiles: impl IntoIterator<Item = f64>) -> Self {
        self.quantiles = Some(quantiles.into_iter().collect());
        self
    }

    /// Counts a histogram's measurements in exponential buckets too: those of
    /// Prometheus' native histograms. None by default.
    pub fn native(mut self, native: NativeBuckets) -> Self {
        self.native = Some(native);
        self
    }

    /// Sets the names of a set's states: 1 to 64 that differ.
    pub fn states<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.states = names.into_iter().map(Into::into).collect();
        self
    }

    /// Keeps this metric's samples for `retention` instead of the engine's
    /// default.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Caps this metric's series at `cap` instead of the engine's default.
    pub fn series_max(mut self, cap: usize) -> Self {
        self.series_max = Some(cap);
        self
    }

    /// Lets the metric and its labels have any text as their names, such as
    /// `http.server.duration`, as Prometheus 3 does; without it, what not every
    /// tool reads is refused. Labels whose names begin with `__` stay the
    /// engine's.
    pub const fn utf8_names(mut self) -> Self {
        self.utf8_names = true;
        self
    }

    /// Checks the definition.
    ///
    /// # Errors
    /// The first thing that is wrong, by name.
    pub fn build(self) -> Result<MetricDefinition, DefinitionError> {
        if self.utf8_names {
            check_foreign_metric_name(&self.name)?;
        } else {
            check_metric_name(&self.name)?;
        }
        self.check_labels()?;
        self.check_unit()?;
        self.check_native()?;
        self.check_states()?;
        self.check_info()?;
        let bounds = self.checked_bounds()?;
        let quantiles = self.checked_quantiles()?;
        Ok(MetricDefinition {
            name: self.name,
            kind: self.kind,
            help: self.help,
            unit: self.unit,
            label_names: self.label_names.into(),
            bounds: bounds.into(),
            quantiles: quantiles.into(),
            native: self.native,
            states: self.states.into(),
            retention: self.retention,
            series_max: self.series_max,
        })
    }

    fn check_labels(&self) -> Result<(), DefinitionError> {
        let check = if self.utf8_names { check_utf8_label_name } else { check_label_name };
        let own = match self.kind {
            MetricKind::Histogram => "le",
            MetricKind::Summary => "quantile",
            MetricKind::StateSet => {
                check(&self.name)?;
                self.name.as_ref()
            }
            MetricKind::Counter | MetricKind::Gauge | MetricKind::Info => "",
        };
        for (index, label) in self.label_names.iter().enumerate() {
            check(label)?;
            if underscored(label, false) == underscored(own, false) {
                return Err(DefinitionError::KindLabel {
                    metric: self.name.to_string(),
                    label: label.to_string(),
                    kind: self.kind,
                });
            }
            let escaped = underscored(label, false);
            let is_alike = |other: &&Arc<str>| underscored(other, false) == escaped;
            if let Some(other) = self.label_names[..index].iter().find(is_alike) {
                return Err(DefinitionError::DuplicateLabel {
                    metric: self.name.to_string(),
                    label: other.to_string(),
                    again: label.to_string(),
                });
            }
        }
        Ok(())
    }

    fn check_unit(&self) -> Result<(), DefinitionError> {
        if self.unit.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Ok(());
        }
        Err(DefinitionError::Unit { metric: self.name.to_string(), unit: self.unit.to_string() })
    }

    fn checked_bounds(&self) -> Result<Vec<f64>, DefinitionError> {
        match (self.kind, &self.bounds) {
            (MetricKind::Histogram, None) if self.native.is_some() => Ok(Vec::new()),
            (MetricKind::Histogram, None) => Ok(DEFAULT_BOUNDS.to_vec()),
            (MetricKind::Histogram, Some(bounds)) => {
                let growing = bounds.windows(2).all(|pair| pair[0] < pair[1]);
                if growing && bounds.iter().all(|bound| bound.is_finite()) {
                    return Ok(bounds.clone());
                }
                Err(DefinitionError::Bounds {
                    metric: self.name.to_string(),
                    bounds: bounds.clone(),
                })
            }
            (_, None) => Ok(Vec::new()),
            (_, Some(_)) => Err(self.not_of_kind("bucket bounds")),
        }
    }

    fn checked_quantiles(&self) -> Result<Vec<f64>, DefinitionError> {
        match (self.kind, &self.quantiles) {
            (MetricKind::Summary, None) => Ok(DEFAULT_QUANTILES.to_vec()),
            (MetricKind::Summary, Some(quantiles)) => {
                let is_wrong = |&(index, quantile): &(usize, &f64)| {
                    let is_outside = !(0.0..=1.0).contains(quantile) || quantile.is_sign_negative();
                    is_outside || quantiles[..index].contains(quantile)
                };
                match quantiles.iter().enumerate().find(is_wrong) {
                    None => Ok(quantiles.clone()),
                    Some((_, &quantile)) => {
                        Err(DefinitionError::Quantile { metric: self.name.to_string(), quantile })
                    }
                }
            }
            (_, None) => Ok(Vec::new()),
            (_, Some(_)) => Err(self.not_of_kind("quantiles")),
        }
    }

    fn check_native(&self) -> Result<(), DefinitionError> {
        let Some(native) = self.native else { return Ok(()) };
        if self.kind != MetricKind::Histogram {
            return Err(self.not_of_kind("native buckets"));
        }
        native.check().map_err(|expected| DefinitionError::Native {
            metric: self.name.to_string(),
            native,
            expected,
        })
    }

    fn check_states(&self) -> Result<(), DefinitionError> {
        match (self.kind, self.states.as_slice()) {
            (MetricKind::StateSet, states) => {
                let twice = |index: usize| states[..index].contains(&states[index]);
                let fits = (1..=STATES_MAX).contains(&states.len());
                if fits && !(0..states.len()).any(|i| states[i].is_empty() || twice(i)) {
                    return Ok(());
                }
                Err(DefinitionError::States {
                    metric: self.name.to_string(),
                    states: states.iter().map(ToString::to_string).collect(),
                })
            }
            (_, []) => Ok(()),
            _ => Err(self.not_of_kind("states")),
        }
    }

    fn check_info(&self) -> Result<(), DefinitionError> {
        let ends = self.name.strip_suffix("_info").is_some_and(|rest| !rest.is_empty());
        if self.kind != MetricKind::Info || ends {
            return Ok(());
        }
        Err(DefinitionError::InfoName { metric: self.name.to_string() })
    }

    fn not_of_kind(&self, what: &'static str) -> DefinitionError {
        DefinitionError::NotOfKind { metric: self.name.to_string(), kind: self.kind, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: DefinitionBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn defaults_by_kind() {
        let histogram = MetricDefinition::histogram("h").build().unwrap();
        assert_eq!(histogram.bounds(), DEFAULT_BOUNDS);
        let summary = MetricDefinition::summary("s").build().unwrap();
        assert_eq!(summary.quantiles(), DEFAULT_QUANTILES);
        let gauge = MetricDefinition::gauge("g").build().unwrap();
        assert!(gauge.bounds().is_empty() && gauge.quantiles().is_empty());
    }

    #[test]
    fn a_definition_survives_serialisation_and_its_checks_apply_on_the_way_in() {
        let second = Duration::from_secs(1);
        for builder in [
            MetricDefinition::counter("c").help("how many").unit("bytes").labels(["a", "b"]),
            MetricDefinition::gauge("g").retention(second).series_max(7),
            MetricDefinition::histogram("h"),
            MetricDefinition::histogram("h").bounds([]),
            MetricDefinition::histogram("h").bounds([0.1 + 0.2, 1e300]),
            MetricDefinition::summary("s").quantiles([]),
            MetricDefinition::histogram("h").native(NativeBuckets::default()),
            MetricDefinition::histogram("h").native(NativeBuckets::default()).bounds([1.0]),
            MetricDefinition::info("build_info").labels(["version"]),
            MetricDefinition::state_set("s").states(["on", "off"]),
        ] {
            let definition = builder.build().unwrap();
            let text = serde_json::to_string(&definition).unwrap();
            assert_eq!(serde_json::from_str::<MetricDefinition>(&text).unwrap(), definition);
        }
        let bad = r#"{"name":"g","kind":"gauge","bounds":[1.0]}"#;
        let error = serde_json::from_str::<MetricDefinition>(bad).unwrap_err().to_string();
        assert!(error.starts_with("metric \"g\" is a gauge: it takes no bucket bounds"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let h = || MetricDefinition::histogram("h");
        assert_eq!(refused(h().labels(["a", "a"])), "metric \"h\" names label \"a\" twice");
        assert_eq!(
            refused(h().utf8_names().labels(["x.y", "x_y"])),
            "metric \"h\" names label \"x.y\" twice, as \"x_y\" is escaped alike"
        );
        assert_eq!(
            refused(h().labels(["le"])),
            "metric \"h\": label \"le\" belongs to the histogram itself"
        );
        assert_eq!(
            refused(h().bounds([1.0, 1.0])),
            "metric \"h\": bucket bounds must be finite and grow strictly, got [1.0, 1.0]"
        );
        assert!(refused(h().bounds([f64::INFINITY])).contains("finite"));
        assert_eq!(
            refused(MetricDefinition::summary("s").quantiles([1.5])),
            "metric \"s\": quantiles must differ and lie between 0 and 1, got 1.5"
        );
        for quantiles in [[0.5, 0.5], [0.0, -0.0]] {
            let error = refused(MetricDefinition::summary("s").quantiles(quantiles));
            assert!(error.ends_with(&format!("got {:?}", quantiles[1])), "{error}");
        }
        assert_eq!(
            refused(MetricDefinition::gauge("g").bounds([1.0])),
            "metric \"g\" is a gauge: it takes no bucket bounds"
        );
        assert_eq!(
            refused(MetricDefinition::gauge("g").unit("m/s")),
            "metric \"g\": unit \"m/s\" must be letters, digits or '_'"
        );
        assert_eq!(
            refused(MetricDefinition::info("build")),
            "metric \"build\": the name of an info must end in \"_info\""
        );
        for states in [&[][..], &["a", "a"], &[""]] {
            let error = refused(MetricDefinition::state_set("s").states(states.iter().copied()));
            assert!(error.ends_with(&format!("1 to 64 names that differ, got {states:?}")));
        }
        let own = MetricDefinition::state_set("s").states(["a"]).labels(["s"]);
        assert!(refused(own).contains("belongs to the stateset itself"));
        for name in ["a:b", "__a"] {
            let set = MetricDefinition::state_set(name).states(["a"]);
            assert!(refused(set).starts_with(&format!("label name {name:?}")));
        }
        assert_eq!(
            refused(h().native(NativeBuckets { schema: 9, ..NativeBuckets::default() })),
            "metric \"h\": native buckets must have a schema of -4 to 8, \
             got native buckets of schema 9"
        );
        assert!(
            refused(MetricDefinition::gauge("g").native(NativeBuckets::default()))
                .contains("takes no native buckets")
        );
    }
}
