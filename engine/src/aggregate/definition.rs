//! Definitions of aggregations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::observed::{Observed, evaluate, observe};
use super::{AggregateError, Method};
use crate::model::{
    Labels, Matcher, MetricDefinition, MetricKind, SeriesSamples, TimeRange, Timestamp,
    check_label_name, check_metric_name,
};

/// The window if none is given.
pub const WINDOW_DEFAULT: Duration = Duration::from_secs(5 * 60);

/// The longest window and interval: 400 days.
const SPAN_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long before the window samples are read, for what counters grew from.
const BASELINE: Duration = Duration::from_secs(5 * 60);

/// Which series share a result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Each series has its own.
    #[default]
    Each,
    /// Those with the same values of these labels.
    By(Vec<Arc<str>>),
    /// Those with the same values of all labels but these.
    Without(Vec<Arc<str>>),
}

/// An aggregation: a value over a window, computed at each interval and
/// stored as a gauge of its own.
///
/// Valid by construction: see [`Definition::of`]. Serialises as a map that
/// deserialises through the same checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct Definition {
    pub(super) name: Arc<str>,
    metric: Arc<str>,
    matchers: Vec<Matcher>,
    method: Method,
    window: Duration,
    interval: Option<Duration>,
    grouping: Grouping,
}

/// A definition as it comes in.
#[derive(Deserialize)]
struct Form {
    name: Arc<str>,
    metric: Arc<str>,
    #[serde(default)]
    matchers: Vec<Matcher>,
    method: Method,
    window: Duration,
    #[serde(default)]
    interval: Option<Duration>,
    #[serde(default)]
    grouping: Grouping,
}

impl TryFrom<Form> for Definition {
    type Error = AggregateError;

    fn try_from(form: Form) -> Result<Self, AggregateError> {
        let Form { name, metric, matchers, method, window, interval, grouping } = form;
        let definition =
            Self { name: "".into(), metric, matchers, method, window, interval, grouping };
        Builder { name: Some(name), definition }.build()
    }
}

impl Definition {
    /// Starts the definition of an aggregation of `metric` by `method`.
    pub fn of(metric: impl Into<Arc<str>>, method: Method) -> Builder {
        Builder {
            name: None,
            definition: Self {
                name: "".into(),
                metric: metric.into(),
                matchers: Vec::new(),
                method,
                window: WINDOW_DEFAULT,
                interval: None,
                grouping: Grouping::Each,
            },
        }
    }

    /// Returns the name: that of the gauge that holds the results.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the metric that is aggregated.
    #[must_use]
    pub const fn metric(&self) -> &Arc<str> {
        &self.metric
    }

    /// Returns the conditions on its series.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the window.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// Returns how often it runs; `None` as the aggregator's default says.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Returns which series share a result.
    #[must_use]
    pub const fn grouping(&self) -> &Grouping {
        &self.grouping
    }

    /// Returns the span of samples that an evaluation at `at` needs.
    #[must_use]
    pub fn sample_range(&self, at: Timestamp) -> TimeRange {
        TimeRange::last(self.window + BASELINE, at)
    }

    /// Returns the gauge that holds the results of this aggregation of
    /// `source`. It has the source's unit unless the method changes it.
    ///
    /// # Errors
    /// A label that is grouped by and named twice.
    pub fn result_metric(
        &self,
        source: &MetricDefinition,
    ) -> Result<MetricDefinition, AggregateError> {
        let labels: Vec<Arc<str>> = match &self.grouping {
            Grouping::Each => source.label_names().to_vec(),
            Grouping::By(labels) => labels.clone(),
            Grouping::Without(labels) => {
                let kept = source.label_names().iter().filter(|name| !labels.contains(name));
                kept.cloned().collect()
            }
        };
        // Of a histogram or summary an increase is a number of measurements.
        let counts = matches!(source.kind(), MetricKind::Histogram | MetricKind::Summary);
        let unit = match self.method {
            Method::Count | Method::Rate | Method::Variance => "",
            Method::Increase if counts => "",
            _ => source.unit(),
        };
        let window = compact(self.window);
        let gauge = MetricDefinition::gauge(Arc::clone(&self.name))
            .help(format!("{} of {} over {window}", self.method, self.metric))
            .unit(unit)
            .labels(labels);
        Ok(gauge.build()?)
    }

