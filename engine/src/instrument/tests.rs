//! What instruments promise, through their public face.

use std::sync::Arc;

use super::*;
use crate::model::{DefinitionBuilder, MetricDefinition, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn metric(catalogue: &Catalogue, builder: DefinitionBuilder) -> Arc<Metric> {
    catalogue.get_or_register(builder.build().unwrap()).unwrap()
}

fn family<H: Handle>(builder: DefinitionBuilder) -> Family<H> {
    Family::of(metric(&Catalogue::new(), builder)).unwrap()
}

fn values(metric: &Metric) -> Vec<f64> {
    let mut values = Vec::new();
    metric.all_children()[0].read(metric.definition(), NOW, &mut values);
    values
}

#[test]
fn strict_registration_refuses_a_name_twice() {
    let catalogue = Catalogue::new();
    let definition = MetricDefinition::counter("a_total").labels(["x"]).build().unwrap();
    catalogue.register(definition.clone()).unwrap();
    assert_eq!(
        catalogue.register(definition).unwrap_err().to_string(),
        "metric \"a_total\" is already registered, as counter a_total{x} help \"\""
    );
    assert_eq!(catalogue.len(), 1);
}

#[test]
fn get_or_register_gives_the_same_metric_or_names_both_definitions() {
    let catalogue = Catalogue::new();
    let build = |help: &'static str| MetricDefinition::gauge("g").help(help).build().unwrap();
    let first = catalogue.get_or_register(build("one")).unwrap();
    let second = catalogue.get_or_register(build("one")).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(
        catalogue.get_or_register(build("two")).unwrap_err().to_string(),
        "metric \"g\" is already registered with another definition: registered gauge g{} help \
         \"one\"; given gauge g{} help \"two\""
    );
}

#[test]
fn a_family_gives_handles_of_its_own_kind_only() {
    let catalogue = Catalogue::new();
    let gauge = || MetricDefinition::gauge("g").build().unwrap();
    let family: GaugeFamily = catalogue.family(gauge()).unwrap();
    family.with(&[]).unwrap().set(2.0);
    let again: GaugeFamily = catalogue.family(gauge()).unwrap();
    assert_eq!(again.with(&[]).unwrap().value(), 2.0);
    let error = catalogue.family::<Counter>(gauge()).unwrap_err().to_string();
    assert_eq!(error, "gauge g{} help \"\" has no counter handles");
}

#[test]
fn series_of_two_metrics_never_share_a_name() {
    let catalogue = Catalogue::new();
    metric(&catalogue, MetricDefinition::histogram("h"));
    let error = catalogue.register(MetricDefinition::counter("h_count").build().unwrap());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("would have a series named \"h_count\", which belongs to histogram h"));
    metric(&catalogue, MetricDefinition::gauge("s_sum"));
    assert!(catalogue.register(MetricDefinition::summary("s").build().unwrap()).is_err());
    assert_eq!(catalogue.owner_of_series("h_bucket").unwrap().definition().name().as_ref(), "h");
}

#[test]
fn too_many_labels_are_refused() {
    let names: Vec<String> = (0..31).map(|index| format!("l{index}")).collect();
    let definition = MetricDefinition::gauge("g").labels(names).build().unwrap();
    assert_eq!(
        Catalogue::new().register(definition).unwrap_err().to_string(),
        "metric \"g\" has 31 labels; at most 30 are allowed"
    );
}

#[test]
fn a_near_name_is_offered_and_a_far_one_is_not() {
    let catalogue = Catalogue::new();
    metric(&catalogue, MetricDefinition::counter("http_requests_total"));
    metric(&catalogue, MetricDefinition::counter("jobs_total"));
    let similar = |name: &str| catalogue.similar(name).map(|name| name.to_string());
    assert_eq!(similar("http_request_total").as_deref(), Some("http_requests_total"));
    assert_eq!(similar("job_total").as_deref(), Some("jobs_total"));
    assert_eq!(similar("memory_bytes"), None);
}

#[test]
fn counters_take_steps_forward_only() {
    let family: CounterFamily = family(MetricDefinition::counter("c_total").labels(["m"]));
    let counter = family.with(&["GET"]).unwrap();
    counter.increment();
    counter.increment_by(4);
    counter.add(0.5);
    for refused in [-1.0, f64::NAN, f64::INFINITY] {
        counter.add(refused);
    }
    assert_eq!(family.with(&["GET"]).unwrap().value(), 5.5);
    for (total, expected) in [(7.0, 7.0), (6.0, 7.0), (f64::NAN, 7.0)] {
        counter.raise_to(total);
        assert_eq!(counter.value(), expected);
    }
    counter.increment();
    counter.raise_to(7.5);
    assert_eq!(counter.value(), 8.0);
    counter.increment_by(3_u64.wrapping_sub(5));
    assert_eq!(counter.value(), 8.0, "a difference below 0");
    let refusals = family.metric().refusals();
    assert_eq!((refusals.negative, refusals.not_a_number), (2, 3));
}

