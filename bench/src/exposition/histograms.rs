//! 5,000 histograms.

use indexmap::IndexSet;
use keepwatch_engine::exposition::{Exposition, Wanted};
use keepwatch_engine::instrument::{Catalogue, Histogram};
use keepwatch_engine::model::{MetricDefinition, Timestamp};
use measured::metric::histogram::Thresholds;
use measured::text::BufferedTextEncoder;
use measured::{HistogramVec, LabelGroup, MetricGroup};
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::encoding::EncodeLabelSet;

use super::read_back::tally;
use super::{ROUNDS, Random, contestant, path};
use crate::rounds::compete_ms;

const NAME: &str = "http_server_duration_seconds";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const SERIES: usize = 5_000;
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[derive(MetricGroup)]
#[metric(new(labels: LabelsSet))]
struct Measured {
    /// Durations.
    #[metric(
        init = HistogramVec::with_label_set_and_metadata(labels, Thresholds::with_buckets(BOUNDS))
    )]
    http_server_duration_seconds: HistogramVec<LabelsSet, 12>,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = LabelsSet)]
struct Labels {
    #[label(fixed_with = IndexSet<&'static str>)]
    path: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientLabels {
    path: String,
}

pub(super) fn compare() {
    let paths: Vec<&'static str> = (0..SERIES).map(path).collect();
    let catalogue = Catalogue::new();
    let definition = MetricDefinition::histogram(NAME).help("Durations.").bounds(BOUNDS);
    let definition = definition.labels(["path"]).build().expect("valid");
    let family = catalogue.family::<Histogram>(definition).expect("new");

    let registry = prometheus::Registry::new();
    let options = prometheus::HistogramOpts::new(NAME, "Durations.").buckets(BOUNDS.to_vec());
    let prometheus = prometheus::HistogramVec::new(options, &["path"]).expect("valid");
    registry.register(Box::new(prometheus.clone())).expect("new");

    let mut client_registry = prometheus_client::registry::Registry::default();
    let client = prometheus_client::metrics::family::Family::<
        ClientLabels,
        prometheus_client::metrics::histogram::Histogram,
        fn() -> prometheus_client::metrics::histogram::Histogram,
    >::new_with_constructor(|| {
        prometheus_client::metrics::histogram::Histogram::new(BOUNDS)
    });
    client_registry.register(NAME, "Durations", client.clone());

    let measured = Measured::new(LabelsSet { path: paths.iter().copied().collect() });

    let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS).expect("some").build_recorder();
    let facade = recorder.handle();

    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut handles = Vec::with_capacity(SERIES);
    metrics::with_local_recorder(&recorder, || {
        metrics::describe_histogram!(NAME, "Durations.");
        for &path in &paths {
            let handle = family.with(&[path]).expect("there is room");
            for _ in 0..20 {
                // Binary fractions have one sum in any order.
                let value = (random.next() % 6_000) as f64 / 1_024.0;
                handle.observe(value);
                prometheus.with_label_values(&[path]).observe(value);
                client.get_or_create(&ClientLabels { path: path.into() }).observe(value);
                measured.http_server_duration_seconds.observe(Labels { path }, value);
                metrics::histogram!(NAME, "path" => path).record(value);
            }
            handles.push(handle);
        }
    });

    let exposition = Exposition::new(catalogue, std::sync::Arc::default());
    let text = Wanted::default();
    let written: Vec<u8> = exposition.scrape(&text, NOW).flatten().collect();
    let written = String::from_utf8(written).expect("text");
    println!("histograms: {} lines, {:.1} MB", written.lines().count(), written.len() as f64 / 1e6);
    let expected = tally(&written, NAME);
    let mut encoder = BufferedTextEncoder::new();
    let same = |text: &str| assert_eq!(tally(text, NAME), expected, "not the same samples");
    measured.collect_group_into(&mut encoder).expect("memory");
    same(std::str::from_utf8(&encoder.finish()).expect("text"));
    same(&facade.render());
    let mut client_text = String::new();
    prometheus_client::encoding::text::encode(&mut client_text, &client_registry).expect("text");
    same(&client_text);
    let mut prometheus_text = String::new();
    let prometheus_encoder = prometheus::TextEncoder::new();
    prometheus_encoder.encode_utf8(&registry.gather(), &mut prometheus_text).expect("text");
    same(&prometheus_text);

    let mut contestants = [
        contestant("keepwatch", || exposition.scrape(&text, NOW).map(|chunk| chunk.len()).sum()),
        contestant("measured", || {
            measured.collect_group_into(&mut encoder).expect("memory");
            encoder.finish().len()
        }),
        contestant("prometheus_client", || {
            client_text.clear();
            prometheus_client::encoding::text::encode(&mut client_text, &client_registry)
                .expect("text");
            client_text.len()
        }),
        contestant("prometheus", || {
            prometheus_text.clear();
            prometheus_encoder.encode_utf8(&registry.gather(), &mut prometheus_text).expect("text");
            prometheus_text.len()
        }),
        contestant("metrics_exporter", || facade.render().len()),
    ];
    compete_ms("exposition histograms", ROUNDS, &mut contestants);
}
