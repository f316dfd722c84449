//! What holds whatever happens, in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::health::RunId;

#[derive(Debug, Clone)]
enum Event {
    Pass(u64),
    Finish(usize, bool),
    Overrun(usize),
    Release,
    CheckNow(usize),
    Beat,
    Resume,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u64..20_000).prop_map(Event::Pass),
        8 => (0_usize..8, any::<bool>()).prop_map(|(run, good)| Event::Finish(run, good)),
        1 => (0_usize..8).prop_map(Event::Overrun),
        1 => Just(Event::Release),
        1 => (0_usize..5).prop_map(Event::CheckNow),
        1 => Just(Event::Beat),
        1 => Just(Event::Resume),
    ]
}

const NAMES: [&str; 5] = ["db", "cache", "api", "shop", "page"];

fn machine(now: Timestamp) -> HealthMachine {
    let mut machine = HealthMachine::with_history_len(16);
    machine
        .add_all(
            vec![
                check("page").any_of("backends", ["shop", "job"]),
                check("shop").requires("api").fall(2),
                check("api").requires("db").optional("cache").rise(2),
                check("cache"),
                check("db").fall(2).fast_interval(Duration::from_secs(1)),
                CheckDefinition::heartbeat("job", Duration::from_secs(15)),
            ],
            now,
        )
        .unwrap();
    machine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn invariants(events in prop::collection::vec(event(), 0..80)) {
        let mut now = Timestamp::from_millis(0);
        let mut machine = machine(now);
        let mut flying: Vec<(Run, bool)> = Vec::new();
        let mut last: BTreeMap<String, HealthStatus> = BTreeMap::new();
        let mut told = Vec::new();
        for event in events {
            match event {
                Event::Pass(ms) => {
                    now = now + Duration::from_millis(ms);
                    told.extend(machine.tick(now));
                    let report = machine.report(now);
                    for run in machine.due(now) {
                        let before = report.check(&run.check).unwrap();
                        let waits = before.message.as_deref().unwrap_or("").contains("is back");
                        prop_assert!(before.status != Blocked || waits, "a blocked check ran");
                        prop_assert!(
                            flying.iter().all(|(other, _)| other.check != run.check),
                            "two runs of {} in flight", run.check
                        );
                        flying.push((run, false));
                    }
                }
                Event::Finish(index, good) if index < flying.len() => {
                    let (run, _) = flying.remove(index);
                    told.extend(machine.finished(&run.check, run.id, good.into(), INTERVAL, now));
                }
                Event::Overrun(index) if index < flying.len() => {
                    let (run, overran) = &mut flying[index];
                    *overran = true;
                    told.extend(machine.overran(&run.check, run.id, now));
                }
                Event::Release => {
                    for (run, _) in flying.extract_if(.., |(_, overran)| *overran) {
                        machine.released(&run.check, now);
                    }
                }
                Event::CheckNow(index) => {
                    let _ = machine.check_now(NAMES[index], now);
                }
                Event::Beat => told.extend(machine.beat("job", now).unwrap()),
                Event::Resume => {
                    flying.retain(|(_, overran)| *overran);
                    let stuck = flying.clone();
                    machine.resume(now, |name| stuck.iter().any(|(run, _)| run.check.as_ref() == name));
                }
                Event::Finish(..) | Event::Overrun(_) => {}
            }
            // The transitions of a check join up, and end at its status.
            for transition in told.drain(..) {
                let from = last.insert(transition.check.to_string(), transition.to).unwrap_or(Unknown);
                prop_assert_eq!(from, transition.from);
                prop_assert_ne!(transition.from, transition.to);
                prop_assert_eq!(transition.root.is_some(), transition.to == Blocked);
            }
            let report = machine.report(now);
            for check in &report.checks {
                prop_assert_eq!(last.get(check.name.as_ref()).copied().unwrap_or(Unknown), check.status);
                // A root names a check that is no child of another failure.
                if let Some(root) = &check.root {
                    prop_assert!(report.check(root).is_some());
                    prop_assert_ne!(root, &check.name);
                }
            }
            prop_assert_eq!(report.status, report.checks.iter().map(|c| c.status).max().unwrap());
            prop_assert!(machine.history_len() <= 16);
        }
    }

    /// Whoever calls at `next_due` and at no other time never misses a run or
    /// a staleness, and is never woken for nothing for ever.
    #[test]
    fn next_due_misses_nothing(good in prop::collection::vec(any::<bool>(), 1..60)) {
        let mut now = Timestamp::from_millis(0);
        let mut machine = machine(now);
        let mut idle = 0;
        for good in good {
            let Some(at) = machine.next_due(now) else { break };
            let just_before = at - Duration::from_millis(1);
            if just_before > now {
                let mut early = machine.clone();
                let told = early.tick(just_before);
                prop_assert!(told.is_empty() && early.due(just_before).is_empty(), "missed");
            }
            now = now.max(at);
            let told = machine.tick(now);
            let runs = machine.due(now);
            idle = if runs.is_empty() && told.is_empty() { idle + 1 } else { 0 };
            prop_assert!(idle < 8, "woken {} times for nothing", idle);
            for run in runs {
                let _ = machine.finished(&run.check, run.id, good.into(), INTERVAL, now);
            }
            prop_assert!(machine.next_due(now).is_none_or(|next| next >= now));
        }
    }

    #[test]
    fn an_outcome_of_a_stranger_changes_nothing(good in any::<bool>()) {
        let now = Timestamp::from_millis(0);
        let mut machine = machine(now);
        let now = now + Duration::from_secs(2);
        let before = machine.report(now);
        let strange: RunId = {
            let mut other = super::laws::machine(now);
            let later = now + Duration::from_secs(9);
            other.due(later).last().unwrap().id
        };
        for name in ["db", "nobody"] {
            prop_assert!(machine.finished(name, strange, good.into(), INTERVAL, now).is_empty());
        }
        prop_assert_eq!(machine.report(now), before);
    }
}
