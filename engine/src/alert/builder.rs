//! Rules being written.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::aggregate::Method;
use crate::model::{Labels, MatchOp, Matcher, MatcherError, check_metric_name};
use crate::promql::Expression;
use crate::promql::syntax::ValueType;
use crate::template::{Template, TemplateTexts};

use super::condition::Defect;
use super::rule::{ALERT_NAME, SEVERITY};
use super::{
    AlertError, Condition, ConditionError, ErrorPolicy, MetricQuestion, NoDataPolicy, Question,
    Rule, Severity,
};

/// The window if none is given.
pub const WINDOW_DEFAULT: Duration = Duration::from_secs(5 * 60);

/// The most alerts of one rule if no cap is given.
pub const CAP_DEFAULT: usize = 1_000;

/// The largest cap on the alerts of one rule.
pub const CAP_MAX: usize = 100_000;

/// The longest rule name in bytes.
const NAME_BYTES_MAX: usize = 256;

/// The most annotations of a rule.
const ANNOTATIONS_MAX: usize = 100;

/// The annotation that describes an alert.
const DESCRIPTION: &str = "description";

/// The shortest interval and window.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest interval: longer gaps are no monitoring.
const INTERVAL_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The longest window, `for` and `keep_firing_for`.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3_600);

/// A rule being written; [`build`](Self::build) checks it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a rule does nothing until it is built and added"]
pub struct RuleBuilder {
    name: Arc<str>,
    #[serde(default)]
    metric: Option<Arc<str>>,
    #[serde(default)]
    expression: Option<Arc<str>>,
    #[serde(default)]
    matchers: Vec<Matcher>,
    #[serde(skip)]
    bad_matcher: Option<MatcherError>,
    #[serde(default)]
    method: Option<Method>,
    #[serde(default)]
    window: Option<Duration>,
    condition: Option<Written>,
    #[serde(default)]
    clear: Option<Written>,
    #[serde(default)]
    pending_for: Duration,
    #[serde(default)]
    keep_firing_for: Duration,
    #[serde(default)]
    severity: Severity,
    #[serde(default)]
    labels: Vec<(Arc<str>, Arc<str>)>,
    #[serde(default)]
    annotations: Vec<(Arc<str>, Arc<str>)>,
    #[serde(default)]
    no_data: NoDataPolicy,
    #[serde(default)]
    on_error: ErrorPolicy,
    #[serde(default)]
    interval: Option<Duration>,
    #[serde(default = "cap_default")]
    cap: usize,
}

/// A condition as it was given.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
enum Written {
    Typed(Condition),
    Text(String),
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

const fn cap_default() -> usize {
    CAP_DEFAULT
}

impl RuleBuilder {
    pub(super) fn on_metric(name: Arc<str>, metric: Arc<str>) -> Self {
        Self { metric: Some(metric), ..Self::new(name) }
    }

    pub(super) fn on_expression(name: Arc<str>, expression: Arc<str>) -> Self {
        Self { expression: Some(expression), ..Self::new(name) }
    }

    fn new(name: Arc<str>) -> Self {
        Self {
            name,
            metric: None,
            expression: None,
            matchers: Vec::new(),
            bad_matcher: None,
            method: None,
            window: None,
            condition: None,
            clear: None,
            pending_for: Duration::ZERO,
            keep_firing_for: Duration::ZERO,
            severity: Severity::default(),
            labels: Vec::new(),
            annotations: Vec::new(),
            no_data: NoDataPolicy::default(),
            on_error: ErrorPolicy::default(),
            interval: None,
            cap: CAP_DEFAULT,
        }
    }

    /// Sets when a series alerts; a rule on an expression alerts on every
    /// series by default.
    pub fn when(mut self, condition: Condition) -> Self {
        self.condition = Some(Written::Typed(condition));
        self
    }

    /// Sets when a series alerts, as text: see [`Condition::parse`].
    pub fn when_text(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(Written::Text(condition.into()));
        self
    }

    /// Sets when a firing alert clears; by default when the condition no
    /// longer holds. Fire above 90 and clear below 80, and an alert does not
    /// flap between them.
    pub fn clear_when(mut self, condition: Condition) -> Self {
        self.clear = Some(Written::Typed(condition));
        self
    }

    /// Sets when a firing alert clears, as text.
    pub fn clear_when_text(mut self, condition: impl Into<String>) -> Self {
        self.clear = Some(Written::Text(condition.into()));
        self
    }

    /// Watches only series whose label `name` is `value`.
    pub fn label_is(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.matchers.push(Matcher::equal(name, value));
        self
    }

