//! A target over bodies of every sort.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{Timestamp, is_stale};
use crate::registry::DerivedSample;

const BEGIN: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn intake() -> Intake {
    Intake::new("node", "a:1", [("zone", "eu")]).unwrap()
}

/// The target's labels, as they stand behind a series' own.
const OWN: &str = "instance=\"a:1\",job=\"node\",zone=\"eu\"";

fn shown(sample: &DerivedSample) -> String {
    let labels = sample.labels.to_string().replace(OWN, "…");
    let value = sample.sample.value;
    let value = if is_stale(value) { "stale".to_owned() } else { value.to_string() };
    let after = sample.sample.at.millis() - BEGIN.millis();
    format!("{}{labels} {value} @{after}", sample.name)
}

/// Reads bodies as text, 10 s apart, and shows what is to be appended; `!` is
/// a scrape that failed.
#[track_caller]
fn check(bodies: &[&str], expected: &[&[&str]]) -> TargetStatus {
    let mut target = Target::new(Arc::new(intake()));
    for (index, (body, expected)) in bodies.iter().zip(expected).enumerate() {
        let at = BEGIN + Duration::from_secs(10) * u32::try_from(index).unwrap();
        let outcome = match *body {
            "!" => Err(ScrapeFailure::Status(503)),
            body => Page::read(body.as_bytes(), Format::Text, &intake()),
        };
        let samples = target.scraped(at, Duration::from_millis(250), outcome);
        let shown: Vec<_> = samples.iter().map(shown).collect();
        assert_eq!(shown, *expected, "scrape {index}");
    }
    target.status().clone()
}

#[test]
fn a_series_has_a_sample_or_a_marker() {
    let status = check(
        &["a 1\nb{zz=\"1\"} 2\n", "b{zz=\"1\"} 3\n", "!", "b{zz=\"1\"} 4\n"],
        &[
            &[
                "a{…} 1 @0",
                "b{…,zz=\"1\"} 2 @0",
                "up{…} 1 @0",
                "scrape_duration_seconds{…} 0.25 @0",
                "scrape_samples_scraped{…} 2 @0",
                "scrape_samples_post_metric_relabeling{…} 2 @0",
                "scrape_series_added{…} 2 @0",
            ],
            &[
                "b{…,zz=\"1\"} 3 @10000",
                "a{…} stale @10000",
                "up{…} 1 @10000",
                "scrape_duration_seconds{…} 0.25 @10000",
                "scrape_samples_scraped{…} 1 @10000",
                "scrape_samples_post_metric_relabeling{…} 1 @10000",
                "scrape_series_added{…} 0 @10000",
            ],
            &[
                "b{…,zz=\"1\"} stale @20000",
                "up{…} 0 @20000",
                "scrape_duration_seconds{…} 0.25 @20000",
                "scrape_samples_scraped{…} 0 @20000",
                "scrape_samples_post_metric_relabeling{…} 0 @20000",
                "scrape_series_added{…} 0 @20000",
            ],
            &[
                "b{…,zz=\"1\"} 4 @30000",
                "up{…} 1 @30000",
                "scrape_duration_seconds{…} 0.25 @30000",
                "scrape_samples_scraped{…} 1 @30000",
                "scrape_samples_post_metric_relabeling{…} 1 @30000",
                "scrape_series_added{…} 1 @30000",
            ],
        ],
    );
    assert_eq!((status.health, status.series, status.last_error), (Health::Up, 1, String::new()));
}

#[test]
fn times_of_their_own_are_not_missed() {
    let mut target = Target::new(Arc::new(intake()));
    let page = |body: &str, intake: &Intake| Page::read(body.as_bytes(), Format::Text, intake);
    let own = "a 1 1700000001000\n";
    let first = target.scraped(BEGIN, Duration::ZERO, page(own, &intake()));
    assert_eq!(shown(&first[0]), "a{…} 1 @1000");
    let second = target.scraped(BEGIN, Duration::ZERO, page("", &intake()));
    assert_eq!(second.len(), 5);

    let ignoring = Intake { honor_timestamps: false, ..intake() };
    let third = target.scraped(BEGIN, Duration::ZERO, page(own, &ignoring));
    assert_eq!(shown(&third[0]), "a{…} 1 @0");
    let fourth = target.scraped(BEGIN, Duration::ZERO, page("", &ignoring));
    assert_eq!(shown(&fourth[0]), "a{…} stale @0");
}

