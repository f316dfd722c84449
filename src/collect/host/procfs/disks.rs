//! Disks: `/proc/diskstats`.

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, define};

/// Bytes of a sector, whatever the disk's own are.
const SECTOR: f64 = 512.0;

/// What milliseconds are as seconds.
const MILLISECOND: f64 = 1e-3;

/// The columns that follow the device, in the kernel's order.
const COLUMNS: [Row; 17] = [
    ("reads", "node_disk_reads_completed_total", "Reads that were completed."),
    ("merged", "node_disk_reads_merged_total", "Reads that were joined with others."),
    ("sectors", "node_disk_read_bytes_total", "Bytes read from the device."),
    ("ms", "node_disk_read_time_seconds_total", "Seconds that all reads took together."),
    ("writes", "node_disk_writes_completed_total", "Writes that were completed."),
    ("merged", "node_disk_writes_merged_total", "Writes that were joined with others."),
    ("sectors", "node_disk_written_bytes_total", "Bytes written to the device."),
    ("ms", "node_disk_write_time_seconds_total", "Seconds that all writes took together."),
    ("now", "node_disk_io_now", "Requests in progress."),
    ("ms", "node_disk_io_time_seconds_total", "Seconds in which the device was busy."),
    (
        "ms",
        "node_disk_io_time_weighted_seconds_total",
        "Seconds in which the device was busy, times the requests in progress.",
    ),
    ("discards", "node_disk_discards_completed_total", "Discards that were completed."),
    ("merged", "node_disk_discards_merged_total", "Discards that were joined with others."),
    ("count", "node_disk_discarded_sectors_total", "Sectors that were discarded."),
    ("ms", "node_disk_discard_time_seconds_total", "Seconds that all discards took together."),
    ("flushes", "node_disk_flush_requests_total", "Flushes that were completed."),
    (
        "ms",
        "node_disk_flush_requests_time_seconds_total",
        "Seconds that all flushes took together.",
    ),
];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    define(&COLUMNS, &["device"])
}

/// Reads `/proc/diskstats`: whole devices only, as their parts repeat them.
pub(super) fn read(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace().skip(2);
        let Some(device) = fields.next().filter(|device| is_whole(device)) else { continue };
        for ((unit, metric, _), field) in COLUMNS.iter().zip(fields) {
            let Ok(value) = field.parse::<f64>() else { break };
            let scale = match *unit {
                "sectors" => SECTOR,
                "ms" => MILLISECOND,
                _ => 1.0,
            };
            records.push(Record::set(*metric, value * scale).label("device", device));
        }
    }
}

/// Says whether a device is neither a partition nor made of memory or a file,
/// as node_exporter decides by default.
fn is_whole(device: &str) -> bool {
    let stem = device.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == device.len() {
        return true;
    }
    let lettered = |prefix: &str| {
        let letters = stem.strip_prefix(prefix).unwrap_or("");
        !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let numbered = (stem.starts_with("nvme") || stem.starts_with("mmcblk"))
        && stem.strip_suffix('p').is_some_and(|disk| disk.ends_with(|c: char| c.is_ascii_digit()));
    let of_memory = matches!(stem, "ram" | "zram" | "loop" | "fd");
    !(of_memory || numbered || ["hd", "sd", "vd", "xvd"].into_iter().any(lettered))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn partitions_and_memory_are_not_disks() {
        for (device, whole) in [
            ("sda", true),
            ("sda1", false),
            ("sdaa12", false),
            ("vdb3", false),
            ("xvda1", false),
            ("nvme0n1", true),
            ("nvme0n1p2", false),
            ("mmcblk0", true),
            ("mmcblk0p1", false),
            ("dm-0", true),
            ("md127", true),
            ("loop7", false),
            ("zram0", false),
            ("sr0", true),
            ("nbd3", true),
        ] {
            assert_eq!(is_whole(device), whole, "{device}");
        }
    }

    #[test]
    fn an_old_kernel_has_fewer_columns() {
        let of = |metric, value| Record::set(metric, value).label("device", "vda");
        check(
            read,
            "   7       0 loop0 1 2 3\n 254  0 vda 10 2 8 1500 20 3 16 2500 4 3000 5000\n 254 1 vda1 1 1 1 1\n",
            &[
                of("node_disk_reads_completed_total", 10.0),
                of("node_disk_reads_merged_total", 2.0),
                of("node_disk_read_bytes_total", 4_096.0),
                of("node_disk_read_time_seconds_total", 1.5),
                of("node_disk_writes_completed_total", 20.0),
                of("node_disk_writes_merged_total", 3.0),
                of("node_disk_written_bytes_total", 8_192.0),
                of("node_disk_write_time_seconds_total", 2.5),
                of("node_disk_io_now", 4.0),
                of("node_disk_io_time_seconds_total", 3.0),
                of("node_disk_io_time_weighted_seconds_total", 5.0),
            ],
        );
    }
}
