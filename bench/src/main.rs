//! Side-by-side measurements of keepwatch and its peers.
//!
//! `cargo run --release -p keepwatch-bench -- SUITE` prints a line
//! `RESULT <suite> <name> <value> <unit>` for each figure. Contestants take
//! turns within one run; a figure is the median over the rounds, and a ratio
//! is the median of the ratios of each round, so that a change of the
//! machine's speed strikes both sides.

mod messages;
mod rounds;

fn main() {
    let suite = std::env::args().nth(1);
    match suite.as_deref() {
        Some("messages") => messages::run(),
        other => {
            eprintln!("expected a suite (messages), got {}", other.unwrap_or("none"));
            std::process::exit(2);
        }
    }
}
