//! Definitions of aggregations.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AggregateError, Grouping, Measure, Method, Recording};
use crate::model::{Labels, Matcher, check_label_name, check_metric_name};
use crate::promql::Expression;
use crate::promql::syntax::ValueType;

/// The window if none is given.
pub const WINDOW_DEFAULT: Duration = Duration::from_secs(5 * 60);

/// The longest window and interval: 400 days.
const SPAN_MAX: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// An aggregation: values that are computed from others at each interval and
/// stored as series of their own.
///
/// Valid by construction: see [`Definition::of`] and
/// [`Definition::expression`]. Serialises as a map that deserialises through
/// the same checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Builder")]
pub struct Definition {
    name: Arc<str>,
    #[serde(flatten)]
    source: Source,
    interval: Option<Duration>,
}

/// What an aggregation computes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// A value of a metric's series over a window, stored as a gauge.
    Metric(Measure),
    /// What PromQL finds, stored with the labels that it has.
    Expression(Recording),
}

impl TryFrom<Builder> for Definition {
    type Error = AggregateError;

    fn try_from(builder: Builder) -> Result<Self, AggregateError> {
        builder.build()
    }
}

impl Definition {
    /// Starts the definition of an aggregation of `metric` by `method`.
    pub fn of(metric: impl Into<Arc<str>>, method: Method) -> Builder {
        Builder { metric: Some(metric.into()), method: Some(method), ..Builder::default() }
    }

    /// Starts the definition of the series `name` of what a PromQL expression
    /// finds: a recording rule. The expression's result is a vector or a
    /// scalar.
    ///
    /// ```
    /// # use keepwatch_engine::aggregate::Definition;
    /// let rate = Definition::expression("job:hits:rate5m", "sum by (job) (rate(hits_total[5m]))");
    /// let rate = rate.build()?;
    /// # Ok::<(), keepwatch_engine::aggregate::AggregateError>(())
    /// ```
    pub fn expression(name: impl Into<Arc<str>>, expression: impl Into<Arc<str>>) -> Builder {
        let (name, expression) = (Some(name.into()), Some(expression.into()));
        Builder { name, expression, ..Builder::default() }
    }

    /// Returns the name: that of the results.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns what is computed.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Returns how often it runs; `None` as the aggregator's default says.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }
}

