//! Which turns there are, and in which order.

use std::path::Path;

use super::child;
use super::dataset::{Class, Dataset};
use super::engine::Kind;
use super::results::Results;
use super::turn::{Part, Turn};

/// A contestant and how often it takes its turn.
#[derive(Debug, Clone, Copy)]
struct Contestant {
    role: Role,
    kind: Kind,
    dataset: Dataset,
    series: usize,
    samples: usize,
    rounds: usize,
}

/// What a contestant's figures are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Nothing: they stand for themselves.
    Alone,
    /// The peer's at the same size.
    Beside,
    /// The same engine's at other numbers of series.
    Scale,
}

/// All contestants of a run.
#[derive(Debug)]
pub(super) struct Plan {
    contestants: Vec<Contestant>,
}

/// Series and samples of each.
#[derive(Debug, Clone, Copy)]
struct Size(usize, usize);

/// The size that names leave out.
const MAIN: Size = Size(20_000, 360);

/// The sizes of a run.
struct Sizes {
    main: Size,
    /// What tsink gets, and keepwatch beside it.
    peer: Size,
    /// Samples of each series in the comparison of numbers of series: enough
    /// that every series seals one chunk of 120.
    scale_samples: usize,
    /// Those numbers of series, with rounds.
    scale: &'static [(usize, usize)],
    rounds: usize,
}

const FULL: Sizes = Sizes {
    main: MAIN,
    peer: Size(2_000, 360),
    scale_samples: 130,
    scale: &[(1_000, 5), (10_000, 5), (100_000, 3), (1_000_000, 1)],
    rounds: 3,
};
const QUICK: Sizes = Sizes {
    main: Size(2_000, 130),
    peer: Size(200, 60),
    scale_samples: 130,
    scale: &[(1_000, 1), (10_000, 1)],
    rounds: 1,
};

/// keepwatch by each way in.
const KEEPWATCH: [Kind; 6] =
    [Kind::Bare, Kind::Memory, Kind::Append, Kind::MemoryAppend, Kind::Record, Kind::RecordAnew];
/// Those whose cost must not grow with the number of series.
const SCALED: [Kind; 2] = [Kind::Bare, Kind::Append];
const OWN: Kind = Kind::Bare;
const PEER: Kind = Kind::Tsink;

impl Plan {
    /// Plans a run; `only` keeps the contestants whose name has that text.
    pub(super) fn new(quick: bool, only: Option<&str>) -> Self {
        let sizes = if quick { QUICK } else { FULL };
        let mut contestants = Vec::new();
        let mut add = |role, kind, dataset, Size(series, samples), rounds| {
            contestants.push(Contestant { role, kind, dataset, series, samples, rounds });
        };
        for dataset in [Dataset::Mixed, Dataset::COUNTERS] {
            for kind in KEEPWATCH {
                add(Role::Alone, kind, dataset, sizes.main, sizes.rounds);
            }
            add(Role::Beside, OWN, dataset, sizes.peer, sizes.rounds);
            add(Role::Beside, PEER, dataset, sizes.peer, 1);
        }
        for class in [Class::Gauge, Class::Steady, Class::Float] {
            add(Role::Alone, OWN, Dataset::Only(class), sizes.main, 1);
        }
        for &(series, rounds) in sizes.scale {
            for kind in SCALED {
                let size = Size(series, sizes.scale_samples);
                add(Role::Scale, kind, Dataset::Mixed, size, rounds);
            }
        }
        if let Some(only) = only {
            contestants.retain(|contestant| contestant.name().contains(only));
        }
        Self { contestants }
    }

    /// Runs every turn, the rounds interleaved.
    pub(super) fn run(&self, folder: &Path) -> Results {
        let mut results = Results::default();
        let rounds = self.contestants.iter().map(|contestant| contestant.rounds).max();
        for round in 0..rounds.unwrap_or(0) {
            for contestant in self.contestants.iter().filter(|one| round < one.rounds) {
                eprintln!("round {}: {}", round + 1, contestant.name());
                let turn = contestant.turn(folder);
                match child::measure(&turn, contestant.is_killed()) {
                    Ok(figures) => figures.into_iter().for_each(|figure| {
                        results.add(format!("{}_{}", contestant.name(), figure.name), figure);
                    }),
                    Err(failure) => results.fail(failure),
                }
            }
        }
        // Turns remove their own folders, and this one is empty by now.
        let _ = std::fs::remove_dir(folder);
        results
    }

    /// Adds how the peer compares at the same size, and what a sample costs
    /// among the most series to among the fewest.
    pub(super) fn compare(&self, results: &mut Results) {
        for peer in self.of(Role::Beside, PEER) {
            let own = Contestant { kind: OWN, ..*peer };
            for figure in [
                "ingest_cpu_ns_per_sample",
                "rss_kib_per_series",
                "disk_bytes_per_sample",
                "select_all_cpu_ns_per_sample",
            ] {
                results.ratio(figure, &peer.name(), &own.name(), OWN.name());
            }
        }
        for kind in SCALED {
            let fewest = self.of(Role::Scale, kind).min_by_key(|one| one.series);
            let most = self.of(Role::Scale, kind).max_by_key(|one| one.series);
            let (Some(fewest), Some(most)) = (fewest, most) else { continue };
            let base = short(fewest.series);
            results.ratio("ingest_cpu_ns_per_sample", &most.name(), &fewest.name(), &base);
        }
    }

    fn of(&self, role: Role, kind: Kind) -> impl Iterator<Item = &Contestant> {
        self.contestants.iter().filter(move |one| one.role == role && one.kind == kind)
    }
}

impl Contestant {
    /// Returns what the names of its figures begin with.
    fn name(&self) -> String {
        let mut name = format!("{}_{}", self.kind, self.dataset);
        if (self.series, self.samples) != (MAIN.0, MAIN.1) {
            name.push('_');
            name.push_str(&short(self.series));
        }
        name
    }

    /// Says whether it has to come back after a kill; once for a kind will do.
    fn is_killed(&self) -> bool {
        self.kind.is_durable() && self.dataset == Dataset::Mixed && self.role != Role::Scale
    }

    fn turn(&self, folder: &Path) -> Turn {
        Turn {
            kind: self.kind,
            dataset: self.dataset,
            series: self.series,
            samples: self.samples,
            folder: folder.join(self.name()),
            part: Part::Measure,
        }
    }
}

/// Writes a number of series as names have it: 2k, 1m.
fn short(series: usize) -> String {
    match series {
        0..1_000 => series.to_string(),
        1_000..1_000_000 => format!("{}k", series / 1_000),
        _ => format!("{}m", series / 1_000_000),
    }
}