#[test]
fn what_comes_twice_counts_once() {
    let status = check(
        &["a 1\na 2\nup 7\nup{zz=\"1\"} 5\n"],
        &[&[
            "a{…} 1 @0",
            "up{…,zz=\"1\"} 5 @0",
            "up{…} 1 @0",
            "scrape_duration_seconds{…} 0.25 @0",
            "scrape_samples_scraped{…} 4 @0",
            "scrape_samples_post_metric_relabeling{…} 4 @0",
            "scrape_series_added{…} 2 @0",
        ]],
    );
    assert_eq!(status.dropped, BTreeMap::from([("duplicate sample", 2)]));
}

#[test]
fn a_target_that_goes_leaves_no_series() {
    let mut target = Target::new(Arc::new(intake()));
    assert_eq!(target.gone(BEGIN), []);
    let page = Page::read(b"a 1\n", Format::Text, &intake());
    target.scraped(BEGIN, Duration::ZERO, page);
    let markers: Vec<_> = target.gone(BEGIN).iter().map(shown).collect();
    assert_eq!(markers.len(), 6);
    assert_eq!(markers[0], "a{…} stale @1");
    assert!(markers.iter().all(|marker| marker.ends_with(" stale @1")), "{markers:?}");
}

#[test]
fn what_the_registry_refuses_is_counted_and_not_missed() {
    use crate::registry::{BatchOutcome, RegistryError};
    let mut target = Target::new(Arc::new(intake()));
    let page = Page::read(b"a 1\nb 2\n", Format::Text, &intake());
    let samples = target.scraped(BEGIN, Duration::ZERO, page);
    let refused = RegistryError::SeriesTotal { metric: "b".into(), max: 1 };
    let outcome = BatchOutcome { accepted: 6, refused: 1, errors: vec![(1, refused)] };
    target.appended(&samples, &outcome);
    assert_eq!(target.status().dropped, BTreeMap::from([("series_total", 1)]));
    let next = target.scraped(BEGIN, Duration::ZERO, Err(ScrapeFailure::Status(500)));
    assert_eq!(shown(&next[0]), "a{…} stale @0");
    assert_eq!(next.len(), 6);
}

#[test]
fn bodies_beyond_a_limit_fail_as_a_whole() {
    let check = |limits: SampleLimits, body: &str, expected: &str| {
        let intake = Intake { limits, ..intake() };
        let failure = Page::read(body.as_bytes(), Format::Text, &intake).unwrap_err();
        assert_eq!(failure.to_string(), expected);
        failure.samples()
    };
    let none = SampleLimits::default();
    let samples = check(
        SampleLimits { samples: Some(2), ..none },
        "a 1\nb 2\nc 3\n",
        "more than 2 samples: 3",
    );
    assert_eq!(samples, 3);
    check(
        SampleLimits { labels: Some(5), ..none },
        "a{x=\"1\",y=\"2\"} 1\n",
        "series \"a\" has 6 labels, expected at most 5",
    );
    check(
        SampleLimits { label_name_bytes: Some(8), ..none },
        "a{ninebytes=\"1\"} 1\n",
        "series \"a\" has 9 bytes in a label's name, expected at most 8",
    );
    check(
        SampleLimits { label_value_bytes: Some(4), ..none },
        "a{x=\"12345\"} 1\n",
        "series \"a\" has 5 bytes in a label's value, expected at most 4",
    );
    check(
        none,
        "a{ 1\n",
        "body cannot be read: line 1, column 4: expected the name of a label, found \"1\"",
    );
}

