//! The value of one metric.

use super::wire::{push_bytes, push_double, push_label, push_message, push_sint, push_uint};
use super::wire::{push_varint, zigzag};
use crate::exposition::name::Escaping;
use crate::instrument::{Child, Exemplar, NativeCounts};
use crate::model::{MetricDefinition, MetricKind, Timestamp};

/// Appends what a `Metric` has behind its labels. `row` has the values of the
/// metric's parts, of a set of states one state's first.
pub(super) fn push_metric(
    definition: &MetricDefinition,
    row: &[f64],
    child: Option<&Child>,
    escaping: Escaping,
    out: &mut Vec<u8>,
) {
    let value = row.first().copied().unwrap_or(f64::NAN);
    match definition.kind() {
        MetricKind::Counter => push_message(3, out, |out| {
            push_double(1, value, out);
            let exemplars = child.map(Child::exemplars).unwrap_or_default();
            if let Some((_, exemplar)) = exemplars.first() {
                push_exemplar(2, exemplar, escaping, out);
            }
            push_created(3, child, out);
        }),
        MetricKind::Gauge | MetricKind::Info | MetricKind::StateSet => {
            push_message(2, out, |out| push_double(1, value, out));
        }
        MetricKind::Summary => push_message(4, out, |out| {
            if let Some((quantiles, [sum, count])) = row.split_last_chunk() {
                push_uint(1, whole(*count), out);
                push_double(2, *sum, out);
                for (quantile, value) in definition.quantiles().iter().zip(quantiles) {
                    push_message(3, out, |out| {
                        push_double(1, *quantile, out);
                        push_double(2, *value, out);
                    });
                }
            }
            push_created(4, child, out);
        }),
        MetricKind::Histogram => push_message(7, out, |out| {
            push_histogram(definition, row, child, escaping, out);
        }),
    }
}

fn push_histogram(
    definition: &MetricDefinition,
    row: &[f64],
    child: Option<&Child>,
    escaping: Escaping,
    out: &mut Vec<u8>,
) {
    let native = child.and_then(Child::native);
    let exemplars = child.map(Child::exemplars).unwrap_or_default();
    // Without bounds the one classic bucket says nothing, and its presence
    // would say that there are classic buckets.
    let is_classic = native.is_none() || !definition.bounds().is_empty();
    if let Some((buckets, [sum, count])) = row.split_last_chunk() {
        // The native count is that of the native buckets, which must add up.
        push_uint(1, native.as_ref().map_or_else(|| whole(*count), |native| native.count), out);
        push_double(2, native.as_ref().map_or(*sum, |native| native.sum), out);
        let bounds = definition.bounds().iter().copied().chain([f64::INFINITY]);
        for (place, (bound, value)) in bounds.zip(buckets).enumerate().filter(|_| is_classic) {
            push_message(3, out, |out| {
                push_uint(1, whole(*value), out);
                push_double(2, bound, out);
                if let Some((_, exemplar)) = exemplars.iter().find(|(own, _)| *own == place) {
                    push_exemplar(3, exemplar, escaping, out);
                }
            });
        }
    }
    if let Some(native) = &native {
        push_native(native, out);
    }
    push_created(15, child, out);
    if !is_classic {
        // Those of native histograms must say when.
        for (_, exemplar) in exemplars.iter().filter(|(_, exemplar)| exemplar.at.is_some()) {
            push_exemplar(16, exemplar, escaping, out);
        }
    }
}

fn push_native(native: &NativeCounts, out: &mut Vec<u8>) {
    push_sint(5, i64::from(native.schema), out);
    push_double(6, native.zero_threshold, out);
    push_uint(7, native.zeros, out);
    push_side([9, 10], &native.negative, out);
    push_side([12, 13], &native.positive, out);
    let has_mark = native.zero_threshold > 0.0
        || native.zeros > 0
        || !native.positive.is_empty()
        || !native.negative.is_empty();
    if !has_mark {
        // An empty span tells that the histogram is a native one.
        push_span(12, 0, 0, out);
    }
}

/// Appends the buckets of one sign: runs of neighbours, then how each count
/// differs from the one before.
fn push_side([spans, deltas]: [u32; 2], buckets: &[(i32, u64)], out: &mut Vec<u8>) {
    let mut next = 0;
    for run in buckets.chunk_by(|(one, _), (other, _)| *other == *one + 1) {
        let Some(&(first, _)) = run.first() else { continue };
        push_span(spans, i64::from(first) - next, run.len() as u64, out);
        next = i64::from(first) + run.len() as i64;
    }
    if buckets.is_empty() {
        return;
    }
    let mut before = 0_i64;
    let mut packed = Vec::with_capacity(buckets.len() * 2);
    for (_, count) in buckets {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        push_varint(zigzag(count - before), &mut packed);
        before = count;
    }
    push_bytes(deltas, &packed, out);
}

fn push_span(field: u32, offset: i64, length: u64, out: &mut Vec<u8>) {
    push_message(field, out, |out| {
        push_sint(1, offset, out);
        push_uint(2, length, out);
    });
}

fn push_exemplar(field: u32, exemplar: &Exemplar, escaping: Escaping, out: &mut Vec<u8>) {
    push_message(field, out, |out| {
        for (name, value) in exemplar.labels.iter() {
            push_label(&escaping.escape_label(name), value, out);
        }
        push_double(2, exemplar.value, out);
        if let Some(at) = exemplar.at {
            push_time(3, at, out);
        }
    });
}

fn push_created(field: u32, child: Option<&Child>, out: &mut Vec<u8>) {
    if let Some(at) = child.and_then(Child::created) {
        push_time(field, at, out);
    }
}

/// Appends a `google.protobuf.Timestamp`.
fn push_time(field: u32, at: Timestamp, out: &mut Vec<u8>) {
    push_message(field, out, |out| {
        let (seconds, millis) = (at.millis().div_euclid(1_000), at.millis().rem_euclid(1_000));
        push_uint(1, seconds.cast_unsigned(), out);
        push_uint(2, millis.cast_unsigned() * 1_000_000, out);
    });
}

/// Returns a count that went through a float.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
const fn whole(count: f64) -> u64 {
    count as u64
}
