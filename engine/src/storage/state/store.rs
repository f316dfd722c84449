//! The file itself.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError,
    TableDefinition, TableError,
};

use super::{Batch, Contents, StateError, Table};

/// The version of the file's layout.
const FORMAT: u64 = 1;

/// Memory for pages of the file; all of it is read once, at the start.
const CACHE_BYTES: usize = 1 << 20;

/// How many damaged files may stand beside the good one.
const SET_ASIDE_MAX: u32 = 1_000;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("keepwatch");

const fn definition(table: Table) -> TableDefinition<'static, &'static str, &'static [u8]> {
    TableDefinition::new(table.as_str())
}

/// A state file that this process holds.
#[derive(Debug)]
pub struct StateStore {
    path: PathBuf,
    /// `None` after a failure: redb writes no more to a file whose state it
    /// is not sure of, so it is opened again.
    database: Option<Database>,
}

/// A state file and what it holds.
#[derive(Debug)]
pub struct OpenedState {
    /// The file, to be written to.
    pub store: StateStore,
    /// What was kept.
    pub contents: Contents,
    /// The file that was found and could not be used, if there was one.
    pub set_aside: Option<SetAside>,
}

/// A file that could not be used, and has been renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Entries put or removed.
    pub entries: usize,
    /// The bytes of those put.
    pub bytes: u64,
}

impl StateStore {
    /// Opens the file at `path`, or begins one, and reads all of it.
    ///
    /// # Errors
    /// A file that another process holds, and a file system that refuses. A
    /// damaged file is no error: it is set aside.
    pub fn open(path: impl Into<PathBuf>) -> Result<OpenedState, StateError> {
        let path = path.into();
        let reason = match attempt(|builder| builder.create(&path)) {
            Ok((database, contents)) => {
                let store = Self { path, database: Some(database) };
                return Ok(OpenedState { store, contents, set_aside: None });
            }
            Err(Failure::Damaged(reason)) => reason,
            Err(failure) => return Err(failure.at("cannot open", &path)),
        };
        Self::begin_anew(path, reason)
    }

    /// Sets the file at `path` aside for a reason, and begins another.
    ///
    /// # Errors
    /// A file system that refuses, and a file that is not there.
    pub fn begin_anew(
        path: impl Into<PathBuf>,
        reason: impl Into<String>,
    ) -> Result<OpenedState, StateError> {
        let path = path.into();
        let aside = set_aside(&path, reason.into())?;
        let begun = attempt(|builder| builder.create(&path));
        let (database, contents) = begun.map_err(|f| f.at("cannot begin", &path))?;
        let store = Self { path, database: Some(database) };
        Ok(OpenedState { store, contents, set_aside: Some(aside) })
    }

    /// Returns where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a batch in one transaction, which is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// A file system that refuses; then nothing of the batch is written, and
    /// the next write opens the file again.
    pub fn write(&mut self, batch: &Batch) -> Result<Written, StateError> {
        if batch.is_empty() {
            return Ok(Written::default());
        }
        let database = match self.database.take() {
            Some(database) => database,
            None => match attempt(|builder| builder.create(&self.path)) {
                Ok((database, _)) => database,
                Err(failure) => return Err(failure.at("cannot open", &self.path)),
            },
        };
        let written = unpanicked(|| commit(&database, batch));
        match written {
            Ok(written) => {
                self.database = Some(database);
                Ok(written)
            }
            Err(failure) => {
                // Closing writes, and may fail as the commit did.
                let _ = unpanicked(|| {
                    drop(database);
                    Ok(())
                });
                Err(failure.at("cannot write", &self.path))
            }
        }
    }
}

