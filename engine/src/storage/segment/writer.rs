//! Writing a segment from its first byte to its last.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::columns::KnownColumns;
use super::directory::{self, Chunk, Column, Entry};
use super::identities::IdentityBlock;
use super::layout::{self, BLOCK_SERIES, Fence, Mirror, Place, Summary, Tail};
use super::wire;
use super::{FLOATS, ROLLUPS, Segment, SegmentError, SegmentKind, VERSION, file_name};
use crate::model::{TimeRange, Timestamp};
use crate::storage::codec::dense;
use crate::storage::rollup::Bucket;
use crate::storage::{Identity, Serial};

/// About how many samples a chunk has: one has from two thirds to three
/// halves of it, or all that there are.
const CHUNK_SAMPLES: usize = 1_000;
const BUFFER_BYTES: usize = 1 << 18;
const ABANDONED: &str = "an earlier write failed";

/// Writes one segment under a temporary name until it is whole.
///
/// Holds a few dozen bytes a series in memory and at most 16 MiB of
/// timestamps. A writer that is dropped unfinished removes its file.
#[derive(Debug)]
pub struct SegmentWriter {
    file: Option<BufWriter<File>>,
    temporary: PathBuf,
    path: PathBuf,
    kind: SegmentKind,
    window: TimeRange,
    position: u64,
    columns: KnownColumns,
    /// Each series' serial, ordinal and number of chunks.
    series: Vec<(u32, u32, u32)>,
    chunks: Vec<Chunk>,
    samples: u64,
    last: Option<Identity>,
    block: IdentityBlock,
    blocks: Vec<Vec<u8>>,
    mirrors: Vec<Mirror>,
    scratch: Vec<u8>,
}

impl SegmentWriter {
    /// Begins the segment of `window` in `folder`, which must exist. The
    /// window's ends are those of [`SegmentKind::holds`].
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn create(
        folder: &Path,
        kind: SegmentKind,
        window: TimeRange,
    ) -> Result<Self, SegmentError> {
        let path = folder.join(file_name(window));
        let temporary = path.with_extension("tmp");
        let failed = failed("create", &temporary);
        let file =
            BufWriter::with_capacity(BUFFER_BYTES, File::create(&temporary).map_err(failed)?);
        let mut writer = Self {
            file: Some(file),
            temporary,
            path,
            kind,
            window,
            position: 0,
            columns: KnownColumns::default(),
            series: Vec::new(),
            chunks: Vec::new(),
            samples: 0,
            last: None,
            block: IdentityBlock::default(),
            blocks: Vec::new(),
            mirrors: Vec::new(),
            scratch: Vec::new(),
        };
        let mut header = Vec::new();
        layout::put_header(&mut header, kind, window);
        writer.write(&header)?;
        Ok(writer)
    }

    /// Writes a series of floats; one without samples is left out. Series
    /// come in growing order of their identities, timestamps grow strictly.
    ///
    /// # Errors
    /// Samples or a series out of order, a sample outside of the window, and
    /// a file system that refuses. Nothing is written of a series that is
    /// refused; after the file system refused once the writer does nothing
    /// more.
    pub fn floats(
        &mut self,
        serial: Serial,
        identity: &Identity,
        times: &[i64],
        values: &[f64],
    ) -> Result<(), SegmentError> {
        if self.kind != SegmentKind::Raw {
            return Err(SegmentError::Kind { found: self.kind, asked: "samples" });
        }
        if times.len() != values.len() {
            let (times, values) = (times.len(), values.len());
            return Err(SegmentError::Columns { serial, times, values });
        }
        if !self.admit(serial, identity, times)? {
            return Ok(());
        }
        let size = chunk_size(times.len());
        for (times, values) in times.chunks(size).zip(values.chunks(size)) {
            self.chunk(FLOATS, times, |out| dense::put_floats(out, values))?;
        }
        self.close(serial, identity, times.len())
    }

    /// Writes a series of rolled-up buckets, in the order of their ends; one
    /// without buckets is left out.
    ///
    /// # Errors
    /// As [`floats`](Self::floats).
    pub fn rollup(
        &mut self,
        serial: Serial,
        identity: &Identity,
        buckets: &[Bucket],
    ) -> Result<(), SegmentError> {
        if self.kind == SegmentKind::Raw {
            return Err(SegmentError::Kind { found: self.kind, asked: "rollups" });
        }
        let times: Vec<i64> = buckets.iter().map(|bucket| bucket.at.millis()).collect();
        if !self.admit(serial, identity, &times)? {
            return Ok(());
        }
        let size = chunk_size(times.len());
        for (times, buckets) in times.chunks(size).zip(buckets.chunks(size)) {
            self.chunk(ROLLUPS, times, |out| super::rollups::put(out, buckets))?;
        }
        self.close(serial, identity, times.len())
    }

