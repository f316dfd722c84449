//! A filesystem has space left.

use std::path::{Path, PathBuf};

use keepwatch_actors::health_checker::probe::{Usage, UsageProbe};
use sysinfo::{DiskRefreshKind, Disks};

use super::memory::bytes;

/// Probes the filesystem that holds `path`; observes the used space in
/// percent.
pub fn disk_space(path: impl Into<PathBuf>) -> UsageProbe {
    let path = path.into();
    UsageProbe::new(move || usage(&path))
}

fn usage(given: &Path) -> Result<Usage, String> {
    let path = given.canonicalize().map_err(|error| format!("{}: {error}", given.display()))?;
    let storage = DiskRefreshKind::nothing().with_storage();
    let disks = Disks::new_with_refreshed_list_specifics(storage)
        .map_err(|error| format!("cannot list disks: {error:?}"))?;
    let mounts = disks.iter().map(|disk| (disk.mount_point(), disk));
    let disk =
        holder(&path, mounts).ok_or_else(|| format!("no filesystem holds {}", path.display()))?;
    let (total, available) = (disk.total_space(), disk.available_space());
    Ok(Usage { used: bytes(total.saturating_sub(available)), total: bytes(total) })
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
        let usage = usage(Path::new(".")).unwrap();
        assert!(usage.total > 0.0 && usage.used <= usage.total, "{usage:?}");
    }

    #[test]
    fn a_path_that_is_not_there_fails_by_name() {
        let error = usage(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(error.starts_with("/nowhere/at/all: "), "{error}");
    }
}