fn commit(database: &Database, batch: &Batch) -> Result<Written, Failure> {
    // The default durability: on the disk when the commit returns.
    let transaction = database.begin_write().map_err(redb::Error::from)?;
    let mut written = Written { entries: batch.len(), bytes: 0 };
    for table in Table::ALL {
        let mut entries = batch.entries.iter().filter(|((of, _), _)| *of == table).peekable();
        if entries.peek().is_none() {
            continue;
        }
        let mut open = transaction.open_table(definition(table))?;
        for ((_, key), value) in entries {
            match value {
                Some(bytes) => {
                    written.bytes += bytes.len() as u64;
                    open.insert(key.as_str(), bytes.as_slice())?;
                }
                None => {
                    open.remove(key.as_str())?;
                }
            }
        }
    }
    transaction.commit().map_err(redb::Error::from)?;
    Ok(written)
}

/// Opens a file by `open` and reads it.
pub(super) fn attempt(
    open: impl FnOnce(&redb::Builder) -> Result<Database, DatabaseError>,
) -> Result<(Database, Contents), Failure> {
    unpanicked(|| {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = open(&builder)?;
        begin(&database)?;
        let contents = read(&database)?;
        Ok((database, contents))
    })
}

/// Checks the format, or writes it to a new file.
fn begin(database: &Database) -> Result<(), Failure> {
    let transaction = database.begin_write().map_err(redb::Error::from)?;
    let known = transaction.list_tables()?.count();
    let mut meta = transaction.open_table(META)?;
    let found = meta.get("format")?.map(|format| format.value());
    match found {
        Some(FORMAT) => return Ok(()),
        Some(found) => {
            let reason = format!("it has format version {found}; expected {FORMAT}");
            return Err(Failure::Damaged(reason));
        }
        None if known > 0 => {
            return Err(Failure::Damaged("it is a database of something else".to_owned()));
        }
        None => meta.insert("format", FORMAT)?,
    };
    drop(meta);
    transaction.commit().map_err(redb::Error::from)?;
    Ok(())
}

fn read(database: &Database) -> Result<Contents, Failure> {
    let mut contents = Contents::default();
    let transaction = database.begin_read().map_err(redb::Error::from)?;
    for table in Table::ALL {
        let open = match transaction.open_table(definition(table)) {
            Ok(open) => open,
            Err(TableError::TableDoesNotExist(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in open.iter()? {
            let (key, value) = entry?;
            contents.insert(table, key.value().to_owned(), value.value().to_vec());
        }
    }
    Ok(contents)
}

/// Renames a file that cannot be used.
fn set_aside(path: &Path, reason: String) -> Result<SetAside, StateError> {
    let failed = |source| StateError::Io { action: "cannot set aside", path: path.into(), source };
    let bytes = fs::metadata(path).map_or(0, |metadata| metadata.len());
    let name = |n| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{n}"));
        PathBuf::from(name)
    };
    let free = (1..=SET_ASIDE_MAX).map(name).find(|name| !name.exists());
    let Some(aside) = free else {
        let full = io::Error::other(format!("{SET_ASIDE_MAX} damaged files stand beside it"));
        return Err(failed(full));
    };
    fs::rename(path, &aside).map_err(failed)?;
    Ok(SetAside { path: aside, bytes, reason })
}

/// Why redb could not do something.
#[derive(Debug)]
pub(super) enum Failure {
    InUse,
    Io(io::Error),
    Damaged(String),
}

impl Failure {
    pub(super) fn at(self, action: &'static str, path: &Path) -> StateError {
        let path = path.to_owned();
        match self {
            Self::InUse => StateError::InUse { path },
            Self::Io(source) => StateError::Io { action, path, source },
            Self::Damaged(reason) => StateError::Damaged { path, reason },
        }
    }
}

/// Runs code of redb's. It answers most damage with an error, and a few
/// contradictions that no writer makes with a panic.
fn unpanicked<T>(code: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        let said = said.unwrap_or_else(|| "a contradiction".to_owned());
        Err(Failure::Damaged(said))
    })
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            redb::Error::Io(source) => match source.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    Self::Damaged(source.to_string())
                }
                _ => Self::Io(source),
            },
            redb::Error::PreviousIo => Self::Io(io::Error::other("an earlier write failed")),
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        redb::Error::from(error).into()
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        redb::Error::from(error).into()
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        redb::Error::from(error).into()
    }
}