#[test]
fn gauges_take_any_value_and_finite_steps() {
    let family: GaugeFamily = family(MetricDefinition::gauge("g"));
    let gauge = family.with(&[]).unwrap();
    gauge.set(3.0);
    gauge.add(-5.0);
    gauge.increment();
    gauge.add(f64::NAN);
    assert_eq!(gauge.value(), -1.0);
    gauge.decrement();
    gauge.set(f64::NEG_INFINITY);
    assert_eq!(values(family.metric()), [f64::NEG_INFINITY]);
}

#[test]
fn histograms_count_by_inclusive_bounds_and_keep_a_finite_sum() {
    let builder = MetricDefinition::histogram("h").bounds([0.0, 1.0, 2.0]);
    let family: HistogramFamily = family(builder);
    let histogram = family.with(&[]).unwrap();
    for value in [-3.0, 0.0, 1.0, 1.5, 9.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        histogram.observe(value);
    }
    assert_eq!(values(family.metric()), [3.0, 4.0, 5.0, 7.0, 8.5, 7.0]);
    assert_eq!((histogram.count(), histogram.sum()), (7, 8.5));
    assert_eq!(family.metric().refusals().not_a_number, 1);
}

#[test]
fn label_values_are_checked_and_capped() {
    let catalogue = Catalogue::new();
    let builder = MetricDefinition::counter("c_total").labels(["a", "b"]).series_max(2);
    let family: CounterFamily = Family::of(metric(&catalogue, builder)).unwrap();
    let refused = |values: &[&str]| family.with(values).unwrap_err().to_string();
    assert_eq!(refused(&["x"]), "metric \"c_total\" has the labels {a,b}; got 1 values");
    assert_eq!(
        refused(&["x", &"y".repeat(1_025)]),
        "metric \"c_total\": label \"b\" has a value of 1025 bytes; at most 1024"
    );
    family.with(&["x", "y"]).unwrap().increment();
    family.with(&["xy", ""]).unwrap();
    assert_eq!(family.with(&["x", "y"]).unwrap().value(), 1.0);
    let refusals = family.metric().refusals();
    assert_eq!((refusals.labels, refusals.series), (2, 0));
    assert!(GaugeFamily::of(Arc::clone(family.metric())).is_none());
}

#[test]
fn a_child_expires_only_without_handles() {
    let family: CounterFamily = family(MetricDefinition::counter("c_total").labels(["a"]));
    let counter = family.with(&["x"]).unwrap();
    counter.increment();
    let child = family.metric().all_children().pop().unwrap();
    assert!(!family.metric().expire(&child, |_| true));
    drop(counter);
    let mut asked = 0;
    let is_idle = |_: &Child| {
        asked += 1;
        false
    };
    assert!(!family.metric().expire(&child, is_idle));
    assert_eq!(asked, 1, "what is not idle is not removed for a moment");
    let before = family.metric().version();
    let mut asked = 0;
    let is_idle = |_: &Child| {
        asked += 1;
        asked == 1
    };
    assert!(!family.metric().expire(&child, is_idle));
    assert!(family.metric().version() > before, "who looked meanwhile missed it");
    assert!(family.metric().expire(&child, |_| true));
    assert_eq!(family.metric().children(), 0);
    assert_eq!(family.with(&["x"]).unwrap().value(), 0.0);
}

#[test]
fn a_total_that_falls_and_has_a_fraction_is_exact() {
    let family: CounterFamily = family(MetricDefinition::counter("c_total"));
    let counter = family.with(&[]).unwrap();
    counter.increment_by(1_000_000_003);
    let child = family.metric().all_children().pop().unwrap();
    for step in 0..400 {
        let total = 1_000.1 + f64::from(step) * 0.7;
        child.overwrite(total);
        assert_eq!(counter.value(), total);
    }
}

