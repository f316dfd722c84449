//! One turn of one engine, in a process of its own.

use std::io::{Write, stdin, stdout};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::dataset::{Dataset, Digest, Feed, Fleet, INTERVAL_MS, START_MS};
use super::engine::{Engine, Kind};
use super::usage::{Bytes, Spent, Times, tree_bytes};

/// The line that a process prints once everything is acknowledged.
pub(super) const ACKNOWLEDGED: &str = "ACKNOWLEDGED";
/// What a line with a figure begins with: `FIGURE <name> <value> <unit>`.
pub(super) const FIGURE: &str = "FIGURE ";

/// How many different series are read one by one.
const READS: usize = 200;

/// What a turn is about.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) kind: Kind,
    pub(super) dataset: Dataset,
    pub(super) series: usize,
    /// Samples of each series.
    pub(super) samples: usize,
    pub(super) folder: PathBuf,
    pub(super) part: Part,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Ingests, reads, seals, and measures each.
    Measure,
    /// Ingests, says so, and waits to be killed.
    Fill,
    /// Opens what a killed process left, and looks whether all is there.
    Reopen,
}

impl Turn {
    /// Returns the arguments that [`parse`](Self::parse) takes.
    pub(super) fn arguments(&self) -> [String; 6] {
        let part = match self.part {
            Part::Measure => "measure",
            Part::Fill => "fill",
            Part::Reopen => "reopen",
        };
        [
            part.to_owned(),
            self.kind.to_string(),
            self.dataset.to_string(),
            self.series.to_string(),
            self.samples.to_string(),
            self.folder.display().to_string(),
        ]
    }

    /// Reads the arguments of a process.
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let [part, kind, dataset, series, samples, folder] = arguments else {
            return Err(format!("expected six arguments of a turn, got {}", arguments.len()));
        };
        let part = match part.as_str() {
            "measure" => Part::Measure,
            "fill" => Part::Fill,
            "reopen" => Part::Reopen,
            other => return Err(format!("expected measure, fill or reopen, got {other}")),
        };
        Ok(Self {
            part,
            kind: kind.parse()?,
            dataset: dataset.parse()?,
            series: number(series)?,
            samples: number(samples)?,
            folder: PathBuf::from(folder),
        })
    }

    /// Does what the turn is about.
    ///
    /// # Errors
    /// What an engine says that cannot open a new folder.
    pub(super) fn run(&self) -> Result<(), String> {
        let fleet = Fleet::new(self.dataset, self.series);
        match self.part {
            Part::Measure => self.measure(&fleet),
            Part::Fill => self.fill(&fleet),
            Part::Reopen => self.reopen(&fleet),
        }
    }

    fn measure(&self, fleet: &Fleet) -> Result<(), String> {
        let mut ticks = Ticks::new(fleet);
        let mut engine = self.kind.open(&self.folder)?;
        engine.prepare(fleet);
        let before = Bytes::now();

        let start = Times::now();
        engine.register(fleet);
        let registered = seconds(start.spent().cpu);
        let first = seconds(ticks.feed(engine.as_mut(), 1).cpu);
        let per_series = 1e9 / self.series as f64;
        figure("register_cpu_ns_per_series", (registered + first) * per_series, "ns");

        let more = self.samples.saturating_sub(1);
        let built = engine.building();
        let spent = ticks.feed(engine.as_mut(), more);
        let built = engine.building().saturating_sub(built);
        let per_sample = 1e9 / (more * self.series) as f64;
        figure("ingest_cpu_ns_per_sample", seconds(spent.cpu) * per_sample, "ns");
        figure("ingest_wall_ns_per_sample", seconds(spent.wall) * per_sample, "ns");
        if !built.is_zero() {
            figure("build_cpu_ns_per_sample", seconds(built) * per_sample, "ns");
        }
        let written = ticks.digest();
        let samples = written.samples as f64;

        let after = Bytes::now();
        if self.kind.has_own_memory() {
            let kib = |bytes: u64| {
                bytes.saturating_sub(before.resident) as f64 / 1_024.0 / self.series as f64
            };
            figure("rss_kib_per_series", kib(after.resident), "KiB");
            figure("rss_peak_kib_per_series", kib(after.resident_peak), "KiB");
        }
        if let Some(bytes) = engine.memory_bytes() {
            figure("memory_bytes_per_sample", bytes as f64 / samples, "B");
        }

        read("select", engine.as_ref(), fleet, written);
        if engine.durable().is_some() {
            self.seal(engine.as_mut(), fleet, before, written);
        }
        Ok(())
    }

    /// Measures what an engine with a folder has written.
    fn seal(&self, engine: &mut dyn Engine, fleet: &Fleet, before: Bytes, written: Digest) {
        let samples = written.samples as f64;
        let Some(durable) = engine.durable() else { return };
        figure("wal_bytes_per_sample", tree_bytes(&durable.log_folder()) as f64 / samples, "B");
        let start = Times::now();
        durable.seal();
        figure("seal_cpu_ns_per_sample", seconds(start.spent().cpu) * 1e9 / samples, "ns");
        figure("disk_bytes_per_sample", tree_bytes(&self.folder) as f64 / samples, "B");
        let after = Bytes::now();
        let reached = after.written.saturating_sub(before.written) as f64;
        // A file system in memory has no such account.
        if reached > 0.0 {
            figure("written_bytes_per_sample", reached / samples, "B");
        }
        let handed = durable.handed_bytes();
        let handed = handed.unwrap_or_else(|| after.handed.saturating_sub(before.handed));
        if reached > 0.0 && handed > 0 {
            figure("write_amplification", reached / handed as f64, "ratio");
        }
        if durable.reads_after_sealing() {
            read("select_sealed", engine, fleet, written);
        }
        let Some(durable) = engine.durable() else { return };
        let start = Times::now();
        if durable.drop_window() {
            figure("drop_window_ms", seconds(start.spent().wall) * 1e3, "ms");
        }
    }

    fn fill(&self, fleet: &Fleet) -> Result<(), String> {
        let mut engine = self.kind.open(&self.folder)?;
        engine.prepare(fleet);
        engine.register(fleet);
        Ticks::new(fleet).feed(engine.as_mut(), self.samples);
        println!("{ACKNOWLEDGED}");
        stdout().flush().expect("the parent listens");
        // Comes back only if the parent goes away without the kill.
        let _ = stdin().read_line(&mut String::new());
        Ok(())
    }

    fn reopen(&self, fleet: &Fleet) -> Result<(), String> {
        let start = Times::now();
        let opened = self.kind.open(&self.folder);
        figure("reopen_refused", f64::from(u8::from(opened.is_err())), "times");
        let engine = match opened {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("{} does not open what the kill left: {error}", self.kind);
                return Ok(());
            }
        };
        figure("reopen_ms", seconds(start.spent().wall) * 1e3, "ms");
        let mut ticks = Ticks::new(fleet);
        (0..self.samples).for_each(|_| ticks.skip());
        let (acknowledged, found) = (ticks.digest(), engine.read_all(fleet));
        let lost = acknowledged.samples.saturating_sub(found.samples);
        figure("lost_after_kill", lost as f64, "samples");
        assert!(
            lost > 0 || found == acknowledged,
            "the engine has other samples than it acknowledged"
        );
        Ok(())
    }
}

