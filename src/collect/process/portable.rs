//! What sysinfo tells of this process on every platform that it knows.

use keepwatch_engine::model::Record;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use super::number;

#[derive(Debug)]
pub(super) struct Portable {
    system: Option<System>,
    pid: Option<Pid>,
}

impl Portable {
    pub(super) fn new() -> Self {
        Self { system: System::new().ok(), pid: sysinfo::get_current_pid().ok() }
    }

    pub(super) fn collect(&mut self) -> Vec<Record> {
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
        ];
        for (name, count) in counts {
            records.extend(count.map(|count| Record::set(name, number(count as u64))));
        }
        records
    }
}
