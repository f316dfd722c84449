//! The process that keepwatch runs in.

mod portable;
#[cfg(target_os = "linux")]
mod procfs;

use keepwatch_engine::model::{MetricDefinition, Record};

use self::portable::Portable;
#[cfg(target_os = "linux")]
use self::procfs::Procfs;
use super::{Collector, counter, gauge, number};

/// Reads the standard process metrics, by the names of the Prometheus client
/// libraries: from `/proc` where it is, through sysinfo elsewhere.
///
/// | metrics | where |
/// |---|---|
/// | `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_virtual_memory_bytes`, `process_start_time_seconds`, `process_open_fds`, `process_max_fds` | everywhere that sysinfo knows |
/// | `process_virtual_memory_max_bytes` (2^64 - 1 without a limit, as Go's client has it), `process_threads` | Linux |
/// | `process_cpu_user_seconds_total`, `process_cpu_system_seconds_total` (as Node's client has them) | Linux |
/// | `process_minor_page_faults_total`, `process_major_page_faults_total`, `process_context_switches_total{ctxswitchtype}`, `process_read_bytes_total`, `process_write_bytes_total` (as process-exporter has them) | Linux |
///
/// On Linux the start is known to 10 ms. `process_heap_bytes` is what the
/// allocator knows: see
/// [`AllocatorCollector`](super::AllocatorCollector).
#[derive(Debug)]
pub struct ProcessCollector {
    source: Source,
}

#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    Procfs(Procfs),
    Portable(Box<Portable>),
}

impl Source {
    /// What this source has beyond the others.
    fn definitions(&self) -> Vec<MetricDefinition> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Procfs(_) => procfs::definitions(),
            Self::Portable(_) => Vec::new(),
        }
    }
}

impl ProcessCollector {
    /// Creates the collector; on a platform that sysinfo does not know it
    /// collects nothing.
    #[must_use]
    pub fn new() -> Self {
        #[cfg(target_os = "linux")]
        if let Some(procfs) = Procfs::find() {
            return Self { source: Source::Procfs(procfs) };
        }
        Self { source: Source::Portable(Box::new(Portable::new())) }
    }
}

impl Default for ProcessCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Collector for ProcessCollector {
    fn name(&self) -> &str {
        "process"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        let everywhere = [
            counter("process_cpu_seconds_total", "seconds", &[], "CPU time, user and system."),
            gauge("process_resident_memory_bytes", "bytes", &[], "Memory held in RAM."),
            gauge("process_virtual_memory_bytes", "bytes", &[], "Address space."),
            gauge("process_open_fds", "", &[], "Open file descriptors."),
            gauge("process_max_fds", "", &[], "The limit on open file descriptors."),
            gauge(
                "process_start_time_seconds",
                "seconds",
                &[],
                "When the process started, in seconds since the Unix epoch.",
            ),
        ];
        everywhere.into_iter().chain(self.source.definitions()).collect()
    }

    fn collect(&mut self) -> Vec<Record> {
        match &mut self.source {
            #[cfg(target_os = "linux")]
            Source::Procfs(procfs) => procfs.collect(),
            Source::Portable(portable) => portable.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![cfg_attr(not(unix), expect(unused, reason = "Windows has fewer figures"))]

    use keepwatch_engine::clock::{Clock as _, SystemClock};
    use keepwatch_engine::model::Observation;

    use super::*;
    use crate::collect::tests::check;

    fn value(records: &[Record], name: &str) -> Option<f64> {
        let record = records.iter().find(|record| &**record.metric() == name)?;
        match record.observation {
            Observation::Set { value, .. } => Some(value),
            ref other => panic!("{other:?} is not a reading"),
        }
    }

    #[cfg(unix)]
    #[test]
    fn this_process_is_alive_and_uses_memory() {
        let portable = Source::Portable(Box::new(Portable::new()));
        for mut collector in [ProcessCollector::new(), ProcessCollector { source: portable }] {
            let records = check(&mut collector);
            let value = |name: &str| value(&records, name).unwrap_or_else(|| panic!("no {name}"));
            let resident = value("process_resident_memory_bytes");
            assert!(resident > 100_000.0, "{resident}");
            assert!(value("process_virtual_memory_bytes") > resident);
            assert!(value("process_open_fds") <= value("process_max_fds"));
            assert!(value("process_open_fds") >= 3.0);
            let now = SystemClock::new().now().seconds();
            let started = value("process_start_time_seconds");
            assert!(started > now - 86_400.0 && started < now + 2.0, "{started}, now {now}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_all_of_the_standard() {
        let mut collector = ProcessCollector::new();
        let names: Vec<_> = check(&mut collector).iter().map(|one| one.metric().clone()).collect();
        for definition in collector.definitions() {
            // The kernel may be built without the account of I/O.
            let optional = ["process_read_bytes_total", "process_write_bytes_total"];
            assert!(
                names.contains(definition.name()) || optional.contains(&&**definition.name()),
                "{definition}"
            );
        }
    }
}
