//! Reading a body.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::failure::ScrapeFailure;
use super::format::Format;
use super::intake::Intake;
use crate::exposition::parse::{
    Event, Family, FamilyKind, Limits, ParseError, Parser, Problem, Role, SampleLine,
};
use crate::exposition::protobuf::{ReadLimits, Reader};
use crate::instrument::float_text;
use crate::model::{Labels, Timestamp};

/// The most labels of a series that are read, where no limit says less.
const LABELS_MAX: usize = 256;

/// What a body said.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The samples in the order of the body, under the target's labels.
    pub samples: Vec<PageSample>,
    /// The metrics that were described, sorted by name.
    pub metadata: Vec<Described>,
    /// What was left out, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
}

/// A sample of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct PageSample {
    /// The name of the series.
    pub name: Arc<str>,
    /// Its labels, those of the target included.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// When it held; `None` at the time of the scrape.
    pub at: Option<Timestamp>,
}

/// What a body says of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The name: of a counter with `_total`, of an info with `_info`, as
    /// their series are called.
    pub name: Arc<str>,
    /// The type.
    pub kind: FamilyKind,
    /// The help text; empty if there is none.
    pub help: String,
    /// The unit; empty if there is none.
    pub unit: String,
}

impl Page {
    /// Reads a body.
    ///
    /// A bound of a bucket, and a quantile, is spelt as this project spells
    /// numbers, whatever the format: `1.0` is `1`. Left out, and counted, are
    /// what an OpenMetrics text has against the rules of its types, native
    /// buckets and times of creation of protobuf, exemplars, and metrics of a
    /// message that make no sense.
    ///
    /// # Errors
    /// A body that is not in this format, or beyond the limits.
    pub fn read(body: &[u8], format: Format, intake: &Intake) -> Result<Self, ScrapeFailure> {
        let labels_max = intake.limits.labels.map_or(LABELS_MAX, |limit| limit.max(LABELS_MAX));
        let limits = Limits { labels_max, ..Limits::default() };
        let mut taker = Taker { intake, page: Self::default(), samples: 0 };
        match format {
            Format::OpenMetrics => taker.text(Parser::open_metrics(body, limits), true)?,
            Format::OpenMetricsUtf8 => taker.text(Parser::open_metrics_utf8(body, limits), true)?,
            Format::Text => taker.text(Parser::prometheus(body, limits), false)?,
            Format::Protobuf => taker.messages(body, labels_max)?,
        }
        let Taker { mut page, samples, .. } = taker;
        if let Some(limit) = intake.limits.samples.filter(|limit| samples > *limit) {
            return Err(ScrapeFailure::TooManySamples { limit, samples });
        }
        page.metadata.sort_by(|one, other| one.name.cmp(&other.name));
        page.metadata.dedup_by(|one, other| one.name == other.name);
        Ok(page)
    }
}

/// Makes a page of events.
struct Taker<'a> {
    intake: &'a Intake,
    page: Page,
    /// How many samples were read, those beyond the limit included.
    samples: usize,
}

