//! Observations of a histogram of twelve buckets.

use keepwatch_engine::instrument::{Catalogue, Histogram};
use keepwatch_engine::model::{MetricDefinition, NativeBuckets};
use measured::metric::histogram::Thresholds;

use super::{compare as compare_all, contestant};

pub(super) const BOUNDS: [f64; 11] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
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
    let definition = MetricDefinition::histogram("native").native(NativeBuckets::default());
    let definition = definition.build().expect("valid");
    let native = Catalogue::new().family::<Histogram>(definition).expect("new");
    let native = native.with(&[]).expect("there is room");
    let measured = measured::Histogram::with_metadata(Thresholds::with_buckets(BOUNDS));
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new();
    let recorder = recorder.set_buckets(&BOUNDS).expect("there are some").build_recorder();
    let facade = metrics::with_local_recorder(&recorder, || metrics::histogram!("theirs"));
    let (meter, _provider) = super::open_telemetry::meter();
    let open_telemetry = meter.f64_histogram("theirs").with_boundaries(BOUNDS.to_vec()).build();
    // It takes whole numbers: microseconds.
    let micros: Vec<u64> = values.iter().map(|value| (value * 1e6) as u64).collect();
    let bounds: Vec<u64> = BOUNDS.iter().map(|bound| (bound * 1e6) as u64).collect();
    let fast = fast_telemetry::Histogram::new(&bounds, threads as usize);
    let exponential = fast_telemetry::Distribution::new(threads as usize);
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
            contestant("measured", threads, |count| {
                (0..count as usize).for_each(|index| measured.observe(values[index % VALUES]));
            }),
            contestant("metrics", threads, |count| {
                (0..count as usize).for_each(|index| facade.record(values[index % VALUES]));
                // What it keeps of each measurement until it is read.
                recorder.handle().run_upkeep();
            }),
            contestant("opentelemetry", threads, |count| {
                (0..count as usize)
                    .for_each(|index| open_telemetry.record(values[index % VALUES], &[]));
            }),
            contestant("fast_telemetry", threads, |count| {
                (0..count as usize).for_each(|index| fast.record(micros[index % VALUES]));
            }),
            contestant("keepwatch_native", threads, |count| {
                (0..count as usize).for_each(|index| native.observe(values[index % VALUES]));
            }),
            contestant("fast_telemetry_exponential", threads, |count| {
                (0..count as usize).for_each(|index| exponential.record(micros[index % VALUES]));
            }),
        ],
    );
    assert_eq!(ours.count(), prometheus.get_sample_count(), "an observation was lost");
}