#[test]
fn names_that_are_escaped_alike_do_not_get_in_each_others_way() {
    let catalogue = Catalogue::new();
    let gauge = |name: &str| MetricDefinition::gauge(name).utf8_names().build().unwrap();
    catalogue.register(gauge("a.b")).unwrap();
    let error = catalogue.register(gauge("a_b")).unwrap_err().to_string();
    assert!(error.contains("a series named \"a_b\", which belongs to"), "{error}");
    assert!(catalogue.owner_of_series("a_b").is_none());
    assert!(catalogue.owner_of_series("a.b").is_some());
}

#[test]
fn the_overflow_is_found_by_who_has_seen_the_change() {
    let family: CounterFamily = family(MetricDefinition::counter("c_total").labels(["a"]));
    let metric = family.metric();
    let before = metric.version();
    metric.overflow_child();
    assert!(metric.version() > before);
    let made = metric.version();
    metric.overflow_child();
    assert_eq!(metric.version(), made);
}

#[test]
fn threads_that_register_and_write_at_once_lose_nothing() {
    let catalogue = Catalogue::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..1_000 {
                    let name = format!("m{}_total", round % 10);
                    let builder = MetricDefinition::counter(name).labels(["a"]);
                    let family: CounterFamily = Family::of(metric(&catalogue, builder)).unwrap();
                    let counter = family.with(&[&(round % 50).to_string()]).unwrap();
                    counter.increment();
                    counter.add(0.5);
                }
            });
        }
    });
    let metrics = catalogue.metrics();
    let children: Vec<_> = metrics.iter().flat_map(|metric| metric.all_children()).collect();
    let total: f64 = children.iter().map(|child| child.counter().unwrap().value()).sum();
    assert_eq!((metrics.len(), children.len(), total), (10, 50, 6_000.0));
    assert_eq!(metrics.iter().map(|metric| metric.children()).sum::<usize>(), 50);
}

#[test]
fn an_info_is_one_and_states_are_one_or_zero() {
    let info: InfoFamily = family(MetricDefinition::info("build_info").labels(["version"]));
    let _held = info.with(&["1.2"]).unwrap();
    assert_eq!(values(info.metric()), [1.0]);

    let states = MetricDefinition::state_set("s").states(["starting", "running", "failed"]);
    let states: StateSetFamily = family(states);
    let state = states.with(&[]).unwrap();
    assert_eq!(values(states.metric()), [0.0, 0.0, 0.0]);
    state.set("starting", true);
    state.set("failed", true);
    state.set("unheard of", true);
    assert_eq!(values(states.metric()), [1.0, 0.0, 1.0]);
    state.set("failed", false);
    state.enter("running");
    state.enter("unheard of");
    assert_eq!(values(states.metric()), [0.0, 1.0, 0.0]);
    assert!(state.is_on("running") && !state.is_on("starting") && !state.is_on("unheard of"));
    assert_eq!(states.metric().refusals().states, 2);
}

#[test]
fn what_is_in_flight_goes_up_and_down_on_any_thread_and_through_panics() {
    let gauges: GaugeFamily = family(MetricDefinition::gauge("g"));
    let gauge = gauges.with(&[]).unwrap();
    gauge.set(10.0);
    let (one, two) = (gauge.in_flight(), gauge.in_flight());
    assert_eq!(gauge.value(), 12.0);
    std::thread::spawn(move || drop(one)).join().unwrap();
    assert_eq!(gauge.value(), 11.0);
    let inside = gauge.clone();
    let panicked = std::thread::spawn(move || {
        let _request = inside.in_flight();
        assert_eq!(inside.value(), 10.0, "a panic within a request");
    });
    assert!(panicked.join().is_err());
    gauge.set(1.0);
    assert_eq!(gauge.value(), 2.0, "what is in flight comes on top");
    gauges.metric().all_children()[0].overwrite(7.0);
    assert_eq!(gauge.value(), 7.0);
    drop(two);
    assert_eq!(gauge.value(), 6.0);
}

#[test]
fn a_timer_measures_once_unless_it_is_discarded() {
    let histograms: HistogramFamily = family(MetricDefinition::histogram("h").unit("seconds"));
    let histogram = histograms.with(&[]).unwrap();
    let stopped = histogram.time().stop();
    assert_eq!((histogram.count(), histogram.sum()), (1, stopped.as_secs_f64()));
    drop(histogram.time());
    assert_eq!(histogram.time_of(|| 7), 7);
    histogram.time().discard();
    assert_eq!(histogram.count(), 3);
    let summaries: SummaryFamily = family(MetricDefinition::summary("s"));
    let summary = summaries.with(&[]).unwrap();
    drop(summary.time());
    assert_eq!(summary.count(), 1);
}

