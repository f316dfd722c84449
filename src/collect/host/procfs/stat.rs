//! CPUs, load and the scheduler.

use std::collections::HashMap;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, counter, define, record};

/// Ticks a second in `/proc/stat`: the kernel scales to `USER_HZ`, which is
/// 100 on every architecture that Rust's standard library runs on.
const USER_HZ: f64 = 100.0;

/// Nanoseconds in `/proc/schedstat`.
const NANOS: f64 = 1e9;

/// The columns of a `cpu` line, in node_exporter's words.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

/// The place of idle time among [`MODES`].
const IDLE: usize = 3;

/// The columns that follow [`MODES`] and are already part of the first two.
const GUEST_MODES: [&str; 2] = ["user", "nice"];

const ROWS: [Row; 6] = [
    ("ctxt", "node_context_switches_total", "Context switches."),
    ("intr", "node_intr_total", "Interrupts that were serviced."),
    ("processes", "node_forks_total", "Processes and threads that were created."),
    ("procs_running", "node_procs_running", "Threads that run or wait for a CPU."),
    ("procs_blocked", "node_procs_blocked", "Threads that wait for I/O."),
    ("btime", "node_boot_time_seconds", "When the host booted, in seconds since the Unix epoch."),
];

const LOAD: [Row; 4] = [
    ("1", "node_load1", "Load average over 1 minute."),
    ("5", "node_load5", "Load average over 5 minutes."),
    ("15", "node_load15", "Load average over 15 minutes."),
    ("threads", "node_processes_threads", "Threads of all processes."),
];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    let mut definitions = define(&ROWS, &[]);
    definitions.extend(define(&LOAD, &[]));
    let cpu_seconds = |name, labels, help| counter(name, "seconds", labels, help);
    definitions.extend([
        cpu_seconds(
            "node_cpu_seconds_total",
            &["cpu", "mode"],
            "Seconds that the CPU spent in each mode.",
        ),
        cpu_seconds(
            "node_cpu_guest_seconds_total",
            &["cpu", "mode"],
            "Seconds that the CPU spent on guests; part of the modes user and nice.",
        ),
        cpu_seconds(
            "node_schedstat_running_seconds_total",
            &["cpu"],
            "Seconds that the CPU ran something.",
        ),
        cpu_seconds(
            "node_schedstat_waiting_seconds_total",
            &["cpu"],
            "Seconds that threads waited for the CPU.",
        ),
        counter("node_schedstat_timeslices_total", "", &["cpu"], "Time slices that the CPU ran."),
    ]);
    definitions
}

/// What each CPU has spent in each mode, in ticks.
///
/// The kernel reckons idle time and time of waiting for I/O from clocks that
/// may be corrected, so both may go backwards a little; a total that does
/// would be taken for one that began again, and all of it for an increase.
#[derive(Debug, Clone, Default)]
pub(super) struct CpuTimes(HashMap<Box<str>, Vec<Option<f64>>>);

/// How many ticks of idle time a CPU goes back by that is another one: it was
/// taken out, and put in again.
const ANOTHER_CPU: f64 = 3.0 * USER_HZ;

impl CpuTimes {
    /// Returns what a CPU has spent, at least what it had before.
    fn advance(&mut self, cpu: &str, ticks: Vec<Option<f64>>) -> &[Option<f64>] {
        let known = self.0.entry(cpu.into()).or_default();
        let idle = |ticks: &[Option<f64>]| ticks.get(IDLE).copied().flatten().unwrap_or(0.0);
        if known.len() != ticks.len() || idle(&ticks) + ANOTHER_CPU < idle(known) {
            *known = ticks;
        } else {
            for (known, now) in known.iter_mut().zip(ticks) {
                // `None` is less than any.
                *known = if now > *known { now } else { *known };
            }
        }
        known
    }
}

/// Reads `/proc/stat`; lines it does not know are skipped.
pub(super) fn read(text: &str, times: &mut CpuTimes, records: &mut Vec<Record>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let Some(key) = fields.next() else { continue };
        // The line `cpu` is the sum of the others.
        if let Some(cpu) = cpu_of(key) {
            read_cpu(cpu, fields, times, records);
        } else if let Some(value) = fields.next().and_then(|field| field.parse().ok()) {
            record(&ROWS, key, value, records);
        }
    }
}

fn cpu_of(key: &str) -> Option<&str> {
    let cpu = key.strip_prefix("cpu")?;
    (!cpu.is_empty() && cpu.bytes().all(|byte| byte.is_ascii_digit())).then_some(cpu)
}

