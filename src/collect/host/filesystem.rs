//! Mounted filesystems.

use std::collections::BTreeMap;
use std::path::Path;

use keepwatch_engine::model::{MetricDefinition, Record};
use sysinfo::{Disk, DiskRefreshKind};

use super::procfs::Procfs;
use super::{Collector, counter, gauge, number, used_percent};

/// The labels of a filesystem, as node_exporter has them.
const LABELS: [&str; 3] = ["device", "mountpoint", "fstype"];

/// Filesystems that hold no files of anyone's: kernel interfaces, memory,
/// and images that are full by nature.
const PSEUDO: [&str; 24] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
];

/// Reads the host's mounted filesystems, through sysinfo and statvfs, with
/// node_exporter's names, units and labels: each device once, pseudo
/// filesystems left out.
///
/// | metrics | where |
/// |---|---|
/// | `node_filesystem_{size,avail}_bytes`, `node_filesystem_readonly`, each `{device,mountpoint,fstype}`; `host_disk_used_percent{mountpoint}`, 0 to 100 | everywhere |
/// | `node_filesystem_free_bytes`, `node_filesystem_files`, `node_filesystem_files_free` | Linux |
/// | `node_disk_{read,written}_bytes_total{device}` | elsewhere; on Linux the [`HostCollector`](super::HostCollector) has more |
#[derive(Debug)]
pub struct FilesystemCollector {
    disks: Option<sysinfo::Disks>,
    /// Whether nobody else tells of devices.
    has_io: bool,
}

impl FilesystemCollector {
    /// Creates the collector; on a platform that sysinfo does not know it
    /// collects nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { disks: sysinfo::Disks::new().ok(), has_io: Procfs::find().is_none() }
    }

    fn mounts(&mut self) -> Vec<Mount> {
        let Some(disks) = &mut self.disks else { return Vec::new() };
        let parts = DiskRefreshKind::nothing().with_storage();
        let parts = if self.has_io { parts.with_io_usage() } else { parts };
        disks.refresh_specifics(true, parts);
        once_a_device(disks.iter().map(Mount::of).filter(Mount::is_real))
    }
}

impl Default for FilesystemCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for FilesystemCollector {
    fn name(&self) -> &str {
        "filesystem"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        let mut definitions = vec![
            gauge("node_filesystem_size_bytes", "bytes", &LABELS, "Size of the filesystem."),
            gauge(
                "node_filesystem_avail_bytes",
                "bytes",
                &LABELS,
                "Space that users other than root can still fill.",
            ),
            gauge("node_filesystem_readonly", "", &LABELS, "1 if mounted read-only, 0 if not."),
            gauge(
                "host_disk_used_percent",
                "percent",
                &["mountpoint"],
                "Space that is not available, of all; of filesystems that can be written to.",
            ),
            gauge(
                "node_filesystem_free_bytes",
                "bytes",
                &LABELS,
                "Space that root can still fill.",
            ),
            gauge("node_filesystem_files", "", &LABELS, "Files that the filesystem can have."),
            gauge("node_filesystem_files_free", "", &LABELS, "Files that it can still take."),
        ];
        if self.has_io {
            let io = |name, help| counter(name, "bytes", &["device"], help);
            definitions.extend([
                io("node_disk_read_bytes_total", "Bytes read from the device."),
                io("node_disk_written_bytes_total", "Bytes written to the device."),
            ]);
        }
        definitions
    }

    fn collect(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for mount in self.mounts() {
            mount.record(&mut records);
            if self.has_io {
                mount.record_io(&mut records);
            }
        }
        records
    }
}

/// What is recorded of one mounted filesystem.
#[derive(Debug, Clone)]
struct Mount {
    device: String,
    mountpoint: String,
    fstype: String,
    size: u64,
    available: u64,
    read_only: bool,
    is_directory: bool,
    read: u64,
    written: u64,
}

impl Mount {
    fn of(disk: &Disk) -> Self {
        let usage = disk.usage();
        Self {
            device: disk.name().to_string_lossy().into_owned(),
            mountpoint: disk.mount_point().to_string_lossy().into_owned(),
            fstype: disk.file_system().to_string_lossy().into_owned(),
            size: disk.total_space(),
            available: disk.available_space(),
            read_only: disk.is_read_only(),
            is_directory: Path::new(disk.mount_point()).is_dir(),
            read: usage.total_read_bytes,
            written: usage.total_written_bytes,
        }
    }

    /// Containers mount single files such as `/etc/hosts` from the host's
    /// disk: they say nothing about a filesystem of this machine.
    fn is_real(&self) -> bool {
        self.size > 0 && self.is_directory && !PSEUDO.contains(&self.fstype.as_str())
    }

