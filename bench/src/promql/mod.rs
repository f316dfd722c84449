//! Suite `promql`: what queries cost, in time and in memory.
//!
//! 20,000 counters, 2,000 histograms of ten buckets and 1,000 info series with
//! 360 samples at 10 s each, all in memory; queries over the last hour on one
//! thread, from the text to the result. Then the same over HTTP, beside
//! Prometheus and VictoriaMetrics where they are installed. tsink answers the
//! same queries over a tenth of the series beside keepwatch, as it takes
//! minutes to fill.
//!
//! `--only TEXT` runs the queries whose names contain the text. A program that
//! is not in `PATH` is named by `KEEPWATCH_BENCH_PROMETHEUS` or
//! `KEEPWATCH_BENCH_VICTORIAMETRICS`.

mod contestant;
mod data;
mod memory;
mod queries;
mod served;

use self::contestant::{Contestant, Keepwatch, Tsink};
use self::data::Data;
use self::memory::Memory;
use self::queries::{QUERIES, Query};
use crate::rounds::measure as measure_once;

/// How often each query is run.
const ROUNDS: usize = 5;
/// The longest that the goal's query may take.
const GOAL_MS: f64 = 200.0;

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let only = match arguments {
        [flag, address, folder @ ..] if flag == served::SERVE => {
            return served::serve(address, folder.first().map(String::as_str));
        }
        [] => None,
        [flag, text] if flag == "--only" => Some(text.as_str()),
        other => return Err(format!("expected nothing or --only TEXT, got {other:?}")),
    };
    let wanted = |query: &&Query| only.is_none_or(|text| query.name.contains(text));
    let queries: Vec<&Query> = QUERIES.iter().filter(wanted).collect();
    parse();
    let large = Keepwatch::filled(&Data { tenths: 10 });
    for query in &queries {
        let figures = measure(&large, query);
        figures.print("keepwatch");
        if query.name == "sum_rate_15s" {
            let said = if figures.ms <= GOAL_MS { "met" } else { "MISSED" };
            println!("goal: {} within {GOAL_MS} ms: {said}", query.text);
        }
    }
    drop(large);
    served::run(&queries)?;
    let small = Data { tenths: 1 };
    let (ours, theirs) = (Keepwatch::filled(&small), Tsink::filled(&small)?);
    for query in &queries {
        let (ours, theirs) = (measure(&ours, query), measure(&theirs, query));
        ours.print("keepwatch_2k");
        theirs.print("tsink_2k");
        if theirs.series == ours.series {
            let ratio = theirs.ms / ours.ms;
            println!("RESULT promql tsink_2k_{}_to_keepwatch {ratio:.2} ratio", query.name);
        } else {
            let (found, expected) = (theirs.series, ours.series);
            println!("tsink: {}: {found} series; expected {expected}", query.text);
        }
    }
    Ok(())
}

/// What a query cost and how many series it gave.
struct Figures {
    name: &'static str,
    /// The median.
    ms: f64,
    /// What the process held more than before, at the most.
    peak_kib: u64,
    series: usize,
}

impl Figures {
    fn print(&self, who: &str) {
        let Self { name, ms, peak_kib, series } = self;
        println!("RESULT promql {who}_{name}_ms {ms:.2} ms");
        println!("RESULT promql {who}_{name}_peak_kib {peak_kib} KiB");
        println!("RESULT promql {who}_{name}_series {series} series");
    }
}

fn measure(contestant: &impl Contestant, query: &Query) -> Figures {
    let mut times = Vec::with_capacity(ROUNDS);
    let (mut series, mut peak_kib) = (0, 0);
    let memory = Memory::own();
    for _ in 0..ROUNDS {
        let before = memory.begin_peak();
        times.push(measure_once(1, || series = contestant.ask(query)).wall_ns / 1e6);
        peak_kib = peak_kib.max(memory.peak_kib().saturating_sub(before));
    }
    times.sort_by(f64::total_cmp);
    Figures { name: query.name, ms: times[ROUNDS / 2], peak_kib, series }
}

/// Measures the parser alone.
fn parse() {
    let long = format!("1{}", "+1".repeat(9_999));
    for (name, text, rounds) in [("parse", QUERIES[0].text, 10_000), ("parse_long", &*long, 100)] {
        let cost = measure_once(rounds, || {
            for _ in 0..rounds {
                keepwatch_engine::promql::Query::parse(text).expect("a query");
            }
        });
        println!("RESULT promql keepwatch_{name}_us {:.2} us", cost.wall_ns / 1e3);
    }
}
