//! Increments of a counter.

use keepwatch_engine::instrument::{Catalogue, Counter};
use keepwatch_engine::model::MetricDefinition;

use super::{compare as compare_all, contestant};

pub(super) fn compare(threads: u32) {
    let definition = MetricDefinition::counter("ours_total").build().expect("valid");
    let family = Catalogue::new().family::<Counter>(definition).expect("new");
    let ours = family.with(&[]).expect("there is room");
    let prometheus = prometheus::IntCounter::new("theirs_total", "help").expect("valid");
    let client = prometheus_client::metrics::counter::Counter::<u64>::default();
    let fast = fast_telemetry::Counter::new(threads as usize);
    let measured = measured::Counter::new();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let facade = metrics::with_local_recorder(&recorder, || metrics::counter!("theirs_total"));
    let (meter, _provider) = super::open_telemetry::meter();
    let open_telemetry = meter.u64_counter("theirs").build();
    compare_all(
        "counter",
        threads,
        &mut [
            contestant("keepwatch", threads, |count| (0..count).for_each(|_| ours.increment())),
            contestant("prometheus", threads, |count| (0..count).for_each(|_| prometheus.inc())),
            contestant("prometheus_client", threads, |count| {
                (0..count).for_each(|_| {
                    client.inc();
                });
            }),
            contestant("fast_telemetry", threads, |count| (0..count).for_each(|_| fast.inc())),
            contestant("measured", threads, |count| (0..count).for_each(|_| measured.inc())),
            contestant("metrics", threads, |count| (0..count).for_each(|_| facade.increment(1))),
            contestant("opentelemetry", threads, |count| {
                (0..count).for_each(|_| open_telemetry.add(1, &[]));
            }),
        ],
    );
    let counted = prometheus.get();
    assert_eq!((ours.value() as u64, client.get()), (counted, counted), "a count was lost");
}
