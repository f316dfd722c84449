//! The text of the queries.

use std::time::Duration;

use super::{MetricQuery, Part};
use crate::aggregate::Method;
use crate::alert::EvaluationError;
use crate::alert::question::{BASELINE, MetricQuestion};
use crate::model::{Matcher, MetricKind};
use crate::promql::syntax::Text;
use crate::promql::{Expression, NAME};

/// The series that a question asks of, and over what window.
pub(super) struct Series<'q> {
    question: &'q MetricQuestion,
    kind: MetricKind,
    window: Duration,
}

impl<'q> Series<'q> {
    pub(super) fn new(question: &'q MetricQuestion, kind: MetricKind) -> Self {
        Self { question, kind, window: question.window.max(Duration::from_millis(1)) }
    }

    pub(super) const fn is_distribution(&self) -> bool {
        self.kind.is_distribution()
    }

    /// Returns the query for the value by a method; by the one that the kind
    /// suggests if none is given.
    pub(super) fn value(&self, method: Option<Method>) -> Result<MetricQuery, EvaluationError> {
        if self.is_distribution() {
            return self.distribution(method.unwrap_or(Method::Avg));
        }
        let is_counter = self.kind == MetricKind::Counter;
        let method = method.unwrap_or(if is_counter { Method::Increase } else { Method::Last });
        let range = self.range("");
        let text = match method {
            Method::Last => return self.latest(Part::Value),
            Method::First => return self.first(Part::Value),
            Method::Sum => format!("sum_over_time({range})"),
            Method::Avg => format!("avg_over_time({range})"),
            Method::Min => format!("min_over_time({range})"),
            Method::Max => format!("max_over_time({range})"),
            Method::Count => format!("count_over_time({range})"),
            Method::StdDev => format!("stddev_over_time({range})"),
            Method::Variance => format!("stdvar_over_time({range})"),
            Method::Quantile(q) => format!("quantile_over_time({q}, {range})"),
            Method::Increase if is_counter => format!("increase({range} anchored)"),
            Method::Rate if is_counter => format!("rate({range} anchored)"),
            Method::Delta | Method::Increase => difference(&range),
            Method::Rate => format!("({}) / {}", difference(&range), self.window.as_secs_f64()),
        };
        query(Part::Value, text, BASELINE)
    }

    /// Returns the query for the oldest value in the window.
    pub(super) fn first(&self, part: Part) -> Result<MetricQuery, EvaluationError> {
        query(part, format!("first_over_time({})", self.range("")), BASELINE)
    }

    /// Returns the query for the newest value in the window, of series that
    /// have not ended.
    pub(super) fn latest(&self, part: Part) -> Result<MetricQuery, EvaluationError> {
        query(part, self.selector("", None), self.window)
    }

    /// Returns the query for the series that have a sample at all in `span`.
    pub(super) fn known(&self, span: Duration) -> Result<MetricQuery, EvaluationError> {
        let suffix = if self.is_distribution() { "_count" } else { "" };
        let text = format!("present_over_time({})", self.over(suffix, span));
        query(Part::Known, text, BASELINE)
    }

    fn distribution(&self, method: Method) -> Result<MetricQuery, EvaluationError> {
        let count = self.range("_count");
        let text = match method {
            Method::Sum => self.grown_sum(),
            Method::Count | Method::Increase => format!("increase({count} anchored)"),
            Method::Rate => format!("rate({count} anchored)"),
            Method::Avg => format!("({}) / (increase({count} anchored) > 0)", self.grown_sum()),
            // A quantile of nothing is NaN, which is not above anything.
            Method::Quantile(q) if self.kind == MetricKind::Histogram => {
                let buckets = self.range("_bucket");
                format!("histogram_quantile({q}, increase({buckets} anchored)) >= -Inf")
            }
            Method::Quantile(q) => {
                let recorded = self.selector("", Some(&spellings(q)));
                let text = format!("max without (quantile) ({recorded} >= -Inf)");
                return query(Part::Value, text, self.window);
            }
            // They look at single samples, of which these kinds store none.
            Method::Min
            | Method::Max
            | Method::First
            | Method::Last
            | Method::Delta
            | Method::StdDev
            | Method::Variance => {
                return Err(EvaluationError::Method { method, kind: self.kind });
            }
        };
        query(Part::Value, text, BASELINE)
    }

    /// Returns the text for by how much a running sum changed. Measurements
    /// may be negative, so a sum that falls is no reset; the count says
    /// whether there was one.
    fn grown_sum(&self) -> String {
        let (sum, count) = (self.range("_sum"), self.range("_count"));
        let reset = format!("resets({count} anchored) > 0");
        format!("increase({sum} anchored) and {reset} or delta({sum} anchored)")
    }

    fn range(&self, suffix: &str) -> String {
        self.over(suffix, self.window)
    }

    fn over(&self, suffix: &str, span: Duration) -> String {
        format!("{}[{}ms]", self.selector(suffix, None), span.as_millis())
    }

    /// Returns the selector of the component with this suffix. Everything is
    /// in quotes, as names may be any UTF-8 or the words of the language.
    fn selector(&self, suffix: &str, quantile: Option<&str>) -> String {
        let name = format!("{}{suffix}", self.question.metric);
        let mut text = format!("{{{NAME}={}", Text::new(name));
        for matcher in &self.question.matchers {
            text.push(',');
            text.push_str(&condition(matcher));
        }
        if let Some(pattern) = quantile {
            text.push_str(",quantile=~");
            text.push_str(&Text::new(pattern).to_string());
        }
        text.push('}');
        text
    }
}

fn condition(matcher: &Matcher) -> String {
    let (name, value) = (Text::new(matcher.name()), Text::new(matcher.value()));
    format!("{name}{}{value}", matcher.op().symbol())
}

fn difference(range: &str) -> String {
    format!("last_over_time({range}) - first_over_time({range})")
}

/// Returns the pattern of a quantile's decimal spellings: zeros may stand
/// before and behind it.
fn spellings(q: f64) -> String {
    // Percents divided by 100 are off by a bit or two.
    let decimal = ((q * 1e12).round() / 1e12).to_string();
    match decimal.split_once('.') {
        Some((whole, fraction)) => format!("0*{}[.]{fraction}0*", whole.trim_start_matches('0')),
        None => format!("0*{decimal}([.]0*)?"),
    }
}

fn query(part: Part, text: String, lookback: Duration) -> Result<MetricQuery, EvaluationError> {
    match Expression::parse(text) {
        Ok(expression) => Ok(MetricQuery { part, expression, lookback }),
        Err(error) => Err(EvaluationError::Readings { reason: error.to_string() }),
    }
}
