//! Writing the format.

use std::collections::HashSet;
use std::io::Write;

use super::error::WriteError;
use super::plan::{self, Typing, WrittenFamily};
use super::point::{self, Part};
use crate::exposition::escape::push_seconds;
use crate::exposition::layout::{push_family, push_series};
use crate::exposition::name::Escaping;
use crate::exposition::number::push_number;
use crate::exposition::parse::FamilyKind;
use crate::model::{MetricDefinition, SeriesSamples, Timestamp, is_stale};

/// What a [`Writer`] wrote and left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Families begun.
    pub families: u64,
    /// Samples written.
    pub samples: u64,
    /// Staleness markers left out.
    pub stale: u64,
    /// Samples left out as the format does not allow them with their kind;
    /// of a histogram all samples of the time.
    pub unfit: u64,
}

/// Writes OpenMetrics 1.0 to an output, which is best buffered.
///
/// The order is the caller's: a family begins, all of its children follow,
/// each child's series in one call or in calls after each other that go on in
/// time. [`finish`](Self::finish) ends the text.
#[derive(Debug)]
#[must_use = "a text without its end is not valid"]
pub struct Writer<W> {
    out: W,
    taken: HashSet<Box<str>>,
    written: Written,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Starts a text.
    pub fn new(out: W) -> Self {
        Self { out, taken: HashSet::new(), written: Written::default(), line: Vec::new() }
    }

    /// Returns what was written so far.
    #[must_use]
    pub const fn written(&self) -> Written {
        self.written
    }

    /// Returns the families that a metric becomes, in the order in which they
    /// are to be written, and keeps their names from later ones.
    ///
    /// # Errors
    /// Names that an earlier family has; the text can go on without the
    /// metric.
    pub fn plan(
        &mut self,
        definition: &MetricDefinition,
        typing: Typing,
    ) -> Result<Vec<WrittenFamily>, WriteError> {
        plan::plan(definition, typing, &mut self.taken)
    }

    /// Begins a family with its metadata.
    ///
    /// # Errors
    /// What the output says.
    pub fn begin(&mut self, family: &WrittenFamily) -> Result<(), WriteError> {
        self.line.clear();
        push_family(&family.family, Escaping::AllowUtf8, &mut self.line);
        self.out.write_all(&self.line)?;
        self.written.families += 1;
        Ok(())
    }

    /// Writes the series of one child of the family, whose samples are in
    /// time order: the parts of a histogram or summary that share
    /// [`child_labels`](WrittenFamily::child_labels), the single series of
    /// other kinds.
    ///
    /// # Errors
    /// What the output says.
    pub fn child(
        &mut self,
        family: &WrittenFamily,
        series: &[SeriesSamples],
    ) -> Result<(), WriteError> {
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(series.len());
        for series in series {
            match Part::of(family, series) {
                Some(part) => parts.push(part),
                None => self.written.unfit += series.samples.len() as u64,
            }
        }
        parts.sort_by(Part::order);
        let mut cursors: Vec<_> =
            parts.iter().map(|part| (*part, part.series.samples.iter().peekable())).collect();
        let mut point = Vec::with_capacity(cursors.len());
        while let Some(at) =
            cursors.iter_mut().filter_map(|(_, samples)| samples.peek().map(|next| next.at)).min()
        {
            point.clear();
            for (part, samples) in &mut cursors {
                while let Some(sample) = samples.next_if(|sample| sample.at == at) {
                    point.push((*part, sample.value));
                }
            }
            self.point(family.family.kind, at, &mut point)?;
        }
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    /// What the output says.
    pub fn finish(mut self) -> Result<(W, Written), WriteError> {
        self.out.write_all(b"# EOF\n")?;
        self.out.flush()?;
        Ok((self.out, self.written))
    }

    fn point(
        &mut self,
        kind: FamilyKind,
        at: Timestamp,
        point: &mut Vec<(Part<'_>, f64)>,
    ) -> Result<(), WriteError> {
        let all = point.len();
        point.retain(|(_, value)| !is_stale(*value));
        let fresh = point.len();
        self.written.stale += all.saturating_sub(fresh) as u64;
        point.retain(|(part, value)| point::is_allowed(kind, part.role, *value));
        if kind == FamilyKind::Histogram && !point::is_whole(point) {
            point.clear();
        }
        self.written.unfit += fresh.saturating_sub(point.len()) as u64;
        for (part, value) in point.iter() {
            self.sample(part.series, at, *value)?;
        }
        Ok(())
    }

    fn sample(
        &mut self,
        series: &SeriesSamples,
        at: Timestamp,
        value: f64,
    ) -> Result<(), WriteError> {
        self.line.clear();
        push_series(&series.name, &series.labels, Escaping::AllowUtf8, &mut self.line);
        push_number(value, &mut self.line);
        self.line.push(b' ');
        push_seconds(at, &mut self.line);
        self.line.push(b'\n');
        self.out.write_all(&self.line)?;
        self.written.samples += 1;
        Ok(())
    }
}
