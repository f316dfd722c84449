//! The writer's side of a series.

use std::sync::Arc;
use std::time::Duration;

use super::chunk::Chunk;
use super::column::LANE_SAMPLES;
use super::columns::Columns;
use super::error::AppendError;
use super::identity::Serial;
use super::series::{Body, Series};
use super::slab::{EMPTY, Lane};
use crate::model::{Sample, Timestamp};

/// Late samples are sealed when this many wait.
const LATE_MAX: usize = LANE_SAMPLES;

/// The first chunks of series end after this many samples and up to
/// [`LANE_SAMPLES`], so that series which begin together do not seal together
/// for ever after; those of one slab do.
const FIRST_MIN: u16 = 60;

/// What an append touches, and nothing else; in a cache line of its own, as
/// the slots of many series are never all in the cache.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Slot {
    pub(super) serial: Serial,
    /// How many samples the open lane has.
    pub(super) filled: u32,
    /// At how many samples the open lane is sealed; 0 before the first.
    seal_at: u16,
    /// Whether the value of the newest sample is not in memory; holds while
    /// nothing is open.
    newest_left: bool,
    /// The log file that has the series' definition.
    pub(super) logged: u32,
    pub(super) newest_at: Timestamp,
    newest_bits: u64,
    open: Lane,
    pub(super) series: Arc<Series>,
}

impl Slot {
    pub(super) fn new(series: Arc<Series>) -> Self {
        let body = series.body();
        let filled = body.open.len();
        let newest = body.newest(filled);
        let (left_at, in_memory) = (series.left_at(), newest.map(|sample| sample.at));
        Self {
            serial: series.serial(),
            #[expect(clippy::cast_possible_truncation, reason = "a lane has 120 cells")]
            filled: filled as u32,
            seal_at: if filled > 0 { first_end(&body.open) } else { 0 },
            newest_left: in_memory.is_none_or(|newest| newest < left_at),
            logged: 0,
            newest_at: left_at.max(in_memory.unwrap_or(Timestamp::MIN)),
            newest_bits: newest.map_or(0, |sample| sample.value.to_bits()),
            open: body.open.clone(),
            series,
        }
    }

    pub(super) fn newest(&self) -> Option<Sample> {
        let value = f64::from_bits(self.newest_bits);
        let known = self.filled > 0 || !self.newest_left;
        (known && self.newest_at > Timestamp::MIN).then(|| Sample::new(self.newest_at, value))
    }

    pub(super) const fn filled(&self) -> usize {
        self.filled as usize
    }

    /// Adds the sample if it is the newest and there is room for it.
    #[inline]
    pub(super) fn append_quickly(&mut self, sample: Sample) -> bool {
        let fits = sample.at > self.newest_at
            && self.filled < u32::from(self.seal_at)
            && self.open.write(self.filled(), sample);
        if fits {
            self.filled += 1;
            self.newest_at = sample.at;
            self.newest_bits = sample.value.to_bits();
        }
        fits
    }

    /// Adds a sample that [`append_quickly`](Self::append_quickly) did not
    /// take. `Ok(false)`: it was there already.
    #[cold]
    pub(super) fn append_slowly(
        &mut self,
        sample: Sample,
        window: Duration,
        sealed_before: Timestamp,
        columns: &mut Columns,
    ) -> Result<bool, AppendError> {
        if sample.at > self.newest_at {
            if sample.value.to_bits() == EMPTY {
                self.append_sealed(sample, columns);
                return Ok(true);
            }
            self.make_room(sample.at, columns);
            return Ok(self.append_quickly(sample));
        }
        let newest = self.newest_at;
        let too_old = AppendError::TooOld { at: sample.at, newest, window };
        if sample.at < newest - window || sample.at == Timestamp::MIN {
            return Err(too_old);
        }
        let body = self.series.body();
        match self.newest().filter(|newest| newest.at == sample.at) {
            Some(newest) => Some(newest),
            // What is sealed to a segment cannot be compared with.
            None if sample.at < sealed_before => return Err(too_old),
            None => body.find(sample.at, self.filled()),
        }
        .map_or_else(
            || {
                self.insert_late(&body, sample);
                Ok(true)
            },
            |stored| {
                if stored.value.to_bits() == sample.value.to_bits() {
                    return Ok(false);
                }
                let (stored, given) = (stored.value, sample.value);
                Err(AppendError::Duplicate { at: sample.at, stored, given })
            },
        )
    }

