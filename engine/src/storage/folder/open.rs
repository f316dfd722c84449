//! Bringing back what is in a folder.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;

use super::{DamagedFile, DataError, DataFolder, KINDS, Reopening, folder_of, log_folder};
use crate::model::{Sample, TimeRange, Timestamp};
use crate::storage::files::FileSet;
use crate::storage::identity::{Identity, Serial};
use crate::storage::ledger::{Ledger, Tombstone};
use crate::storage::restore::Restore;
use crate::storage::segment::{Segment, SegmentError, SegmentKind, file_name};
use crate::storage::wal::{Entry, Replayed, Writer, replay};
use crate::storage::{Store, StoreConfig};

impl DataFolder {
    /// Takes hold of a folder, creating it if it is not there, and brings
    /// back what is in it. Series are sealed by windows of `window`.
    ///
    /// Damage is no error: what is damaged is set aside or skipped, and
    /// reported. What cannot be opened, but may be sound, stays where it is.
    ///
    /// # Errors
    /// A folder that another process holds, or that cannot be used.
    pub fn open(
        path: &Path,
        window: Duration,
        now: Timestamp,
    ) -> Result<(Self, Arc<Ledger>, Writer, Reopening), DataError> {
        let lock = Self::lock(path)?;
        for kind in KINDS {
            let folder = folder_of(path, kind);
            fs::create_dir_all(&folder).map_err(DataError::io("create", &folder))?;
        }
        let (ledger, replayed, report) = load(path, Some(window), now, Damaged::SetAside)?;
        let mut log = Writer::open(&log_folder(path))?;
        log.adopt(&replayed);
        let folder = Self {
            path: path.to_owned(),
            ledger: Arc::clone(&ledger),
            busy: AtomicBool::new(false),
            retained: ArcSwapOption::empty(),
            _lock: lock,
        };
        Ok((folder, ledger, log, report))
    }
}

impl DataFolder {
    /// Returns the segment of a window that is not among the files as it could
    /// not be opened before, so that it is not written over. One that cannot
    /// be used is set aside.
    pub(super) fn unopened(
        &self,
        kind: SegmentKind,
        window: TimeRange,
    ) -> Result<Option<Segment>, DataError> {
        let path = self.folder_of(kind).join(file_name(window));
        if !path.try_exists().map_err(DataError::io("find", &path))? {
            return Ok(None);
        }
        match Segment::open(&path) {
            Ok(segment) if segment.kind() == kind && segment.window() == window => {
                Ok(Some(segment))
            }
            Err(error @ SegmentError::Io { .. }) => Err(error.into()),
            Ok(_) | Err(_) => {
                let aside = aside_of(&path);
                fs::rename(&path, aside).map_err(DataError::io("rename", &path))?;
                Ok(None)
            }
        }
    }
}

/// What becomes of a file that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damaged {
    /// It gets another name, so that a new file can take its place.
    SetAside,
    /// It stays; nothing in the folder is touched.
    Stays,
}

/// Reads everything in a folder.
pub(super) fn load(
    path: &Path,
    window: Option<Duration>,
    now: Timestamp,
    damaged: Damaged,
) -> Result<(Arc<Ledger>, Replayed, Reopening), DataError> {
    let ledger = Arc::new(window.map_or_else(Ledger::new, Ledger::durable));
    let mut report = Reopening::default();
    let mut files = FileSet::default();
    for kind in KINDS {
        for segment in segments(&folder_of(path, kind), kind, damaged, &mut report)? {
            files.add(segment);
        }
    }
    let mut loading = Loading::new(Arc::clone(&ledger));
    let replayed = replay(&log_folder(path), &mut |entry| loading.apply(entry, now))?;
    loading.restore.finish(&mut loading.store);
    for segment in files.all() {
        loading.adopt(segment, now, &mut report);
    }
    ledger.add_tombstones(std::mem::take(&mut loading.tombstones));
    report.series = loading.store.series();
    report.segments = files.of(SegmentKind::Raw).len();
    report.rollups = files.all().count() - report.segments;
    report.sealed_samples = files.of(SegmentKind::Raw).iter().map(Segment::samples).sum();
    report.logged_samples = replayed.samples - loading.unknown;
    report.log_files = replayed.files.len();
    report.log_frames_lost = replayed.frames_lost;
    report.log_bytes_lost = replayed.bytes_lost;
    report.log_samples_unknown = replayed.samples_unknown + loading.unknown;
    report.log_bytes_unfinished = replayed.torn_bytes;
    ledger.publish_files(files);
    if let Some(oldest) = ledger.files().oldest() {
        ledger.bury_tombstones(oldest);
    }
    loading.store.hand_over();
    Ok((ledger, replayed, report))
}

/// Opens the segments of a folder; a write that did not end is removed.
fn segments(
    folder: &Path,
    kind: SegmentKind,
    damaged: Damaged,
    report: &mut Reopening,
) -> Result<Vec<Segment>, DataError> {
    let failed = |source: io::Error| DataError::io("list", folder)(source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("seg") => {}
            Some("tmp") if damaged == Damaged::SetAside => {
                // Only half was written; its samples are in the log.
                let _ = fs::remove_file(&path);
                continue;
            }
            _ => continue,
        }
        match Segment::open(&path) {
            Ok(segment) if segment.kind() == kind && segment.has_its_name() => found.push(segment),
            Ok(segment) if segment.kind() == kind => {
                // Beside the file of its window it would be read twice, or in
                // place of it.
                let window = segment.window();
                let reason =
                    format!("it holds {} to {}; its name says otherwise", window.start, window.end);
                let path = if damaged == Damaged::SetAside { set_aside(path) } else { path };
                report.damaged.push(DamagedFile { path, reason });
            }
            Ok(segment) => {
                let reason = format!("it holds {}; expected {kind}", segment.kind());
                report.damaged.push(DamagedFile { path, reason });
            }
            Err(error) if error.is_damage() => {
                let reason = error.to_string();
                let path = if damaged == Damaged::SetAside { set_aside(path) } else { path };
                report.damaged.push(DamagedFile { path, reason });
            }
            Err(error) => {
                report.unopened.push(DamagedFile { path, reason: error.to_string() });
            }
        }
    }
    Ok(found)
}