#[test]
fn what_has_no_room_counts_in_the_overflow_series() {
    let builder = MetricDefinition::counter("c_total").labels(["a", "b"]).series_max(2);
    let family: CounterFamily = family(builder);
    let metric = family.metric();
    family.with(&["x", "1"]).unwrap().increment();
    family.on(&["y", "1"], Counter::increment).unwrap();
    assert!(!metric.overflows_newly());
    for round in 0..3 {
        family.with(&["z", &round.to_string()]).unwrap().increment();
        family.on(&["z", &round.to_string()], Counter::increment).unwrap();
    }
    let all = metric.all_children();
    let overflow = all.iter().find(|child| metric.is_overflow(child.labels())).unwrap().clone();
    assert_eq!(overflow.counter().unwrap().value(), 6.0);
    assert_eq!(overflow.labels().get("b"), Some(OVERFLOW));
    assert_eq!((all.len(), metric.children(), metric.refusals().series), (3, 2, 6));
    assert!(metric.overflows_newly() && !metric.overflows_newly(), "it is told once");
    // Whoever asks for it by name gets the same.
    family.with(&[OVERFLOW, OVERFLOW]).unwrap().increment();
    assert_eq!(overflow.counter().unwrap().value(), 7.0);
    // Room that comes back is used.
    drop(all);
    let gone = metric.find(b"y\xff1\xff").unwrap();
    assert!(metric.expire(&gone, |_| true));
    drop(gone);
    family.on(&["z", "0"], Counter::increment).unwrap();
    assert_eq!(family.with(&["z", "0"]).unwrap().value(), 1.0);
}

#[test]
fn a_look_up_that_is_remembered_is_checked_like_any_other() {
    let builder = || MetricDefinition::counter("c_total").labels(["a", "b"]);
    let (one, other): (CounterFamily, CounterFamily) = (family(builder()), family(builder()));
    for _ in 0..3 {
        one.on(&["a", "bc"], Counter::increment).unwrap();
        one.on(&["ab", "c"], Counter::increment).unwrap();
        other.on(&["a", "bc"], Counter::increment).unwrap();
        // A look-up within a look-up.
        let inside = one.on(&["", ""], |counter| {
            counter.increment();
            one.on(&["a", "bc"], Counter::increment)
        });
        inside.unwrap().unwrap();
        assert!(one.on(&["a"], Counter::increment).is_err());
        assert!(one.on(&["a", "bc", ""], Counter::increment).is_err());
        assert!(one.on(&["a", &"y".repeat(1_025)], Counter::increment).is_err());
    }
    let value = |family: &CounterFamily, a, b| family.with(&[a, b]).unwrap().value();
    assert_eq!((value(&one, "a", "bc"), value(&one, "ab", "c")), (6.0, 3.0));
    assert_eq!((value(&one, "", ""), value(&other, "a", "bc")), (3.0, 3.0));
    let children = one.metric().all_children();
    assert_eq!(children.len(), 3);
    assert!(children.iter().all(|child| child.cached() == 1 && !child.is_held()));
    // More than a thread remembers.
    for round in 0..5_000 {
        one.on(&["many", &round.to_string()], Counter::increment).unwrap();
    }
    let cached = one.metric().all_children().iter().filter(|child| child.cached() > 0).count();
    assert!((500..5_000).contains(&cached), "{cached}");
}

#[test]
fn what_threads_remember_is_forgotten_before_it_expires() {
    let family: CounterFamily = family(MetricDefinition::counter("c_total").labels(["a"]));
    family.on(&["x"], Counter::increment).unwrap();
    let child = family.metric().all_children().pop().unwrap();
    assert!(!family.metric().expire(&child, |child| child.counter().unwrap().value() != 1.0));
    assert!(Arc::ptr_eq(&child, &family.metric().all_children()[0]), "it was not idle");
    forget_look_ups();
    assert!(family.metric().expire(&child, |_| true));
    // The cache still has the child, and does not use it.
    assert_eq!(child.cached(), 1);
    family.on(&["x"], Counter::increment).unwrap();
    assert_eq!((child.cached(), child.counter().unwrap().value()), (0, 1.0));
    assert_eq!(family.with(&["x"]).unwrap().value(), 1.0);
    let elsewhere = family.clone();
    std::thread::spawn(move || elsewhere.on(&["x"], Counter::increment)).join().unwrap().unwrap();
    let child = family.metric().all_children().pop().unwrap();
    assert_eq!(child.cached(), 1, "a thread that ends forgets");
}
