//! The machine: CPU, memory, filesystems, disks, network, load, processes.
//!
//! Filesystems have a collector of their own: one that is far away may not
//! answer, and whoever asks is stuck.

mod filesystem;
mod network;
mod portable;
mod procfs;

use keepwatch_engine::clock::{Clock as _, SystemClock};
use keepwatch_engine::model::{MetricDefinition, Record};

pub use self::filesystem::FilesystemCollector;
use self::network::Interfaces;
use self::portable::Portable;
use self::procfs::Procfs;
use super::{Collector, counter, gauge, number};

/// Reads the host's figures: from `/proc` and `/sys` where they are, through
/// sysinfo elsewhere, with node_exporter's names, units and labels.
///
/// | metrics | from |
/// |---|---|
/// | `host_cpu_usage_percent`, `host_cpus`, `host_memory_used_percent`, `host_swap_used_percent` | sysinfo; percentages 0 to 100 |
/// | `node_time_seconds` | the clock |
/// | `node_memory_…_bytes`, `node_load{1,5,15}`, `node_boot_time_seconds`, `node_network_{receive,transmit}_{bytes,packets,errs}_total{device}` | everywhere |
///
/// Linux adds:
///
/// | metrics | from |
/// |---|---|
/// | `node_cpu_seconds_total{cpu,mode}`, `node_cpu_guest_seconds_total`, `node_intr_total`, `node_context_switches_total`, `node_forks_total`, `node_procs_{running,blocked}` | `/proc/stat` |
/// | `node_schedstat_…_total{cpu}` | `/proc/schedstat` |
/// | `node_memory_…`, of each row | `/proc/meminfo` |
/// | `node_vmstat_…`, `node_pressure_…_seconds_total` | `/proc/vmstat`, `/proc/pressure` |
/// | `node_disk_…{device}`, of whole devices | `/proc/diskstats` |
/// | `node_network_…{device}`, of each column, `node_network_{up,carrier,mtu_bytes,speed_bytes}` | `/proc/net/dev`, `/sys/class/net` |
/// | `node_netstat_…`, `node_sockstat_…`, `node_softnet_…{cpu}`, `node_arp_entries{device}`, `node_nf_conntrack_…` | `/proc/net` |
/// | `node_filefd_…`, `node_processes_…`, `node_entropy_…`, `node_uname_info` | `/proc`, `/proc/sys` |
#[derive(Debug)]
pub struct HostCollector {
    portable: Portable,
    interfaces: Interfaces,
    procfs: Option<Procfs>,
    clock: SystemClock,
}

impl HostCollector {
    /// Creates the collector; on a platform that sysinfo does not know it
    /// collects little.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Procfs::find())
    }

    fn over(procfs: Option<Procfs>) -> Self {
        Self {
            portable: Portable::new(),
            interfaces: Interfaces::new(),
            procfs,
            clock: SystemClock::new(),
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
        let mut definitions = portable::definitions();
        definitions.push(gauge(
            "node_time_seconds",
            "seconds",
            &[],
            "The host's time, in seconds since the Unix epoch.",
        ));
        if self.procfs.is_some() {
            definitions.extend(Procfs::definitions());
        } else {
            definitions.extend(portable::definitions_without_procfs());
            definitions.extend(Interfaces::definitions());
        }
        definitions
    }

    fn collect(&mut self) -> Vec<Record> {
        let mut records = Vec::with_capacity(256);
        records.push(Record::set("node_time_seconds", self.clock.now().seconds()));
        self.portable.collect(&mut records);
        match &mut self.procfs {
            Some(procfs) => procfs.collect(&mut records),
            None => {
                self.portable.collect_without_procfs(&mut records);
                self.interfaces.collect(&mut records);
            }
        }
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

    /// node_exporter's names that its dashboards ask for on any platform.
    #[cfg(unix)]
    const EVERYWHERE: [&str; 13] = [
        "host_memory_used_percent",
        "host_cpus",
        "node_time_seconds",
        "node_boot_time_seconds",
        "node_load1",
        "node_load5",
        "node_load15",
        "node_memory_MemTotal_bytes",
        "node_memory_MemFree_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_SwapTotal_bytes",
        "node_network_receive_bytes_total",
        "node_network_transmit_packets_total",
    ];

    fn names(records: &[Record]) -> Vec<&str> {
        records.iter().map(|record| &**record.metric()).collect()
    }

    #[test]
    fn cpu_usage_needs_two_readings() {
        let mut host = HostCollector::new();
        assert!(!names(&check(&mut host)).contains(&"host_cpu_usage_percent"));
        assert!(names(&check(&mut host)).contains(&"host_cpu_usage_percent"));
    }

    #[cfg(unix)]
    #[test]
    fn both_ways_have_what_is_everywhere() {
        for procfs in [Procfs::find(), None] {
            let found = procfs.is_some();
            let records = check(&mut HostCollector::over(procfs));
            for name in EVERYWHERE {
                assert!(names(&records).contains(&name), "{name} is missing, /proc: {found}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_has_what_dashboards_ask_for() {
        let records = check(&mut HostCollector::new());
        for name in [
            "node_cpu_seconds_total",
            "node_memory_Cached_bytes",
            "node_memory_SReclaimable_bytes",
            "node_network_receive_drop_total",
            "node_network_mtu_bytes",
            "node_vmstat_pgmajfault",
            "node_context_switches_total",
            "node_intr_total",
            "node_filefd_maximum",
            "node_netstat_Tcp_CurrEstab",
            "node_sockstat_TCP_inuse",
            "node_uname_info",
            "node_processes_threads",
        ] {
            assert!(names(&records).contains(&name), "{name} is missing");
        }
    }
}
