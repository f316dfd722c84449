//! The index against a look at every series.

use proptest::prelude::*;

use super::*;
use crate::model::MatchOp;

fn identity(name: &str, labels: &[(&str, &str)]) -> Identity {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    Identity { metric: name.trim_end_matches("_sum").into(), name: name.into(), labels }
}

#[test]
fn texts_are_kept_once_and_go_with_the_last_series() {
    let mut index = Index::default();
    let [a, b] = ["1", "2"].map(|i| identity("m", &[("job", "x"), ("i", i)]));
    let a = index.intern(&a);
    index.insert(&a, 0);
    let b = index.intern(&b);
    index.insert(&b, 1);
    assert!(Arc::ptr_eq(&a.metric, &b.metric) && Arc::ptr_eq(&a.metric, &a.name));
    for label in 0..2 {
        assert!(Arc::ptr_eq(&a.labels.pairs()[label].0, &b.labels.pairs()[label].0));
    }
    assert!(Arc::ptr_eq(&a.labels.pairs()[1].1, &b.labels.pairs()[1].1));
    let cardinality = index.cardinality();
    assert_eq!((cardinality.series, cardinality.metrics["m"]), (2, 2));
    assert_eq!((cardinality.labels["i"].values, cardinality.labels["job"].values), (2, 1));
    assert_eq!(cardinality.labels["job"].top, [("x".into(), 2)]);
    index.remove(&a, 0);
    index.remove(&b, 1);
    assert!(index.labels.is_empty() && index.metrics.is_empty() && index.names.is_empty());
    assert_eq!(index.find("m", "m", &a.labels, |_| true), None);
}

fn series() -> impl Strategy<Value = Identity> {
    let name = prop::sample::select(vec!["m", "m_sum", "other"]);
    let value = prop::sample::select(vec!["", "x", "xy", "y"]);
    (name, value.clone(), value, 0..30u8).prop_map(|(name, job, zone, number)| {
        identity(name, &[("job", job), ("zone", zone), ("n", &number.to_string())])
    })
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let label = prop::sample::select(vec!["job", "zone", "n", "absent", "__name__"]);
    let op = prop::sample::select(vec![
        MatchOp::Equal,
        MatchOp::NotEqual,
        MatchOp::Regex,
        MatchOp::NotRegex,
    ]);
    let value = prop::sample::select(vec![
        "", "x", "xy", "m", "m_sum", "x|y", "x.*", ".*", ".+", "1.", "(x|)", "[0-9]", ".*y",
    ]);
    (label, op, value).prop_map(|(label, op, value)| Matcher::new(label, op, value).unwrap())
}

proptest! {
    #[test]
    fn a_selection_is_what_a_look_at_every_series_finds(
        series in prop::collection::vec((series(), any::<bool>()), 0..80),
        matchers in prop::collection::vec(matcher(), 0..4),
        metric in prop::sample::select(vec!["", "m", "other", "none"]),
    ) {
        let mut index = Index::default();
        let mut slots: Vec<Option<Identity>> = Vec::new();
        for (identity, stays) in series {
            let is = |id: u32| slots[id as usize].as_ref() == Some(&identity);
            let known = index.find(&identity.metric, &identity.name, &identity.labels, is);
            let expected = slots.iter().position(|slot| slot.as_ref() == Some(&identity));
            prop_assert_eq!(known.map(|id| id as usize), expected);
            match known {
                Some(id) if !stays => {
                    index.remove(&identity, id);
                    slots[id as usize] = None;
                }
                Some(_) => {}
                None => {
                    let identity = index.intern(&identity);
                    index.insert(&identity, slots.len() as u32);
                    slots.push(Some(identity));
                }
            }
        }
        let selector = Selector { metric: metric.into(), matchers };
        let passes = |identity: &Identity| {
            (metric.is_empty() || identity.metric.as_ref() == metric)
                && selector.matchers.iter().all(|matcher| match matcher.name() {
                    "__name__" => matcher.matches_value(&identity.name),
                    _ => matcher.matches(&identity.labels),
                })
        };
        let expected: Vec<u32> = (0..)
            .zip(&slots)
            .filter_map(|(id, slot)| slot.as_ref().is_some_and(passes).then_some(id))
            .collect();
        prop_assert_eq!(index.select(&selector).iter().collect::<Vec<_>>(), expected);
        let of_m = slots.iter().flatten().filter(|one| one.metric.as_ref() == "m").count();
        prop_assert_eq!(index.series_of("m"), of_m);
    }
}
