//! What Linux tells in `/proc` and `/sys`, by node_exporter's names. Formats:
//! proc(5), and the kernel's `admin-guide/iostats`, `accounting/psi`.
//!
//! Each file has a reader that turns its text into records and skips what it
//! does not know: a kernel that lacks a file or a line lacks these series.

mod disks;
mod interfaces;
mod memory;
mod network;
mod paging;
mod stat;
mod system;

use std::fs;
use std::path::{Path, PathBuf};

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{counter, gauge, number};

/// The folders that the kernel answers in.
#[derive(Debug, Clone)]
pub(super) struct Procfs {
    proc: PathBuf,
    sys: PathBuf,
    cpu_times: stat::CpuTimes,
}

/// A file below `/proc`, and what reads it.
type Reader = (&'static str, fn(&str, &mut Vec<Record>));

const READERS: [Reader; 17] = [
    ("schedstat", stat::read_schedule),
    ("loadavg", stat::read_load),
    ("meminfo", memory::read),
    ("vmstat", paging::read),
    ("pressure/cpu", paging::read_cpu_pressure),
    ("pressure/io", paging::read_io_pressure),
    ("pressure/memory", paging::read_memory_pressure),
    ("pressure/irq", paging::read_irq_pressure),
    ("diskstats", disks::read),
    ("net/dev", interfaces::read),
    ("net/arp", network::read_arp),
    ("net/snmp", network::read_counters),
    ("net/netstat", network::read_counters),
    ("net/snmp6", network::read_counters_v6),
    ("net/sockstat", network::read_sockets),
    ("net/sockstat6", network::read_sockets),
    ("net/softnet_stat", network::read_backlog),
];

impl Procfs {
    /// Finds the kernel's folders; `None` where there are none.
    pub(super) fn find() -> Option<Self> {
        Self::below(Path::new("/"))
    }

    fn below(root: &Path) -> Option<Self> {
        let (proc, sys) = (root.join("proc"), root.join("sys"));
        let found = Self { proc, sys, cpu_times: stat::CpuTimes::default() };
        found.proc.join("stat").exists().then_some(found)
    }

    pub(super) fn definitions() -> Vec<MetricDefinition> {
        let mut definitions = stat::definitions();
        definitions.extend(memory::definitions());
        definitions.extend(paging::definitions());
        definitions.extend(disks::definitions());
        definitions.extend(interfaces::definitions());
        definitions.extend(network::definitions());
        definitions.extend(system::definitions());
        definitions
    }

    pub(super) fn collect(&mut self, records: &mut Vec<Record>) {
        if let Ok(text) = fs::read_to_string(self.proc.join("stat")) {
            stat::read(&text, &mut self.cpu_times, records);
        }
        for (file, read) in READERS {
            if let Ok(text) = fs::read_to_string(self.proc.join(file)) {
                read(&text, records);
            }
        }
        interfaces::collect(&self.sys.join("class/net"), records);
        system::collect(&self.proc, records);
    }
}

/// A figure without labels: the kernel's word for it, the metric, its help.
type Row = (&'static str, &'static str, &'static str);

/// Records what `rows` have a metric for.
fn record(rows: &[Row], key: &str, value: f64, records: &mut Vec<Record>) {
    if let Some((_, metric, _)) = rows.iter().find(|(known, ..)| *known == key) {
        records.push(Record::set(*metric, value));
    }
}

/// Defines the metrics of `rows`: a counter where the name says so, with the
/// unit that the name ends in.
fn define(rows: &[Row], labels: &[&'static str]) -> Vec<MetricDefinition> {
    let define = |&(_, name, help): &Row| {
        let total = name.strip_suffix("_total");
        let ends_in = |unit: &&str| total.unwrap_or(name).ends_with(*unit);
        let unit = ["seconds", "bytes"].into_iter().find(ends_in).unwrap_or("");
        if total.is_some() {
            counter(name, unit, labels, help)
        } else {
            gauge(name, unit, labels, help)
        }
    };
    rows.iter().map(define).collect()
}

/// Reads a file that has one number.
fn number_in(file: &Path) -> Option<f64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `read` makes of `text`.
    #[track_caller]
    pub(super) fn check(read: fn(&str, &mut Vec<Record>), text: &str, expected: &[Record]) {
        let mut records = Vec::new();
        read(text, &mut records);
        assert_eq!(records, expected, "{text:?}");
    }

    #[test]
    fn a_root_without_a_kernel_has_nothing() {
        assert!(Procfs::below(Path::new("/nowhere/at/all")).is_none());
        let (proc, sys) = ("/nowhere/proc".into(), "/nowhere/sys".into());
        let mut gone = Procfs { proc, sys, cpu_times: stat::CpuTimes::default() };
        let mut records = Vec::new();
        gone.collect(&mut records);
        assert_eq!(records, []);
    }

    #[test]
    fn no_reader_takes_what_it_does_not_know() {
        for (file, read) in READERS {
            for text in
                ["", "\n\n", "x", "cpu", "cpu0 \u{e9} x\n: :\nTcp:\n0 0 sda", "r s t u v w x"]
            {
                let mut records = Vec::new();
                read(text, &mut records);
                assert_eq!(records, [], "{file}: {text:?}");
            }
        }
    }
}
