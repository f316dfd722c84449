//! What a series takes in memory.

use std::hint::black_box;

use keepwatch_engine::instrument::{Catalogue, Counter, Histogram};
use keepwatch_engine::model::MetricDefinition;

/// The series of each contestant.
const SERIES: usize = 100_000;

pub(super) fn compare() {
    println!("memory of a counter and of a histogram of twelve buckets:");
    let label = |index: usize| format!("instance-{index:06}");
    let bounds = super::histogram::BOUNDS;
    report("keepwatch_counter", || {
        let definition = MetricDefinition::counter("c_total").labels(["l"]).series_max(SERIES);
        let definition = definition.build().expect("valid");
        let family = Catalogue::new().family::<Counter>(definition).expect("new");
        (0..SERIES).for_each(|index| {
            family.with(&[&label(index)]).expect("there is room").increment();
        });
        Box::new(family)
    });
    report("prometheus_counter", || {
        let options = prometheus::Opts::new("c_total", "help");
        let family = prometheus::IntCounterVec::new(options, &["l"]).expect("valid");
        (0..SERIES).for_each(|index| family.with_label_values(&[&label(index)]).inc());
        Box::new(family)
    });
    report("prometheus_client_counter", || {
        let family = prometheus_client::metrics::family::Family::<
            Vec<(String, String)>,
            prometheus_client::metrics::counter::Counter,
        >::default();
        for index in 0..SERIES {
            family.get_or_create(&vec![("l".to_owned(), label(index))]).inc();
        }
        Box::new(family)
    });
    report("keepwatch_histogram", || {
        let definition = MetricDefinition::histogram("h").labels(["l"]).series_max(SERIES);
        let definition = definition.bounds(bounds).build().expect("valid");
        let family = Catalogue::new().family::<Histogram>(definition).expect("new");
        (0..SERIES).for_each(|index| {
            family.with(&[&label(index)]).expect("there is room").observe(0.3);
        });
        Box::new(family)
    });
    report("prometheus_histogram", || {
        let options = prometheus::HistogramOpts::new("h", "help").buckets(bounds.to_vec());
        let family = prometheus::HistogramVec::new(options, &["l"]).expect("valid");
        (0..SERIES).for_each(|index| family.with_label_values(&[&label(index)]).observe(0.3));
        Box::new(family)
    });
}

/// Prints how much more is resident with the series than without.
fn report(name: &str, make: impl FnOnce() -> Box<dyn std::any::Any>) {
    let before = resident();
    let made = make();
    let bytes = resident().saturating_sub(before) / SERIES as u64;
    println!("RESULT instruments memory_{name} {bytes} B");
    // Kept, so that the next one cannot use its memory again.
    std::mem::forget(black_box(made));
}

/// Returns how much memory of this process is resident, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}
