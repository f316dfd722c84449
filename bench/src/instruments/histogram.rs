//! Observations of a histogram of twelve buckets.

use keepwatch_engine::instrument::{Catalogue, Histogram};
use keepwatch_engine::model::MetricDefinition;

use super::{compare as compare_all, contestant};

const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// How many different values there are.
const VALUES: usize = 131_072;

/// Pseudo-random durations, log-normal about 0.1 s.
fn values() -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..VALUES)
        .map(|_| {
            let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
            0.1 * (normal * 1.2).exp()
        })
        .collect()
}

pub(super) fn compare(threads: u32) {
    let values = values();
    let definition = MetricDefinition::histogram("ours").bounds(BOUNDS).build().expect("valid");
    let family = Catalogue::new().family::<Histogram>(definition).expect("new");
    let ours = family.with(&[]).expect("there is room");
    let options = prometheus::HistogramOpts::new("theirs", "help").buckets(BOUNDS.to_vec());
    let prometheus = prometheus::Histogram::with_opts(options).expect("valid");
    let client = prometheus_client::metrics::histogram::Histogram::new(BOUNDS);
    compare_all(
        "histogram",
        threads,
        &mut [
            contestant("keepwatch", threads, |count| {
                (0..count as usize).for_each(|index| ours.observe(values[index % VALUES]));
            }),
            contestant("prometheus", threads, |count| {
                (0..count as usize).for_each(|index| prometheus.observe(values[index % VALUES]));
            }),
            contestant("prometheus_client", threads, |count| {
                (0..count as usize).for_each(|index| client.observe(values[index % VALUES]));
            }),
        ],
    );
    assert_eq!(ours.count(), prometheus.get_sample_count(), "an observation was lost");
}
