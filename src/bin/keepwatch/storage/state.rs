//! The state file of a data folder, which another process may be using.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use keepwatch::model::Timestamp;
use keepwatch::storage::state::{StateError, StateStore};
use keepwatch_actors::health_checker::HealthState;
use keepwatch_actors::janitor::JanitorState;
use keepwatch_engine::aggregate::Schedule;
use keepwatch_engine::alert::Evaluator;
use keepwatch_engine::instrument::KeptMetrics;

use super::checks::CheckedFile;

/// Its name in the folder.
pub(crate) const FILE: &str = "state.redb";

/// Says whether there is no state file.
pub(crate) fn is_missing(error: &StateError) -> bool {
    matches!(error, StateError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Reads everything in the state file as a start would.
pub(crate) fn check(folder: &Path, now: Timestamp) -> CheckedFile {
    let path = folder.join(FILE);
    let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let mut checked = CheckedFile { file: FILE.into(), bytes, ..CheckedFile::default() };
    let mut contents = match StateStore::read(&path) {
        Ok(contents) => contents,
        Err(error) if is_missing(&error) => {
            checked.notes.push("it is not there; an engine that uses the folder makes it".into());
            return checked;
        }
        Err(StateError::InUse { .. }) => {
            checked.notes.push("not checked: another process keeps writing to it".into());
            return checked;
        }
        Err(StateError::Damaged { reason, .. }) => {
            checked.problems.push(reason);
            return checked;
        }
        Err(error) => {
            checked.problems.push(error.to_string());
            return checked;
        }
    };
    let entries = contents.len();
    // How often anything is evaluated makes no difference here.
    let interval = Duration::from_secs(1);
    // Owners take what is theirs, and leave out what makes no sense to them.
    drop((
        Evaluator::restore(interval, &mut contents, now),
        HealthState::restore(&mut contents),
        Schedule::restore(interval, &mut contents, now),
        JanitorState::restore(&mut contents),
        KeptMetrics::restore(&mut contents),
    ));
    checked.problems.extend(contents.left_out().iter().map(ToString::to_string));
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    checked.notes.push(entries);
    checked
}