#[test]
fn open_metrics_is_described_and_its_flaws_are_counted() {
    let body = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds Why.\n\
                a_seconds_total 1 # {t=\"x\"} 1\n# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\n\
                h_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n# TYPE b gauge\na_seconds_total 5\n# EOF\n";
    let page = Page::read(body.as_bytes(), Format::OpenMetrics, &intake()).unwrap();
    let names: Vec<_> = page.metadata.iter().map(|one| (&*one.name, one.kind.as_str())).collect();
    assert_eq!(names, [("a_seconds_total", "counter"), ("b", "gauge"), ("h", "histogram")]);
    assert_eq!((&*page.metadata[0].unit, &*page.metadata[0].help), ("seconds", "Why."));
    assert_eq!(page.samples[1].labels.get("le"), Some("1"));
    assert_eq!(page.dropped, BTreeMap::from([("clashing name", 1), ("exemplar", 1)]));
    let cut = body.trim_end_matches("# EOF\n");
    assert!(Page::read(cut.as_bytes(), Format::OpenMetrics, &intake()).is_err());
}

#[test]
fn protobuf_leaves_out_what_text_has_not() {
    let bodies = crate::exposition::protobuf::fuzzing::seeds();
    let page = Page::read(&bodies[1], Format::Protobuf, &intake()).unwrap();
    assert_eq!(page.samples.len(), 4);
    assert_eq!(page.dropped, BTreeMap::from([("native buckets", 1)]));
    let page = Page::read(&bodies[2], Format::Protobuf, &intake()).unwrap();
    assert_eq!(page.dropped, BTreeMap::from([("metric without sense", 1)]));
    assert!(Page::read(&bodies[0][1..], Format::Protobuf, &intake()).is_err());
}

/// A scrape that failed, or the series it had and whether each has a time.
type Seen = Option<BTreeMap<u8, bool>>;

fn seen() -> impl Strategy<Value = Seen> {
    prop::option::weighted(0.8, prop::collection::btree_map(0_u8..6, any::<bool>(), 0..6))
}

proptest! {
    #[test]
    fn no_series_is_left_without_a_sample_or_a_marker(scrapes in prop::collection::vec(seen(), 1..12)) {
        let mut target = Target::new(Arc::new(intake()));
        let mut open: BTreeSet<String> = BTreeSet::new();
        let mut now = BEGIN;
        for seen in scrapes {
            now = now + Duration::from_secs(10);
            let body = seen.map(|seen| {
                seen.iter().map(|(series, timed)| {
                    let at = if *timed { format!(" {}", now.millis()) } else { String::new() };
                    format!("m{{s=\"{series}\"}} 1{at}\n")
                }).collect::<String>()
            });
            let outcome = body.map_or(Err(ScrapeFailure::Status(500)), |body| {
                Page::read(body.as_bytes(), Format::Text, &intake())
            });
            let timed: BTreeSet<String> = outcome.iter().flat_map(|page| &page.samples)
                .filter(|sample| sample.at.is_some())
                .map(|sample| sample.labels.to_string()).collect();
            let samples = target.scraped(now, Duration::ZERO, outcome);
            let own = samples.iter().filter(|sample| &*sample.name == "m");
            let mut told = BTreeSet::new();
            let mut after = BTreeSet::new();
            for sample in own {
                let labels = sample.labels.to_string();
                let stale = is_stale(sample.sample.value);
                if !stale && !timed.contains(&labels) {
                    after.insert(labels.clone());
                }
                // A marker is for a series that was open, and comes once.
                prop_assert!(!stale || open.contains(&labels));
                prop_assert!(told.insert((labels, stale)));
            }
            for labels in &open {
                let has = |stale| told.contains(&(labels.clone(), stale));
                prop_assert!(has(true) || has(false), "{} is left", labels);
            }
            open = after;
        }
        let gone = target.gone(now);
        let marked: BTreeSet<String> = gone.iter().filter(|sample| &*sample.name == "m")
            .map(|sample| sample.labels.to_string()).collect();
        prop_assert_eq!(marked, open);
    }
}
