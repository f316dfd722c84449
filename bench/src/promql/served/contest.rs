//! A query to each server in turn.

use std::time::Duration;

use super::super::queries::Query;
use super::client::{Client, Outcome};
use super::server::{Server, Turn};

/// How often each server has its turn with a query, after one to warm up.
const ROUNDS: usize = 7;
/// What the order of additions may change, relative to all values together.
const TOTAL_ERROR_MAX: f64 = 1e-9;

/// What a query cost a server.
struct Figures {
    turns: Vec<Turn>,
    outcome: Outcome,
    peak_kib: u64,
}

impl Figures {
    /// Returns the median.
    fn wall_ms(&self) -> f64 {
        median(self.turns.iter().map(|turn| turn.wall_ms))
    }

    /// Returns the mean: one turn is too short for clock ticks.
    fn cpu_ms(&self) -> f64 {
        let cpu: Duration = self.turns.iter().map(|turn| turn.cpu).sum();
        let calls: u32 = self.turns.iter().map(|turn| turn.calls).sum();
        cpu.as_secs_f64() * 1e3 / f64::from(calls)
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Lets the servers answer a query in turn, and prints what it cost them.
pub(super) fn compete(client: &Client, servers: &mut [Server], query: &Query) {
    let mut all: Vec<Result<Figures, String>> =
        servers.iter().map(|server| warm_up(client, server, query)).collect();
    for _ in 0..ROUNDS {
        for (server, figures) in servers.iter().zip(&mut all) {
            let Ok(gathered) = figures else { continue };
            match server.turn(client, query) {
                Ok(turn) => gathered.turns.push(turn),
                Err(error) => *figures = Err(error),
            }
        }
    }
    for (server, figures) in servers.iter_mut().zip(&mut all) {
        let name = query.name;
        match figures {
            Ok(figures) => {
                figures.peak_kib = server.process.memory.peak_kib();
                server.peak_kib = server.peak_kib.max(figures.peak_kib);
                server.print(&format!("{name}_ms"), figures.wall_ms(), "ms");
                server.print(&format!("{name}_cpu_ms"), figures.cpu_ms(), "ms");
                server.print(&format!("{name}_peak_kib"), figures.peak_kib, "KiB");
                server.print(&format!("{name}_answer_bytes"), figures.outcome.bytes, "B");
                server.print(&format!("{name}_series"), figures.outcome.series, "series");
            }
            Err(error) => println!("{}: {}: {error}", server.kind.name(), query.text),
        }
    }
    let mut each = servers.iter().zip(&all);
    let Some((_, Ok(ours))) = each.next() else { return };
    for (server, theirs) in each {
        if let Ok(theirs) = theirs {
            compare(server, query, theirs, ours);
        }
    }
}

fn warm_up(client: &Client, server: &Server, query: &Query) -> Result<Figures, String> {
    server.process.memory.begin_peak();
    let answer = client.ask(&server.url, query)?;
    Ok(Figures { turns: Vec::new(), outcome: Outcome::read(&answer)?, peak_kib: 0 })
}

/// Prints a server's ratios to the first, if both found the same series, and
/// whether their values are others.
fn compare(server: &Server, query: &Query, theirs: &Figures, ours: &Figures) {
    let (found, expected, name) = (theirs.outcome, ours.outcome, server.kind.name());
    if found.series != expected.series {
        let (found, expected) = (found.series, expected.series);
        println!("{name}: {}: {found} series; expected {expected}", query.text);
        return;
    }
    if (found.total - expected.total).abs() > TOTAL_ERROR_MAX * expected.total.abs() {
        let (found, expected) = (found.total, expected.total);
        println!("{name}: {}: the values add up to {found}, keepwatch's to {expected}", query.text);
    }
    let rounds = theirs.turns.iter().zip(&ours.turns);
    let wall = median(rounds.map(|(theirs, ours)| theirs.wall_ms / ours.wall_ms));
    let cpu = theirs.cpu_ms() / ours.cpu_ms();
    server.print(&format!("{}_to_keepwatch", query.name), wall, "ratio");
    server.print(&format!("{}_cpu_to_keepwatch", query.name), cpu, "ratio");
}
