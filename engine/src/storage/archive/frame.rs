//! One series as bytes, and back.

use std::sync::Arc;

use super::bytes::{Reader, put_count, put_data};
use crate::model::{Labels, Sample, TimeRange, Timestamp};
use crate::storage::chunk::{Chunk, ChunkList, Encoding};
use crate::storage::column::Columns;
use crate::storage::identity::Identity;
use crate::storage::ledger::Ledger;
use crate::storage::series::{Body, Series, SeriesRef};

/// A series that was read from a frame.
pub(super) struct Found {
    metric: Arc<str>,
    name: Arc<str>,
    labels: Labels,
    chunks: ChunkList,
}

/// Encodes a series and returns how many samples it has; `None` for one
/// without samples, and for one too large for its counts.
pub(super) fn encode(series: &Series) -> Option<(Vec<u8>, usize)> {
    let body = series.body();
    let mut chunks: Vec<Chunk> = body.chunks.iter().cloned().collect();
    chunks.extend(unsealed(&body));
    if chunks.is_empty() {
        return None;
    }
    let mut frame = Vec::new();
    put_data(&mut frame, series.metric().as_bytes())?;
    put_data(&mut frame, series.name().as_bytes())?;
    put_count(&mut frame, series.labels().len())?;
    for (name, value) in series.labels().iter() {
        put_data(&mut frame, name.as_bytes())?;
        put_data(&mut frame, value.as_bytes())?;
    }
    put_count(&mut frame, chunks.len())?;
    for chunk in &chunks {
        match chunk.encoding() {
            Encoding::Floats => frame.push(0),
        }
        put_count(&mut frame, chunk.count())?;
        frame.extend_from_slice(&chunk.range().start.millis().to_le_bytes());
        frame.extend_from_slice(&chunk.range().end.millis().to_le_bytes());
        let (times, values) = chunk.parts();
        put_data(&mut frame, times)?;
        put_data(&mut frame, values)?;
    }
    Some((frame, chunks.iter().map(|chunk| chunk.count()).sum()))
}

/// Seals what is open or late.
fn unsealed(body: &Body) -> impl Iterator<Item = Chunk> {
    // Apart, because late samples may overlap the open ones.
    let open: Vec<Sample> = body.open.iter(body.open.len()).collect();
    [Chunk::seal(&body.late), Chunk::seal(&open)].into_iter().flatten()
}

/// Decodes a series; `None` if the bytes say what cannot be.
pub(super) fn decode(frame: &[u8]) -> Option<Found> {
    let mut reader = Reader::new(frame);
    let metric = reader.text()?.into();
    let name = reader.text()?.into();
    let mut labels = Vec::new();
    for _ in 0..reader.u32()? {
        labels.push((reader.text()?, reader.text()?));
    }
    let labels = Labels::new(labels).ok()?;
    let mut chunks = Vec::new();
    for _ in 0..reader.u32()? {
        let encoding = match reader.u8()? {
            0 => Encoding::Floats,
            _ => return None,
        };
        let count = reader.u32()?;
        let start = Timestamp::from_millis(reader.i64()?);
        let end = Timestamp::from_millis(reader.i64()?);
        let (times, values) = (reader.data()?, reader.data()?);
        let chunk = Chunk::restore(encoding, count, TimeRange::new(start, end), times, values);
        chunks.push(chunk?);
    }
    let chunks: ChunkList = chunks.into_iter().collect();
    reader.is_empty().then_some(Found { metric, name, labels, chunks })
}

impl Found {
    pub(super) fn samples(&self) -> usize {
        self.chunks.samples()
    }

    /// Returns the series under a reference that nobody has had.
    pub(super) fn into_series(self, id: u32, ledger: &Ledger) -> Series {
        let reference = SeriesRef { id, serial: ledger.next_serial() };
        let open = Columns::default().none();
        let body = Body { chunks: Arc::new(self.chunks), late: Arc::default(), open };
        let identity = Identity { metric: self.metric, name: self.name, labels: self.labels };
        Series::new(reference, identity, body)
    }
}