    /// Evaluates the aggregation at `at` over the stored series of `source`:
    /// a value for each group that has one, sorted by labels.
    #[must_use]
    pub fn evaluate(
        &self,
        source: &MetricDefinition,
        series: Vec<SeriesSamples>,
        at: Timestamp,
    ) -> Vec<(Labels, f64)> {
        let window = TimeRange::last(self.window, at);
        let observed = observe(source, series);
        let mut groups: BTreeMap<Labels, Vec<&Observed>> = BTreeMap::new();
        for one in &observed {
            groups.entry(self.group_of(one.labels())).or_default().push(one);
        }
        let value = |(labels, group): (Labels, Vec<&Observed>)| {
            evaluate(&group, self.method, window).map(|value| (labels, value))
        };
        groups.into_iter().filter_map(value).collect()
    }

    fn group_of(&self, labels: &Labels) -> Labels {
        let listed = |list: &[Arc<str>], name: &str| list.iter().any(|one| one.as_ref() == name);
        match &self.grouping {
            Grouping::Each => labels.clone(),
            Grouping::By(list) => labels.filtered(|name| listed(list, name)),
            Grouping::Without(list) => labels.filtered(|name| !listed(list, name)),
        }
    }
}

/// A definition being written; [`build`](Self::build) checks it.
#[derive(Debug, Clone)]
#[must_use = "an aggregation does nothing until it is built and added"]
pub struct Builder {
    name: Option<Arc<str>>,
    definition: Definition,
}

impl Builder {
    /// Sets the name, which is that of the gauge that holds the results; by
    /// default `<metric>:<method>_<window>`, such as
    /// `latency_seconds:p95_5m`.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the conditions on the metric's series; none by default.
    pub fn matchers(mut self, matchers: impl IntoIterator<Item = Matcher>) -> Self {
        self.definition.matchers = matchers.into_iter().collect();
        self
    }

    /// Sets the window; 5 min by default, at most 400 days.
    pub fn window(mut self, window: Duration) -> Self {
        self.definition.window = window;
        self
    }

    /// Sets how often the aggregation runs; as the aggregator's default says
    /// if not set.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.definition.interval = Some(interval);
        self
    }

    /// Gives the series with the same values of these labels one result.
    pub fn by<N: Into<Arc<str>>>(mut self, labels: impl IntoIterator<Item = N>) -> Self {
        self.definition.grouping = Grouping::By(labels.into_iter().map(Into::into).collect());
        self
    }

    /// Gives the series that differ in no label but these one result.
    pub fn without<N: Into<Arc<str>>>(mut self, labels: impl IntoIterator<Item = N>) -> Self {
        self.definition.grouping = Grouping::Without(labels.into_iter().map(Into::into).collect());
        self
    }

    /// Checks the definition.
    ///
    /// # Errors
    /// A name that no metric or label may have, a window or interval that is
    /// out of its range, a quantile outside 0 to 1.
    pub fn build(self) -> Result<Definition, AggregateError> {
        let Self { name, mut definition } = self;
        check_metric_name(&definition.metric)?;
        definition.name = name.unwrap_or_else(|| default_name(&definition));
        check_metric_name(&definition.name)?;
        let name = || definition.name.to_string();
        if definition.name == definition.metric {
            return Err(AggregateError::Itself { name: name() });
        }
        let spans = [("window", Some(definition.window)), ("interval", definition.interval)];
        for (key, span) in spans {
            let fits = |span: Duration| (Duration::from_millis(100)..=SPAN_MAX).contains(&span);
            if let Some(span) = span.filter(|span| !fits(*span)) {
                return Err(AggregateError::Span { name: name(), key, span });
            }
        }
        if let Method::Quantile(quantile) = definition.method
            && !(0.0..=1.0).contains(&quantile)
        {
            return Err(AggregateError::Quantile { name: name(), quantile });
        }
        match &definition.grouping {
            Grouping::Each => {}
            Grouping::By(labels) | Grouping::Without(labels) => {
                labels.iter().try_for_each(|label| check_label_name(label))?;
            }
        }
        Ok(definition)
    }
}