    /// Writes what makes the series findable, makes the file durable and
    /// gives it its name, in place of a segment of the same window.
    ///
    /// # Errors
    /// A serial that came twice, and a file system that refuses. The file
    /// with the temporary name is removed then.
    pub fn finish(mut self) -> Result<Segment, SegmentError> {
        self.mirror()?;
        if self.block.series() > 0 {
            self.blocks.push(self.block.finish());
        }
        let mut identities = Vec::with_capacity(self.blocks.len());
        for block in std::mem::take(&mut self.blocks) {
            identities.push(self.place(&block)?);
        }
        let directory = self.directory()?;
        let mut mirrors = std::mem::take(&mut self.mirrors);
        mirrors.sort_unstable_by_key(|mirror| mirror.original);
        let summary = Summary {
            kind: self.kind,
            window: self.window,
            series: u32::try_from(self.series.len())
                .map_err(|_| SegmentError::Full { what: "series" })?,
            samples: self.samples,
            newest: self.series.iter().map(|&(serial, ..)| serial).max(),
            directory,
            identities,
            mirrors,
        };
        let summary = summary.encode();
        let places = [self.place(&summary)?, self.place(&summary)?];
        let tail = Tail {
            summaries: places.map(|place| place.offset),
            bytes: places.map(|place| place.bytes)[0],
            version: VERSION,
        };
        let mut tails = Vec::new();
        layout::put_tail(&mut tails, &tail);
        layout::put_tail(&mut tails, &tail);
        self.write(&tails)?;
        self.publish()
    }

    /// Gives the file its name, once it is durable and can be opened.
    fn publish(&mut self) -> Result<Segment, SegmentError> {
        let Some(file) = self.file.take() else {
            return Err(failed("write", &self.temporary)(io::Error::other(ABANDONED)));
        };
        let refused = |action| failed(action, &self.temporary);
        let published = (|| {
            let file = file.into_inner().map_err(|error| refused("write")(error.into_error()))?;
            file.sync_all().map_err(refused("sync"))?;
            drop(file);
            let segment = Segment::open_named(&self.temporary, &self.path)?;
            fs::rename(&self.temporary, &self.path).map_err(refused("rename"))?;
            Ok(segment)
        })();
        if published.is_err() {
            self.discard();
        }
        let segment = published?;
        sync_folder(&self.path).map_err(failed("sync the folder of", &self.path))?;
        Ok(segment)
    }

    /// Checks a series before anything of it is written. Returns false if
    /// there is nothing to write.
    fn admit(
        &self,
        serial: Serial,
        identity: &Identity,
        times: &[i64],
    ) -> Result<bool, SegmentError> {
        if self.last.as_ref().is_some_and(|last| last >= identity) {
            let name = format!("{}{}", identity.name, identity.labels);
            return Err(SegmentError::Series { serial, name });
        }
        let mut before = None;
        for &time in times {
            if before.is_some_and(|before| before >= time) {
                let earlier = Timestamp::from_millis(before.unwrap_or(time));
                let later = Timestamp::from_millis(time);
                return Err(SegmentError::Order { serial, earlier, later });
            }
            before = Some(time);
        }
        for at in [times.first(), times.last()].into_iter().flatten().copied() {
            let at = Timestamp::from_millis(at);
            if !self.kind.holds(self.window, at) {
                return Err(SegmentError::Outside { serial, at, window: self.window });
            }
        }
        if u32::try_from(self.series.len()).is_ok_and(|series| series < u32::MAX) {
            return Ok(!times.is_empty());
        }
        Err(SegmentError::Full { what: "series" })
    }

    fn chunk(
        &mut self,
        tag: u8,
        times: &[i64],
        put_values: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), SegmentError> {
        let times = match self.columns.find(times) {
            Some(column) => column,
            None => self.column(times)?,
        };
        let mut block = std::mem::take(&mut self.scratch);
        block.clear();
        put_values(&mut block);
        wire::seal(&mut block, 0);
        let values = self.place(&block)?;
        self.scratch = block;
        self.chunks.push(Chunk { tag, values, times });
        Ok(())
    }

