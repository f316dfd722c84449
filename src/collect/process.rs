//! The process that keepwatch runs in.

use keepwatch_engine::model::{MetricDefinition, Record};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{Collector, counter, gauge, number};

/// Reads the standard process metrics, by the names of the Prometheus client
/// libraries: `process_cpu_seconds_total`, `process_resident_memory_bytes`,
/// `process_virtual_memory_bytes`, `process_open_fds`, `process_max_fds`,
/// `process_start_time_seconds`, and `process_threads` (Linux only).
#[derive(Debug)]
pub struct ProcessCollector {
    system: Option<System>,
    pid: Option<Pid>,
}

impl ProcessCollector {
    /// Creates the collector; on a platform that sysinfo does not know it
    /// collects nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { system: System::new().ok(), pid: sysinfo::get_current_pid().ok() }
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
        vec![
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
            gauge("process_threads", "", &[], "Threads of the operating system."),
        ]
    }

    fn collect(&mut self) -> Vec<Record> {
        let (Some(system), Some(pid)) = (&mut self.system, self.pid) else { return Vec::new() };
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks(),
        );
        let Some(process) = system.process(pid) else { return Vec::new() };
        let cpu_seconds = number(process.accumulated_cpu_time()) / 1_000.0;
        let mut records = vec![
            Record::set("process_cpu_seconds_total", cpu_seconds),
            Record::set("process_resident_memory_bytes", number(process.memory())),
            Record::set("process_virtual_memory_bytes", number(process.virtual_memory())),
            Record::set("process_start_time_seconds", number(process.start_time())),
        ];
        let counts = [
            ("process_open_fds", process.open_files()),
            ("process_max_fds", process.open_files_limit()),
            ("process_threads", threads()),
        ];
        for (name, count) in counts {
            records.extend(count.map(|count| Record::set(name, number(count as u64))));
        }
        records
    }
}

/// The threads of this process. sysinfo would list each of them.
#[cfg(target_os = "linux")]
fn threads() -> Option<usize> {
    threads_in(&std::fs::read_to_string("/proc/self/status").ok()?)
}

#[cfg(not(target_os = "linux"))]
fn threads() -> Option<usize> {
    None
}

#[cfg(target_os = "linux")]
fn threads_in(status: &str) -> Option<usize> {
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use keepwatch_engine::model::Observation;

    use super::*;
    use crate::collect::tests::check;

    #[test]
    fn this_process_is_alive_and_uses_memory() {
        let records = check(&mut ProcessCollector::new());
        let value = |name: &str| {
            records.iter().find(|record| &**record.metric() == name).map(|record| {
                match record.observation {
                    Observation::Set { value, .. } => value,
                    ref other => panic!("{other:?} is not a reading"),
                }
            })
        };
        assert!(value("process_resident_memory_bytes").is_some_and(|bytes| bytes > 100_000.0));
        assert!(value("process_start_time_seconds").is_some_and(|at| at > 1_700_000_000.0));
        #[cfg(target_os = "linux")]
        {
            assert!(value("process_threads").is_some_and(|threads| threads >= 1.0));
            let (open, max) = (value("process_open_fds"), value("process_max_fds"));
            assert!(open.is_some() && open <= max, "{open:?} of {max:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn threads_by_status() {
        assert_eq!(threads_in("Name:\tcat\nThreads:\t12\n"), Some(12));
        assert_eq!(threads_in("Name:\tcat\n"), None);
    }
}
