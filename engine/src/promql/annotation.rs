//! What a query wants people to know beside its result.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat};

use super::functions::histogram::Forced;
use super::functions::number::{shortest, two_digits};
use super::syntax::Span;

/// The most annotations of one severity that are kept.
const KEPT_MAX: usize = 100;

/// How serious an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The result is likely not what was meant.
    Warning,
    /// The result may not be what was meant.
    Info,
}

/// A remark on a part of a query. The words are those of Prometheus 3.14.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    severity: Severity,
    message: String,
    span: Span,
    /// Where counts were raised, for remarks on that.
    raised: Option<Raised>,
}

/// Where and when the counts of classic histograms had to be raised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raised {
    buckets: Forced,
    samples: u64,
    first_ms: i64,
    last_ms: i64,
}

impl Raised {
    /// Creates it from one histogram at the time `at_ms`.
    #[must_use]
    pub const fn new(buckets: Forced, at_ms: i64) -> Self {
        Self { buckets, samples: 1, first_ms: at_ms, last_ms: at_ms }
    }

    /// Takes in what was raised elsewhere.
    pub fn merge(&mut self, other: &Self) {
        let (buckets, others) = (&mut self.buckets, other.buckets);
        buckets.from = buckets.from.min(others.from);
        buckets.to = buckets.to.max(others.to);
        buckets.difference_max = buckets.difference_max.max(others.difference_max);
        self.samples += other.samples;
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
    }
}

impl Annotation {
    /// Creates a warning on the part of the query at `span`.
    #[must_use]
    pub fn warning(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Warning, message: message.into(), span, raised: None }
    }

    /// Creates an info on the part of the query at `span`.
    #[must_use]
    pub fn info(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Info, ..Self::warning(message, span) }
    }

    /// Warns of a φ outside of 0 and 1, or NaN.
    #[must_use]
    pub fn quantile_out_of_range(phi: f64, span: Span) -> Self {
        let phi = shortest(phi);
        Self::warning(format!("quantile value should be between 0 and 1, got {phi}"), span)
    }

    /// Warns of a ratio outside of −1 and 1, which was capped.
    #[must_use]
    pub fn ratio_out_of_range(ratio: f64, span: Span) -> Self {
        let (given, capped) = (shortest(ratio), shortest(ratio.clamp(-1.0, 1.0)));
        let message =
            format!("ratio value should be between -1 and 1, got {given}, capping to {capped}");
        Self::warning(message, span)
    }

    /// Warns of a series that is no bucket; `le` is empty where the label is
    /// absent.
    #[must_use]
    pub fn bad_bucket_label(metric: &str, le: &str, span: Span) -> Self {
        let message = format!("bucket label \"le\" is missing or has a malformed value of {le:?}");
        Self::warning(of_metric(message, metric), span)
    }

    /// Warns of a sort in a range query.
    #[must_use]
    pub fn sort_without_effect(span: Span) -> Self {
        Self::warning(
            "sort is ineffective for range queries since results are always ordered by labels",
            span,
        )
    }

    /// Warns of samples that count what the sample before them counts too.
    #[must_use]
    pub fn overlapping_starts(metric: &str, span: Span) -> Self {
        let message = format!(
            "sample has start time that overlaps with previous sample timestamp for metric {metric:?}"
        );
        Self::warning(message, span)
    }

    /// Tells of a metric under a function for counters whose name is not a
    /// counter's; see [`is_counter_name`].
    #[must_use]
    pub fn maybe_no_counter(metric: &str, span: Span) -> Self {
        let message = format!(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {metric:?}"
        );
        Self::info(message, span)
    }

    /// Tells of operands that an operator is not for, by the names of their
    /// types (`float`, `histogram`).
    #[must_use]
    pub fn incompatible_types(op: &str, left: &str, right: &str, span: Span) -> Self {
        let message = format!(
            "incompatible sample types encountered for binary operator {op:?}: {left} {op} {right}"
        );
        Self::info(message, span)
    }

    /// Tells of classic histograms whose counts fell from one bucket to the
    /// next. Remarks on the same metric become one.
    #[must_use]
    pub fn raised_buckets(metric: &str, raised: Raised, span: Span) -> Self {
        let message = "input to histogram_quantile needed to be fixed for monotonicity \
             (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
        Self { raised: Some(raised), ..Self::info(of_metric(message.to_owned(), metric), span) }
    }

    /// Returns how serious it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the message without severity and position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the part of the query that it is about.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Returns it as Prometheus writes it, with the line and column in
    /// `query`: `PromQL warning: … (1:5)`.
    #[must_use]
    pub fn render(&self, query: &str) -> String {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let mut text = format!("PromQL {severity}: {}", self.message);
        if let Some(Raised { buckets, samples, first_ms, last_ms }) = self.raised {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                ", from buckets {} to {}, with a max diff of {}, over {samples} samples from {} to {}",
                shortest(buckets.from),
                shortest(buckets.to),
                two_digits(buckets.difference_max),
                time(first_ms),
                time(last_ms),
            );
        }
        let _ = write!(text, " ({})", self.span.position(query));
        text
    }

    /// Says whether it is the same remark, details aside.
    fn is_same(&self, other: &Self) -> bool {
        self.severity == other.severity
            && self.span == other.span
            && self.raised.is_some() == other.raised.is_some()
            && self.message == other.message
    }

    fn absorb(&mut self, other: &Self) {
        if let (Some(raised), Some(other)) = (&mut self.raised, &other.raised) {
            raised.merge(other);
        }
    }
}

fn of_metric(mut message: String, metric: &str) -> String {
    if !metric.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(message, " for metric name {metric:?}");
    }
    message
}

fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(
        || format!("{ms} ms"),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

/// Says whether a name ends as those of counters do: in `_total`, `_sum`,
/// `_count` or `_bucket`.
#[must_use]
pub fn is_counter_name(metric: &str) -> bool {
    ["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| metric.ends_with(suffix))
}

/// The annotations of a query, in the order in which they came, each once. At
/// most 100 of each severity are kept; the others are counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    kept: Vec<Annotation>,
    left_out: [usize; 2],
}

impl Annotations {
    /// Creates a set without annotations.
    #[must_use]
    pub const fn new() -> Self {
        Self { kept: Vec::new(), left_out: [0; 2] }
    }

    /// Adds an annotation. One that is there already takes in its details.
    pub fn add(&mut self, annotation: Annotation) {
        if let Some(same) = self.kept.iter_mut().find(|kept| kept.is_same(&annotation)) {
            same.absorb(&annotation);
            return;
        }
        let severity = annotation.severity;
        if self.kept.iter().filter(|kept| kept.severity == severity).count() < KEPT_MAX {
            self.kept.push(annotation);
        } else {
            self.left_out[severity as usize] += 1;
        }
    }

    /// Adds all annotations of another set.
    pub fn merge(&mut self, other: Self) {
        for (left_out, more) in self.left_out.iter_mut().zip(other.left_out) {
            *left_out += more;
        }
        for annotation in other.kept {
            self.add(annotation);
        }
    }

    /// Returns the annotations in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.kept.iter()
    }

    /// Says whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the annotations of one severity as Prometheus writes them; at
    /// most `max`, and a line on how many more there were.
    #[must_use]
    pub fn render(&self, severity: Severity, query: &str, max: usize) -> Vec<String> {
        let all: Vec<&Annotation> =
            self.kept.iter().filter(|annotation| annotation.severity == severity).collect();
        let mut lines: Vec<String> =
            all.iter().take(max).map(|annotation| annotation.render(query)).collect();
        let more = all.len() - lines.len() + self.left_out[severity as usize];
        if more > 0 {
            let name = match severity {
                Severity::Warning => "warning",
                Severity::Info => "info",
            };
            lines.push(format!("{more} more {name} annotations omitted"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "histogram_quantile(0.8,\n  series)";

    fn check(annotation: &Annotation, expected: &str) {
        assert_eq!(annotation.render(QUERY), expected);
    }

    #[test]
    fn texts_are_those_of_prometheus() {
        let span = Span::new(26, 32);
        check(
            &Annotation::bad_bucket_label("series", "Hello World", span),
            "PromQL warning: bucket label \"le\" is missing or has a malformed value of \
             \"Hello World\" for metric name \"series\" (2:3)",
        );
        check(
            &Annotation::bad_bucket_label("", "", Span::new(0, 1)),
            "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"\" (1:1)",
        );
        check(
            &Annotation::quantile_out_of_range(f64::NAN, Span::new(19, 22)),
            "PromQL warning: quantile value should be between 0 and 1, got NaN (1:20)",
        );
        check(
            &Annotation::ratio_out_of_range(-1.1, span),
            "PromQL warning: ratio value should be between -1 and 1, got -1.1, capping to -1 (2:3)",
        );
        check(
            &Annotation::overlapping_starts("counter_total", span),
            "PromQL warning: sample has start time that overlaps with previous sample timestamp \
             for metric \"counter_total\" (2:3)",
        );
        check(
            &Annotation::sort_without_effect(span),
            "PromQL warning: sort is ineffective for range queries since results are always \
             ordered by labels (2:3)",
        );
    }

    #[test]
    fn remarks_on_raised_buckets_become_one() {
        let span = Span::new(26, 32);
        let mut annotations = Annotations::new();
        let first = Forced { from: 1.0, to: 100.0, difference_max: 0.25 };
        annotations.add(Annotation::raised_buckets("series", Raised::new(first, 3_000_000), span));
        let second = Forced { from: 0.5, to: f64::INFINITY, difference_max: 10.0 };
        annotations.add(Annotation::raised_buckets("series", Raised::new(second, 3_015_000), span));
        annotations.add(Annotation::maybe_no_counter("series", span));
        assert_eq!(
            annotations.render(Severity::Info, QUERY, 1),
            [
                "PromQL info: input to histogram_quantile needed to be fixed for monotonicity \
                 (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) \
                 for metric name \"series\", from buckets 0.5 to +Inf, with a max diff of 10, over 2 \
                 samples from 1970-01-01T00:50:00Z to 1970-01-01T00:50:15Z (2:3)",
                "1 more info annotations omitted",
            ]
        );
        assert!(annotations.render(Severity::Warning, QUERY, 10).is_empty());
    }

    #[test]
    fn each_is_kept_once_and_not_without_end() {
        let mut annotations = Annotations::new();
        for _ in 0..3 {
            annotations.add(Annotation::sort_without_effect(Span::new(0, 1)));
        }
        assert_eq!(annotations.iter().count(), 1);
        for index in 0..KEPT_MAX + 5 {
            annotations.add(Annotation::info(format!("{index}"), Span::new(0, 1)));
        }
        let mut all = Annotations::new();
        all.merge(annotations);
        assert_eq!(all.iter().count(), KEPT_MAX + 1);
        let infos = all.render(Severity::Info, QUERY, 10);
        assert_eq!(infos[0], "PromQL info: 0 (1:1)");
        assert_eq!(infos[10], "95 more info annotations omitted");
    }

    #[test]
    fn counters_are_known_by_their_names() {
        assert!(is_counter_name("x_total") && is_counter_name("x_bucket"));
        assert!(!is_counter_name("total") && !is_counter_name("x_totals"));
    }
}
