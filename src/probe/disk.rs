//! A filesystem has space left.

use std::path::{Path, PathBuf};

use keepwatch_engine::health::Outcome;
use sysinfo::{DiskRefreshKind, Disks};

use super::Thresholds;

/// A check of the filesystem that holds a path; it observes the used space in
/// percent.
#[derive(Debug, Clone, PartialEq)]
pub struct DiskSpace {
    path: PathBuf,
    thresholds: Thresholds,
}

impl DiskSpace {
    /// Checks the filesystem that holds `path`, with the default thresholds.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), thresholds: Thresholds::default() }
    }

    /// Sets when the check is degraded and when it fails.
    #[must_use]
    pub const fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    pub(super) fn run(&self) -> Outcome {
        let path = match self.path.canonicalize() {
            Ok(path) => path,
            Err(error) => {
                return Outcome::failed(format_args!("{}: {error}", self.path.display()));
            }
        };
        let storage = DiskRefreshKind::nothing().with_storage();
        let disks = match Disks::new_with_refreshed_list_specifics(storage) {
            Ok(disks) => disks,
            Err(error) => return Outcome::failed(format_args!("cannot list disks: {error:?}")),
        };
        let mounts = disks.iter().map(|disk| (disk.mount_point(), disk));
        match holder(&path, mounts) {
            Some(disk) => {
                let (total, available) = (disk.total_space(), disk.available_space());
                let what = self.path.display().to_string();
                self.thresholds.judge(&what, total.saturating_sub(available), total)
            }
            None => Outcome::failed(format_args!("no filesystem holds {}", path.display())),
        }
    }
}

/// The deepest mount above `path`; of several on one place the last, which
/// covers the others.
fn holder<'a, T>(path: &Path, mounts: impl Iterator<Item = (&'a Path, T)>) -> Option<T> {
    mounts
        .filter(|(mount, _)| path.starts_with(mount))
        .max_by_key(|(mount, _)| mount.components().count())
        .map(|(_, disk)| disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_and_last_mount_holds_a_path() {
        let mounts = [("/", 0), ("/var", 1), ("/var/lib", 2), ("/va", 3), ("/var", 4)];
        let find = |path: &str| {
            holder(Path::new(path), mounts.iter().map(|(mount, id)| (Path::new(mount), *id)))
        };
        assert_eq!(find("/var/lib/x"), Some(2));
        assert_eq!(find("/var/log"), Some(4));
        assert_eq!(find("/variable"), Some(0));
    }

    #[test]
    fn this_directory_has_a_filesystem() {
        let all = Thresholds::new(100.0, 100.0).unwrap();
        let outcome = DiskSpace::new(".").thresholds(all).run();
        assert!(!outcome.is_failed() && outcome.observed.is_some(), "{outcome:?}");
    }

    #[test]
    fn a_path_that_is_not_there_fails_by_name() {
        let outcome = format!("{:?}", DiskSpace::new("/nowhere/at/all").run());
        assert!(outcome.contains("/nowhere/at/all: "), "{outcome}");
    }
}