fn default_name(definition: &Definition) -> Arc<str> {
    let method = definition.method.to_string().replace('.', "_");
    format!("{}:{method}_{}", definition.metric, compact(definition.window)).into()
}

/// Writes a duration for a name, such as `5m` or `1h30m`.
fn compact(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, millis) in
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        let count = rest / millis;
        rest %= millis;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sample;

    fn method(text: &str) -> Method {
        text.parse().unwrap()
    }

    #[test]
    fn names_by_default() {
        let name = |text, seconds| {
            let builder = Definition::of("latency_seconds", method(text));
            builder.window(Duration::from_secs(seconds)).build().unwrap().name().to_string()
        };
        assert_eq!(name("p95", 300), "latency_seconds:p95_5m");
        assert_eq!(name("p99.9", 5_400), "latency_seconds:p99_9_1h30m");
        assert_eq!(name("median", 86_400), "latency_seconds:median_1d");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |builder: Builder| builder.build().unwrap_err().to_string();
        let of = || Definition::of("m", Method::Avg);
        assert_eq!(
            refused(of().window(Duration::ZERO)),
            "aggregation \"m:avg_\": window must be 100ms to 400 days, got 0ns"
        );
        assert!(refused(of().interval(SPAN_MAX * 2)).contains("interval must be 100ms to 400"));
        assert!(refused(of().name("m")).contains("would be stored under the name of its source"));
        assert!(refused(of().name("a b")).contains("' ' at position 2"));
        assert!(refused(of().by(["9"])).contains("label name \"9\""));
        assert!(refused(Definition::of("m", Method::Quantile(1.5))).contains("got 1.5"));
    }

    #[test]
    fn a_definition_survives_serialisation_and_its_checks_apply_on_the_way_in() {
        let minute = Duration::from_secs(60);
        for builder in [
            Definition::of("m", Method::Avg).by(["host"]).matchers([Matcher::equal("a", "b")]),
            Definition::of("m", method("p99.9")).without(["host"]).interval(minute).name("n"),
            Definition::of("m", Method::Rate).window(minute),
        ] {
            let definition = builder.build().unwrap();
            let text = serde_json::to_string(&definition).unwrap();
            assert_eq!(serde_json::from_str::<Definition>(&text).unwrap(), definition, "{text}");
        }
        let bad = r#"{"name":"m","metric":"m","method":"avg","window":{"secs":60,"nanos":0}}"#;
        let error = serde_json::from_str::<Definition>(bad).unwrap_err().to_string();
        assert!(error.contains("would be stored under the name of its source"), "{error}");
    }

    #[test]
    fn groups_by_and_without() {
        let source = MetricDefinition::gauge("m").labels(["host", "disk"]).unit("bytes");
        let source = source.build().unwrap();
        let series = |host: &str, disk: &str, value: f64| SeriesSamples {
            name: "m".into(),
            labels: Labels::new([("host", host), ("disk", disk)]).unwrap(),
            samples: vec![Sample::new(Timestamp::from_millis(500), value)],
        };
        let all = || vec![series("a", "1", 1.0), series("a", "2", 2.0), series("b", "1", 4.0)];
        let run = |builder: Builder| {
            let definition = builder.build().unwrap();
            let values = definition.evaluate(&source, all(), Timestamp::from_millis(1_000));
            let text = values.iter().map(|(labels, value)| format!("{labels} {value}"));
            let labels = definition.result_metric(&source).unwrap().label_names().join(",");
            (text.collect::<Vec<_>>(), labels)
        };
        let sum = || Definition::of("m", Method::Sum);
        let (values, labels) = run(sum().by(["host"]));
        assert_eq!(values, [r#"{host="a"} 3"#, r#"{host="b"} 4"#]);
        assert_eq!(labels, "host");
        let (values, labels) = run(sum().without(["host"]));
        assert_eq!(values, [r#"{disk="1"} 5"#, r#"{disk="2"} 2"#]);
        assert_eq!(labels, "disk");
        let (values, labels) = run(sum().by::<&str>([]));
        assert_eq!((values, labels.as_str()), (vec!["{} 7".to_owned()], ""));
        let (values, labels) = run(sum());
        assert_eq!((values.len(), labels.as_str()), (3, "host,disk"));
    }
}
