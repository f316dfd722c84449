//! What Linux tells in `/proc` and sysinfo leaves out. Formats: proc(5).

use std::fs;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{counter, gauge, number};

/// Ticks a second in `/proc/stat`: the kernel scales to `USER_HZ`, which is
/// 100 on every architecture that Rust's standard library runs on.
const USER_HZ: f64 = 100.0;

/// The columns of a `cpu` line, in node_exporter's words. `guest` and
/// `guest_nice` follow them and are already part of `user` and `nice`.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    vec![
        counter(
            "node_cpu_seconds_total",
            "seconds",
            &["cpu", "mode"],
            "Seconds that the CPU spent in each mode.",
        ),
        counter("node_context_switches_total", "", &[], "Context switches."),
        counter("node_forks_total", "", &[], "Processes and threads that were created."),
        gauge("node_procs_running", "", &[], "Threads that run or wait for a CPU."),
        gauge("node_procs_blocked", "", &[], "Threads that wait for I/O."),
        gauge("node_processes_pids", "", &[], "Processes."),
        gauge("node_filefd_allocated", "", &[], "Open files of the whole host."),
        gauge("node_filefd_maximum", "", &[], "The kernel's limit on open files."),
    ]
}

pub(super) fn collect(records: &mut Vec<Record>) {
    if let Ok(text) = fs::read_to_string("/proc/stat") {
        read_stat(&text, records);
    }
    if let Ok(text) = fs::read_to_string("/proc/sys/fs/file-nr") {
        read_file_nr(&text, records);
    }
    if let Ok(entries) = fs::read_dir("/proc") {
        let is_pid = |name: &std::ffi::OsStr| {
            name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let processes = entries.flatten().filter(|entry| is_pid(&entry.file_name())).count();
        records.push(Record::set("node_processes_pids", number(processes as u64)));
    }
}

/// Reads `/proc/stat`; lines it does not know are skipped.
fn read_stat(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let Some(key) = fields.next() else { continue };
        let metric = match key {
            "ctxt" => "node_context_switches_total",
            "processes" => "node_forks_total",
            "procs_running" => "node_procs_running",
            "procs_blocked" => "node_procs_blocked",
            // The line `cpu` is the sum of the others.
            _ => {
                if let Some(cpu) = key.strip_prefix("cpu").filter(|cpu| !cpu.is_empty()) {
                    read_cpu(cpu, fields, records);
                }
                continue;
            }
        };
        if let Some(value) = fields.next().and_then(|field| field.parse().ok()) {
            records.push(Record::set(metric, value));
        }
    }
}

fn read_cpu<'a>(cpu: &str, fields: impl Iterator<Item = &'a str>, records: &mut Vec<Record>) {
    for (mode, field) in MODES.into_iter().zip(fields) {
        let Ok(ticks) = field.parse::<f64>() else { continue };
        records.push(
            Record::set("node_cpu_seconds_total", ticks / USER_HZ)
                .label("cpu", cpu)
                .label("mode", mode),
        );
    }
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
    use super::*;

    fn check(read: fn(&str, &mut Vec<Record>), text: &str, expected: &[Record]) {
        let mut records = Vec::new();
        read(text, &mut records);
        assert_eq!(records, expected, "{text:?}");
    }

    fn cpu(cpu: &str, mode: &str, seconds: f64) -> Record {
        Record::set("node_cpu_seconds_total", seconds).label("cpu", cpu).label("mode", mode)
    }

    #[test]
    fn stat() {
        check(
            read_stat,
            "cpu  9 9 9 9\ncpu3 250 1 x 7\nintr 5 5\nctxt 365063\nbtime 17\nprocesses 8348\nprocs_running 1\nprocs_blocked\n",
            &[
                cpu("3", "user", 2.5),
                cpu("3", "nice", 0.01),
                cpu("3", "idle", 0.07),
                Record::set("node_context_switches_total", 365_063.0),
                Record::set("node_forks_total", 8_348.0),
                Record::set("node_procs_running", 1.0),
            ],
        );
        check(read_stat, "", &[]);
    }

    #[test]
    fn guest_time_is_not_counted_twice() {
        let mut records = Vec::new();
        read_stat("cpu0 1 1 1 1 1 1 1 1 1 1", &mut records);
        assert_eq!(records.len(), MODES.len());
    }

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
}