fn read_cpu<'a>(
    cpu: &str,
    fields: impl Iterator<Item = &'a str>,
    times: &mut CpuTimes,
    records: &mut Vec<Record>,
) {
    let modes = MODES.into_iter().map(|mode| ("node_cpu_seconds_total", mode));
    let guests = GUEST_MODES.into_iter().map(|mode| ("node_cpu_guest_seconds_total", mode));
    let ticks = fields.take(MODES.len() + GUEST_MODES.len()).map(|field| field.parse().ok());
    let ticks = times.advance(cpu, ticks.collect());
    for ((metric, mode), ticks) in modes.chain(guests).zip(ticks) {
        let Some(ticks) = ticks else { continue };
        records.push(Record::set(metric, ticks / USER_HZ).label("cpu", cpu).label("mode", mode));
    }
}

/// Reads `/proc/schedstat`: of each CPU the last three of nine columns.
pub(super) fn read_schedule(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let Some(cpu) = fields.next().and_then(cpu_of) else { continue };
        let columns = [
            ("node_schedstat_running_seconds_total", NANOS),
            ("node_schedstat_waiting_seconds_total", NANOS),
            ("node_schedstat_timeslices_total", 1.0),
        ];
        for ((metric, scale), field) in columns.into_iter().zip(fields.skip(6)) {
            let Ok(value) = field.parse::<f64>() else { continue };
            records.push(Record::set(metric, value / scale).label("cpu", cpu));
        }
    }
}

/// Reads `/proc/loadavg`: three averages, threads that run and all threads.
pub(super) fn read_load(text: &str, records: &mut Vec<Record>) {
    let mut fields = text.split_ascii_whitespace();
    for key in ["1", "5", "15"] {
        let Some(Ok(load)) = fields.next().map(str::parse) else { return };
        record(&LOAD, key, load, records);
    }
    let threads = fields.next().and_then(|field| field.split_once('/')?.1.parse().ok());
    if let Some(threads) = threads {
        record(&LOAD, "threads", threads, records);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    fn cpu(cpu: &str, mode: &str, seconds: f64) -> Record {
        Record::set("node_cpu_seconds_total", seconds).label("cpu", cpu).label("mode", mode)
    }

    #[test]
    fn stat() {
        check(
            |text, records| read(text, &mut CpuTimes::default(), records),
            "cpu  9 9 9 9\ncpu3 250 1 x 7\nintr 5 5\nctxt 365063\nbtime 17\nprocesses 8348\nprocs_running 1\nprocs_blocked\ncpufreq 4\n",
            &[
                cpu("3", "user", 2.5),
                cpu("3", "nice", 0.01),
                cpu("3", "idle", 0.07),
                Record::set("node_intr_total", 5.0),
                Record::set("node_context_switches_total", 365_063.0),
                Record::set("node_boot_time_seconds", 17.0),
                Record::set("node_forks_total", 8_348.0),
                Record::set("node_procs_running", 1.0),
            ],
        );
    }

    #[test]
    fn guest_time_is_not_counted_twice() {
        let mut records = Vec::new();
        read("cpu0 1 1 1 1 1 1 1 1 200 1 9", &mut CpuTimes::default(), &mut records);
        assert_eq!(records.len(), MODES.len() + GUEST_MODES.len());
        let guest = Record::set("node_cpu_guest_seconds_total", 2.0);
        assert_eq!(records[8], guest.label("cpu", "0").label("mode", "user"));
    }

    #[test]
    fn times_do_not_go_back_unless_the_cpu_is_another() {
        let mut times = CpuTimes::default();
        let mut idle_and_waiting = |line: &str| {
            let mut records = Vec::new();
            read(line, &mut times, &mut records);
            records.split_off(3)
        };
        let first = idle_and_waiting("cpu0 0 0 0 1000 500");
        assert_eq!(first, [cpu("0", "idle", 10.0), cpu("0", "iowait", 5.0)]);
        assert_eq!(idle_and_waiting("cpu0 0 0 0 990 499"), first);
        let on = [cpu("0", "idle", 10.01), cpu("0", "iowait", 5.0)];
        assert_eq!(idle_and_waiting("cpu0 0 0 0 1001 490"), on);
        let another = [cpu("0", "idle", 1.0), cpu("0", "iowait", 0.0)];
        assert_eq!(idle_and_waiting("cpu0 0 0 0 100 0"), another);
    }

    #[test]
    fn schedule() {
        let of = |metric, value| Record::set(metric, value).label("cpu", "1");
        check(
            read_schedule,
            "version 15\ntimestamp 4\ncpu1 0 0 0 0 0 0 2500000000 500000000 7\ndomain0 3 0\n",
            &[
                of("node_schedstat_running_seconds_total", 2.5),
                of("node_schedstat_waiting_seconds_total", 0.5),
                of("node_schedstat_timeslices_total", 7.0),
            ],
        );
    }

    #[test]
    fn load() {
        check(
            read_load,
            "2.61 0.96 0.39 5/117 3845\n",
            &[
                Record::set("node_load1", 2.61),
                Record::set("node_load5", 0.96),
                Record::set("node_load15", 0.39),
                Record::set("node_processes_threads", 117.0),
            ],
        );
        check(read_load, "1.5 x", &[Record::set("node_load1", 1.5)]);
    }
}
