//! 100,000 counters.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use indexmap::IndexSet;
use keepwatch_engine::exposition::{Exposition, Format, Wanted};
use keepwatch_engine::instrument::{Catalogue, Counter};
use keepwatch_engine::model::{MetricDefinition, Timestamp};
use measured::text::BufferedTextEncoder;
use measured::{CounterVec, LabelGroup, MetricGroup};
use metrics_exporter_prometheus::PrometheusBuilder;
use prometheus_client::encoding::EncodeLabelSet;
use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

use super::read_back::tally;
use super::{INSTANCES, PATHS, ROUNDS, Random, contestant, instance, path};
use crate::rounds::compete_ms;

const NAME: &str = "http_server_requests_handled_total";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

#[derive(MetricGroup)]
#[metric(new(labels: LabelsSet))]
struct Measured {
    /// Requests handled.
    #[metric(init = CounterVec::with_label_set(labels))]
    http_server_requests_handled_total: CounterVec<LabelsSet>,
}

#[derive(Clone, Copy, LabelGroup)]
#[label(set = LabelsSet)]
struct Labels {
    #[label(fixed_with = IndexSet<&'static str>)]
    instance: &'static str,
    #[label(fixed_with = IndexSet<&'static str>)]
    path: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientLabels {
    instance: String,
    path: String,
}

pub(super) fn compare() {
    let paths: Vec<&'static str> = (0..PATHS).map(path).collect();
    let instances: Vec<&'static str> = (0..INSTANCES).map(instance).collect();
    let catalogue = Catalogue::new();
    let definition = MetricDefinition::counter(NAME).help("Requests handled.");
    let definition = definition.labels(["instance", "path"]).series_max(200_000).build();
    let family = catalogue.family::<Counter>(definition.expect("valid")).expect("new");

    let registry = prometheus::Registry::new();
    let options = prometheus::Opts::new(NAME, "Requests handled.");
    let prometheus = prometheus::IntCounterVec::new(options, &["instance", "path"]).expect("valid");
    registry.register(Box::new(prometheus.clone())).expect("new");

    let mut client_registry = prometheus_client::registry::Registry::default();
    let client = prometheus_client::metrics::family::Family::<
        ClientLabels,
        prometheus_client::metrics::counter::Counter,
    >::default();
    let client_name = NAME.trim_end_matches("_total");
    client_registry.register(client_name, "Requests handled", client.clone());

    let measured = Measured::new(LabelsSet {
        instance: instances.iter().copied().collect(),
        path: paths.iter().copied().collect(),
    });

    let recorder = PrometheusBuilder::new().build_recorder();
    let facade = recorder.handle();

    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut handles = Vec::with_capacity(PATHS * INSTANCES);
    metrics::with_local_recorder(&recorder, || {
        metrics::describe_counter!(NAME, "Requests handled.");
        let both = |&path| instances.iter().map(move |&instance| (path, instance));
        for (path, instance) in paths.iter().flat_map(both) {
            let count = random.next() % 10_u64.pow(1 + (random.next() % 7) as u32);
            let handle = family.with(&[instance, path]).expect("there is room");
            handle.increment_by(count);
            handles.push(handle);
            prometheus.with_label_values(&[instance, path]).inc_by(count);
            measured.http_server_requests_handled_total.inc_by(Labels { instance, path }, count);
            let labels = [("instance", instance), ("path", path)];
            metrics::counter!(NAME, &labels).increment(count);
            let labels = ClientLabels { instance: instance.into(), path: path.into() };
            client.get_or_create(&labels).inc_by(count);
        }
    });

    let exposition = Exposition::new(catalogue, std::sync::Arc::default());
    let text = Wanted::default();
    let written: Vec<u8> = exposition.scrape(&text, NOW).flatten().collect();
    let written = String::from_utf8(written).expect("text");
    println!("counters: {} lines, {:.1} MB", written.lines().count(), written.len() as f64 / 1e6);
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

    let scrape = |wanted: &Wanted| -> usize {
        exposition.scrape(wanted, NOW).map(|chunk| chunk.len()).sum()
    };
    let asked = |accept: &str| Wanted { format: Format::negotiate(Some(accept)), ..text.clone() };
    let mut contestants = [
        contestant("keepwatch", || scrape(&text)),
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
    compete_ms("exposition counters", ROUNDS, &mut contestants);

    let open = asked("application/openmetrics-text");
    let protobuf = asked("application/vnd.google.protobuf");
    let mut forms = [
        contestant("text", || scrape(&text)),
        contestant("openmetrics", || scrape(&open)),
        contestant("protobuf", || scrape(&protobuf)),
        contestant("text_gzip", || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(1));
            exposition.scrape(&text, NOW).for_each(|chunk| {
                encoder.write_all(&chunk).expect("memory");
            });
            encoder.finish().expect("memory").len()
        }),
        contestant("text_zstd", || {
            let level = CompressionLevel::from_level(1);
            let mut encoder = StreamingEncoder::new(Vec::new(), level);
            exposition.scrape(&text, NOW).for_each(|chunk| {
                encoder.write_all(&chunk).expect("memory");
            });
            encoder.finish().expect("memory").len()
        }),
        contestant("text_first", || {
            // A new exposition has nothing in store.
            let catalogue = exposition.catalogue().clone();
            let first = Exposition::new(catalogue, std::sync::Arc::default());
            first.scrape(&text, NOW).map(|chunk| chunk.len()).sum()
        }),
    ];
    compete_ms("exposition forms", ROUNDS, &mut forms);
}
