//! Samples out of a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use keepwatch::model::{Labels, Matcher, MetricDefinition, Sample, SeriesSamples, TimeRange};
use keepwatch_engine::exposition::openmetrics::{Typing, WriteError, Writer, Written};

use super::definitions::has;
use super::layout::several;
use crate::counted;

/// What is to be exported.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// Series that match one of these; all if there are none.
    pub(crate) choices: Vec<Choice>,
    pub(crate) range: TimeRange,
    pub(crate) typing: Typing,
}

/// A selector of series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// The metric, or the name of a part of it such as `x_bucket`; all metrics
    /// if there is none.
    pub(crate) metric: Option<Arc<str>>,
    pub(crate) matchers: Vec<Matcher>,
}

/// Where samples come from.
pub(crate) trait Source {
    /// Returns all metrics, and says of those that the format cannot name why
    /// not.
    fn metrics(&self) -> anyhow::Result<(Vec<MetricDefinition>, Vec<String>)>;

    /// Finds the series of a metric that match.
    fn select(
        &self,
        metric: &Arc<str>,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> anyhow::Result<Box<dyn Found + '_>>;
}

/// Series that were found.
pub(crate) trait Found {
    /// Returns their names and labels.
    fn identities(&self) -> Vec<(Arc<str>, Labels)>;

    /// Reads the samples of the series at this index, in time order.
    fn read(&mut self, index: usize) -> anyhow::Result<Vec<Sample>>;
}

/// What came of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) written: Written,
    pub(crate) metrics: u64,
    /// Metrics that are left out: their names clash with others, or the format
    /// has none such.
    pub(crate) left_out: Vec<String>,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { samples, stale, unfit, .. } = self.written;
        writeln!(
            f,
            "exported {} of {}",
            several(samples, "sample"),
            several(self.metrics, "metric")
        )?;
        if stale > 0 {
            writeln!(
                f,
                "  left out {}, which the format has not",
                several(stale, "staleness marker")
            )?;
        }
        if unfit > 0 {
            writeln!(
                f,
                "  left out {} that the format does not allow with their type; --untyped keeps them",
                several(unfit, "sample"),
            )?;
        }
        if !self.left_out.is_empty() {
            writeln!(f, "  left out {}", counted(self.left_out.len(), "metric"))?;
            for why in &self.left_out {
                writeln!(f, "    {why}")?;
            }
        }
        Ok(())
    }
}

/// Writes the series that are wished for. Holds the samples of one child of a
/// metric at a time.
///
/// # Errors
/// What cannot be read or written.
pub(crate) fn export<W: Write>(
    source: &impl Source,
    wish: &Wish,
    out: W,
) -> anyhow::Result<(W, Exported)> {
    let mut writer = Writer::new(out);
    let (mut metrics, left_out) = source.metrics()?;
    let mut report = Exported { left_out, ..Exported::default() };
    metrics.sort_by(|a, b| a.name().cmp(b.name()));
    for definition in metrics {
        let mut series = Chosen::of(source, wish, &definition)?;
        if series.by_identity.is_empty() {
            continue;
        }
        // A part alone is no histogram or summary.
        let typing = if series.parts_only { Typing::Unknown } else { wish.typing };
        match write(&mut writer, &definition, &mut series, typing) {
            Ok(wrote) => report.metrics += u64::from(wrote),
            Err(error) => match error.downcast::<WriteError>() {
                Ok(WriteError::Write(error)) => return Err(error.into()),
                Ok(clash) => report.left_out.push(clash.to_string()),
                Err(error) => return Err(error),
            },
        }
    }
    let (out, written) = writer.finish().map_err(io_error)?;
    report.written = written;
    Ok((out, report))
}

/// Keeps the system's error at the bottom of the chain.
fn io_error(error: WriteError) -> anyhow::Error {
    match error {
        WriteError::Write(error) => error.into(),
        other => other.into(),
    }
}

/// Writes the families of a metric; says whether there was a sample.
fn write<W: Write>(
    writer: &mut Writer<W>,
    definition: &MetricDefinition,
    chosen: &mut Chosen<'_>,
    typing: Typing,
) -> anyhow::Result<bool> {
    let mut wrote = false;
    for family in writer.plan(definition, typing)? {
        let mut children: BTreeMap<Labels, Vec<(Arc<str>, Labels)>> = BTreeMap::new();
        for (name, labels) in chosen.by_identity.keys().filter(|(name, _)| family.has_series(name))
        {
            let child = children.entry(family.child_labels(labels)).or_default();
            child.push((Arc::clone(name), labels.clone()));
        }
        let mut begun = false;
        for identities in children.into_values() {
            let mut parts = Vec::with_capacity(identities.len());
            for identity in identities {
                let samples = chosen.read(&identity)?;
                if !samples.is_empty() {
                    let (name, labels) = identity;
                    parts.push(SeriesSamples { name, labels, samples });
                }
            }
            if parts.is_empty() {
                continue;
            }
            if !std::mem::replace(&mut begun, true) {
                writer.begin(&family)?;
            }
            writer.child(&family, &parts)?;
        }
        wrote |= begun;
    }
    Ok(wrote)
}

/// The series of a metric that are wished for, each once.
struct Chosen<'s> {
    found: Vec<Box<dyn Found + 's>>,
    by_identity: BTreeMap<(Arc<str>, Labels), (usize, usize)>,
    /// Whether parts of a histogram or summary were chosen by their names,
    /// and others may be missing.
    parts_only: bool,
}

impl<'s> Chosen<'s> {
    fn of(
        source: &'s impl Source,
        wish: &Wish,
        definition: &MetricDefinition,
    ) -> anyhow::Result<Self> {
        let name = definition.name();
        let mut chosen =
            Self { found: Vec::new(), by_identity: BTreeMap::new(), parts_only: false };
        let mut seen = BTreeSet::new();
        let all = [Choice::default()];
        let choices = if wish.choices.is_empty() { all.as_slice() } else { &wish.choices };
        for choice in choices {
            let part = choice.metric.as_ref().filter(|metric| *metric != name);
            if part.is_some_and(|part| !has(definition, part)) {
                continue;
            }
            let found = source.select(name, &choice.matchers, wish.range)?;
            for (index, identity) in found.identities().into_iter().enumerate() {
                if part.is_some_and(|part| identity.0 != *part) {
                    continue;
                }
                chosen.parts_only |= part.is_some();
                if seen.insert(identity.clone()) {
                    chosen.by_identity.insert(identity, (chosen.found.len(), index));
                }
            }
            chosen.found.push(found);
        }
        Ok(chosen)
    }

    fn read(&mut self, identity: &(Arc<str>, Labels)) -> anyhow::Result<Vec<Sample>> {
        let Some(&(set, index)) = self.by_identity.get(identity) else { return Ok(Vec::new()) };
        self.found.get_mut(set).map_or_else(|| Ok(Vec::new()), |found| found.read(index))
    }
}
