//! Reading families.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::field::{Content, Fields, NoMessage, varint};
use super::read_metric::{Metric, MetricProblem};
use crate::exposition::parse::{Event, Family, FamilyKind};

/// The caps of a [`Reader`]. What is beyond them is refused with the cap's
/// name, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The longest message of a family in bytes; 64 MiB by default.
    pub family_bytes_max: usize,
    /// The longest message of one metric in bytes; 1 MiB by default.
    pub metric_bytes_max: usize,
    /// The most labels of a metric or exemplar; 128 by default.
    pub labels_max: usize,
    /// The most families; a million by default.
    pub families_max: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            family_bytes_max: 64 << 20,
            metric_bytes_max: 1 << 20,
            labels_max: 128,
            families_max: 1_000_000,
        }
    }
}

/// Why bytes were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The row of messages is broken off or has a length that cannot be.
    #[error("byte {at}: expected a family behind its length, found {left} bytes")]
    Frame {
        /// Where the family begins.
        at: usize,
        /// How many bytes are left from there.
        left: usize,
    },
    /// A message is not encoded as messages are.
    #[error("byte {at}: expected a message {message}")]
    Message {
        /// Where its family begins.
        at: usize,
        /// Which one.
        message: &'static str,
    },
    /// A metric cannot be used; the family's others can.
    #[error("family {family:?}: {problem}")]
    Metric {
        /// The family.
        family: Arc<str>,
        /// What is wrong.
        problem: MetricProblem,
    },
    /// More of something than a limit allows.
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl ReadError {
    /// Says whether only a metric was left out, and what follows is sound.
    #[must_use]
    pub const fn is_of_one_metric(&self) -> bool {
        matches!(self, Self::Metric { .. })
    }
}

/// Reads families from bytes and gives them and their samples one by one, as
/// a [`Parser`](crate::exposition::parse::Parser) gives those of a text.
///
/// An iterator. A metric that cannot be used gives an error and the next call
/// goes on behind it; after any other error nothing comes. It copies a metric
/// at a time, so what it holds depends on the caps and not on the bytes.
///
/// A counter's family has the name of its samples. A gauge histogram's sum
/// and count are named as in OpenMetrics. Native buckets are left out and
/// [counted](Self::native_histograms); count, sum and classic buckets of such
/// a histogram are given.
#[derive(Debug)]
pub struct Reader<'a> {
    whole: usize,
    rest: &'a [u8],
    limits: ReadLimits,
    families: usize,
    family: Option<Open<'a>>,
    events: VecDeque<Event>,
    native: u64,
}

/// The family whose metrics are being read.
#[derive(Debug)]
struct Open<'a> {
    at: usize,
    family: Arc<Family>,
    fields: Fields<'a>,
}

impl<'a> Reader<'a> {
    /// Reads families that each have their length before them.
    #[must_use]
    pub const fn new(bytes: &'a [u8], limits: ReadLimits) -> Self {
        Self {
            whole: bytes.len(),
            rest: bytes,
            limits,
            families: 0,
            family: None,
            events: VecDeque::new(),
            native: 0,
        }
    }

    /// Returns how many histograms so far had native buckets, which were left
    /// out.
    #[must_use]
    pub const fn native_histograms(&self) -> u64 {
        self.native
    }

    fn begin(&mut self) -> Result<(), ReadError> {
        let at = self.whole.saturating_sub(self.rest.len());
        let left = self.rest.len();
        let length = varint(&mut self.rest).and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or(ReadError::Frame { at, left })?;
        let limit = self.limits.family_bytes_max;
        if length > limit {
            return Err(ReadError::Limit { what: "bytes in a family", limit });
        }
        let frame = self.rest.split_at_checked(length).ok_or(ReadError::Frame { at, left })?;
        let (message, rest) = frame;
        self.rest = rest;
        let limit = self.limits.families_max;
        if self.families >= limit {
            return Err(ReadError::Limit { what: "families", limit });
        }
        self.families += 1;
        let broken = |NoMessage| ReadError::Message { at, message: "MetricFamily" };
        let family = Arc::new(family(message).map_err(broken)?);
        self.events.push_back(Event::Family(Arc::clone(&family)));
        self.family = Some(Open { at, family, fields: Fields::of(message) });
        Ok(())
    }

    /// Reads the next metric of the open family, or closes it.
    fn go_on(&mut self) -> Result<(), ReadError> {
        let Some(open) = &mut self.family else { return self.begin() };
        let (at, message) = (open.at, "Metric");
        let content = loop {
            match open.fields.next() {
                None => {
                    self.family = None;
                    return Ok(());
                }
                Some(Ok((METRIC, Content::Bytes(bytes)))) => break bytes,
                Some(Ok(_)) => {}
                Some(Err(NoMessage)) => return Err(ReadError::Message { at, message }),
            }
        };
        let limit = self.limits.metric_bytes_max;
        if content.len() > limit {
            return Err(ReadError::Limit { what: "bytes in a metric", limit });
        }
        let read = Metric::read(content, self.limits.labels_max).and_then(|metric| {
            self.native += u64::from(metric.is_native());
            metric.give(&open.family, &mut self.events)
        });
        read.map_err(|problem| match problem {
            MetricProblem::Encoding => ReadError::Message { at, message },
            MetricProblem::Labels { limit } => ReadError::Limit { what: "labels", limit },
            problem => ReadError::Metric { family: Arc::clone(&open.family.name), problem },
        })
    }

    fn stop(&mut self) {
        self.rest = &[];
        self.family = None;
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            if self.rest.is_empty() && self.family.is_none() {
                return None;
            }
            if let Err(error) = self.go_on() {
                if !error.is_of_one_metric() {
                    self.stop();
                }
                return Some(Err(error));
            }
        }
    }
}

/// The number of a family's metrics among its fields.
const METRIC: u64 = 4;

/// Reads what a family says besides its metrics.
fn family(message: &[u8]) -> Result<Family, NoMessage> {
    let (mut name, mut help, mut unit, mut kind) = ("", "", "", 0);
    let mut fields = Fields::of(message);
    while let Some(field) = fields.next() {
        let (number, content) = field?;
        match number {
            1 => name = content.text().ok_or(NoMessage)?,
            2 => help = content.text().ok_or(NoMessage)?,
            3 => kind = content.uint().ok_or(NoMessage)?,
            5 => unit = content.text().ok_or(NoMessage)?,
            _ => {}
        }
    }
    let kind = match kind {
        0 => FamilyKind::Counter,
        1 => FamilyKind::Gauge,
        2 => FamilyKind::Summary,
        4 => FamilyKind::Histogram,
        5 => FamilyKind::GaugeHistogram,
        // Untyped, and what comes after this was written.
        _ => FamilyKind::Unknown,
    };
    Ok(Family { name: name.into(), kind, unit: unit.to_owned(), help: help.to_owned() })
}