    fn record(&self, records: &mut Vec<Record>) {
        let filesystem = |name, value| {
            Record::set(name, value)
                .label("device", self.device.as_str())
                .label("mountpoint", self.mountpoint.as_str())
                .label("fstype", self.fstype.as_str())
        };
        records.push(filesystem("node_filesystem_size_bytes", number(self.size)));
        records.push(filesystem("node_filesystem_avail_bytes", number(self.available)));
        let read_only = if self.read_only { 1.0 } else { 0.0 };
        records.push(filesystem("node_filesystem_readonly", read_only));
        // A read-only filesystem is as full as it will ever be: no alarm.
        if let Some(percent) = used_percent(self.size, self.available).filter(|_| !self.read_only) {
            records.push(
                Record::set("host_disk_used_percent", percent)
                    .label("mountpoint", self.mountpoint.as_str()),
            );
        }
        if let Some(room) = room(Path::new(&self.mountpoint)) {
            records.push(filesystem("node_filesystem_free_bytes", number(room.free_bytes)));
            // Some filesystems have no limit on files and tell of none.
            if room.files > 0 {
                records.push(filesystem("node_filesystem_files", number(room.files)));
                records.push(filesystem("node_filesystem_files_free", number(room.files_free)));
            }
        }
    }

    fn record_io(&self, records: &mut Vec<Record>) {
        if let Some(device) = self.device.strip_prefix("/dev/") {
            let io = |name, bytes| Record::set(name, number(bytes)).label("device", device);
            records.push(io("node_disk_read_bytes_total", self.read));
            records.push(io("node_disk_written_bytes_total", self.written));
        }
    }
}

/// What sysinfo leaves out about a filesystem.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only Linux is asked"))]
struct Room {
    free_bytes: u64,
    files: u64,
    files_free: u64,
}

#[cfg(target_os = "linux")]
fn room(mountpoint: &Path) -> Option<Room> {
    let figures = nix::sys::statvfs::statvfs(mountpoint).ok()?;
    Some(Room {
        free_bytes: wide(figures.blocks_free()).saturating_mul(wide(figures.fragment_size())),
        files: wide(figures.files()),
        files_free: wide(figures.files_free()),
    })
}

/// Counts have 32 bits where the platform has.
#[cfg(target_os = "linux")]
fn wide(count: impl Into<u64>) -> u64 {
    count.into()
}

#[cfg(not(target_os = "linux"))]
fn room(_: &Path) -> Option<Room> {
    None
}

/// Keeps one mount of each device, the one with the shortest path: bind
/// mounts and subvolumes share the space of the first. Filesystems without a
/// device of their own (`overlay`, network shares by the same name) are told
/// apart by their mount point.
fn once_a_device(mounts: impl Iterator<Item = Mount>) -> Vec<Mount> {
    let mut kept: BTreeMap<(String, String), Mount> = BTreeMap::new();
    for mount in mounts {
        let place =
            if mount.device.contains('/') { String::new() } else { mount.mountpoint.clone() };
        let rank = |mount: &Mount| (mount.mountpoint.len(), mount.mountpoint.clone());
        kept.entry((mount.device.clone(), place))
            .and_modify(|other| {
                if rank(&mount) < rank(other) {
                    other.clone_from(&mount);
                }
            })
            .or_insert(mount);
    }
    kept.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::tests::check;

    #[test]
    fn this_machine_has_a_filesystem() {
        let records = check(&mut FilesystemCollector::new());
        for name in ["node_filesystem_size_bytes", "host_disk_used_percent"] {
            assert!(records.iter().any(|record| &**record.metric() == name), "{name} is missing");
        }
        #[cfg(target_os = "linux")]
        for name in ["node_filesystem_free_bytes", "node_filesystem_files_free"] {
            assert!(records.iter().any(|record| &**record.metric() == name), "{name} is missing");
        }
    }

    fn mount(device: &str, mountpoint: &str, fstype: &str) -> Mount {
        Mount {
            device: device.to_owned(),
            mountpoint: mountpoint.to_owned(),
            fstype: fstype.to_owned(),
            size: 100,
            available: 25,
            read_only: false,
            is_directory: true,
            read: 7,
            written: 9,
        }
    }

    #[test]
    fn each_device_once_by_its_shortest_mount() {
        let mounts = [
            mount("/dev/sda1", "/home/x", "btrfs"),
            mount("/dev/sda1", "/", "btrfs"),
            mount("/dev/sda1", "/srv", "btrfs"),
            mount("overlay", "/a", "overlay"),
            mount("overlay", "/b", "overlay"),
        ];
        let kept: Vec<_> =
            once_a_device(mounts.into_iter()).into_iter().map(|mount| mount.mountpoint).collect();
        assert_eq!(kept, ["/", "/a", "/b"]);
    }

    #[test]
    fn what_holds_no_files_is_left_out() {
        assert!(mount("/dev/sda1", "/", "ext4").is_real());
        assert!(mount("overlay", "/", "overlay").is_real());
        assert!(!mount("tmpfs", "/run", "tmpfs").is_real());
        assert!(
            !Mount { is_directory: false, ..mount("/dev/sda1", "/etc/hosts", "ext4") }.is_real()
        );
        assert!(!Mount { size: 0, ..mount("/dev/sda1", "/", "ext4") }.is_real());
    }

    #[test]
    fn a_read_only_filesystem_has_no_percentage() {
        let count = |mount: Mount| {
            let mut records = Vec::new();
            mount.record(&mut records);
            records.iter().filter(|r| &**r.metric() == "host_disk_used_percent").count()
        };
        assert_eq!(count(mount("/dev/sda1", "/", "ext4")), 1);
        assert_eq!(count(Mount { read_only: true, ..mount("/dev/sda1", "/", "ext4") }), 0);
    }
}
