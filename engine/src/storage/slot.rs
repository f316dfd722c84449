//! The writer's side of a series.

use std::sync::Arc;
use std::time::Duration;

use super::chunk::Chunk;
use super::error::AppendError;
use super::series::{Body, Series};
use super::slab::{SLAB_SAMPLES, Slab};
use crate::model::{Sample, Timestamp};

/// Late samples are sealed when this many wait.
const LATE_MAX: usize = SLAB_SAMPLES;

/// What an append touches, and nothing else.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) generation: u32,
    /// How many samples the open slab has.
    pub(super) filled: usize,
    pub(super) newest_at: Timestamp,
    newest_bits: u64,
    open: Arc<Slab>,
    pub(super) series: Arc<Series>,
}

impl Slot {
    pub(super) fn new(series: Arc<Series>) -> Self {
        let body = series.body();
        let filled = body.open.len();
        let newest = body.newest(filled);
        Self {
            generation: series.reference().generation,
            filled,
            newest_at: newest.map_or(Timestamp::MIN, |sample| sample.at),
            newest_bits: newest.map_or(0, |sample| sample.value.to_bits()),
            open: Arc::clone(&body.open),
            series,
        }
    }

    pub(super) fn newest(&self) -> Option<Sample> {
        let value = f64::from_bits(self.newest_bits);
        (self.newest_at > Timestamp::MIN).then(|| Sample::new(self.newest_at, value))
    }

    #[inline]
    pub(super) fn append(&mut self, sample: Sample, window: Duration) -> Result<(), AppendError> {
        if sample.at > self.newest_at && self.open.write(self.filled, sample) {
            self.filled += 1;
            self.newest_at = sample.at;
            self.newest_bits = sample.value.to_bits();
            return Ok(());
        }
        self.append_slowly(sample, window)
    }

    #[cold]
    fn append_slowly(&mut self, sample: Sample, window: Duration) -> Result<(), AppendError> {
        if sample.at > self.newest_at {
            self.make_room();
            if self.open.write(self.filled, sample) {
                self.filled += 1;
                self.newest_at = sample.at;
                self.newest_bits = sample.value.to_bits();
            }
            return Ok(());
        }
        let newest = self.newest_at;
        if sample.at < newest - window || sample.at == Timestamp::MIN {
            return Err(AppendError::TooOld { at: sample.at, newest, window });
        }
        let body = self.series.body();
        match body.find(sample.at, self.filled) {
            Some(stored) if stored.value.to_bits() == sample.value.to_bits() => Ok(()),
            Some(stored) => Err(AppendError::Duplicate {
                at: sample.at,
                stored: stored.value,
                given: sample.value,
            }),
            None => {
                self.insert_late(&body, sample);
                Ok(())
            }
        }
    }

    /// Publishes a body whose open slab has room: a larger one while slabs
    /// grow, then a new one once this one is sealed.
    fn make_room(&mut self) {
        let mut body = self.series.body().as_ref().clone();
        let samples: Vec<Sample> = self.open.iter(self.filled).collect();
        if self.open.is_largest() {
            if let Some(chunk) = Chunk::seal(&samples) {
                body.chunks = body.chunks.with(chunk);
            }
            body.open = Slab::with_room(SLAB_SAMPLES);
            self.filled = 0;
        } else {
            body.open = Slab::holding(&samples);
        }
        self.open = Arc::clone(&body.open);
        self.series.publish(body);
    }

    fn insert_late(&mut self, body: &Body, sample: Sample) {
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

    /// Publishes a body whose newest sample is another one; its timestamp
    /// must be the same.
    pub(super) fn replace_newest(&mut self, sample: Sample) {
        let mut body = self.series.body().as_ref().clone();
        let mut samples: Vec<Sample> = self.open.iter(self.filled).collect();
        if let Some(newest) = samples.last_mut() {
            *newest = sample;
        }
        self.newest_bits = sample.value.to_bits();
        // A new slab, because readers hold the cells of this one.
        body.open = Slab::holding(&samples);
        self.open = Arc::clone(&body.open);
        self.series.publish(body);
    }
}
