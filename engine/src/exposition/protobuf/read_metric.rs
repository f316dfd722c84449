//! Reading one metric.

use std::sync::Arc;

use thiserror::Error;

use super::field::{Content, Fields, NoMessage};
use crate::exposition::parse::{Event, Exemplar, Family, FamilyKind, Role, SampleLine};
use crate::instrument::float_text;
use crate::model::Timestamp;

/// What is wrong with a metric.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MetricProblem {
    /// Its bytes, or those of a part, are no message.
    #[error("a metric is no message")]
    Encoding,
    /// It has more labels than the limit allows.
    #[error("a metric has more than {limit} labels")]
    Labels {
        /// The limit.
        limit: usize,
    },
    /// Its labels, repeated for each of its samples, are too much text.
    #[error("the samples of a metric have more than {limit} bytes of labels")]
    Samples {
        /// The limit.
        limit: usize,
    },
    /// A label stands twice.
    #[error("label {label:?} of a metric stands twice")]
    DuplicateLabel {
        /// The label.
        label: String,
    },
    /// The value of its family's type is not there.
    #[error("a metric of type {kind} has no such value")]
    NoValue {
        /// The family's type.
        kind: FamilyKind,
    },
}

/// The most bytes of labels that the samples of one metric have together.
const SAMPLE_LABEL_BYTES_MAX: usize = 32 << 20;

type Read<T> = Result<T, MetricProblem>;

impl From<NoMessage> for MetricProblem {
    fn from(NoMessage: NoMessage) -> Self {
        Self::Encoding
    }
}

/// A metric before it is known what its family makes of it.
#[derive(Debug, Default)]
pub(super) struct Metric {
    labels: Vec<(String, String)>,
    at: Option<Timestamp>,
    gauge: Option<Single>,
    counter: Option<Single>,
    untyped: Option<Single>,
    summary: Option<Spread>,
    histogram: Option<Spread>,
}

/// A value alone.
#[derive(Debug, Default)]
struct Single {
    value: f64,
    exemplar: Option<Exemplar>,
    created: Option<f64>,
}

/// The parts of a summary or histogram.
#[derive(Debug, Default)]
struct Spread {
    count: f64,
    sum: f64,
    created: Option<f64>,
    /// Quantiles or buckets.
    parts: Vec<Part>,
    is_native: bool,
}

/// A quantile or bucket.
#[derive(Debug, Default)]
struct Part {
    /// Which quantile, or the bucket's upper bound.
    place: f64,
    value: f64,
    exemplar: Option<Exemplar>,
}

