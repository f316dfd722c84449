//! Servers as processes on one core.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::super::memory::Memory;
use super::watch::{Watch, pause};

/// How long a server may be busy by itself after it was filled.
const SETTLING_MAX: Duration = Duration::from_secs(60);
/// Between looks at whether it still is.
const LOOK: Duration = Duration::from_secs(1);
/// The CPU time of a server that does nothing, in one look.
const IDLE: Duration = Duration::from_millis(20);

/// The cores that this process may use: one for all servers, which take turns,
/// and the others for the client.
pub(super) struct Cores {
    all: CpuSet,
    servers: CpuSet,
    client: CpuSet,
}

impl Cores {
    /// Takes the calling thread away from the core of the servers until the
    /// value is dropped, if there is another.
    pub(super) fn divide() -> Result<Self, String> {
        let all = sched_getaffinity(None).map_err(|error| format!("the cores: {error}"))?;
        let last = (0..CpuSet::MAX_CPU).rev().find(|core| all.is_set(*core)).unwrap_or(0);
        let mut servers = CpuSet::new();
        servers.set(last);
        let mut client = all;
        if all.count() > 1 {
            client.unset(last);
        }
        let cores = Self { all, servers, client };
        stay_on(&cores.client)?;
        Ok(cores)
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        // Where that fails, the rest of the run has fewer cores.
        let _ = stay_on(&self.all);
    }
}

fn stay_on(cores: &CpuSet) -> Result<(), String> {
    sched_setaffinity(None, cores).map_err(|error| format!("the cores of a thread: {error}"))
}

/// A running server, which ends with the value.
pub(super) struct Process {
    child: Child,
    pub(super) memory: Memory,
}

impl Process {
    /// Starts a server on its core; what it says goes to the file `log`.
    pub(super) fn start(command: &mut Command, cores: &Cores, log: &Path) -> Result<Self, String> {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let copy = file.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        // What Go would find out by itself, and a word for those who read ps.
        command.env("GOMAXPROCS", "1");
        // A child stays where the thread that started it was.
        stay_on(&cores.servers)?;
        let child = command.spawn();
        stay_on(&cores.client)?;
        let child = child.map_err(|error| {
            format!("{} cannot be started: {error}", Path::new(command.get_program()).display())
        })?;
        let memory = Memory::of(child.id());
        Ok(Self { child, memory })
    }

    /// Says whether the process is still there.
    pub(super) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns the CPU time of all threads, in steps of a clock tick.
    pub(super) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.unwrap_or_default();
        // The second field, a name in parentheses, may have spaces; user and
        // system time are the 14th and 15th.
        let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        let second = rustix::param::clock_ticks_per_second();
        Duration::from_secs_f64(ticks as f64 / second as f64)
    }

    /// Waits until the server does nothing by itself, such as merge files.
    pub(super) fn settle(&self) {
        let begun = Watch::begin();
        let mut before = self.cpu();
        while begun.elapsed() < SETTLING_MAX {
            pause(LOOK);
            let now = self.cpu();
            if now.saturating_sub(before) <= IDLE {
                return;
            }
            before = now;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