    /// Watches only series whose label `name` passes; a regular expression
    /// that does not compile is refused when the rule is built.
    pub fn label_matches(
        mut self,
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Self {
        match Matcher::new(name, op, value) {
            Ok(matcher) => self.matchers.push(matcher),
            Err(error) => self.bad_matcher = Some(error),
        }
        self
    }

    /// Watches only series that pass all of `matchers` as well.
    pub fn matchers(mut self, matchers: impl IntoIterator<Item = Matcher>) -> Self {
        self.matchers.extend(matchers);
        self
    }

    /// Sets how a series' samples become the value that the condition judges.
    /// By default a counter's is its increase over the window, a gauge's its
    /// latest value, a histogram's or summary's the mean of what it measured.
    pub const fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Sets how far back an evaluation looks; 5 minutes by default.
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
        self
    }

    /// Sets how long the condition must hold before the alert fires; at once
    /// by default.
    pub const fn pending_for(mut self, duration: Duration) -> Self {
        self.pending_for = duration;
        self
    }

    /// Sets how long a firing alert outlasts its condition, from the first
    /// evaluation at which it does not hold; not at all by default.
    pub const fn keep_firing_for(mut self, duration: Duration) -> Self {
        self.keep_firing_for = duration;
        self
    }

    /// Sets how grave the alerts are; a warning by default.
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Lays a label over the series' own; an empty value removes one. The value
    /// is a template, as in [`annotation`](Self::annotation).
    pub fn label(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Sets what an alert says under a name, in place of what was set before.
    /// The text is a [template](crate::template) in the language of
    /// Prometheus' rules, which is filled whenever the series is found to
    /// alert: `{{ $labels.host }} is at {{ $value | humanize }}`.
    pub fn annotation(mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.annotations.retain(|(other, _)| *other != name);
        self.annotations.push((name, text.into()));
        self
    }

    /// Sets the [annotation](Self::annotation) `description`.
    pub fn description(self, description: impl Into<Arc<str>>) -> Self {
        self.annotation(DESCRIPTION, description)
    }

    /// Sets what becomes of a series without a value in the window.
    pub const fn no_data(mut self, policy: NoDataPolicy) -> Self {
        self.no_data = policy;
        self
    }

    /// Sets what becomes of a failed evaluation.
    pub const fn on_error(mut self, policy: ErrorPolicy) -> Self {
        self.on_error = policy;
        self
    }

    /// Sets how often the rule is evaluated; the evaluator's default
    /// otherwise.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets the most alerts that the rule may have at a time,
    /// [`CAP_DEFAULT`] by default. An evaluation that finds more fails, and
    /// the alerts there are keep their state.
    pub const fn cap(mut self, cap: usize) -> Self {
        self.cap = cap;
        self
    }

    /// Checks the rule.
    ///
    /// # Errors
    /// The first thing that is wrong, with the rule's name and the value.
    pub fn build(self) -> Result<Rule, AlertError> {
        self.check_name()?;
        self.check_durations()?;
        let question = self.question()?;
        self.check_labels()?;
        let labels = self.templates("label", &self.labels)?;
        let annotations = self.annotations()?;
        if !(1..=CAP_MAX).contains(&self.cap) {
            let rule = self.name.to_string();
            return Err(AlertError::Cap { rule, given: self.cap, max: CAP_MAX });
        }
        let condition = match &self.condition {
            Some(written) => self.checked(written, "condition")?,
            None if self.expression.is_some() => Condition::present(),
            None => return Err(AlertError::NoCondition { rule: self.name.to_string() }),
        };
        let clear = match &self.clear {
            Some(written) => Some(self.checked(written, "clear condition")?),
            None => None,
        };
        Ok(Rule {
            name: self.name,
            question,
            condition,
            clear,
            pending_for: self.pending_for,
            keep_firing_for: self.keep_firing_for,
            severity: self.severity,
            labels,
            annotations,
            no_data: self.no_data,
            on_error: self.on_error,
            interval: self.interval,
            cap: self.cap,
            membership: None,
        })
    }

    fn check_name(&self) -> Result<(), AlertError> {
        let fits = !self.name.trim().is_empty()
            && self.name.len() <= NAME_BYTES_MAX
            && !self.name.chars().any(char::is_control);
        if fits {
            return Ok(());
        }
        let name = self.name.chars().take(64).collect();
        Err(AlertError::RuleName { name, max: NAME_BYTES_MAX })
    }

    fn question(&self) -> Result<Question, AlertError> {
        match (&self.metric, &self.expression) {
            (Some(metric), None) => self.of_metric(metric).map(Question::Metric),
            (None, Some(text)) => {
                self.of_expression(text).map(|expression| Question::Expression { expression })
            }
            _ => Err(AlertError::Question { rule: self.name.to_string() }),
        }
    }

    fn of_metric(&self, metric: &Arc<str>) -> Result<MetricQuestion, AlertError> {
        if let Err(source) = check_metric_name(metric) {
            return Err(AlertError::Metric { rule: self.name.to_string(), source });
        }
        if let Some(source) = &self.bad_matcher {
            let owner = format!("rule {:?}", self.name);
            return Err(AlertError::Matcher { owner, source: source.clone() });
        }
        self.check_method()?;
        Ok(MetricQuestion {
            metric: Arc::clone(metric),
            matchers: self.matchers.clone(),
            method: self.method,
            window: self.window.unwrap_or(WINDOW_DEFAULT),
        })
    }

    fn of_expression(&self, text: &Arc<str>) -> Result<Expression, AlertError> {
        let rule = || self.name.to_string();
        let of_metrics = [
            ("matchers", !self.matchers.is_empty() || self.bad_matcher.is_some()),
            ("method", self.method.is_some()),
            ("window", self.window.is_some()),
        ];
        if let Some((what, _)) = of_metrics.into_iter().find(|(_, given)| *given) {
            return Err(AlertError::OfMetricsOnly { rule: rule(), what });
        }
        let expression = Expression::parse(Arc::clone(text)).map_err(|source| {
            let (rule, position) = (rule(), source.span().position(text));
            AlertError::Expression { rule, position, source: Box::new(source) }
        })?;
        match expression.query().value_type() {
            ValueType::Vector | ValueType::Scalar => Ok(expression),
            found => Err(AlertError::ExpressionType { rule: rule(), found: found.to_string() }),
        }
    }

    fn check_method(&self) -> Result<(), AlertError> {
        match self.method {
            Some(Method::Quantile(quantile)) if !(0.0..=1.0).contains(&quantile) => {
                Err(AlertError::Quantile { rule: self.name.to_string(), quantile })
            }
            _ => Ok(()),
        }
    }

    fn check_durations(&self) -> Result<(), AlertError> {
        let ranges = [
            ("window", self.window, SHORTEST, LONGEST),
            ("interval", self.interval, SHORTEST, INTERVAL_MAX),
            ("for", Some(self.pending_for), Duration::ZERO, LONGEST),
            ("keep_firing_for", Some(self.keep_firing_for), Duration::ZERO, LONGEST),
        ];
        for (what, given, min, max) in ranges {
            if let Some(given) = given
                && !(min..=max).contains(&given)
            {
                let rule = self.name.to_string();
                return Err(AlertError::Duration { rule, what, given, min, max });
            }
        }
        Ok(())
    }

    fn check_labels(&self) -> Result<(), AlertError> {
        for (label, _) in &self.labels {
            if matches!(label.as_ref(), ALERT_NAME | SEVERITY) {
                let (rule, label) = (self.name.to_string(), label.to_string());
                return Err(AlertError::OwnLabel { rule, label });
            }
        }
        match Labels::new(self.labels.iter().cloned()) {
            Ok(_) => Ok(()),
            Err(source) => Err(AlertError::Labels { rule: self.name.to_string(), source }),
        }
    }

    fn annotations(&self) -> Result<TemplateTexts, AlertError> {
        let rule = || self.name.to_string();
        if self.annotations.len() > ANNOTATIONS_MAX {
            let (given, max) = (self.annotations.len(), ANNOTATIONS_MAX);
            return Err(AlertError::TooManyAnnotations { rule: rule(), given, max });
        }
        match Labels::new(self.annotations.iter().map(|(name, _)| (&**name, "text"))) {
            Ok(_) => self.templates("annotation", &self.annotations),
            Err(source) => Err(AlertError::Annotations { rule: rule(), source }),
        }
    }

    fn templates(
        &self,
        what: &'static str,
        texts: &[(Arc<str>, Arc<str>)],
    ) -> Result<TemplateTexts, AlertError> {
        let parse = |(name, text): &(Arc<str>, Arc<str>)| match Template::parse(text) {
            Ok(template) => Ok((Arc::clone(name), template)),
            Err(source) => Err(AlertError::Template {
                rule: self.name.to_string(),
                what,
                name: name.to_string(),
                source: Box::new(source),
            }),
        };
        texts.iter().map(parse).collect()
    }

    fn checked(&self, written: &Written, what: &'static str) -> Result<Condition, AlertError> {
        let rule = || self.name.to_string();
        let condition = match written {
            Written::Typed(condition) => condition.clone(),
            Written::Text(text) => Condition::parse(text).map_err(|source| {
                let (text, source) = (text.chars().take(64).collect(), Box::new(source));
                AlertError::Condition { rule: rule(), what, text, source }
            })?,
        };
        match condition.defect() {
            None => Ok(condition),
            Some(Defect::NotANumber) => Err(AlertError::NotANumber { rule: rule(), what }),
            Some(Defect::Oversized) => {
                let source = Box::new(ConditionError::TooLarge);
                Err(AlertError::ConditionSize { rule: rule(), what, source })
            }
        }
    }
}
