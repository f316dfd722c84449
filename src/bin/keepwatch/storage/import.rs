//! Samples into a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;
use std::sync::Arc;

use anyhow::Context as _;
use keepwatch::model::{Labels, MetricKind, Sample, Timestamp, check_foreign_metric_name};
use keepwatch_engine::exposition::parse::{
    Event, Family, FamilyKind, Limits, ParseError, Parser, Problem, Role, SampleLine,
};
use serde::Serialize;

use super::layout::{Table, count, several, time};

/// How many samples are handed over at once.
const BATCH: usize = 8_192;

/// How many refusals are told of one by one.
const SHOWN: usize = 10;

/// How a dump is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) format: Format,
    /// The time of samples that have none; without it they are refused.
    pub(crate) at: Option<Timestamp>,
}

/// The format of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    OpenMetrics,
    Prometheus,
}

/// A sample on its way into a folder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Incoming {
    /// The family, for help and unit.
    pub(crate) family: Arc<Family>,
    /// The metric that the series belongs to.
    pub(crate) metric: Arc<str>,
    /// The metric's kind.
    pub(crate) kind: MetricKind,
    /// The series' own name.
    pub(crate) name: Arc<str>,
    pub(crate) labels: Labels,
    pub(crate) sample: Sample,
}

/// Where samples go.
pub(crate) trait Sink {
    /// Takes samples in the order of the dump. Returns how many of them were
    /// refused, by reason.
    ///
    /// # Errors
    /// What ends the import.
    fn take(&mut self, batch: Vec<Incoming>) -> anyhow::Result<BTreeMap<String, u64>>;

    /// Makes everything durable.
    ///
    /// # Errors
    /// What the system refuses.
    fn finish(&mut self) -> anyhow::Result<()>;
}

/// The sink of a dry run.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _: Vec<Incoming>) -> anyhow::Result<BTreeMap<String, u64>> {
        Ok(BTreeMap::new())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// What came of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Imported {
    /// Lines of the dump.
    pub(crate) lines: u64,
    /// Families that were announced.
    pub(crate) families: u64,
    /// Samples that were taken.
    pub(crate) accepted: u64,
    /// The first and last time of a sample that was handed over.
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// Lines and samples that were refused, by reason.
    pub(crate) by_reason: BTreeMap<String, u64>,
    /// The first refused lines.
    pub(crate) refusals: Vec<String>,
    /// Exemplars, which are not stored.
    pub(crate) exemplars_dropped: u64,
    /// Samples that say when a total began, which are not stored.
    pub(crate) created_dropped: u64,
}

impl Imported {
    /// Returns how many lines and samples were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.by_reason.values().sum()
    }

    fn refuse(&mut self, reason: &str, samples: u64) {
        *self.by_reason.entry(reason.to_owned()).or_default() += samples;
    }

    fn refuse_line(&mut self, error: &ParseError) {
        self.refuse(error.problem.reason(), 1);
        if self.refusals.len() < SHOWN {
            self.refusals.push(error.to_string());
        }
    }
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "accepted {} of {} in {}, from {} to {}",
            several(self.accepted, "sample"),
            several(self.families, "metric"),
            several(self.lines, "line"),
            time(self.first),
            time(self.last),
        )?;
        if self.exemplars_dropped > 0 {
            writeln!(f, "passed over {}", several(self.exemplars_dropped, "exemplar"))?;
        }
        if self.created_dropped > 0 {
            writeln!(f, "passed over {}", several(self.created_dropped, "creation time"))?;
        }
        if self.by_reason.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(["refused", ">lines or samples"]);
        for (reason, refused) in &self.by_reason {
            table.row([reason.clone(), count(*refused)]);
        }
        write!(f, "{table}")?;
        for line in &self.refusals {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Reads a dump into a sink, a batch at a time. Lines that are refused are
/// counted and passed over.
///
/// # Errors
/// A dump that cannot be read, and what ends the sink.
pub(crate) fn import(
    source: impl BufRead,
    reading: &Reading,
    sink: &mut impl Sink,
) -> anyhow::Result<Imported> {
    let mut parser = match reading.format {
        Format::OpenMetrics => Parser::open_metrics(source, Limits::default()),
        Format::Prometheus => Parser::prometheus(source, Limits::default()),
    };
    let mut report = Imported::default();
    let mut batch = Vec::with_capacity(BATCH);
    for event in parser.by_ref() {
        match event {
            Ok(Event::Family(_)) => report.families += 1,
            Ok(Event::Sample(line)) => {
                report.exemplars_dropped += u64::from(line.exemplar.is_some());
                if line.role == Role::Created {
                    report.created_dropped += 1;
                    continue;
                }
                match incoming(line, reading.at) {
                    Ok(sample) => batch.push(sample),
                    Err(reason) => report.refuse(reason, 1),
                }
            }
            Err(error) if matches!(error.problem, Problem::Read(_)) => {
                return Err(error).context("the dump");
            }
            Err(error) => report.refuse_line(&error),
        }
        if batch.len() >= BATCH {
            hand_over(&mut batch, sink, &mut report)?;
        }
    }
    hand_over(&mut batch, sink, &mut report)?;
    sink.finish()?;
    report.lines = parser.lines();
    Ok(report)
}

fn hand_over(
    batch: &mut Vec<Incoming>,
    sink: &mut impl Sink,
    report: &mut Imported,
) -> anyhow::Result<()> {
    let times = || batch.iter().map(|incoming| incoming.sample.at);
    report.first = report.first.into_iter().chain(times()).min();
    report.last = report.last.into_iter().chain(times()).max();
    report.accepted += batch.len() as u64;
    let refused = sink.take(std::mem::replace(batch, Vec::with_capacity(BATCH)))?;
    for (reason, samples) in refused {
        report.accepted = report.accepted.saturating_sub(samples);
        report.refuse(&reason, samples);
    }
    Ok(())
}

/// Says which series a line belongs to, or why it belongs to none.
fn incoming(line: SampleLine, at: Option<Timestamp>) -> Result<Incoming, &'static str> {
    let labels = line.label_set().map_err(|_| "name of a label")?;
    check_foreign_metric_name(&line.name).map_err(|_| "name of a metric")?;
    let at = line.at.or(at).ok_or("no timestamp")?;
    let name: Arc<str> = line.name.into();
    let family = line.family;
    let (metric, kind) = match (family.kind, line.role) {
        (FamilyKind::Counter, Role::Total) => (Arc::clone(&name), MetricKind::Counter),
        (FamilyKind::Histogram, Role::Bucket | Role::Sum | Role::Count) => {
            (Arc::clone(&family.name), MetricKind::Histogram)
        }
        (FamilyKind::Summary, Role::Quantile | Role::Sum | Role::Count) => {
            (Arc::clone(&family.name), MetricKind::Summary)
        }
        (FamilyKind::Histogram | FamilyKind::Summary | FamilyKind::Counter, _) => {
            return Err("no part of its family's type");
        }
        // A gauge takes every value; the parts of a gauge histogram are a
        // gauge each.
        _ => (Arc::clone(&name), MetricKind::Gauge),
    };
    let sample = Sample::new(at, line.value);
    Ok(Incoming { family, metric, kind, name, labels, sample })
}
