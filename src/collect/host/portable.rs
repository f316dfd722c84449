//! What sysinfo tells on every platform that it knows.

use keepwatch_engine::model::{MetricDefinition, Record};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use super::{gauge, number, used_percent};

#[derive(Debug)]
pub(super) struct Portable {
    system: Option<System>,
    /// CPU usage is a difference of two readings: the first has none.
    cpu_read_before: bool,
}

pub(super) fn definitions() -> Vec<MetricDefinition> {
    vec![
        gauge("host_cpu_usage_percent", "percent", &[], "CPU time not idle, of all CPUs."),
        gauge("host_cpus", "", &[], "Logical CPUs."),
        gauge(
            "host_memory_used_percent",
            "percent",
            &[],
            "Memory that is not available, of all memory.",
        ),
        gauge("host_swap_used_percent", "percent", &[], "Swap space in use, of all."),
    ]
}

/// Metrics that `/proc` tells more exactly where it is.
pub(super) fn definitions_without_procfs() -> Vec<MetricDefinition> {
    vec![
        gauge("node_memory_MemTotal_bytes", "bytes", &[], "Memory in all."),
        gauge("node_memory_MemFree_bytes", "bytes", &[], "Memory that nothing uses."),
        gauge(
            "node_memory_MemAvailable_bytes",
            "bytes",
            &[],
            "Memory that new work can have without swapping.",
        ),
        gauge("node_memory_SwapTotal_bytes", "bytes", &[], "Swap space in all."),
        gauge("node_memory_SwapFree_bytes", "bytes", &[], "Swap space that is free."),
        gauge("node_load1", "", &[], "Load average over 1 minute."),
        gauge("node_load5", "", &[], "Load average over 5 minutes."),
        gauge("node_load15", "", &[], "Load average over 15 minutes."),
        gauge(
            "node_boot_time_seconds",
            "seconds",
            &[],
            "When the host booted, in seconds since the Unix epoch.",
        ),
    ]
}

impl Portable {
    pub(super) fn new() -> Self {
        let parts = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        Self { system: System::new_with_specifics(parts).ok(), cpu_read_before: false }
    }

    pub(super) fn collect(&mut self, records: &mut Vec<Record>) {
        let Some(system) = &mut self.system else { return };
        system.refresh_cpu_usage();
        if std::mem::replace(&mut self.cpu_read_before, true) {
            let percent = f64::from(system.global_cpu_usage()).clamp(0.0, 100.0);
            records.push(Record::set("host_cpu_usage_percent", percent));
        }
        records.push(Record::set("host_cpus", number(system.cpus().len() as u64)));
        system.refresh_memory();
        let memory = used_percent(system.total_memory(), system.available_memory());
        let swap = used_percent(system.total_swap(), system.free_swap());
        let shares = [("host_memory_used_percent", memory), ("host_swap_used_percent", swap)];
        for (name, percent) in shares {
            records.extend(percent.map(|percent| Record::set(name, percent)));
        }
    }

    /// Records what was read by [`collect`](Self::collect) under the names
    /// that `/proc` has it by.
    pub(super) fn collect_without_procfs(&self, records: &mut Vec<Record>) {
        if let Some(system) = &self.system {
            for (name, bytes) in [
                ("node_memory_MemTotal_bytes", system.total_memory()),
                ("node_memory_MemFree_bytes", system.free_memory()),
                ("node_memory_MemAvailable_bytes", system.available_memory()),
                ("node_memory_SwapTotal_bytes", system.total_swap()),
                ("node_memory_SwapFree_bytes", system.free_swap()),
            ] {
                records.push(Record::set(name, number(bytes)));
            }
        }
        // Windows keeps no load average; sysinfo says so with an error.
        if let Ok(load) = System::load_average() {
            records.push(Record::set("node_load1", load.one));
            records.push(Record::set("node_load5", load.five));
            records.push(Record::set("node_load15", load.fifteen));
        }
        if let Ok(seconds) = System::boot_time() {
            records.push(Record::set("node_boot_time_seconds", number(seconds)));
        }
    }
}
