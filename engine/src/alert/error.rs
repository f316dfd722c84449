//! What can be wrong with rules, silences and acknowledgements.

use std::time::Duration;

use thiserror::Error;

use crate::aggregate::Method;
use crate::model::{LabelsError, MatcherError, MetricKind, NameError, Timestamp};
use crate::promql::QueryError;
use crate::promql::syntax::Position;
use crate::template::TemplateError;

use super::ConditionError;

/// Why a request to the alert evaluator was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AlertError {
    /// A severity by an unknown name.
    #[error("unknown severity {given:?}; expected info, warning, error or critical")]
    Severity {
        /// The text as given.
        given: String,
    },
    /// A policy by an unknown name.
    #[error("unknown {what} {given:?}; expected {expected}")]
    Policy {
        /// Which policy: `no-data policy` or `error policy`.
        what: &'static str,
        /// The text as given.
        given: String,
        /// The names there are.
        expected: &'static str,
    },
    /// A rule's name is empty, too long, or has control characters.
    #[error("rule name {name:?} must have 1 to {max} bytes and no control characters")]
    RuleName {
        /// The name as given.
        name: String,
        /// The longest name in bytes.
        max: usize,
    },
    /// A rule needs a condition.
    #[error("rule {rule:?} has no condition")]
    NoCondition {
        /// The rule.
        rule: String,
    },
    /// The rule's metric has no valid name.
    #[error("rule {rule:?}: {source}")]
    Metric {
        /// The rule.
        rule: String,
        /// What is wrong with the name.
        source: NameError,
    },
    /// A rule asks of a metric or in PromQL, and of nothing else.
    #[error("rule {rule:?} must have either a metric or an expression")]
    Question {
        /// The rule.
        rule: String,
    },
    /// An expression is not PromQL.
    #[error("rule {rule:?}: expression: {position}: {source}")]
    Expression {
        /// The rule.
        rule: String,
        /// Where in the expression: line and column.
        position: Position,
        /// What is wrong with it.
        source: Box<QueryError>,
    },
    /// An expression whose result has no value a series.
    #[error("rule {rule:?}: the expression is a {found}; expected an instant vector or a scalar")]
    ExpressionType {
        /// The rule.
        rule: String,
        /// Its type.
        found: String,
    },
    /// An expression itself says what this would.
    #[error("rule {rule:?}: {what} goes with a metric; the expression says it itself")]
    OfMetricsOnly {
        /// The rule.
        rule: String,
        /// What was given: `matchers`, `method` or `window`.
        what: &'static str,
    },
    /// A condition's text does not parse.
    #[error("rule {rule:?}: {what} {text:?}: {source}")]
    Condition {
        /// The rule.
        rule: String,
        /// Which one: `condition` or `clear condition`.
        what: &'static str,
        /// The text, shortened.
        text: String,
        /// Where it went wrong.
        source: Box<ConditionError>,
    },
    /// A quantile outside 0 to 1.
    #[error("rule {rule:?}: quantile {quantile} must lie between 0 and 1")]
    Quantile {
        /// The rule.
        rule: String,
        /// The quantile as given.
        quantile: f64,
    },
    /// A condition compares with NaN, which nothing equals.
    #[error("rule {rule:?}: {what} compares with NaN; expected a number")]
    NotANumber {
        /// The rule.
        rule: String,
        /// Which one: `condition` or `clear condition`.
        what: &'static str,
    },
    /// A condition that was put together grew past its bounds.
    #[error("rule {rule:?}: {what}: {source}")]
    ConditionSize {
        /// The rule.
        rule: String,
        /// Which one: `condition` or `clear condition`.
        what: &'static str,
        /// The bounds.
        source: Box<ConditionError>,
    },
    /// A duration out of its range.
    #[error("rule {rule:?}: {what} of {given:?} must be from {min:?} to {max:?}")]
    Duration {
        /// The rule.
        rule: String,
        /// Which one, such as `window`.
        what: &'static str,
        /// The duration as given.
        given: Duration,
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// A rule's own labels are not valid.
    #[error("rule {rule:?}: {source}")]
    Labels {
        /// The rule.
        rule: String,
        /// What is wrong with them.
        source: LabelsError,
    },
    /// A rule sets a label that the evaluator sets.
    #[error("rule {rule:?} sets label {label:?}, which the evaluator sets itself")]
    OwnLabel {
        /// The rule.
        rule: String,
        /// The label: `alertname` or `severity`.
        label: String,
    },
    /// A label matcher is not valid.
    #[error("{owner}: {source}")]
    Matcher {
        /// Whose matcher: a rule or a silence.
        owner: String,
        /// What is wrong with it.
        source: MatcherError,
    },
    /// The name of an annotation is none, or comes twice.
    #[error("rule {rule:?}: annotations: {source}")]
    Annotations {
        /// The rule.
        rule: String,
        /// What is wrong with them.
        source: LabelsError,
    },
    /// There are more annotations than there may be.
    #[error("rule {rule:?}: {given} annotations are more than {max}")]
    TooManyAnnotations {
        /// The rule.
        rule: String,
        /// How many there are.
        given: usize,
        /// The most.
        max: usize,
    },
    /// The text of a label or an annotation is no template.
    #[error("rule {rule:?}: {what} {name:?}: template: {source}")]
    Template {
        /// The rule.
        rule: String,
        /// `label` or `annotation`.
        what: &'static str,
        /// The name of the label or annotation.
        name: String,
        /// What is wrong, and where.
        source: Box<TemplateError>,
    },
    /// A text is too long.
    #[error("{owner}: {what} of {bytes} bytes is longer than {max}")]
    TextTooLong {
        /// Whose text.
        owner: String,
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest.
        max: usize,
    },
    /// A cap on instances that lets none through, or too many.
    #[error("rule {rule:?}: cap of {given} alerts must be from 1 to {max}")]
    Cap {
        /// The rule.
        rule: String,
        /// The cap as given.
        given: usize,
        /// The largest.
        max: usize,
    },
    /// A rule of this name exists.
    #[error("rule {rule:?} exists already")]
    DuplicateRule {
        /// The rule.
        rule: String,
    },
    /// The rule belongs to a group of a rule file.
    #[error("rule {rule:?} is evaluated with its {group}, not by itself")]
    OfGroup {
        /// The rule.
        rule: String,
        /// The group and its file.
        group: String,
    },
    /// There is no rule of this name.
    #[error("there is no rule {rule:?}")]
    UnknownRule {
        /// The name as given.
        rule: String,
    },
    /// There are as many rules as there may be.
    #[error("rule {rule:?} is one too many: {max} rules are the most")]
    TooManyRules {
        /// The rule.
        rule: String,
        /// The most.
        max: usize,
    },
    /// There is no such alert, or it is not firing.
    #[error("there is no active alert {alert}")]
    UnknownAlert {
        /// The fingerprint, or rule and labels.
        alert: String,
    },
    /// An acknowledgement or silence does not say who made it.
    #[error("{what} must name who makes it")]
    Nobody {
        /// What it is: `an acknowledgement` or `a silence`.
        what: &'static str,
    },
    /// A silence without a matcher that asks for something.
    #[error("a silence needs at least one matcher that an alert without the label would fail")]
    SilenceMatchesAll,
    /// A silence that ends before it starts, or has ended already.
    #[error("a silence from {starts_at} to {ends_at} must end after it starts and after {now}")]
    SilenceTime {
        /// When it would start.
        starts_at: Timestamp,
        /// When it would end.
        ends_at: Timestamp,
        /// When it was asked for.
        now: Timestamp,
    },
    /// There is no such silence.
    #[error("there is no silence {id}")]
    UnknownSilence {
        /// The identifier.
        id: u64,
    },
    /// There are as many silences as there may be.
    #[error("there are {max} silences, the most there may be")]
    TooManySilences {
        /// The most.
        max: usize,
    },
    /// A fingerprint that is not 16 hexadecimal digits.
    #[error("fingerprint {given:?} must be 16 hexadecimal digits")]
    Fingerprint {
        /// The text as given.
        given: String,
    },
}

