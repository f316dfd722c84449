//! Increments of a counter that is looked up by two labels, of 64 series.

use keepwatch::{LabelSet, LabelValue};
use keepwatch_engine::instrument::{Catalogue, Counter, TypedFamily};
use keepwatch_engine::model::MetricDefinition;
use measured::{CounterVec, LabelGroup};
use opentelemetry::KeyValue;
use prometheus_client::encoding::EncodeLabelSet;

use super::{compare as compare_all, contestant};

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"];
const STATUSES: [&str; 8] = ["200", "201", "204", "301", "400", "404", "500", "503"];
/// How many pairs are drawn beforehand.
const PAIRS: usize = 65_536;

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Put,
    Delete,
    Head,
    Options,
    Patch,
    Trace,
}

const METHOD: [Method; 8] = {
    use Method::{Delete, Get, Head, Options, Patch, Post, Put, Trace};
    [Get, Post, Put, Delete, Head, Options, Patch, Trace]
};

#[derive(Clone, Copy, LabelValue)]
enum Status {
    #[label(rename = "200")]
    Ok,
    #[label(rename = "201")]
    Created,
    #[label(rename = "204")]
    NoContent,
    #[label(rename = "301")]
    Moved,
    #[label(rename = "400")]
    BadRequest,
    #[label(rename = "404")]
    NotFound,
    #[label(rename = "500")]
    Failed,
    #[label(rename = "503")]
    Unavailable,
}

const STATUS: [Status; 8] = {
    use Status::{BadRequest, Created, Failed, Moved, NoContent, NotFound, Ok, Unavailable};
    [Ok, Created, NoContent, Moved, BadRequest, NotFound, Failed, Unavailable]
};

#[derive(Clone, Copy, LabelSet)]
struct Request {
    method: Method,
    status: Status,
}

#[derive(Clone, Copy, measured::FixedCardinalityLabel)]
enum MeasuredMethod {
    Get,
    Post,
    Put,
    Delete,
    Head,
    Options,
    Patch,
    Trace,
}

const MEASURED_METHOD: [MeasuredMethod; 8] = {
    use MeasuredMethod::{Delete, Get, Head, Options, Patch, Post, Put, Trace};
    [Get, Post, Put, Delete, Head, Options, Patch, Trace]
};

#[derive(Clone, Copy, measured::FixedCardinalityLabel)]
enum MeasuredStatus {
    Ok,
    Created,
    NoContent,
    Moved,
    BadRequest,
    NotFound,
    Failed,
    Unavailable,
}

const MEASURED_STATUS: [MeasuredStatus; 8] = {
    use MeasuredStatus::{
        BadRequest, Created, Failed, Moved, NoContent, NotFound, Ok, Unavailable,
    };
    [Ok, Created, NoContent, Moved, BadRequest, NotFound, Failed, Unavailable]
};

#[derive(Clone, Copy, LabelGroup)]
#[label(set = MeasuredLabels)]
struct MeasuredRequest {
    method: MeasuredMethod,
    status: MeasuredStatus,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientRequest {
    method: &'static str,
    status: &'static str,
}

/// Draws which of the methods and of the statuses, in no order.
fn pairs() -> Vec<(usize, usize)> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    (0..PAIRS).map(|_| (draw() >> 8 & 7, draw() >> 16 & 7)).collect()
}

pub(super) fn compare(threads: u32) {
    let pairs = pairs();
    let definition = MetricDefinition::counter("ours_total").labels(["method", "status"]);
    let definition = definition.build().expect("valid");
    let family = Catalogue::new().family::<Counter>(definition).expect("new");
    let typed = TypedFamily::<Counter, Request>::of(&family).expect("the labels are the same");
    let options = prometheus::Opts::new("theirs_total", "help");
    let prometheus = prometheus::IntCounterVec::new(options, &["method", "status"]).expect("valid");
    let client = prometheus_client::metrics::family::Family::<
        ClientRequest,
        prometheus_client::metrics::counter::Counter,
    >::default();
    let measured: CounterVec<MeasuredLabels> = CounterVec::new();
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let (meter, _provider) = super::open_telemetry::meter();
    let open_telemetry = meter.u64_counter("theirs").build();
    let drawn = |count: u32| (0..count as usize).map(|index| pairs[index % PAIRS]);
    compare_all(
        "look_up",
        threads,
        &mut [
            contestant("keepwatch_typed", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    typed
                        .get(Request { method: METHOD[method], status: STATUS[status] })
                        .increment();
                });
            }),
            contestant("keepwatch_strings", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    let values = [METHODS[method], STATUSES[status]];
                    family.on(&values, Counter::increment).expect("two values");
                });
            }),
            contestant("prometheus_strings", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    prometheus.with_label_values(&[METHODS[method], STATUSES[status]]).inc();
                });
            }),
            contestant("prometheus_client_struct", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    let request =
                        ClientRequest { method: METHODS[method], status: STATUSES[status] };
                    client.get_or_create(&request).inc();
                });
            }),
            contestant("measured_typed", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    let (method, status) = (MEASURED_METHOD[method], MEASURED_STATUS[status]);
                    measured.inc(MeasuredRequest { method, status });
                });
            }),
            contestant("metrics_strings", threads, |count| {
                metrics::with_local_recorder(&recorder, || {
                    drawn(count).for_each(|(method, status)| {
                        metrics::counter!(
                            "theirs_total",
                            "method" => METHODS[method],
                            "status" => STATUSES[status]
                        )
                        .increment(1);
                    });
                });
            }),
            contestant("opentelemetry_strings", threads, |count| {
                drawn(count).for_each(|(method, status)| {
                    let labels = [
                        KeyValue::new("method", METHODS[method]),
                        KeyValue::new("status", STATUSES[status]),
                    ];
                    open_telemetry.add(1, &labels);
                });
            }),
        ],
    );
    let ours: f64 = METHODS
        .iter()
        .flat_map(|method| STATUSES.iter().map(move |status| [*method, *status]))
        .map(|values| family.with(&values).expect("two values").value())
        .sum();
    let theirs: u64 = METHODS
        .iter()
        .flat_map(|method| STATUSES.iter().map(move |status| [*method, *status]))
        .map(|values| prometheus.with_label_values(&values).get())
        .sum();
    // Two of the contestants are ours.
    assert_eq!(ours, 2.0 * theirs as f64, "a count was lost");
}
