//! The alert evaluator through its address, over a real registry, on paused
//! time.

mod groups;

use std::future;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use keepwatch_engine::alert::{
    AlertError, AlertKey, AlertState, Condition, Evaluator, NoDataPolicy, Rule, RuleBuilder,
    Severity, SilenceRequest,
};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::Record as Fact;
use keepwatch_engine::model::{Labels, Matcher, MetricDefinition, Sample, TimeRange, Timestamp};
use keepwatch_engine::rules::file::RuleFile;
use keepwatch_engine::rules::group::{GroupDefaults, Groups, Member};
use keepwatch_engine::storage::Ledger;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::messages::*;
use super::{AlertEvaluator, AlertOutlets};
use crate::Error;
use crate::courier::{Couriers, Subscriber};
use crate::querier::{Querier, QueryLimits};
use crate::registry::{Record, RegisterMetric, RegisterMode, Registry, RegistryConfig, Values};
use crate::supervisor::testing::{EPOCH, TokioClock, pass, paused, supervisor, threaded};
use crate::supervisor::{
    Address, Answer, Component as _, ComponentState, Keep, Placement, Receive, Scope, Settings,
    Status, Supervisor, Workshop,
};

/// The default interval.
const TICK: Duration = Duration::from_secs(15);

/// Makes the component panic.
struct Poison;

crate::request! { Poison => (), owner AlertEvaluator }

impl Receive<Poison> for AlertEvaluator {
    fn receive(&mut self, _: Poison, _: &mut Scope<Self>) -> Answer<()> {
        panic!("poison")
    }
}

/// A registry with the gauge `cpu{host}`, and an alert evaluator over it.
struct House {
    registry: Address<Registry>,
    alerts: Address<AlertEvaluator>,
    supervisor: Addr<Supervisor>,
}

impl House {
    async fn open() -> Self {
        Self::build(supervisor(), Workshop::here(), &[]).await
    }

    /// Opens a house with rule files, each a name and a text.
    async fn with_rules(files: &[(&str, &str)]) -> Self {
        Self::build(supervisor(), Workshop::here(), files).await
    }

    async fn build(mut supervisor: Supervisor, workshop: Workshop, files: &[(&str, &str)]) -> Self {
        let (catalogue, ledger) = (Catalogue::new(), Arc::new(Ledger::new()));
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });
        let mut evaluator = Evaluator::default();
        let mut groups = Groups::default();
        for (name, file) in files {
            let file = RuleFile::parse(file).unwrap();
            let defaults = GroupDefaults::default();
            groups.add(&(*name).into(), &file, &defaults, &mut evaluator, EPOCH).unwrap();
        }
        let (keep, groups) = (Keep::new(evaluator), Keep::new(groups));
        let couriers = Couriers::new(workshop);
        let querier = Querier::new(registry.outlet(), Workshop::here(), QueryLimits::default());
        let outlets = AlertOutlets { kinds: registry.outlet(), querier, series: registry.outlet() };
        let alerts = supervisor.seat(Settings::default(), move || {
            AlertEvaluator::new(keep.clone(), couriers.clone(), outlets.clone())
                .with_groups(groups.clone())
        });
        let definition = MetricDefinition::gauge("cpu").labels(["host"]).build().unwrap();
        let supervisor = supervisor.open();
        let register = RegisterMetric { definition, mode: RegisterMode::Strict };
        registry.send(register).await.unwrap();
        Self { registry, alerts, supervisor }
    }

    async fn add(&self, rule: RuleBuilder) {
        self.alerts.send(AddRule(rule.build().unwrap())).await.unwrap();
    }

    async fn cpu(&self, host: &str, value: f64) {
        let record = Record(Fact::set("cpu", value).label("host", host));
        self.registry.send(record).await.unwrap();
    }

    /// Lets ticks pass, with `value` recorded for host `a` before each.
    async fn ticks(&self, count: u32, value: f64) {
        for _ in 0..count {
            self.cpu("a", value).await;
            pass(TICK).await;
        }
    }

    async fn listen(&self, name: &str) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        let listener = Subscriber::closure(name, move |event| tell(&sender, &event));
        self.alerts.send(SubscribeAlerts(listener)).await.unwrap();
        receiver
    }

    async fn active(&self) -> Vec<String> {
        let alerts = self.alerts.send(ActiveAlerts::default()).await.unwrap();
        alerts.iter().map(|alert| format!("{} {}", alert.rule, alert.state)).collect()
    }
}

fn tell(sender: &UnboundedSender<String>, event: &AlertTransition) {
    let second = event.at.since(EPOCH).as_secs();
    let host = event.alert.labels.get("host").unwrap_or("-");
    sender.send(format!("{host} {} {second}", event.to)).unwrap();
}