/// Why one evaluation of a rule failed; the rule's alerts keep their state.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Two series have the same labels once the rule's labels are laid over.
    #[error("two series become the same alert {labels}")]
    Duplicate {
        /// The labels they share.
        labels: String,
    },
    /// More alerts than the rule's cap.
    #[error("{count} series would alert; the rule's cap is {cap}")]
    TooManyAlerts {
        /// How many would be active.
        count: usize,
        /// The cap.
        cap: usize,
    },
    /// More alerts than the group of the rule allows.
    #[error("exceeded limit of {limit} with {count} alerts")]
    GroupLimit {
        /// How many would be active.
        count: usize,
        /// What the group allows.
        limit: usize,
    },
    /// The series of the rule's alerts were not stored.
    #[error("not stored: {reason}")]
    NotStored {
        /// Why.
        reason: String,
    },
    /// There is no such metric yet. To a rule that watches for absence that is
    /// an answer and no error.
    #[error("there is no metric {metric:?}")]
    UnknownMetric {
        /// The metric.
        metric: String,
    },
    /// The rule's method means nothing for the metric's kind.
    #[error("method {method} means nothing for a {kind}")]
    Method {
        /// The rule's method.
        method: Method,
        /// The metric's kind.
        kind: MetricKind,
    },
    /// An answer without a value a series.
    #[error("the answer is a {found}; expected an instant vector or a scalar")]
    Answer {
        /// Its type.
        found: String,
    },
    /// The readings could not be had.
    #[error("{reason}")]
    Readings {
        /// Why not.
        reason: String,
    },
}
