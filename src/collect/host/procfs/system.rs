//! The kernel's name, its tables and their limits.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, define, gauge, number, number_in};

/// Files below `/proc/sys` that have one number.
const ROWS: [Row; 6] = [
    ("net/netfilter/nf_conntrack_count", "node_nf_conntrack_entries", "Connections tracked."),
    (
        "net/netfilter/nf_conntrack_max",
        "node_nf_conntrack_entries_limit",
        "Connections that can be tracked.",
    ),
    (
        "kernel/random/entropy_avail",
        "node_entropy_available_bits",
        "Entropy that is ready to be used.",
    ),
    ("kernel/random/poolsize", "node_entropy_pool_size_bits", "Size of the pool of entropy."),
    ("kernel/pid_max", "node_processes_max_processes", "The limit on processes."),
    ("kernel/threads-max", "node_processes_max_threads", "The limit on threads."),
];

/// The labels of `node_uname_info`, and the files below `/proc/sys/kernel`
/// that they are in.
const NAMES: [(&str, &str); 5] = [
    ("sysname", "ostype"),
    ("release", "osrelease"),
    ("version", "version"),
    ("nodename", "hostname"),
    ("domainname", "domainname"),
];

const UNAME: [&str; 6] = ["domainname", "machine", "nodename", "release", "sysname", "version"];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    let mut definitions = define(&ROWS, &[]);
    definitions.extend([
        gauge("node_processes_pids", "", &[], "Processes."),
        gauge("node_filefd_allocated", "", &[], "Open files of the whole host."),
        gauge("node_filefd_maximum", "", &[], "The kernel's limit on open files."),
        gauge("node_uname_info", "", &UNAME, "Always 1; the labels say what the host runs."),
    ]);
    definitions
}

pub(super) fn collect(proc: &Path, records: &mut Vec<Record>) {
    let sys = proc.join("sys");
    for (file, metric, _) in ROWS {
        records.extend(number_in(&sys.join(file)).map(|value| Record::set(metric, value)));
    }
    if let Ok(text) = fs::read_to_string(sys.join("fs/file-nr")) {
        read_file_nr(&text, records);
    }
    if let Ok(entries) = fs::read_dir(proc) {
        let is_pid = |name: &OsStr| {
            name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let processes = entries.flatten().filter(|entry| is_pid(&entry.file_name())).count();
        records.push(Record::set("node_processes_pids", number(processes as u64)));
    }
    records.extend(uname(&sys.join("kernel")));
}

fn uname(folder: &Path) -> Option<Record> {
    let mut record = Record::set("node_uname_info", 1.0).label("machine", std::env::consts::ARCH);
    for (label, file) in NAMES {
        let value = fs::read_to_string(folder.join(file)).ok()?;
        record = record.label(label, value.trim());
    }
    Some(record)
}

/// Reads `/proc/sys/fs/file-nr`: allocated, free (always 0), maximum.
fn read_file_nr(text: &str, records: &mut Vec<Record>) {
    let mut fields = text.split_ascii_whitespace().map(str::parse::<f64>);
    if let (Some(Ok(allocated)), Some(_), Some(Ok(maximum))) =
        (fields.next(), fields.next(), fields.next())
    {
        records.push(Record::set("node_filefd_allocated", allocated));
        records.push(Record::set("node_filefd_maximum", maximum));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn file_nr() {
        check(
            read_file_nr,
            "485\t0\t2466177\n",
            &[
                Record::set("node_filefd_allocated", 485.0),
                Record::set("node_filefd_maximum", 2_466_177.0),
            ],
        );
        check(read_file_nr, "485", &[]);
    }

    #[test]
    fn a_name_that_is_not_whole_is_not_told() {
        assert_eq!(uname(Path::new("/nowhere/at/all")), None);
    }
}