fn heard(receiver: &mut UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

fn high() -> RuleBuilder {
    Rule::on("HighCpu", "cpu").when(Condition::above(90.0))
}

struct Listener(UnboundedSender<String>);

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<AlertTransition> for Listener {
    type Result = ();

    fn handle(&mut self, event: AlertTransition, _: &mut Context<Self>) {
        tell(&self.0, &event);
    }
}

#[test]
fn fire_and_resolve_reach_subscribers_of_every_kind() {
    paused(async {
        let house = House::open().await;
        let mut closure = house.listen("closure").await;
        let (sender, mut async_closure) = unbounded_channel();
        let subscriber = Subscriber::async_closure("async", move |event: AlertTransition| {
            let sender = sender.clone();
            async move { tell(&sender, &event) }
        });
        house.alerts.send(SubscribeAlerts(subscriber)).await.unwrap();
        let (sender, mut actor) = unbounded_channel();
        let listener = Listener(sender).start();
        let subscriber = Subscriber::recipient("actor", listener.recipient());
        house.alerts.send(SubscribeAlerts(subscriber)).await.unwrap();

        house.add(high().pending_for(TICK)).await;
        house.ticks(3, 95.0).await;
        house.ticks(2, 10.0).await;
        // The epoch is 10 s before a multiple of 15 s: ticks at 10, 25, 40 …
        for receiver in [&mut closure, &mut async_closure, &mut actor] {
            assert_eq!(heard(receiver), ["a firing 25", "a resolved 55"]);
        }
        let history = house.alerts.send(AlertHistory::default()).await.unwrap();
        let moved: Vec<_> = history.iter().map(|event| event.to.as_str()).collect();
        assert_eq!(moved, ["pending", "firing", "resolved"]);
        let subscribers = house.alerts.send(AlertSubscribers).await.unwrap();
        assert!(subscribers.iter().all(|subscriber| subscriber.delivered == 2));
    });
}

#[test]
fn what_an_expression_finds_alerts() {
    paused(async {
        let house = House::open().await;
        let mut told = house.listen("pager").await;
        house.add(Rule::expression("Hot", "max by (host) (cpu) > 90").pending_for(TICK)).await;
        // Which of two is meant cannot be known: an error, and no alert.
        house.add(Rule::expression("Unclear", "cpu * on () vector(1) * on () cpu")).await;
        house.cpu("b", 5.0).await;
        house.ticks(3, 95.0).await;
        house.ticks(2, 5.0).await;
        assert_eq!(heard(&mut told), ["a firing 25", "a resolved 55"]);
        let shown = |state| {
            let matchers = vec![Matcher::equal("alertstate", state)];
            let TimeRange { start, end } = TimeRange::ALL;
            Values { metric: "ALERTS".into(), matchers, start, end }
        };
        let mut seconds = Vec::new();
        for state in ["pending", "firing"] {
            for series in house.registry.send(shown(state)).await.unwrap() {
                for Sample { at, value } in series.samples {
                    seconds.push((state, at.since(EPOCH).as_secs(), value == 1.0));
                }
            }
        }
        let expected = [
            ("pending", 10, true),
            ("pending", 25, false),
            ("firing", 25, true),
            ("firing", 40, true),
        ];
        assert_eq!(seconds[..4], expected);
        assert_eq!(seconds[4..], [("firing", 55, false)]);
        let rules = house.alerts.send(Rules).await.unwrap();
        assert_eq!(rules[0].last_error, None);
        let error = rules[1].last_error.as_deref().unwrap();
        assert!(error.contains("multiple matches for labels"), "{error}");
    });
}

#[test]
fn a_bad_subscriber_delays_neither_evaluation_nor_the_others() {
    paused(async {
        let house = House::open().await;
        let panicking = Subscriber::closure("panics", |_: AlertTransition| -> () { panic!("no") });
        let stuck = |_: AlertTransition| future::pending::<()>();
        let stuck = Subscriber::async_closure("stuck", stuck).queue_bound(1);
        for subscriber in [panicking, stuck] {
            house.alerts.send(SubscribeAlerts(subscriber)).await.unwrap();
        }
        let mut good = house.listen("good").await;
        house.add(high().label("host", "")).await;
        for _ in 0..3 {
            house.ticks(1, 95.0).await;
            house.ticks(1, 10.0).await;
        }
        assert_eq!(heard(&mut good).len(), 6);
        let status = house.alerts.send(AlertSubscribers).await.unwrap();
        assert_eq!((&*status[0].subscriber, status[0].failed), ("panics", 6));
        // Each takes its limit of 10 s; the next tick is 5 s later.
        assert_eq!(&*status[1].subscriber, "stuck");
        assert!(status[1].timed_out >= 5);
        let id = status[0].id;
        assert!(house.alerts.send(UnsubscribeAlerts(id)).await.unwrap());
        assert!(!house.alerts.send(UnsubscribeAlerts(id)).await.unwrap());
    });
}

#[test]
fn a_subscriber_that_blocks_its_thread_blocks_nobody_else() {
    let (workshop, pool) = Workshop::start().unwrap();
    threaded(async {
        let clock = Arc::new(TokioClock::new());
        let supervisor = Supervisor::new(clock, workshop.clone(), Placement::OwnArbiters);
        let house = House::build(supervisor, workshop, &[]).await;
        let blocked = Subscriber::closure("blocked", |_: AlertTransition| -> () {
            loop {
                std::thread::park();
            }
        });
        house.alerts.send(SubscribeAlerts(blocked)).await.unwrap();
        let mut good = house.listen("good").await;
        house.add(high()).await;
        for (value, state) in [(95.0, "firing"), (10.0, "resolved"), (95.0, "firing")] {
            house.cpu("a", value).await;
            house.alerts.send(EvaluateNow::default()).await.unwrap();
            let event = good.recv().await.unwrap();
            assert!(event.contains(state), "{event}");
        }
        let status = house.alerts.send(AlertSubscribers).await.unwrap();
        assert_eq!((&*status[0].subscriber, status[0].queued), ("blocked", 3));
    });
    pool.shutdown_background();
}

#[test]
fn a_restart_in_the_middle_of_for_changes_nothing() {
    paused(async {
        let house = House::open().await;
        let mut good = house.listen("good").await;
        house.add(high().pending_for(TICK * 4)).await;
        house.ticks(3, 95.0).await;
        let before = house.alerts.send(ActiveAlerts::default()).await.unwrap();
        let (rule, by) = ("HighCpu".into(), "ann".into());
        let alert = AlertKey::Labels { rule, labels: Labels::EMPTY };
        let acknowledge = Acknowledge { alert, by, comment: "on it".into() };
        house.alerts.send(acknowledge).await.unwrap();
        for _ in 0..2 {
            let fault = Error::Faulted { component: AlertEvaluator::NAME };
            assert_eq!(house.alerts.send(Poison).await, Err(fault));
        }
        let after = house.alerts.send(ActiveAlerts::default()).await.unwrap();
        assert_eq!(after[0].acknowledged.as_ref().unwrap().comment.as_ref(), "on it");
        assert_eq!(after[0].active_at, before[0].active_at);
        assert_eq!(after[0].state, AlertState::Pending);
        house.ticks(3, 95.0).await;
        assert_eq!(heard(&mut good), ["a firing 70"]);
        let rules = house.alerts.send(Rules).await.unwrap();
        assert_eq!((rules[0].evaluations, rules[0].missed, rules[0].failures), (6, 0, 0));
        let status = house.supervisor.send(Status).await.unwrap();
        assert_eq!((status[1].restarts, status[1].state), (2, ComponentState::Running));
    });
}

#[test]
fn an_alert_that_fired_before_a_restart_is_resolved_after_it() {
    paused(async {
        let house = House::open().await;
        let mut good = house.listen("good").await;
        house.add(high().no_data(NoDataPolicy::Normal)).await;
        house.ticks(1, 95.0).await;
        let _ = house.alerts.send(Poison).await;
        // Five minutes of silence empty the window.
        pass(TICK * 22).await;
        assert_eq!(heard(&mut good), ["a firing 10", "a resolved 310"]);
    });
}

#[test]
fn hours_pass_in_no_time_and_evaluations_keep_their_grid() {
    paused(async {
        let house = House::open().await;
        let mut good = house.listen("good").await;
        house.add(high().pending_for(Duration::from_secs(3 * 3_600))).await;
        house.ticks(4 * 240, 95.0).await;
        assert_eq!(heard(&mut good), [format!("a firing {}", 10 + 3 * 3_600)]);
        let rules = house.alerts.send(Rules).await.unwrap();
        assert_eq!((rules[0].evaluations, rules[0].missed), (4 * 240, 0));
        let last = rules[0].last_evaluation.unwrap();
        assert_eq!(last.align_down(TICK), last);
    });
}

#[test]
fn each_rule_keeps_its_own_pace_and_troubles() {
    paused(async {
        let house = House::open().await;
        house.add(high().interval(Duration::from_secs(5))).await;
        house.add(Rule::on("Typo", "cpuu").when(Condition::above(1.0))).await;
        house.add(Rule::on("Missing", "heartbeat").when(Condition::absent())).await;
        house.ticks(2, 95.0).await;
        let rules = house.alerts.send(Rules).await.unwrap();
        let seen: Vec<_> = rules
            .iter()
            .map(|status| (&**status.rule.name(), status.evaluations, status.last_error.as_deref()))
            .collect();
        let unknown = Some("there is no metric \"cpuu\"");
        assert_eq!(seen, [("HighCpu", 6, None), ("Missing", 2, None), ("Typo", 2, unknown)]);
        assert_eq!(house.active().await, ["HighCpu firing", "Missing firing"]);
    });
}

#[test]
fn rules_are_added_switched_and_removed() {
    paused(async {
        let house = House::open().await;
        let mut good = house.listen("good").await;
        house.add(high().severity(Severity::Critical)).await;
        let again = house.alerts.send(AddRule(high().build().unwrap())).await;
        let duplicate = AlertError::DuplicateRule { rule: "HighCpu".into() };
        assert_eq!(again, Err(Error::Alert(duplicate)));
        house.ticks(1, 95.0).await;
        let rule: Arc<str> = "HighCpu".into();
        house.alerts.send(DisableRule { rule: Arc::clone(&rule) }).await.unwrap();
        house.ticks(2, 95.0).await;
        assert_eq!(house.active().await, [""; 0]);
        house.alerts.send(EnableRule { rule: Arc::clone(&rule) }).await.unwrap();
        house.ticks(1, 95.0).await;
        house.alerts.send(RemoveRule { rule: Arc::clone(&rule) }).await.unwrap();
        pass(Duration::from_millis(1)).await;
        assert_eq!(
            heard(&mut good),
            ["a firing 10", "a resolved 15", "a firing 55", "a resolved 60"]
        );
        let gone = house.alerts.send(RemoveRule { rule }).await;
        assert_eq!(gone.unwrap_err().to_string(), "there is no rule \"HighCpu\"");
    });
}

#[test]
fn evaluation_out_of_turn_answers_with_what_it_changed() {
    paused(async {
        let house = House::open().await;
        house.add(high()).await;
        house.cpu("a", 95.0).await;
        house.cpu("b", 95.0).await;
        let moved = house.alerts.send(EvaluateNow::default()).await.unwrap();
        assert_eq!((moved.len(), moved[0].at), (2, EPOCH));
        let moved = house.alerts.send(EvaluateNow { rule: Some("HighCpu".into()) }).await.unwrap();
        assert_eq!(moved, []);
        assert!(house.alerts.send(EvaluateNow { rule: Some("Low".into()) }).await.is_err());
        let b = ActiveAlerts { matchers: vec![Matcher::equal("host", "b")], severity: None };
        assert_eq!(house.alerts.send(b).await.unwrap().len(), 1);
    });
}

#[test]
fn a_silence_survives_a_restart_and_keeps_alerts_from_subscribers() {
    paused(async {
        let house = House::open().await;
        let mut good = house.listen("good").await;
        house.add(high()).await;
        let request = SilenceRequest {
            matchers: vec![Matcher::equal("host", "a")],
            starts_at: EPOCH,
            ends_at: EPOCH + TICK * 2,
            created_by: "ann".into(),
            comment: "deploy".into(),
        };
        let silence = house.alerts.send(AddSilence(request)).await.unwrap();
        let _ = house.alerts.send(Poison).await;
        assert_eq!(house.alerts.send(Silences).await.unwrap(), [Arc::clone(&silence)]);
        house.cpu("b", 95.0).await;
        house.ticks(2, 95.0).await;
        assert_eq!(heard(&mut good), ["b firing 10"]);
        house.ticks(1, 95.0).await;
        assert_eq!(heard(&mut good), ["a firing 40"]);
        let history = house.alerts.send(AlertHistory::default()).await.unwrap();
        assert_eq!(history[0].suppressed_by, Some(silence.id));
        let expired = house.alerts.send(ExpireSilence { id: silence.id }).await.unwrap();
        assert_eq!(expired.ends_at, silence.ends_at);
    });
}

#[test]
fn history_is_pruned_on_request() {
    paused(async {
        let house = House::open().await;
        house.add(high()).await;
        for _ in 0..3 {
            house.ticks(1, 95.0).await;
            house.ticks(1, 10.0).await;
        }
        let prune = |max, dry_run| PruneAlertHistory { before: Timestamp::MIN, max, dry_run };
        assert_eq!(house.alerts.send(prune(2, true)).await, Ok(4));
        assert_eq!(house.alerts.send(prune(2, false)).await, Ok(4));
        let before = EPOCH + TICK * 5;
        let old = PruneAlertHistory { before, max: usize::MAX, dry_run: false };
        assert_eq!(house.alerts.send(old).await, Ok(1));
        assert_eq!(house.alerts.send(AlertHistory::default()).await.unwrap().len(), 1);
    });
}