impl Metric {
    pub(super) fn read(message: &[u8], labels_max: usize) -> Read<Self> {
        let mut metric = Self::default();
        each(message, |number, content| {
            let bytes = || content.bytes().ok_or(MetricProblem::Encoding);
            match number {
                1 => push_label(&mut metric.labels, bytes()?, labels_max)?,
                2 => metric.gauge = Some(single(bytes()?, labels_max)?),
                3 => metric.counter = Some(single(bytes()?, labels_max)?),
                4 => metric.summary = Some(summary(bytes()?)?),
                5 => metric.untyped = Some(single(bytes()?, labels_max)?),
                6 => metric.at = content.int().map(Timestamp::from_millis),
                7 => metric.histogram = Some(histogram(bytes()?, labels_max)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(metric)
    }

    /// Says whether there are native buckets, which are left out.
    pub(super) fn is_native(&self) -> bool {
        self.histogram.as_ref().is_some_and(|histogram| histogram.is_native)
    }

    /// Gives the samples that a text would have.
    pub(super) fn give(self, family: &Arc<Family>, events: &mut impl Extend<Event>) -> Read<()> {
        let kind = family.kind;
        let Self { labels, at, gauge, counter, untyped, summary, histogram } = self;
        let single = match kind {
            FamilyKind::Counter => counter.map(|single| (Role::Total, single)),
            FamilyKind::Gauge => gauge.map(|single| (Role::Value, single)),
            FamilyKind::Unknown => untyped.map(|single| (Role::Value, single)),
            _ => None,
        };
        let spread = match kind {
            FamilyKind::Summary => summary,
            FamilyKind::Histogram | FamilyKind::GaugeHistogram => histogram,
            _ => None,
        };
        let giver = Giver { family, labels, at };
        match (single, spread) {
            (Some((role, single)), _) => {
                let Single { value, exemplar, created } = single;
                events.extend([giver.sample(role, "", value, None, exemplar)]);
                let stem = family.name.strip_suffix("_total").unwrap_or(&family.name);
                let created = created.filter(|_| kind == FamilyKind::Counter);
                events.extend(created.map(|at| giver.named(format!("{stem}_created"), at)));
            }
            (None, Some(spread)) => {
                // A few bytes make a part, and each part repeats the labels.
                let labels = giver.labels.iter().map(|(name, value)| name.len() + value.len());
                let bytes = labels.sum::<usize>().saturating_mul(spread.parts.len());
                if bytes > SAMPLE_LABEL_BYTES_MAX {
                    return Err(MetricProblem::Samples { limit: SAMPLE_LABEL_BYTES_MAX });
                }
                giver.spread(spread, events);
            }
            (None, None) => return Err(MetricProblem::NoValue { kind }),
        }
        Ok(())
    }
}

/// Makes samples of one metric.
struct Giver<'a> {
    family: &'a Arc<Family>,
    labels: Vec<(String, String)>,
    at: Option<Timestamp>,
}

impl Giver<'_> {
    fn sample(
        &self,
        role: Role,
        suffix: &str,
        value: f64,
        label: Option<(&str, f64)>,
        exemplar: Option<Exemplar>,
    ) -> Event {
        let mut labels = self.labels.clone();
        labels.extend(label.map(|(name, number)| (name.to_owned(), float_text(number))));
        Event::Sample(SampleLine {
            family: Arc::clone(self.family),
            role,
            name: format!("{}{suffix}", self.family.name),
            labels,
            value,
            at: self.at,
            exemplar,
        })
    }

    fn named(&self, name: String, created: f64) -> Event {
        Event::Sample(SampleLine {
            family: Arc::clone(self.family),
            role: Role::Created,
            name,
            labels: self.labels.clone(),
            value: created,
            at: self.at,
            exemplar: None,
        })
    }

    fn spread(self, spread: Spread, events: &mut impl Extend<Event>) {
        let Spread { count, sum, created, parts, .. } = spread;
        let kind = self.family.kind;
        let (role, suffix, label) = match kind {
            FamilyKind::Summary => (Role::Quantile, "", "quantile"),
            _ => (Role::Bucket, "_bucket", "le"),
        };
        // The last bucket may be left out of a message, and never of a text.
        let last = parts.last().map(|part| part.place);
        let is_open = role == Role::Bucket && last.is_some_and(|bound| bound != f64::INFINITY);
        for Part { place, value, exemplar } in parts {
            events.extend([self.sample(role, suffix, value, Some((label, place)), exemplar)]);
        }
        if is_open {
            let infinite = Some((label, f64::INFINITY));
            events.extend([self.sample(role, suffix, count, infinite, None)]);
        }
        let (sum_suffix, count_suffix) = match kind {
            FamilyKind::GaugeHistogram => ("_gsum", "_gcount"),
            _ => ("_sum", "_count"),
        };
        events.extend([
            self.sample(Role::Sum, sum_suffix, sum, None, None),
            self.sample(Role::Count, count_suffix, count, None, None),
        ]);
        let name = || format!("{}_created", self.family.name);
        events.extend(created.map(|at| self.named(name(), at)));
    }
}

/// Hands each field of a message to `take`.
fn each<'a>(message: &'a [u8], mut take: impl FnMut(u64, Content<'a>) -> Read<()>) -> Read<()> {
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next() {
        let (number, content) = field?;
        take(number, content)?;
    }
    Ok(())
}

fn double(content: Content<'_>) -> Read<f64> {
    content.double().ok_or(MetricProblem::Encoding)
}

#[expect(clippy::cast_precision_loss, reason = "samples are f64; exact to 2^53")]
fn count(content: Content<'_>) -> Read<f64> {
    content.uint().map(|count| count as f64).ok_or(MetricProblem::Encoding)
}

fn message(content: Content<'_>) -> Read<&[u8]> {
    content.bytes().ok_or(MetricProblem::Encoding)
}

/// A `Gauge`, `Counter` or `Untyped`.
fn single(bytes: &[u8], labels_max: usize) -> Read<Single> {
    let mut single = Single::default();
    each(bytes, |number, content| {
        match number {
            1 => single.value = double(content)?,
            2 => single.exemplar = Some(exemplar(message(content)?, labels_max)?),
            3 => single.created = Some(seconds(message(content)?)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(single)
}

fn summary(bytes: &[u8]) -> Read<Spread> {
    let mut summary = Spread::default();
    each(bytes, |number, content| {
        match number {
            1 => summary.count = count(content)?,
            2 => summary.sum = double(content)?,
            3 => {
                let mut part = Part::default();
                each(message(content)?, |number, content| {
                    match number {
                        1 => part.place = double(content)?,
                        2 => part.value = double(content)?,
                        _ => {}
                    }
                    Ok(())
                })?;
                summary.parts.push(part);
            }
            4 => summary.created = Some(seconds(message(content)?)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(summary)
}

fn histogram(bytes: &[u8], labels_max: usize) -> Read<Spread> {
    let mut histogram = Spread::default();
    let mut float_count = 0.0;
    each(bytes, |number, content| {
        match number {
            1 => histogram.count = count(content)?,
            2 => histogram.sum = double(content)?,
            3 => histogram.parts.push(bucket(message(content)?, labels_max)?),
            4 => float_count = double(content)?,
            6 => histogram.is_native |= double(content)? > 0.0,
            7 => histogram.is_native |= count(content)? > 0.0,
            8 => histogram.is_native |= double(content)? > 0.0,
            9..=14 => histogram.is_native = true,
            15 => histogram.created = Some(seconds(message(content)?)?),
            _ => {}
        }
        Ok(())
    })?;
    if float_count > 0.0 {
        histogram.count = float_count;
    }
    Ok(histogram)
}

fn bucket(bytes: &[u8], labels_max: usize) -> Read<Part> {
    let mut bucket = Part::default();
    let mut float_count = 0.0;
    each(bytes, |number, content| {
        match number {
            1 => bucket.value = count(content)?,
            2 => bucket.place = double(content)?,
            3 => bucket.exemplar = Some(exemplar(message(content)?, labels_max)?),
            4 => float_count = double(content)?,
            _ => {}
        }
        Ok(())
    })?;
    if float_count > 0.0 {
        bucket.value = float_count;
    }
    Ok(bucket)
}

fn exemplar(bytes: &[u8], labels_max: usize) -> Read<Exemplar> {
    let mut exemplar = Exemplar { labels: Vec::new(), value: 0.0, at: None };
    each(bytes, |number, content| {
        match number {
            1 => push_label(&mut exemplar.labels, message(content)?, labels_max)?,
            2 => exemplar.value = double(content)?,
            3 => exemplar.at = Some(millis(seconds(message(content)?)?)),
            _ => {}
        }
        Ok(())
    })?;
    Ok(exemplar)
}

fn push_label(labels: &mut Vec<(String, String)>, bytes: &[u8], max: usize) -> Read<()> {
    let (mut name, mut value) = ("", "");
    each(bytes, |number, content| {
        let text = || content.text().ok_or(MetricProblem::Encoding);
        match number {
            1 => name = text()?,
            2 => value = text()?,
            _ => {}
        }
        Ok(())
    })?;
    if labels.len() >= max {
        return Err(MetricProblem::Labels { limit: max });
    }
    if labels.iter().any(|(earlier, _)| earlier == name) {
        return Err(MetricProblem::DuplicateLabel { label: name.to_owned() });
    }
    labels.push((name.to_owned(), value.to_owned()));
    Ok(())
}

/// A `google.protobuf.Timestamp` in Unix seconds.
#[expect(clippy::cast_precision_loss, reason = "times are floats in samples, exact to 2^53")]
fn seconds(bytes: &[u8]) -> Read<f64> {
    let (mut seconds, mut nanos) = (0, 0);
    each(bytes, |number, content| {
        let int = || content.int().ok_or(MetricProblem::Encoding);
        match number {
            1 => seconds = int()?,
            2 => nanos = int()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(seconds as f64 + nanos as f64 / 1e9)
}

#[expect(clippy::cast_possible_truncation, reason = "saturates at the ends of time")]
fn millis(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1_000.0).round() as i64)
}
