//! The state file of the data folder, opened at the start or later.
//!
//! A file that the system does not let us open holds nothing up: what it
//! holds is read by a copy if that goes, and opening it is tried again, after
//! 1 s doubling to 30 s. A file that could not even be read is set aside when
//! it opens at last, as what it holds was not restored and must not be
//! written over.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keepwatch_engine::storage::folder::DamagedFile;
use keepwatch_engine::storage::state::{
    Batch, Contents, OpenedState, SetAside, StateError, StateStore, Written,
};

/// Its name in the data folder.
const FILE: &str = "state.redb";

/// After a failure to open the file the next try comes after this long, then
/// after twice that.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// The longest time between tries.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// A state file, open or to be opened.
pub(super) struct StateFile {
    path: PathBuf,
    store: Result<StateStore, Closed>,
}

/// Why a file is not open, and when that is to change.
struct Closed {
    reason: String,
    /// Whether what it holds is not known either.
    unread: bool,
    /// When it is tried again; the first write finds out.
    at: Option<Duration>,
    pause: Duration,
}

/// What was found at the start.
pub(super) struct Restored {
    pub(super) file: StateFile,
    pub(super) contents: Contents,
    /// What cannot be used, and where it is.
    pub(super) damaged: Option<DamagedFile>,
}

/// Opens the state file of a data folder. What is lost is logged and is no
/// reason not to start; nor is a file that cannot be opened.
pub(super) fn open(folder: &Path) -> Restored {
    let path = folder.join(FILE);
    let error = match StateStore::open(&path) {
        Ok(OpenedState { store, contents, set_aside }) => {
            let damaged = set_aside.map(|aside| lost(&path, aside));
            return Restored { file: StateFile { path, store: Ok(store) }, contents, damaged };
        }
        Err(error) => error,
    };
    log::error!("the state is not kept until its file can be opened: {error}");
    let (contents, unreadable) = match StateStore::read(&path) {
        Ok(contents) => (contents, None),
        Err(StateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            (Contents::default(), None)
        }
        Err(unreadable) => (Contents::default(), Some(unreadable.to_string())),
    };
    let damaged = unreadable.map(|reason| {
        log::error!("nothing of the state is restored: {reason}");
        DamagedFile { path: path.clone(), reason }
    });
    let closed = Closed {
        reason: error.to_string(),
        unread: damaged.is_some(),
        at: None,
        pause: RETRY_FIRST,
    };
    Restored { file: StateFile { path, store: Err(closed) }, contents, damaged }
}

impl StateFile {
    /// Returns where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a batch, to a file that is opened first if it is not and its
    /// time has come; without `now` it has.
    ///
    /// # Errors
    /// A file that is not open, and what the disk says.
    pub(super) fn write(
        &mut self,
        batch: &Batch,
        now: Option<Duration>,
    ) -> Result<Written, String> {
        if let Err(closed) = &mut self.store {
            let at = *closed.at.get_or_insert_with(|| now.unwrap_or_default() + closed.pause);
            if now.is_some_and(|now| now < at) {
                return Err(closed.reason.clone());
            }
            match open_late(&self.path, closed.unread) {
                Ok(store) => self.store = Ok(store),
                Err(error) => {
                    closed.reason = error.to_string();
                    closed.pause = (closed.pause * 2).min(RETRY_MAX);
                    closed.at = now.map(|now| now + closed.pause);
                }
            }
        }
        match &mut self.store {
            Ok(store) => store.write(batch).map_err(|error| error.to_string()),
            Err(closed) => Err(closed.reason.clone()),
        }
    }
}

/// Opens a file that could not be opened at the start.
fn open_late(path: &Path, unread: bool) -> Result<StateStore, StateError> {
    let OpenedState { store, contents, set_aside } = StateStore::open(path)?;
    if let Some(aside) = set_aside {
        lost(path, aside);
    }
    if !unread || contents.is_empty() {
        log::info!("the state is kept from now on in {path:?}");
        return Ok(store);
    }
    drop(store);
    let reason = "it could not be read at the start, and nothing of it was restored";
    let OpenedState { store, set_aside, .. } = StateStore::begin_anew(path, reason)?;
    if let Some(aside) = set_aside {
        lost(path, aside);
    }
    Ok(store)
}

fn lost(path: &Path, aside: SetAside) -> DamagedFile {
    let SetAside { path: now, bytes, reason } = aside;
    log::error!(
        "{path:?} cannot be used and is lost ({bytes} bytes): {reason}; it was set aside as {now:?}"
    );
    DamagedFile { path: now, reason }
}