impl Taker<'_> {
    fn drop(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.page.dropped.entry(reason).or_default() += count;
        }
    }

    fn text(&mut self, parser: Parser<&[u8]>, adds_suffixes: bool) -> Result<(), ScrapeFailure> {
        for event in parser {
            match event {
                Ok(Event::Family(family)) => self.describe(&family, adds_suffixes),
                Ok(Event::Sample(sample)) => self.sample(sample)?,
                Err(error) if breaks_a_rule(&error) => self.drop(error.problem.reason(), 1),
                Err(error) => return Err(ScrapeFailure::Body(error.to_string())),
            }
        }
        Ok(())
    }

    fn messages(&mut self, body: &[u8], labels_max: usize) -> Result<(), ScrapeFailure> {
        let limits = ReadLimits { labels_max, ..ReadLimits::default() };
        let mut reader = Reader::new(body, limits);
        for event in &mut reader {
            match event {
                Ok(Event::Family(family)) => self.describe(&family, false),
                Ok(Event::Sample(sample)) if sample.role == Role::Created => {
                    self.drop("time of creation", 1);
                }
                Ok(Event::Sample(sample)) => self.sample(sample)?,
                Err(error) if error.is_of_one_metric() => self.drop("metric without sense", 1),
                Err(error) => return Err(ScrapeFailure::Body(error.to_string())),
            }
        }
        let native = reader.native_histograms();
        self.drop("native buckets", native);
        Ok(())
    }

    fn describe(&mut self, family: &Family, adds_suffixes: bool) {
        let Family { name, kind, unit, help } = family;
        if *kind == FamilyKind::Unknown && unit.is_empty() && help.is_empty() {
            return;
        }
        let suffix = match kind {
            FamilyKind::Counter if adds_suffixes => "_total",
            FamilyKind::Info if adds_suffixes => "_info",
            _ => "",
        };
        self.page.metadata.push(Described {
            name: if suffix.is_empty() {
                Arc::clone(name)
            } else {
                format!("{name}{suffix}").into()
            },
            kind: *kind,
            help: help.clone(),
            unit: unit.clone(),
        });
    }

    fn sample(&mut self, mut sample: SampleLine) -> Result<(), ScrapeFailure> {
        self.samples += 1;
        self.drop("exemplar", u64::from(sample.exemplar.is_some()));
        if self.intake.limits.samples.is_some_and(|limit| self.samples > limit) {
            // Read on for the number, without keeping any.
            self.page.samples = Vec::new();
            return Ok(());
        }
        let part = match sample.role {
            Role::Bucket => Some("le"),
            Role::Quantile => Some("quantile"),
            _ => None,
        };
        for (name, value) in &mut sample.labels {
            if part == Some(name.as_str())
                && let Ok(number) = value.parse()
            {
                *value = float_text(number);
            }
        }
        let Ok(labels) = self.intake.label_set(&sample.labels) else {
            self.drop("label name", 1);
            return Ok(());
        };
        self.check_labels(&sample.name, &labels)?;
        let at = sample.at.filter(|_| self.intake.honor_timestamps);
        // Metrics of many series share their name's text.
        let last = self.page.samples.last().map(|last| &last.name);
        let name = match last.filter(|last| ***last == *sample.name) {
            Some(last) => Arc::clone(last),
            None => sample.name.into(),
        };
        self.page.samples.push(PageSample { name, labels, value: sample.value, at });
        Ok(())
    }

    fn check_labels(&self, name: &str, labels: &Labels) -> Result<(), ScrapeFailure> {
        let limits = &self.intake.limits;
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        // Reckoned only where there is a limit.
        let found = [
            (limits.labels, "labels", labels.len() + 1),
            (
                limits.label_name_bytes,
                "bytes in a label's name",
                longest(&mut labels.iter().map(|(name, _)| name.len())),
            ),
            (
                limits.label_value_bytes,
                "bytes in a label's value",
                longest(&mut labels.iter().map(|(_, value)| value.len()).chain([name.len()])),
            ),
        ];
        for (limit, what, found) in found {
            if let Some(limit) = limit.filter(|limit| found > *limit) {
                return Err(ScrapeFailure::Labels { name: name.to_owned(), what, found, limit });
            }
        }
        Ok(())
    }
}

/// Says whether a line can be read and only breaks a rule of OpenMetrics that
/// goes beyond the line, which many exporters do.
fn breaks_a_rule(error: &ParseError) -> bool {
    !matches!(
        error.problem,
        Problem::Read(_)
            | Problem::Encoding { .. }
            | Problem::Expected { .. }
            | Problem::Limit { .. }
            | Problem::DuplicateLabel { .. }
            | Problem::MissingEof
            | Problem::AfterEof
    )
}
