//! The machine: CPU, memory, filesystems, disks, network, load, processes.

mod disk;
mod network;
#[cfg(target_os = "linux")]
mod procfs;

use keepwatch_engine::model::{MetricDefinition, Record};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use self::disk::Disks;
use self::network::Interfaces;
use super::{Collector, counter, gauge, number};

/// Reads the host's figures through sysinfo, and on Linux `/proc` for what
/// sysinfo leaves out.
///
/// | metrics | from |
/// |---|---|
/// | `node_cpu_seconds_total{cpu,mode}`, `node_context_switches_total`, `node_forks_total`, `node_procs_running`, `node_procs_blocked`, `node_processes_pids`, `node_filefd_allocated`, `node_filefd_maximum` | `/proc`, Linux only |
/// | `node_memory_…_bytes`, `node_load1`, `node_load5`, `node_load15`, `node_boot_time_seconds` | sysinfo |
/// | `node_filesystem_…{device,mountpoint,fstype}`, `node_disk_…{device}` | sysinfo, each device once, pseudo filesystems left out |
/// | `node_network_…{device}` | sysinfo |
/// | `host_cpu_usage_percent`, `host_memory_used_percent`, `host_swap_used_percent`, `host_disk_used_percent{mountpoint}` | computed from the above, 0 to 100 |
#[derive(Debug)]
pub struct HostCollector {
    system: Option<System>,
    disks: Disks,
    interfaces: Interfaces,
    /// CPU usage is a difference of two readings: the first has none.
    cpu_read_before: bool,
}

impl HostCollector {
    /// Creates the collector; on a platform that sysinfo does not know it
    /// collects nothing.
    #[must_use]
    pub fn new() -> Self {
        let parts = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::everything());
        Self {
            system: System::new_with_specifics(parts).ok(),
            disks: Disks::new(),
            interfaces: Interfaces::new(),
            cpu_read_before: false,
        }
    }

    fn collect_cpu(&mut self, records: &mut Vec<Record>) {
        let Some(system) = &mut self.system else { return };
        system.refresh_cpu_usage();
        if std::mem::replace(&mut self.cpu_read_before, true) {
            let percent = f64::from(system.global_cpu_usage()).clamp(0.0, 100.0);
            records.push(Record::set("host_cpu_usage_percent", percent));
        }
        records.push(Record::set("host_cpus", number(system.cpus().len() as u64)));
    }

    fn collect_memory(&mut self, records: &mut Vec<Record>) {
        let Some(system) = &mut self.system else { return };
        system.refresh_memory();
        let (total, available) = (system.total_memory(), system.available_memory());
        let (swap_total, swap_free) = (system.total_swap(), system.free_swap());
        for (name, bytes) in [
            ("node_memory_MemTotal_bytes", total),
            ("node_memory_MemFree_bytes", system.free_memory()),
            ("node_memory_MemAvailable_bytes", available),
            ("node_memory_SwapTotal_bytes", swap_total),
            ("node_memory_SwapFree_bytes", swap_free),
        ] {
            records.push(Record::set(name, number(bytes)));
        }
        if let Some(percent) = used_percent(total, available) {
            records.push(Record::set("host_memory_used_percent", percent));
        }
        if let Some(percent) = used_percent(swap_total, swap_free) {
            records.push(Record::set("host_swap_used_percent", percent));
        }
    }
}

impl Default for HostCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for HostCollector {
    fn name(&self) -> &str {
        "host"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        let mut definitions = vec![
            gauge("host_cpu_usage_percent", "percent", &[], "CPU time not idle, of all CPUs."),
            gauge("host_cpus", "", &[], "Logical CPUs."),
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
            gauge(
                "host_memory_used_percent",
                "percent",
                &[],
                "Memory that is not available, of all memory.",
            ),
            gauge("host_swap_used_percent", "percent", &[], "Swap space in use, of all."),
            gauge("node_load1", "", &[], "Load average over 1 minute."),
            gauge("node_load5", "", &[], "Load average over 5 minutes."),
            gauge("node_load15", "", &[], "Load average over 15 minutes."),
            gauge(
                "node_boot_time_seconds",
                "seconds",
                &[],
                "When the host booted, in seconds since the Unix epoch.",
            ),
        ];
        definitions.extend(Disks::definitions());
        definitions.extend(Interfaces::definitions());
        #[cfg(target_os = "linux")]
        definitions.extend(procfs::definitions());
        definitions
    }

    fn collect(&mut self) -> Vec<Record> {
        let mut records = Vec::with_capacity(128);
        self.collect_cpu(&mut records);
        self.collect_memory(&mut records);
        // Windows keeps no load average; sysinfo says so with an error.
        if let Ok(load) = System::load_average() {
            records.push(Record::set("node_load1", load.one));
            records.push(Record::set("node_load5", load.five));
            records.push(Record::set("node_load15", load.fifteen));
        }
        if let Ok(seconds) = System::boot_time() {
            records.push(Record::set("node_boot_time_seconds", number(seconds)));
        }
        self.disks.collect(&mut records);
        self.interfaces.collect(&mut records);
        #[cfg(target_os = "linux")]
        procfs::collect(&mut records);
        records
    }
}

/// The part of `total` that is not `free`, 0 to 100; `None` if there is
/// nothing to use.
fn used_percent(total: u64, free: u64) -> Option<f64> {
    (total > 0).then(|| number(total.saturating_sub(free)) / number(total) * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::tests::check;

    #[test]
    fn used_is_what_is_not_free() {
        assert_eq!(used_percent(200, 50), Some(75.0));
        assert_eq!(used_percent(0, 0), None, "no swap is not full swap");
        assert_eq!(used_percent(10, 20), Some(0.0), "a race of two readings");
    }

    #[test]
    fn cpu_usage_needs_two_readings() {
        let mut host = HostCollector::new();
        let has_usage = |records: &[Record]| {
            records.iter().any(|record| &**record.metric() == "host_cpu_usage_percent")
        };
        assert!(!has_usage(&check(&mut host)));
        let second = check(&mut host);
        assert!(has_usage(&second));
        let names: Vec<&str> = second.iter().map(|record| &**record.metric()).collect();
        for name in ["node_memory_MemTotal_bytes", "host_memory_used_percent", "host_cpus"] {
            assert!(names.contains(&name), "{name} is missing");
        }
    }
}