    fn column(&mut self, times: &[i64]) -> Result<Column, SegmentError> {
        let mut block = std::mem::take(&mut self.scratch);
        block.clear();
        dense::put_times(&mut block, times);
        wire::seal(&mut block, 0);
        let column = Column {
            place: self.place(&block)?,
            count: u32::try_from(times.len())
                .map_err(|_| SegmentError::Full { what: "samples in a chunk" })?,
            start: times.first().copied().unwrap_or_default(),
            end: times.last().copied().unwrap_or_default(),
        };
        self.columns.remember(times, column, &block);
        self.scratch = block;
        Ok(column)
    }

    fn close(
        &mut self,
        serial: Serial,
        identity: &Identity,
        samples: usize,
    ) -> Result<(), SegmentError> {
        let full = |_| SegmentError::Full { what: "series" };
        let ordinal = u32::try_from(self.series.len()).map_err(full)?;
        let chunks = u32::try_from(samples.div_ceil(chunk_size(samples))).map_err(full)?;
        self.series.push((serial.0, ordinal, chunks));
        self.samples += samples as u64;
        self.block.push(identity);
        if self.block.series() == BLOCK_SERIES {
            self.blocks.push(self.block.finish());
        }
        self.last = Some(identity.clone());
        self.mirror()
    }

    /// Writes the second copies that are due.
    fn mirror(&mut self) -> Result<(), SegmentError> {
        for (column, encoded) in self.columns.take_due() {
            let copy = self.place(&encoded)?;
            self.mirrors.push(Mirror { original: column.place.offset, copy: copy.offset });
        }
        Ok(())
    }

    /// Writes the directory in the order of serials.
    fn directory(&mut self) -> Result<Vec<Fence>, SegmentError> {
        let mut first_chunk = 0_usize;
        let mut order = Vec::with_capacity(self.series.len());
        for &(serial, ordinal, chunks) in &self.series {
            order.push((serial, ordinal, first_chunk, chunks as usize));
            first_chunk += chunks as usize;
        }
        order.sort_unstable();
        if let Some(pair) =
            order.windows(2).find(|pair| pair.first().map(|a| a.0) == pair.last().map(|b| b.0))
        {
            let serial = Serial(pair.first().map_or(0, |entry| entry.0));
            return Err(SegmentError::Series { serial, name: "its serial came twice".to_owned() });
        }
        let chunks = std::mem::take(&mut self.chunks);
        let mut fences = Vec::with_capacity(order.len().div_ceil(BLOCK_SERIES));
        for block in order.chunks(BLOCK_SERIES) {
            let entry = |&(serial, ordinal, first, count): &(u32, u32, usize, usize)| Entry {
                serial,
                ordinal,
                chunks: chunks.get(first..first + count).unwrap_or_default().to_vec(),
            };
            let entries: Vec<Entry> = block.iter().map(entry).collect();
            let place = self.place(&directory::encode(&entries, self.window.start.millis()))?;
            fences.push(Fence { first: block.first().map_or(0, |first| first.0), place });
        }
        Ok(fences)
    }

    fn place(&mut self, block: &[u8]) -> Result<Place, SegmentError> {
        let bytes = u32::try_from(block.len())
            .map_err(|_| SegmentError::Full { what: "bytes in a block" })?;
        let place = Place { offset: self.position, bytes };
        self.write(block)?;
        Ok(place)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SegmentError> {
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Err(io::Error::other(ABANDONED)),
        };
        if let Err(source) = written {
            // Half a series is in the file, and nothing can be put behind it.
            self.abandon();
            return Err(failed("write", &self.temporary)(source));
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn abandon(&mut self) {
        if let Some(file) = self.file.take() {
            // The buffer holds bytes of a file that nobody wants any more.
            let _ = file.into_parts();
            self.discard();
        }
    }

    fn discard(&self) {
        // What cannot be removed now is overwritten by the next attempt.
        let _ = fs::remove_file(&self.temporary);
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Returns into how many samples a series of `samples` is cut, so that its
/// chunks are about equally long.
fn chunk_size(samples: usize) -> usize {
    let chunks = ((samples + CHUNK_SAMPLES / 2) / CHUNK_SAMPLES).max(1);
    samples.div_ceil(chunks).max(1)
}

/// Makes the name of `path` durable. Only some systems can sync a folder;
/// the others keep names without.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

pub(super) fn failed(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> SegmentError + use<> {
    let path = path.to_owned();
    move |source| SegmentError::Io { action, path, source }
}
