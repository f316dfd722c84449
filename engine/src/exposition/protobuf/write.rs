//! Writing the current values.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::metric::push_metric;
use super::wire;
use crate::exposition::layout::{Block, Member};
use crate::exposition::name::Escaping;
use crate::exposition::scrape::{Filter, Points};
use crate::model::MetricKind;

/// How many metrics of a family are written at a time.
const METRICS: usize = 64;

/// A scrape as protobuf.
///
/// The length of a family stands before it, so its values are encoded first
/// and kept: some tens of bytes a metric. The labels, which are most of a
/// family, are only counted then.
#[derive(Debug)]
pub(in crate::exposition) struct ProtobufScrape {
    blocks: Arc<[Arc<Block>]>,
    escaping: Escaping,
    filter: Filter,
    points: Points,
    block: usize,
    /// The family that is being written.
    family: Option<Family>,
}

/// A family of which the values are encoded.
#[derive(Debug)]
struct Family {
    values: Vec<u8>,
    /// The metrics that are still to be written.
    metrics: VecDeque<Metric>,
    /// Where the values of the next metric begin.
    start: usize,
}

/// A `Metric` of a family.
#[derive(Debug)]
struct Metric {
    member: usize,
    part: usize,
    /// Where its values end.
    end: usize,
    bytes: usize,
}

impl ProtobufScrape {
    pub(in crate::exposition) const fn new(
        blocks: Arc<[Arc<Block>]>,
        escaping: Escaping,
        filter: Filter,
        points: Points,
    ) -> Self {
        Self { blocks, escaping, filter, points, block: 0, family: None }
    }

    /// Writes a batch of metrics; breaks after the last.
    pub(in crate::exposition) fn step(&mut self, out: &mut Vec<u8>) -> ControlFlow<()> {
        let Some(block) = self.blocks.get(self.block).map(Arc::clone) else {
            return ControlFlow::Break(());
        };
        let family = match &mut self.family {
            Some(family) => family,
            None if self.filter.shows(&block) => {
                let encoded = Family::encode(&block, self.escaping, &mut self.points);
                encoded.begin(&block, self.escaping, out);
                self.family.insert(encoded)
            }
            None => {
                self.block += 1;
                return ControlFlow::Continue(());
            }
        };
        let batch = family.metrics.len().min(METRICS);
        family.write(&block, self.escaping, batch, out);
        if family.metrics.is_empty() {
            self.family = None;
            self.block += 1;
        }
        ControlFlow::Continue(())
    }
}

impl Family {
    /// Encodes the values of all metrics.
    fn encode(block: &Block, escaping: Escaping, points: &mut Points) -> Self {
        let pairs = block.pairs(escaping);
        let parts = block.metric().parts().len();
        // A set of states is a metric for each state.
        let each = block.definition().kind() == MetricKind::StateSet;
        let (mut values, mut metrics) = (Vec::new(), VecDeque::new());
        let mut first = 0;
        loop {
            let read = points.read(block, first);
            if read.is_empty() {
                return Self { values, metrics, start: 0 };
            }
            first = read.end;
            for (member, row) in read.zip(points.rows()) {
                if !Member::is_shown(row) {
                    continue;
                }
                let child = block.members().get(member).and_then(Member::child);
                for part in 0..if each { parts } else { 1 } {
                    let start = values.len();
                    let row = if each { row.get(part..).unwrap_or_default() } else { row };
                    push_metric(block.definition(), row, child.as_deref(), escaping, &mut values);
                    let end = values.len();
                    let label = if each { pairs.part(part).len() } else { 0 };
                    let bytes = pairs.member(member).len() + label + (end - start);
                    metrics.push_back(Metric { member, part, end, bytes });
                }
            }
        }
    }

    /// Writes the length of the family and what stands before its metrics.
    fn begin(&self, block: &Block, escaping: Escaping, out: &mut Vec<u8>) {
        if self.metrics.is_empty() {
            return;
        }
        let definition = block.definition();
        let mut header = Vec::new();
        wire::push_bytes(1, escaping.escape(definition.name()).as_bytes(), &mut header);
        if !definition.help().is_empty() {
            wire::push_bytes(2, definition.help().as_bytes(), &mut header);
        }
        let kind = match definition.kind() {
            MetricKind::Counter => 0,
            MetricKind::Gauge | MetricKind::Info | MetricKind::StateSet => 1,
            MetricKind::Summary => 2,
            MetricKind::Histogram => 4,
        };
        wire::push_uint(3, kind, &mut header);
        if !definition.unit().is_empty() {
            wire::push_bytes(5, definition.unit().as_bytes(), &mut header);
        }
        let framed = |metric: &Metric| 1 + wire::varint_bytes(metric.bytes as u64) + metric.bytes;
        let metrics: usize = self.metrics.iter().map(framed).sum();
        wire::push_varint((header.len() + metrics) as u64, out);
        out.extend_from_slice(&header);
    }

    /// Writes the next metrics.
    fn write(&mut self, block: &Block, escaping: Escaping, count: usize, out: &mut Vec<u8>) {
        let pairs = block.pairs(escaping);
        let each = block.definition().kind() == MetricKind::StateSet;
        for metric in self.metrics.drain(..count) {
            wire::push_length(4, metric.bytes, out);
            out.extend_from_slice(pairs.member(metric.member));
            if each {
                out.extend_from_slice(pairs.part(metric.part));
            }
            out.extend_from_slice(self.values.get(self.start..metric.end).unwrap_or_default());
            self.start = metric.end;
        }
    }
}
