//! Goldens of the text formats.

use expect_test::{Expect, expect};

use super::*;
use crate::exposition::parse::{Limits, Parser};
use crate::instrument::{Counter, Exemplar, Gauge, Histogram, Info, StateSet, Summary};
use crate::model::{Labels, MetricDefinition, NativeBuckets, Record};

#[track_caller]
fn check(house: &House, accept: &str, names: &[&str], expected: Expect) {
    expected.assert_eq(&house.text(accept, names));
}

fn traced() -> Option<Exemplar> {
    let labels = Labels::new([("trace_id", "4bf9\"2f"), ("span_id", "00f0")]).unwrap();
    Some(Exemplar { labels, value: f64::NAN, at: Some(NOW) })
}

/// A house with a metric of each kind, collected once.
pub(in crate::exposition) fn furnished() -> House {
    let mut house = House::new();
    let requests = MetricDefinition::counter("http_requests_total");
    let requests = requests.help("Requests \\ \"all\"\nof them.").labels(["method", "path"]);
    let get: Counter = house.handle(requests.clone(), &["GET", "/a\\\"\n"]);
    get.increment_by(1_000_000);
    house.handle::<Counter>(requests, &["", "/b"]).add(2.5);
    get.increment_with(traced);
    let heat = MetricDefinition::gauge("heat_celsius").unit("celsius").help("Heat.");
    house.handle::<Gauge>(heat, &[]).set(-0.25);
    let duration = MetricDefinition::histogram("call_seconds").bounds([0.5, 2.5, 10.0]);
    let duration = duration.unit("seconds").labels(["to"]);
    let calls: Histogram = house.handle(duration.clone(), &["b"]);
    [0.25, 1.0, 300.0].into_iter().for_each(|value| calls.observe(value));
    calls.observe_with(2.0, traced);
    house.handle::<Histogram>(duration, &["a"]).observe(-3.0);
    let sizes = MetricDefinition::summary("size_bytes").quantiles([0.5, 0.99]);
    house.handle::<Summary>(sizes, &[]);
    let build = MetricDefinition::info("build_info").labels(["version"]).help("What runs.");
    house.handle::<Info>(build, &["1.2"]);
    let state = MetricDefinition::state_set("door").states(["open", "shut"]).labels(["room"]);
    house.handle::<StateSet>(state, &["hall"]).enter("shut");
    house.registry.collect(BEGAN);
    house
}

