//! What Linux tells of this process, in `/proc/self` and when it is asked.
//! Formats: proc(5), getrusage(2).

use std::fs;
use std::path::Path;

use keepwatch_engine::clock::{Clock as _, SystemClock};
use keepwatch_engine::model::{MetricDefinition, Record};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use nix::unistd::{SysconfVar, sysconf};

use super::{counter, gauge, number};

/// How far the boot as the uptime tells it may be from the kernel's own whole
/// seconds. A container that is shown an uptime of its own is further off.
const BOOT_TOLERANCE_SECONDS: f64 = 1.5;

/// Microseconds of a second.
const MICROS: f64 = 1e6;

/// What Go's client writes where there is no limit.
const UNLIMITED: f64 = u64::MAX as f64;

#[derive(Debug)]
pub(super) struct Procfs {
    /// Ticks a second, and bytes of a page.
    ticks: f64,
    page: f64,
    /// When the host booted, in seconds since the Unix epoch.
    boot: Option<f64>,
}

pub(super) fn definitions() -> Vec<MetricDefinition> {
    vec![
        gauge(
            "process_virtual_memory_max_bytes",
            "bytes",
            &[],
            "The limit on the address space; 2^64 - 1 is none.",
        ),
        gauge("process_threads", "", &[], "Threads of the operating system."),
        counter("process_cpu_user_seconds_total", "seconds", &[], "CPU time of the program."),
        counter(
            "process_cpu_system_seconds_total",
            "seconds",
            &[],
            "CPU time of the kernel for the program.",
        ),
        counter("process_minor_page_faults_total", "", &[], "Page faults that read no disk."),
        counter("process_major_page_faults_total", "", &[], "Page faults that read a disk."),
        counter(
            "process_context_switches_total",
            "",
            &["ctxswitchtype"],
            "Times that a thread gave up its CPU, or had to.",
        ),
        counter("process_read_bytes_total", "bytes", &[], "Bytes read from disks."),
        counter("process_write_bytes_total", "bytes", &[], "Bytes written to disks."),
    ]
}

impl Procfs {
    /// Finds out what does not change; `None` where `/proc` tells nothing.
    pub(super) fn find() -> Option<Self> {
        let text = |file: &str| fs::read_to_string(file).ok();
        stat(&text("/proc/self/stat")?)?;
        let whole = text("/proc/stat").and_then(|text| word_after(&text, "btime"));
        let uptime = text("/proc/uptime").and_then(|text| text.split(' ').next()?.parse().ok());
        let now = SystemClock::new().now().seconds();
        let known = |variable| sysconf(variable).ok().flatten().map(|value| value as f64);
        Some(Self {
            ticks: known(SysconfVar::CLK_TCK)?,
            page: known(SysconfVar::PAGE_SIZE)?,
            boot: boot(whole, uptime.map(|uptime: f64| now - uptime)),
        })
    }

    pub(super) fn collect(&self) -> Vec<Record> {
        let mut records = Vec::with_capacity(16);
        let folder = Path::new("/proc/self");
        let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        if let Some(stat) = stat(&text("stat")) {
            self.record(&stat, &mut records);
        }
        read_limits(&text("limits"), &mut records);
        if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
            record_usage(&usage, &mut records);
        }
        read_io(&text("io"), &mut records);
        if let Some(count) = open_files(&folder.join("fd")) {
            records.push(Record::set("process_open_fds", number(count)));
        }
        records
    }

    fn record(&self, stat: &Stat, records: &mut Vec<Record>) {
        for (name, value) in [
            ("process_virtual_memory_bytes", stat.virtual_bytes),
            ("process_resident_memory_bytes", stat.resident_pages * self.page),
            ("process_threads", stat.threads),
        ] {
            records.push(Record::set(name, value));
        }
        let start = self.boot.map(|boot| boot + stat.start_ticks / self.ticks);
        records.extend(start.map(|start| Record::set("process_start_time_seconds", start)));
    }
}

/// Records what all threads used, those that ended included: `/proc` tells
/// switches of the first thread only, and CPU time by hundredths of a second.
fn record_usage(usage: &Usage, records: &mut Vec<Record>) {
    let seconds = |time: TimeVal| time.num_microseconds() as f64 / MICROS;
    let (user, system) = (seconds(usage.user_time()), seconds(usage.system_time()));
    for (name, value) in [
        ("process_cpu_seconds_total", user + system),
        ("process_cpu_user_seconds_total", user),
        ("process_cpu_system_seconds_total", system),
        ("process_minor_page_faults_total", usage.minor_page_faults() as f64),
        ("process_major_page_faults_total", usage.major_page_faults() as f64),
    ] {
        records.push(Record::set(name, value));
    }
    for (kind, count) in [
        ("voluntary", usage.voluntary_context_switches()),
        ("nonvoluntary", usage.involuntary_context_switches()),
    ] {
        let switches = Record::set("process_context_switches_total", count as f64);
        records.push(switches.label("ctxswitchtype", kind));
    }
}