    /// Adds a sample that is on disk, whatever its time; what is there
    /// already stays, unless it is to be amended.
    #[inline]
    pub(super) fn restore(&mut self, sample: Sample, amend: bool, columns: &mut Columns) {
        if self.append_quickly(sample) {
            return;
        }
        let stored = self.append_slowly(sample, Duration::MAX, Timestamp::MIN, columns);
        if stored.is_err() && amend && self.newest_at == sample.at {
            self.replace_newest(sample, columns);
        }
    }

    /// Seals the open samples together with one that looks like an empty cell.
    fn append_sealed(&mut self, sample: Sample, columns: &Columns) {
        let mut body = self.series.body().as_ref().clone();
        let open: Vec<Sample> = self.open.iter(self.filled()).chain([sample]).collect();
        if let Some(chunk) = Chunk::seal(&open) {
            body.chunks = body.chunks.with(chunk);
        }
        body.open = columns.none();
        self.filled = 0;
        self.newest_left = false;
        self.newest_at = sample.at;
        self.newest_bits = sample.value.to_bits();
        self.open = body.open.clone();
        self.series.publish(body);
    }

    /// Publishes a body whose open lane has room for a sample at `at`: one
    /// beside another column, or a new one once this one is sealed.
    fn make_room(&mut self, at: Timestamp, columns: &mut Columns) {
        let mut body = self.series.body().as_ref().clone();
        if self.filled > 0 && self.filled >= u32::from(self.seal_at) {
            self.seal_open(&mut body, self.filled(), columns);
            self.seal_at = LANE_SAMPLES as u16;
            self.filled = 0;
        }
        body.open = if self.filled == 0 {
            columns.begin(at.millis())
        } else {
            columns.fork(&self.open, self.filled(), at.millis())
        };
        if self.seal_at == 0 {
            self.seal_at = first_end(&body.open);
        }
        self.open = body.open.clone();
        self.series.publish(body);
    }

    /// Adds the first `len` open samples to the chunks of `body`.
    fn seal_open(&self, body: &mut Body, len: usize, columns: &mut Columns) {
        let Some(times) = columns.seal(self.open.column(), len) else { return };
        let mut values = Vec::new();
        self.open.read(len, &mut values);
        body.chunks = body.chunks.with(Chunk::floats(times, &values));
    }

    fn insert_late(&self, body: &Body, sample: Sample) {
        let mut late = body.late.to_vec();
        let place = late.partition_point(|other| other.at < sample.at);
        late.insert(place, sample);
        let mut body = body.clone();
        if late.len() >= LATE_MAX
            && let Some(chunk) = Chunk::seal(&late)
        {
            // It may overlap other chunks and the open slab: reading sorts
            // where that is so.
            body.chunks = body.chunks.with(chunk);
            late.clear();
        }
        body.late = late.into();
        self.series.publish(body);
    }

    /// Publishes a body whose newest sample is another one with the same
    /// timestamp; `false` if it is not open any more.
    pub(super) fn replace_newest(&mut self, sample: Sample, columns: &mut Columns) -> bool {
        let Some(last) = self.filled().checked_sub(1) else { return false };
        let bits = sample.value.to_bits();
        if bits == EMPTY {
            return false;
        }
        let mut body = self.series.body().as_ref().clone();
        self.newest_bits = bits;
        // A new lane, because readers hold the cells of this one.
        body.open = columns.lane(self.open.column());
        body.open.fill(self.open.values(last).chain([bits]));
        self.open = body.open.clone();
        self.series.publish(body);
        true
    }

    /// Seals what is open or late and before `cut`, so that it lies in chunks
    /// only.
    pub(super) fn seal_before(&mut self, cut: Timestamp, columns: &mut Columns) {
        let body = self.series.body();
        let late = body.late.partition_point(|sample| sample.at < cut);
        let open = self.open.iter(self.filled()).take_while(|sample| sample.at < cut).count();
        if late == 0 && open == 0 {
            return;
        }
        let mut left = body.as_ref().clone();
        if open > 0 {
            self.seal_open(&mut left, open, columns);
            left.open = if open < self.filled() {
                columns.tail(&self.open, open, self.filled())
            } else {
                columns.none()
            };
            #[expect(clippy::cast_possible_truncation, reason = "no more than were filled")]
            {
                self.filled -= open as u32;
            }
            self.open = left.open.clone();
        }
        if let Some((early, rest)) = body.late.split_at_checked(late)
            && let Some(chunk) = Chunk::seal(early)
        {
            left.chunks = left.chunks.with(chunk);
            left.late = rest.into();
        }
        self.series.publish(left);
    }
}

/// Returns at how many samples the first lane of a series is sealed.
fn first_end(lane: &Lane) -> u16 {
    FIRST_MIN + lane.slab_number() % (LANE_SAMPLES as u16 - FIRST_MIN + 1)
}