/// The feed and its time.
struct Ticks {
    feed: Feed,
    values: Vec<f64>,
    at_ms: i64,
}

impl Ticks {
    fn new(fleet: &Fleet) -> Self {
        // Written once, so that its pages are resident from the beginning.
        let values = (0..fleet.series()).map(|series| series as f64).collect();
        Self { feed: Feed::new(fleet), values, at_ms: START_MS }
    }

    /// Appends so many ticks and returns what the engine spent on them: all
    /// threads, without the making of the values.
    fn feed(&mut self, engine: &mut dyn Engine, ticks: usize) -> Spent {
        let mut making = Spent::default();
        let start = Times::now();
        for _ in 0..ticks {
            let tick = Times::now();
            self.feed.tick(&mut self.values);
            let spent = tick.spent();
            making.thread += spent.thread;
            making.wall += spent.wall;
            engine.append(self.at_ms, &self.values);
            self.at_ms += INTERVAL_MS;
        }
        let all = start.spent();
        Spent {
            cpu: all.cpu.saturating_sub(making.thread),
            wall: all.wall.saturating_sub(making.wall),
            thread: all.thread.saturating_sub(making.thread),
        }
    }

    fn skip(&mut self) {
        self.feed.tick(&mut self.values);
    }

    fn digest(&self) -> Digest {
        self.feed.digest()
    }
}

/// Reads single series and all of them, and checks that nothing is missing.
fn read(name: &str, engine: &dyn Engine, fleet: &Fleet, written: Digest) {
    let reads = READS.min(fleet.series());
    let of_each = written.samples / fleet.series() as u64;
    let start = Times::now();
    for read in 0..reads {
        let found = engine.read_one(fleet, read * fleet.series() / reads);
        assert_eq!(found.samples, of_each, "the samples of one series");
    }
    let spent = start.spent();
    figure(&format!("{name}_one_cpu_us"), seconds(spent.cpu) * 1e6 / reads as f64, "us");
    figure(&format!("{name}_one_wall_us"), seconds(spent.wall) * 1e6 / reads as f64, "us");

    let start = Times::now();
    assert_eq!(engine.read_all(fleet), written, "what was written and what was read");
    let spent = start.spent();
    let samples = written.samples as f64;
    figure(&format!("{name}_all_cpu_ns_per_sample"), seconds(spent.cpu) * 1e9 / samples, "ns");
    figure(&format!("{name}_all_samples_per_s"), samples / seconds(spent.wall), "1/s");
}

fn figure(name: &str, value: f64, unit: &str) {
    println!("{FIGURE}{name} {value} {unit}");
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("expected a number, got {text}"))
}
