//! Rounds of contestants in turn, and what is read off them.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What one turn cost for each unit of work, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// CPU time of the whole process, all threads.
    pub(crate) cpu_ns: f64,
    /// Wall time.
    pub(crate) wall_ns: f64,
}

/// Measures `work`, which does `units` units.
pub(crate) fn measure(units: u32, work: impl FnOnce()) -> Cost {
    let (cpu, wall) = (read(ClockId::ProcessCPUTime), read(ClockId::Monotonic));
    work();
    let per_unit = |from: Duration, to: Duration| {
        (to.saturating_sub(from)).as_secs_f64() * 1e9 / f64::from(units)
    };
    Cost {
        cpu_ns: per_unit(cpu, read(ClockId::ProcessCPUTime)),
        wall_ns: per_unit(wall, read(ClockId::Monotonic)),
    }
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// One contestant: its name and its turns.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'static str,
    pub(crate) turn: Box<dyn FnMut() -> Cost + 'a>,
}

/// Runs the contestants in turn, one round to warm up and `rounds` to count,
/// and prints each one's median, and what it is over the first and in ratio to
/// it.
pub(crate) fn compete(suite: &str, rounds: usize, contestants: &mut [Contestant<'_>]) {
    compete_in("ns", 1.0, suite, rounds, contestants);
}

/// Runs the contestants as [`compete`] does, and prints milliseconds.
pub(crate) fn compete_ms(suite: &str, rounds: usize, contestants: &mut [Contestant<'_>]) {
    compete_in("ms", 1e6, suite, rounds, contestants);
}

/// `unit` is of `unit_ns` nanoseconds.
fn compete_in(
    unit: &str,
    unit_ns: f64,
    suite: &str,
    rounds: usize,
    contestants: &mut [Contestant<'_>],
) {
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds {
        for (contestant, costs) in contestants.iter_mut().zip(&mut costs) {
            let cost = (contestant.turn)();
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    for (index, contestant) in contestants.iter().enumerate() {
        let name = contestant.name;
        let cpu = median(costs[index].iter().map(|cost| cost.cpu_ns)) / unit_ns;
        let wall = median(costs[index].iter().map(|cost| cost.wall_ns)) / unit_ns;
        let digits = if unit == "ns" { 1 } else { 3 };
        println!("RESULT {suite} {name}_cpu {cpu:.digits$} {unit}");
        println!("RESULT {suite} {name}_wall {wall:.digits$} {unit}");
        if index > 0 {
            let paired = || costs[index].iter().zip(&costs[0]);
            let cpu = median(paired().map(|(one, base)| one.cpu_ns / base.cpu_ns));
            let wall = median(paired().map(|(one, base)| one.wall_ns / base.wall_ns));
            let over = median(paired().map(|(one, base)| one.cpu_ns - base.cpu_ns)) / unit_ns;
            let base = contestants[0].name;
            println!("RESULT {suite} {name}_cpu_over_{base} {over:.digits$} {unit}");
            println!("RESULT {suite} {name}_cpu_to_{base} {cpu:.2} ratio");
            println!("RESULT {suite} {name}_wall_to_{base} {wall:.2} ratio");
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
