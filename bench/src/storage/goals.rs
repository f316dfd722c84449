//! What the suite's figures should be.

use super::results::Results;

/// A figure and the most that it should be.
struct Goal {
    figure: &'static str,
    most: f64,
    unit: &'static str,
}

const GOALS: [Goal; 13] = [
    goal("keepwatch_mixed_ingest_cpu_ns_per_sample", 100.0, "ns"),
    goal("keepwatch_counters_ingest_cpu_ns_per_sample", 100.0, "ns"),
    goal("keepwatch_append_mixed_ingest_cpu_ns_per_sample", 100.0, "ns"),
    goal("keepwatch_record_mixed_ingest_cpu_ns_per_sample", 100.0, "ns"),
    goal("keepwatch_mixed_disk_bytes_per_sample", 1.1, "B"),
    goal("keepwatch_counters_disk_bytes_per_sample", 0.9, "B"),
    goal("keepwatch_mixed_rss_kib_per_series", 1.5, "KiB"),
    goal("keepwatch_counters_rss_kib_per_series", 1.5, "KiB"),
    goal("keepwatch_append_mixed_rss_kib_per_series", 1.5, "KiB"),
    goal("keepwatch_mixed_reopen_ms", 500.0, "ms"),
    goal("keepwatch_mixed_lost_after_kill", 0.0, "samples"),
    goal("keepwatch_mixed_write_amplification", 1.3, "ratio"),
    goal("keepwatch_mixed_drop_window_ms", 10.0, "ms"),
];

const fn goal(figure: &'static str, most: f64, unit: &'static str) -> Goal {
    Goal { figure, most, unit }
}

/// Prints each goal and whether it was met, for people.
pub(super) fn print(results: &Results) {
    println!();
    println!("{:<52} {:>12} {:>14}", "goal", "at most", "measured");
    for Goal { figure, most, unit } in GOALS {
        let (measured, verdict) = match results.median(figure) {
            Some(value) if value <= most => (format!("{value:.2}"), "met"),
            Some(value) => (format!("{value:.2}"), "MISSED"),
            None => ("-".to_owned(), "not measured"),
        };
        println!("{figure:<52} {most:>12} {measured:>14} {unit:<8} {verdict}");
    }
}
