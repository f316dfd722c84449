//! Folders of the tests' own, and what is in them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of the test's own, removed with it.
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    mounted: bool,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("keepwatch-disk-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self { path, mounted: false }
    }

    /// Makes a file system of two megabytes there; `None` for who may not.
    pub(crate) fn small(name: &str) -> Option<Self> {
        let mut place = Self::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=700", "none"]).arg(&place.path);
        place.mounted = mount.output().is_ok_and(|output| output.status.success());
        place.mounted.then_some(place)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: the test that fails may leave files open.
            let _ = Command::new("umount").arg("-l").arg(&self.path).output();
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Returns files under names that no finished file has.
pub(crate) fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(unfinished(&path));
        } else if path.extension().is_some_and(|extension| extension == "tmp") {
            found.push(path);
        }
    }
    found
}

/// Writes a file that takes all the space there is.
pub(crate) fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut chunk: &[u8] = &[0x5a; 64 << 10];
    while !chunk.is_empty() {
        if file.write_all(chunk).is_err() {
            chunk = &chunk[..chunk.len() / 2];
        }
    }
}