/// A definition being written; [`build`](Self::build) checks it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[must_use = "an aggregation does nothing until it is built and added"]
pub struct Builder {
    name: Option<Arc<str>>,
    metric: Option<Arc<str>>,
    matchers: Vec<Matcher>,
    method: Option<Method>,
    window: Option<Duration>,
    grouping: Option<Grouping>,
    expression: Option<Arc<str>>,
    labels: Vec<(Arc<str>, Arc<str>)>,
    interval: Option<Duration>,
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
        self.matchers = matchers.into_iter().collect();
        self
    }

    /// Sets the method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Sets the window; 5 min by default, at most 400 days.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// Sets how often the aggregation runs; as the aggregator's default says
    /// if not set.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Gives the series with the same values of these labels one result.
    pub fn by<N: Into<Arc<str>>>(mut self, labels: impl IntoIterator<Item = N>) -> Self {
        self.grouping = Some(Grouping::By(labels.into_iter().map(Into::into).collect()));
        self
    }

    /// Gives the series that differ in no label but these one result.
    pub fn without<N: Into<Arc<str>>>(mut self, labels: impl IntoIterator<Item = N>) -> Self {
        self.grouping = Some(Grouping::Without(labels.into_iter().map(Into::into).collect()));
        self
    }

    /// Lays a label over those of what an expression finds; an empty value
    /// removes one.
    pub fn label(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Checks the definition.
    ///
    /// # Errors
    /// A name that no metric or label may have, a window or interval that is
    /// out of its range, a quantile outside 0 to 1, an expression that is none
    /// or has no value a series, and what goes with the other source.
    pub fn build(self) -> Result<Definition, AggregateError> {
        let source = match (&self.metric, &self.expression) {
            (Some(metric), None) => Source::Metric(self.measure(metric)?),
            (None, Some(text)) => Source::Expression(self.recording(text)?),
            _ => return Err(AggregateError::Source { name: self.known_name() }),
        };
        let name = match (self.name, &source) {
            (Some(name), _) => name,
            (None, Source::Metric(measure)) => measure.default_name(),
            (None, Source::Expression(_)) => return Err(AggregateError::Nameless),
        };
        check_metric_name(&name)?;
        let mut window = None;
        if let Source::Metric(measure) = &source {
            if name == measure.metric {
                return Err(AggregateError::Itself { name: name.to_string() });
            }
            window = Some(measure.window);
        }
        for (key, span) in [("window", window), ("interval", self.interval)] {
            let fits = |span: Duration| (Duration::from_millis(100)..=SPAN_MAX).contains(&span);
            if let Some(span) = span.filter(|span| !fits(*span)) {
                return Err(AggregateError::Span { name: name.to_string(), key, span });
            }
        }
        Ok(Definition { name, source, interval: self.interval })
    }

    fn known_name(&self) -> String {
        self.name.as_deref().unwrap_or("").to_owned()
    }

    fn measure(&self, metric: &Arc<str>) -> Result<Measure, AggregateError> {
        check_metric_name(metric)?;
        if !self.labels.is_empty() {
            return Err(AggregateError::Misplaced { what: "labels", with: "an expression" });
        }
        let Some(method) = self.method else {
            return Err(AggregateError::Source { name: self.known_name() });
        };
        let grouping = self.grouping.clone().unwrap_or_default();
        if let Grouping::By(labels) | Grouping::Without(labels) = &grouping {
            labels.iter().try_for_each(|label| check_label_name(label))?;
        }
        let metric = Arc::clone(metric);
        let (matchers, window) = (self.matchers.clone(), self.window.unwrap_or(WINDOW_DEFAULT));
        let measure = Measure { metric, matchers, method, window, grouping };
        match method {
            Method::Quantile(quantile) if !(0.0..=1.0).contains(&quantile) => {
                let name = self.name.clone().unwrap_or_else(|| measure.default_name());
                Err(AggregateError::Quantile { name: name.to_string(), quantile })
            }
            _ => Ok(measure),
        }
    }

    fn recording(&self, text: &Arc<str>) -> Result<Recording, AggregateError> {
        let of_metrics = [
            ("matchers", !self.matchers.is_empty()),
            ("method", self.method.is_some()),
            ("window", self.window.is_some()),
            ("grouping", self.grouping.is_some()),
        ];
        if let Some((what, _)) = of_metrics.into_iter().find(|(_, given)| *given) {
            return Err(AggregateError::Misplaced { what, with: "a metric" });
        }
        let expression = Expression::parse(Arc::clone(text)).map_err(|source| {
            let position = source.span().position(text);
            let (name, source) = (self.known_name(), Box::new(source));
            AggregateError::Expression { name, position, source }
        })?;
        let found = expression.query().value_type();
        if !matches!(found, ValueType::Vector | ValueType::Scalar) {
            let (name, found) = (self.known_name(), found.to_string());
            return Err(AggregateError::ExpressionType { name, found });
        }
        Labels::new(self.labels.iter().cloned())?;
        Ok(Recording { expression, labels: self.labels.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MetricDefinition, Sample, SeriesSamples, Timestamp};

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
    fn an_expression_is_checked() {
        let refused = |builder: Builder| builder.build().unwrap_err().to_string();
        let of = |text: &str| Definition::expression("job:x:sum", text);
        assert_eq!(
            refused(of("sum by (job (x)")),
            "aggregation \"job:x:sum\": 1:13: expected a comma or a closing parenthesis, found \"(\""
        );
        assert_eq!(
            refused(of("x[5m]")),
            "aggregation \"job:x:sum\": the expression is a range vector; expected an instant \
             vector or a scalar"
        );
        assert_eq!(refused(of("x").by(["job"])), "grouping goes with a metric");
        assert_eq!(
            refused(Definition::of("m", Method::Avg).label("a", "b")),
            "labels goes with an expression"
        );
        assert_eq!(
            refused(Builder::default().name("n")),
            "aggregation \"n\" must have either a metric and a method, or an expression"
        );
        let definition = of("sum by (job) (x)").label("team", "ops").build().unwrap();
        let text = serde_json::to_string(&definition).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&text).unwrap(), definition, "{text}");
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
            let Source::Metric(measure) = definition.source() else { panic!("{definition:?}") };
            let values = measure.evaluate(&source, all(), Timestamp::from_millis(1_000));
            let text = values.iter().map(|(labels, value)| format!("{labels} {value}"));
            let metric = measure.result_metric(definition.name(), &source).unwrap();
            let labels = metric.label_names().join(",");
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
