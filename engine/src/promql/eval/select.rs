//! What instant selectors find.

use super::context::Context;
use super::error::EvalError;
use super::stream::{Head, Stream};
use crate::model::{TimeRange, Timestamp};
use crate::promql::functions::range::{Reach, Samples, Steps, smoothed_instants};
use crate::promql::functions::{ABSENT, is_absent};
use crate::promql::plan::{Instant, Wanted};
use crate::promql::source::{Points, SeriesReader, SeriesSet};
use crate::promql::syntax::Extension;

/// The newest samples of the series of a select.
pub(super) struct Selected<'a> {
    heads: Vec<Head>,
    reader: Box<dyn SeriesReader + 'a>,
    next: usize,
    points: Points,
    reach: Reach,
    wanted: Wanted,
    steps: Steps,
}

/// Returns the samples that a selector with this reach needs.
pub(super) fn needed(reach: &Reach, steps: &Steps) -> TimeRange {
    let (after, last) = reach.bounds(steps);
    let first = Timestamp::from_millis(after.saturating_add(1));
    TimeRange::new(first, Timestamp::from_millis(last))
}

impl<'a> Selected<'a> {
    pub(super) fn new(set: &'a dyn SeriesSet, instant: &Instant, steps: &Steps) -> Self {
        let Instant { reach, wanted, .. } = *instant;
        Self {
            heads: set.labels().into_iter().map(Head::new).collect(),
            reader: set.reader(needed(&reach, steps)),
            next: 0,
            points: Points::default(),
            reach,
            wanted,
            steps: *steps,
        }
    }
}

impl Stream for Selected<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        self.reader.read(self.next, &mut self.points);
        self.next += 1;
        cx.count(self.points.times.len())?;
        if self.reach.extension == Some(Extension::Smoothed) && self.wanted == Wanted::Value {
            leave_out_stale(&mut self.points);
            let samples = Samples::new(&self.points.times, &self.points.values);
            smoothed_instants(&samples, &self.reach, &self.steps, column);
            return Ok(());
        }
        newest(&self.points, &self.reach, &self.steps, self.wanted, column);
        Ok(())
    }
}

/// Fills a column with what is wanted of the newest sample in reach of each
/// step; a staleness marker is none.
fn newest(points: &Points, reach: &Reach, steps: &Steps, wanted: Wanted, column: &mut [f64]) {
    let times = &points.times;
    // How many samples are not after the step's time; it only grows.
    let mut count = 0;
    for (step, out) in column.iter_mut().enumerate() {
        *out = ABSENT;
        let end = reach.at_ms.unwrap_or_else(|| steps.at(step)).saturating_sub(reach.offset_ms);
        while times.get(count).is_some_and(|at| *at <= end) {
            count += 1;
        }
        let Some(index) = count.checked_sub(1) else { continue };
        let (Some(&at), Some(&value)) = (times.get(index), points.values.get(index)) else {
            continue;
        };
        if at <= end.saturating_sub(reach.range_ms) || is_absent(value) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
        let seconds = |ms: i64| ms as f64 / 1e3;
        *out = match wanted {
            Wanted::Value => value,
            Wanted::Timestamp => seconds(at),
            Wanted::StartTimestamp => points.starts.get(index).map_or(0.0, |start| seconds(*start)),
        };
    }
}

/// Removes staleness markers.
pub(super) fn leave_out_stale(points: &mut Points) {
    if !points.values.iter().any(|&value| is_absent(value)) {
        return;
    }
    let mut kept = 0;
    let has_starts = points.starts.len() == points.values.len();
    for index in 0..points.values.len().min(points.times.len()) {
        if !is_absent(points.values[index]) {
            points.values[kept] = points.values[index];
            points.times[kept] = points.times[index];
            if has_starts {
                points.starts[kept] = points.starts[index];
            }
            kept += 1;
        }
    }
    points.values.truncate(kept);
    points.times.truncate(kept);
    points.starts.truncate(kept);
}