/// Gives a file another name, so that it is neither read again nor written
/// over.
fn set_aside(path: PathBuf) -> PathBuf {
    let aside = aside_of(&path);
    // A folder that cannot be written to keeps it where it is.
    if fs::rename(&path, &aside).is_ok() { aside } else { path }
}

/// Returns a name for a file that is set aside, which no other has.
pub(super) fn aside_of(path: &Path) -> PathBuf {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    for number in 2_u32.. {
        if !Path::new(&aside).exists() {
            break;
        }
        aside = path.as_os_str().to_owned();
        aside.push(format!(".damaged-{number}"));
    }
    aside.into()
}

/// A store that is being filled from the log and the segments.
struct Loading {
    store: Store,
    /// The ids of the series by their serials.
    ids: HashMap<Serial, u32, RandomState>,
    removed: HashSet<Serial, RandomState>,
    tombstones: Vec<Tombstone>,
    restore: Restore,
    /// Logged samples of series that are neither there nor gone.
    unknown: u64,
}

impl Loading {
    fn new(ledger: Arc<Ledger>) -> Self {
        let store = Store::recover(ledger, StoreConfig::default()).0;
        Self {
            store,
            ids: HashMap::default(),
            removed: HashSet::default(),
            tombstones: Vec::new(),
            restore: Restore::default(),
            unknown: 0,
        }
    }

    fn apply(&mut self, entry: Entry<'_>, now: Timestamp) {
        match entry {
            Entry::Define(serial, identity) => {
                self.define(serial, identity, now);
            }
            Entry::Remove(serial) => {
                self.store.restore_serial(serial);
                self.remove(serial, now);
            }
            Entry::Samples { at, amend, serials, values } => {
                let mut next = 0;
                for (serial, &value) in serials.iter().zip(values) {
                    let Some(id) = self.id_of(*serial, next) else {
                        self.unknown += u64::from(!self.removed.contains(serial));
                        continue;
                    };
                    next = id.wrapping_add(1);
                    self.restore.push(id, Sample::new(at, value), amend);
                }
                self.restore.flush_if_full(&mut self.store);
            }
        }
    }

    /// Enters a series, unless it is gone; returns its id.
    fn define(&mut self, serial: Serial, identity: Identity, now: Timestamp) -> Option<u32> {
        if self.removed.contains(&serial) {
            return None;
        }
        let Identity { metric, name, labels } = &identity;
        // A series is removed before another takes its place; that it was may
        // be lost. Serials only grow.
        if let Some(other) = self.store.find(metric, name, labels)
            && other.serial < serial
        {
            self.remove(other.serial, now);
        }
        let id = self.store.restore(serial, identity)?;
        self.ids.insert(serial, id);
        Some(id)
    }

    fn remove(&mut self, serial: Serial, now: Timestamp) {
        if self.removed.insert(serial) {
            self.tombstones.push(Tombstone { serial, newest_at: now });
        }
        if let Some(id) = self.ids.remove(&serial) {
            // Its id may become another's.
            self.restore.flush(&mut self.store);
            self.store.remove(id);
        }
    }

    /// Returns the id of a series; `likely` is asked first, as consecutive
    /// serials mostly have consecutive ids.
    #[inline]
    fn id_of(&self, serial: Serial, likely: u32) -> Option<u32> {
        if self.store.slot(likely).is_some_and(|slot| slot.serial == serial) {
            return Some(likely);
        }
        self.ids.get(&serial).copied()
    }

    /// Adds the series of a segment that the log does not mention.
    fn adopt(&mut self, segment: &Segment, now: Timestamp, report: &mut Reopening) {
        let mut damage = |error: &dyn std::fmt::Display| {
            let (path, reason) = (segment.path().to_owned(), error.to_string());
            report.damaged.push(DamagedFile { path, reason });
        };
        let mut unknown = Vec::new();
        if let Some(serial) = segment.newest_serial() {
            // Also where the block that has it is damaged.
            self.store.restore_serial(serial);
        }
        let raw = segment.kind() == SegmentKind::Raw;
        let newest = segment.newest(|serial, place, newest| match self.ids.get(&serial) {
            Some(&id) => self.store.restore_newest(id, newest, raw),
            None if self.removed.contains(&serial) => {}
            None => unknown.push((serial, place, newest)),
        });
        if let Err(error) = newest {
            damage(&error);
        }
        let blocks = segment.damage().blocks;
        if blocks > 0 {
            damage(&format_args!("{blocks} blocks of its directory are damaged"));
        }
        // Identities lie in blocks, in this order.
        unknown.sort_unstable_by_key(|(_, place, _)| *place);
        let mut cursor = segment.cursor();
        for (serial, place, newest) in unknown {
            match cursor.identity_at(place) {
                Ok(identity) => {
                    if let Some(id) = self.define(serial, identity, now) {
                        self.store.restore_newest(id, newest, raw);
                    }
                }
                Err(error) => damage(&error),
            }
        }
    }
}
