//! Laws of every alert's life, whatever its rule and its series do.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// One evaluation of a random life: of each of two series a value, none, or
/// the series is not listed; or the evaluation fails.
#[derive(Debug, Clone)]
enum Turn {
    Values([Option<Option<f64>>; 2]),
    Failure,
    Pause(u64),
}

fn turn() -> impl Strategy<Value = Turn> {
    let value = prop_oneof![
        4 => Just(Some(Some(95.0))),
        3 => Just(Some(Some(50.0))),
        1 => Just(Some(Some(85.0))),
        1 => Just(Some(None)),
        1 => Just(None),
    ];
    prop_oneof![
        8 => [value.clone(), value].prop_map(Turn::Values),
        1 => Just(Turn::Failure),
        1 => (1_u64..400).prop_map(Turn::Pause),
    ]
}

fn any_rule() -> impl Strategy<Value = RuleBuilder> {
    let no_data = prop_oneof![
        Just(NoDataPolicy::NoData),
        Just(NoDataPolicy::Alerting),
        Just(NoDataPolicy::Normal),
        Just(NoDataPolicy::KeepLast),
    ];
    let on_error = prop_oneof![Just(ErrorPolicy::KeepLast), Just(ErrorPolicy::Alerting)];
    (0_u64..5, 0_u64..4, any::<bool>(), no_data, on_error).prop_map(
        |(held, kept, hysteresis, no_data, on_error)| {
            let rule = rule()
                .pending_for(STEP * u32::try_from(held).unwrap())
                .keep_firing_for(STEP * u32::try_from(kept).unwrap())
                .no_data(no_data)
                .on_error(on_error);
            if hysteresis { rule.clear_when(Condition::below(80.0)) } else { rule }
        },
    )
}

fn is_legal(from: AlertState, to: AlertState, cause: Cause) -> bool {
    use AlertState::{Firing, Inactive, NoData, Pending, Resolved};
    match (from, to) {
        (Inactive, Pending | Firing)
        | (Pending, Firing | Inactive)
        | (Firing, NoData | Resolved)
        | (NoData, Firing | Resolved) => true,
        (Firing, Firing) | (NoData, NoData) => cause == Cause::SilenceEnded,
        _ => false,
    }
}

proptest! {
    #[test]
    fn laws_of_an_alerts_life(
        builder in any_rule(),
        turns in prop::collection::vec(turn(), 1..60),
        silenced in prop::option::of((0_u64..400, 1_u64..400)),
    ) {
        let pending_for = builder.clone().build().unwrap().pending_for();
        let mut evaluator = with(builder);
        if let Some((from, length)) = silenced {
            silence(&mut evaluator, from, from + length);
        }
        let mut now = 0;
        let mut states: BTreeMap<Fingerprint, Transition> = BTreeMap::new();
        let mut open: BTreeMap<Fingerprint, bool> = BTreeMap::new();
        for turn in turns {
            now += 15;
            let moved = match turn {
                Turn::Pause(pause) => { now += pause; continue }
                Turn::Failure => {
                    let error = EvaluationError::Readings { reason: "gone".into() };
                    evaluator.step(&due(&evaluator, now), Err(error))
                }
                Turn::Values(values) => {
                    let readings: Vec<_> = ["a", "b"].iter().zip(values)
                        .filter_map(|(name, value)| Some(Reading::new(host(name), value?)))
                        .collect();
                    let due = due(&evaluator, now);
                    evaluator.step(&due, Ok(find(&due, readings)))
                }
            };
            for transition in moved {
                let alert = &transition.alert;
                let before = states.insert(alert.fingerprint, (*transition).clone());
                let stood = before.as_ref().map_or(AlertState::Inactive, |last| last.to);
                let stood = if stood == AlertState::Resolved { AlertState::Inactive } else { stood };
                prop_assert_eq!(transition.from, stood);
                prop_assert!(is_legal(transition.from, transition.to, transition.cause));
                prop_assert_eq!(alert.state, transition.to);
                if transition.from == AlertState::Inactive {
                    prop_assert_eq!(alert.active_at, transition.at);
                } else if let Some(last) = before {
                    prop_assert_eq!(alert.active_at, last.alert.active_at);
                    if last.alert.fired_at.is_some() {
                        prop_assert_eq!(alert.fired_at, last.alert.fired_at);
                    }
                }
                if let Some(fired_at) = alert.fired_at {
                    prop_assert!(fired_at.since(alert.active_at) >= pending_for);
                }
                // What subscribers hear: one fire an episode, and its end.
                let heard = transition.suppressed_by.is_none();
                let told = open.entry(alert.fingerprint).or_default();
                if transition.fires() && heard {
                    prop_assert!(!*told);
                    *told = true;
                }
                if transition.resolves() {
                    prop_assert_eq!(heard, *told);
                    *told = false;
                }
            }
            let active = evaluator.active(&AlertFilter::default());
            let alive = states.values()
                .filter(|last| last.to == AlertState::Pending || last.to.is_raised()).count();
            prop_assert_eq!(active.len(), alive);
        }
    }
}
