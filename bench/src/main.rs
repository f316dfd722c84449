//! Side-by-side measurements of keepwatch and its peers.
//!
//! `cargo run --release -p keepwatch-bench -- SUITE` prints a line
//! `RESULT <suite> <name> <value> <unit>` for each figure. Contestants take
//! turns within one run; a figure is the median over the rounds, and a ratio
//! is the median of the ratios of each round, so that a change of the
//! machine's speed strikes both sides.

mod exposition;
mod instruments;
mod messages;
mod promql;
mod rounds;
mod storage;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (suite, options) = match arguments.split_first() {
        Some((suite, options)) => (suite.as_str(), options),
        None => ("none", &[][..]),
    };
    let outcome = match suite {
        "exposition" => {
            exposition::run();
            Ok(())
        }
        "instruments" => {
            instruments::run();
            Ok(())
        }
        "messages" => {
            messages::run();
            Ok(())
        }
        "promql" => promql::run(options),
        "storage" => storage::run(options),
        other => Err(format!(
            "expected a suite (exposition, instruments, messages, promql, storage), got {other}"
        )),
    };
    if let Err(error) = outcome {
        eprintln!("{error}");
        std::process::exit(2);
    }
}
