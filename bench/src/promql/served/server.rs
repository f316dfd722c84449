//! Servers with the dataset.

use std::fmt::Display;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use super::super::data::Data;
use super::super::queries::Query;
use super::client::Client;
use super::peer::{Kind, version};
use super::process::{Cores, Process};
use super::remote_write;
use super::watch::{Watch, pause};

/// A turn is as many queries as begin within this time.
const TURN: Duration = Duration::from_millis(300);
/// How long a server may take until it answers.
const START_MAX: Duration = Duration::from_secs(300);
/// How long what was written may take until queries see it.
const VISIBLE_MAX: Duration = Duration::from_secs(60);
/// Between two tries.
const RETRY: Duration = Duration::from_millis(100);
/// How many samples there are.
const SAMPLES: &str = "sum(count_over_time({__name__=~\"x_total|h_bucket|x_info\"}[1h]))";

/// A server with the dataset.
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) url: String,
    pub(super) process: Process,
    /// The most that it held since it was started.
    pub(super) peak_kib: u64,
}

impl Server {
    pub(super) fn start(
        kind: Kind,
        client: &Client,
        cores: &Cores,
        folder: &Path,
    ) -> Result<Self, String> {
        let program = kind.find()?;
        let address = free_address()?;
        let mut command = kind.command(&program, &address, folder)?;
        let log = folder.join(format!("{}.log", kind.name()));
        let process = Process::start(&mut command, cores, &log)?;
        let url = format!("http://{address}");
        let mut server = Self { kind, url, process, peak_kib: 0 };
        server.fill(client).map_err(|error| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("{error} {}", said.lines().last().unwrap_or_default())
        })?;
        if !kind.is_own() {
            println!("{} over HTTP: {} {}", kind.name(), program.display(), version(&program));
        }
        Ok(server)
    }

    /// Waits for the server, gives it the data and lets it come to rest.
    fn fill(&mut self, client: &Client) -> Result<(), String> {
        let begun = Watch::begin();
        while let Err(error) = client.value(&self.url, "vector(1)") {
            if !self.process.runs() {
                return Err("it ended at once:".to_owned());
            }
            if begun.elapsed() > START_MAX {
                return Err(format!("it does not answer: {error};"));
            }
            pause(RETRY);
        }
        let data = Data { tenths: 10 };
        if let Some(path) = self.kind.write_path() {
            let url = format!("{}{path}", self.url);
            remote_write::feed(&data, |message| client.write(&url, message))?;
        }
        if let Some(path) = self.kind.flush_path() {
            client.get(&format!("{}{path}", self.url))?;
        }
        let expected = data.samples();
        let written = Watch::begin();
        loop {
            let found = client.value(&self.url, SAMPLES)?;
            if found == expected as f64 {
                break;
            }
            if written.elapsed() > VISIBLE_MAX {
                return Err(format!("it has {found} samples; expected {expected};"));
            }
            pause(RETRY);
        }
        self.print("filled_s", begun.elapsed().as_secs_f64(), "s");
        self.process.settle();
        self.peak_kib = self.process.memory.peak_kib();
        self.print("filled_peak_kib", self.peak_kib, "KiB");
        self.print("filled_kib", self.process.memory.begin_peak(), "KiB");
        Ok(())
    }

    /// Runs a query again and again for one turn.
    pub(super) fn turn(&self, client: &Client, query: &Query) -> Result<Turn, String> {
        let (cpu, begun) = (self.process.cpu(), Watch::begin());
        let mut calls = 0_u32;
        while begun.elapsed() < TURN {
            client.ask(&self.url, query)?;
            calls += 1;
        }
        let wall_ms = begun.elapsed().as_secs_f64() * 1e3 / f64::from(calls);
        let cpu = self.process.cpu().saturating_sub(cpu);
        Ok(Turn { calls, wall_ms, cpu })
    }

    pub(super) fn print(&self, name: &str, value: impl Display, unit: &str) {
        println!("RESULT promql {}_http_{name} {value:.2} {unit}", self.kind.name());
    }
}

/// Returns an address of this machine that nobody listens at.
fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.to_string()).map_err(|error| error.to_string())
}

/// What a turn cost.
pub(super) struct Turn {
    pub(super) calls: u32,
    /// For each call.
    pub(super) wall_ms: f64,
    /// For all calls.
    pub(super) cpu: Duration,
}