#[test]
fn text_has_every_kind() {
    check(
        &furnished(),
        TEXT,
        &[],
        expect![[r##"
        # HELP build_info What runs.
        # TYPE build_info gauge
        build_info{version="1.2"} 1
        # TYPE call_seconds histogram
        call_seconds_bucket{to="a",le="0.5"} 1
        call_seconds_bucket{to="a",le="2.5"} 1
        call_seconds_bucket{to="a",le="10"} 1
        call_seconds_bucket{to="a",le="+Inf"} 1
        call_seconds_sum{to="a"} -3
        call_seconds_count{to="a"} 1
        call_seconds_bucket{to="b",le="0.5"} 1
        call_seconds_bucket{to="b",le="2.5"} 3
        call_seconds_bucket{to="b",le="10"} 3
        call_seconds_bucket{to="b",le="+Inf"} 4
        call_seconds_sum{to="b"} 303.25
        call_seconds_count{to="b"} 4
        # TYPE door gauge
        door{room="hall",door="open"} 0
        door{room="hall",door="shut"} 1
        # HELP heat_celsius Heat.
        # TYPE heat_celsius gauge
        heat_celsius -0.25
        # HELP http_requests_total Requests \\ "all"\nof them.
        # TYPE http_requests_total counter
        http_requests_total{method="GET",path="/a\\\"\n"} 1000001
        http_requests_total{path="/b"} 2.5
        # TYPE size_bytes summary
        size_bytes{quantile="0.5"} NaN
        size_bytes{quantile="0.99"} NaN
        size_bytes_sum 0
        size_bytes_count 0
    "##]],
    );
}

#[test]
fn open_metrics_has_every_kind() {
    check(
        &furnished(),
        OPEN,
        &[],
        expect![[r##"
        # TYPE build info
        # HELP build What runs.
        build_info{version="1.2"} 1
        # TYPE call_seconds histogram
        # UNIT call_seconds seconds
        call_seconds_bucket{to="a",le="0.5"} 1
        call_seconds_bucket{to="a",le="2.5"} 1
        call_seconds_bucket{to="a",le="10"} 1
        call_seconds_bucket{to="a",le="+Inf"} 1
        call_seconds_created{to="a"} 1700000000.249
        call_seconds_bucket{to="b",le="0.5"} 1
        call_seconds_bucket{to="b",le="2.5"} 3 # {span_id="00f0",trace_id="4bf9\"2f"} 2 1700000010.250
        call_seconds_bucket{to="b",le="10"} 3
        call_seconds_bucket{to="b",le="+Inf"} 4
        call_seconds_sum{to="b"} 303.25
        call_seconds_count{to="b"} 4
        call_seconds_created{to="b"} 1700000000.249
        # TYPE door stateset
        door{room="hall",door="open"} 0
        door{room="hall",door="shut"} 1
        # TYPE heat_celsius gauge
        # UNIT heat_celsius celsius
        # HELP heat_celsius Heat.
        heat_celsius -0.25
        # TYPE http_requests counter
        # HELP http_requests Requests \\ \"all\"\nof them.
        http_requests_total{method="GET",path="/a\\\"\n"} 1000001 # {span_id="00f0",trace_id="4bf9\"2f"} 1 1700000010.250
        http_requests_created{method="GET",path="/a\\\"\n"} 1700000000.249
        http_requests_total{path="/b"} 2.5
        http_requests_created{path="/b"} 1700000000.249
        # TYPE size_bytes summary
        size_bytes{quantile="0.5"} NaN
        size_bytes{quantile="0.99"} NaN
        size_bytes_sum 0
        size_bytes_count 0
        size_bytes_created 1700000000.249
        # EOF
    "##]],
    );
}

#[test]
fn values_of_records_are_shown_beside_those_of_cells() {
    let mut house = House::new();
    let load = MetricDefinition::gauge("load").labels(["host"]);
    house.handle::<Gauge>(load, &["b"]).set(2.0);
    for (host, value, at) in [
        ("c", 3.0, NOW),
        ("a", 1.5, NOW - MINUTE),
        ("stale", crate::model::stale_marker(), NOW),
        ("old", 9.0, NOW - 6 * MINUTE),
        // Setting a value sets the cell as well.
        ("b", 7.0, NOW),
    ] {
        let record = Record::set_at("load", value, at).label("host", host);
        let _ = house.registry.record(&record, NOW);
    }
    check(
        &house,
        TEXT,
        &["load"],
        expect![[r##"
        # TYPE load gauge
        load{host="a"} 1.5
        load{host="b"} 7
        load{host="c"} 3
    "##]],
    );
}

#[test]
fn names_of_any_text_are_written_as_the_reader_asks() {
    let house = House::new();
    let requests = MetricDefinition::counter("büro.requests_total").help("All.").utf8_names();
    house.handle::<Counter>(requests.labels(["http.method"]), &["GET"]).increment();
    let wait = MetricDefinition::histogram("wait time").bounds([1.0]).utf8_names();
    house.handle::<Histogram>(wait, &[]).observe(0.5);
    for escaping in ["allow-utf-8", "underscores", "dots", "values"] {
        let plain = house.text(&format!("text/plain;version=1.0.0;escaping={escaping}"), &[]);
        let limits = Limits::default();
        let refused = Parser::prometheus(plain.as_bytes(), limits).find_map(Result::err);
        assert!(refused.is_none(), "{refused:?} in {plain}");
        let open = house.text(&format!("{OPEN};version=1.0.0;escaping={escaping}"), &[]);
        let mut parser = match escaping {
            "allow-utf-8" => Parser::open_metrics_utf8(open.as_bytes(), limits),
            _ => Parser::open_metrics(open.as_bytes(), limits),
        };
        let refused = parser.find_map(Result::err);
        assert!(refused.is_none(), "{refused:?} in {open}");
        let has = match escaping {
            "allow-utf-8" => [
                "# TYPE \"büro.requests\" counter\n",
                "{\"büro.requests_total\",\"http.method\"=\"GET\"} 1\n",
                "{\"wait time_bucket\",le=\"+Inf\"} 1\n",
            ],
            "underscores" => [
                "# TYPE b_ro_requests counter\n",
                "b_ro_requests_total{http_method=\"GET\"} 1\n",
                "wait_time_bucket{le=\"+Inf\"} 1\n",
            ],
            "dots" => [
                "# TYPE b__ro_dot_requests_ counter\n",
                "b__ro_dot_requests__total{http_dot_method=\"GET\"} 1\n",
                "wait__time_bucket{le=\"+Inf\"} 1\n",
            ],
            _ => [
                "# TYPE U__b_fc_ro_2e_requests_ counter\n",
                "U__b_fc_ro_2e_requests__total{U__http_2e_method=\"GET\"} 1\n",
                "U__wait_20_time_bucket{le=\"+Inf\"} 1\n",
            ],
        };
        for line in has {
            assert!(open.contains(line), "{line} in {open}");
        }
    }
    let newest = house.text("text/plain;version=0.0.4", &["wait time"]);
    assert!(newest.starts_with("# TYPE wait_time histogram\n"), "{newest}");
}

#[test]
fn a_total_that_is_set_is_shown() {
    let mut house = House::new();
    let counter: Counter = house.handle(MetricDefinition::counter("c_total"), &[]);
    let shown = |house: &House| {
        let text = house.text("text/plain", &["c_total"]);
        text.lines().last().map(str::to_owned).unwrap_or_default()
    };
    counter.increment();
    assert_eq!(shown(&house), "c_total 1");
    counter.raise_to(41.0);
    assert_eq!(shown(&house), "c_total 41");
    counter.increment();
    assert_eq!(shown(&house), "c_total 42");
    house.registry.record(&Record::set("c_total", 50.5), NOW).unwrap();
    assert_eq!(shown(&house), "c_total 50.5");
}

#[test]
fn a_metric_without_a_value_is_left_out() {
    let mut house = House::new();
    let empty = MetricDefinition::gauge("a_empty").labels(["l"]).build().unwrap();
    house.catalogue.register(empty).unwrap();
    let old = MetricDefinition::gauge("b_old").build().unwrap();
    house.catalogue.register(old).unwrap();
    house.registry.record(&Record::set_at("b_old", 1.0, NOW - 10 * MINUTE), NOW).unwrap();
    assert_eq!(house.text(TEXT, &["a_empty", "b_old"]), "");
    assert_eq!(house.text(OPEN, &["a_empty", "b_old"]), "# EOF\n");
    assert_eq!(house.text(PROTO, &["a_empty", "b_old"]), "");
}

#[test]
fn names_choose_metrics_by_any_of_their_names() {
    let house = furnished();
    let families = |names: &[&str]| -> Vec<String> {
        let text = house.text(TEXT, names);
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    for (names, expected) in [
        (&["http_requests_total"][..], &["http_requests_total"][..]),
        (&["http_requests"], &["http_requests_total"]),
        (&["call_seconds_count", "build"], &["build_info", "call_seconds"]),
        (&["call_seconds", "call_seconds"], &["call_seconds"]),
        (&["call"], &[]),
        (&[""], &[]),
    ] {
        assert_eq!(families(names), expected, "{names:?}");
    }
}

#[test]
fn what_open_metrics_cannot_type_is_unknown() {
    let house = House::new();
    // A counter without its suffix, bounds below zero, names that clash.
    house.handle::<Counter>(MetricDefinition::counter("jobs"), &[]).increment();
    let drift = MetricDefinition::histogram("drift").bounds([-1.0, 1.0]);
    house.handle::<Histogram>(drift, &[]).observe(-5.0);
    house.handle::<Gauge>(MetricDefinition::gauge("x"), &[]).set(1.0);
    house.handle::<Counter>(MetricDefinition::counter("x_total"), &[]).increment_by(2);
    let native = MetricDefinition::histogram("wide").native(NativeBuckets::default());
    house.handle::<Histogram>(native, &[]).observe(4.0);
    check(
        &house,
        OPEN,
        &["jobs", "drift", "x", "x_total", "wide"],
        expect![[r##"
        # TYPE drift_bucket unknown
        drift_bucket{le="-1"} 1
        drift_bucket{le="1"} 1
        drift_bucket{le="+Inf"} 1
        # TYPE drift_sum unknown
        drift_sum -5
        # TYPE drift_count unknown
        drift_count 1
        # TYPE jobs unknown
        jobs 1
        # TYPE wide histogram
        wide_bucket{le="+Inf"} 1
        wide_sum 4
        wide_count 1
        # TYPE x gauge
        x 1
        # TYPE x_total unknown
        x_total 2
        # EOF
    "##]],
    );
}