/// The boot to a hundredth of a second, if that agrees with the whole seconds
/// that the kernel tells.
fn boot(whole: Option<f64>, exact: Option<f64>) -> Option<f64> {
    match (whole, exact) {
        (Some(whole), Some(exact)) if (exact - whole).abs() > BOOT_TOLERANCE_SECONDS => Some(whole),
        (whole, exact) => exact.or(whole),
    }
}

/// The columns of `/proc/self/stat` that are of use.
#[derive(Debug, PartialEq)]
struct Stat {
    threads: f64,
    start_ticks: f64,
    virtual_bytes: f64,
    resident_pages: f64,
}

fn stat(text: &str) -> Option<Stat> {
    // The program's name, in brackets, may have brackets and spaces itself.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // proc(5) counts from one, and the state, the third, comes first here.
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Stat {
        threads: field(20)?,
        start_ticks: field(22)?,
        virtual_bytes: field(23)?,
        resident_pages: field(24)?,
    })
}

/// The number that follows a word at the beginning of a line.
fn word_after(text: &str, word: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.trim_start_matches(':').split_ascii_whitespace().next()?.parse().ok()
}

fn read_limits(text: &str, records: &mut Vec<Record>) {
    for (limit, metric) in [
        ("Max open files", "process_max_fds"),
        ("Max address space", "process_virtual_memory_max_bytes"),
    ] {
        let rest = text.lines().find_map(|line| line.strip_prefix(limit));
        let value = match rest.and_then(|rest| rest.split_ascii_whitespace().next()) {
            Some("unlimited") => Some(UNLIMITED),
            Some(soft) => soft.parse().ok(),
            None => None,
        };
        records.extend(value.map(|value| Record::set(metric, value)));
    }
}

fn read_io(text: &str, records: &mut Vec<Record>) {
    for (word, metric) in
        [("read_bytes", "process_read_bytes_total"), ("write_bytes", "process_write_bytes_total")]
    {
        records.extend(word_after(text, word).map(|bytes| Record::set(metric, bytes)));
    }
}

/// Counts descriptors. Since Linux 6.2 the folder's size is the count; before
/// it has no size and is read, which opens one more.
fn open_files(folder: &Path) -> Option<u64> {
    match fs::metadata(folder).ok()?.len() {
        0 => Some((fs::read_dir(folder).ok()?.count() as u64).saturating_sub(1)),
        count => Some(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "38 (a ) (b) R 1 2 3 0 -1 4194304 102 0 7 0 250 50 0 0 20 0 12 0 625 313344 408 18446744073709551615 1 1";

    #[test]
    fn a_name_may_have_brackets() {
        let expected = Stat {
            threads: 12.0,
            start_ticks: 625.0,
            virtual_bytes: 313_344.0,
            resident_pages: 408.0,
        };
        assert_eq!(stat(STAT), Some(expected));
        for text in ["", "1 (a", "1 (a) R 1 2"] {
            assert_eq!(stat(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_start_has_fractions() {
        let procfs = Procfs { ticks: 100.0, page: 4_096.0, boot: Some(1_000.25) };
        let mut records = Vec::new();
        procfs.record(&stat(STAT).unwrap(), &mut records);
        assert!(records.contains(&Record::set("process_start_time_seconds", 1_006.5)));
        assert!(records.contains(&Record::set("process_resident_memory_bytes", 1_671_168.0)));
    }

    #[test]
    fn an_uptime_of_a_container_is_not_the_hosts() {
        assert_eq!(boot(Some(100.0), Some(100.75)), Some(100.75));
        assert_eq!(boot(Some(100.0), Some(5_000.0)), Some(100.0));
        assert_eq!(boot(None, Some(5.5)), Some(5.5));
        assert_eq!(boot(Some(5.0), None), Some(5.0));
        assert_eq!(boot(None, None), None);
    }

    #[track_caller]
    fn check(read: fn(&str, &mut Vec<Record>), text: &str, expected: &[Record]) {
        let mut records = Vec::new();
        read(text, &mut records);
        assert_eq!(records, expected, "{text:?}");
    }

    #[test]
    fn limits() {
        check(
            read_limits,
            "Limit        Soft Limit\nMax open files  20000   40000  files\nMax address space  unlimited  unlimited bytes\n",
            &[
                Record::set("process_max_fds", 20_000.0),
                Record::set("process_virtual_memory_max_bytes", 18_446_744_073_709_551_615.0),
            ],
        );
        check(read_limits, "Max open files\n", &[]);
    }

    #[test]
    fn bytes_of_disks() {
        check(
            read_io,
            "rchar: 9\nread_bytes: 4096\nwrite_bytes: x\ncancelled_write_bytes: 1\n",
            &[Record::set("process_read_bytes_total", 4_096.0)],
        );
    }

    #[test]
    fn this_test_has_files_open() {
        let folder = Path::new("/proc/self/fd");
        assert!(open_files(folder).is_some_and(|count| count >= 3));
        assert_eq!(open_files(Path::new("/nowhere/at/all")), None);
    }
}
