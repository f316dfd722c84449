//! The janitor's component.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::model::Timestamp;
use keepwatch_engine::retention::{
    CleaningReport, Pass, Policy, RetentionError, SliceOutcome, Step, Target,
};

use super::messages::{Clean, CurrentPolicy, KeepUp, LastCleaning, LastUpkeep, SetPolicy};
use super::series::CleaningSeries;
use super::state::JanitorState;
use crate::Error;
use crate::alert_evaluator::messages::PruneAlertHistory;
use crate::durability::{Upkeep, UpkeepReport};
use crate::health_checker::PruneHealthHistory;
use crate::registry::{Prune, RegisterMetric};
use crate::supervisor::{Answer, Component, Keep, Outlet, Receive, Scope};

/// How the janitor works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JanitorConfig {
    /// How often it cleans; 1 h by default.
    pub interval: Duration,
    /// How often a data folder is kept up; 1 min by default.
    pub upkeep_interval: Duration,
    /// The most series that one slice looks at, so that the registry is busy
    /// for well under a millisecond at a time; 1,000 by default.
    pub series_per_slice: usize,
}

impl Default for JanitorConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60 * 60),
            upkeep_interval: Duration::from_secs(60),
            series_per_slice: 1_000,
        }
    }
}

/// When a data folder is kept up for the first time, unless the interval is
/// shorter.
const UPKEEP_FIRST: Duration = Duration::from_secs(5);

/// Whom the janitor reaches.
#[derive(Debug, Clone)]
pub struct JanitorOutlets {
    /// The samples' owner.
    pub samples: Outlet<Prune>,
    /// The alert history's owner.
    pub alert_history: Outlet<PruneAlertHistory>,
    /// The health history's owner.
    pub health_history: Outlet<PruneHealthHistory>,
    /// Where its own series are registered.
    pub metrics: Outlet<RegisterMetric>,
}

impl JanitorOutlets {
    /// Carries out a pass to its end.
    async fn clean(self, mut pass: Pass) -> Pass {
        while let Some(step) = pass.next_slice() {
            let outcome = self.carry_out(step).await;
            pass.slice_done(outcome);
        }
        pass
    }

    async fn carry_out(&self, step: Step) -> Result<SliceOutcome, Error> {
        match step {
            Step::Samples { retention, slice, now } => {
                self.samples.send(Prune { retention, slice, now }).await.map(SliceOutcome::from)
            }
            Step::AlertHistory { before, dry_run } => {
                // How many there may be is the evaluator's own bound.
                let prune = PruneAlertHistory { before, max: usize::MAX, dry_run };
                self.alert_history.send(prune).await.map(SliceOutcome::history)
            }
            Step::HealthHistory { before, dry_run } => {
                let prune = PruneHealthHistory { before, dry_run };
                self.health_history.send(prune).await.map(SliceOutcome::history)
            }
        }
    }
}

/// The janitor; see the [module](super).
#[derive(Debug)]
pub struct Janitor {
    config: JanitorConfig,
    state: JanitorState,
    keep: Keep<JanitorState>,
    outlets: JanitorOutlets,
    series: Option<CleaningSeries>,
    /// When the pass began that is under way.
    under_way: Option<Timestamp>,
    upkeep: Option<Upkeep>,
    /// Whether a round of upkeep is under way.
    keeping_up: bool,
}

impl Janitor {
    /// Creates an incarnation that goes on from what the last one kept.
    #[must_use]
    pub fn new(config: JanitorConfig, keep: Keep<JanitorState>, outlets: JanitorOutlets) -> Self {
        let state = JanitorState::clone(&keep.load());
        Self {
            config,
            state,
            keep,
            outlets,
            series: None,
            under_way: None,
            upkeep: None,
            keeping_up: false,
        }
    }

    /// Returns the time by which things may be removed.
    fn steady_time(&mut self, scope: &Scope<Self>) -> Timestamp {
        let (steady, now) = (&mut self.state.steady, scope.now());
        let had_jumped = steady.has_jumped();
        let time = steady.at(now, scope.monotonic());
        if steady.has_jumped() && !had_jumped {
            log::warn!("the clock has jumped to {now}; until it holds, things go by {time}");
        }
        time
    }

    /// Keeps a data folder up as well.
    #[must_use]
    pub fn with_upkeep(self, upkeep: Option<Upkeep>) -> Self {
        Self { upkeep, ..self }
    }

    /// Begins a round of upkeep; the job it returns carries it out. `None`
    /// without a data folder, and while a round is under way.
    fn begin_upkeep(
        &mut self,
        scope: &Scope<Self>,
    ) -> Option<impl Future<Output = UpkeepReport> + use<>> {
        let upkeep = self.upkeep.clone().filter(|_| !self.keeping_up)?;
        self.keeping_up = true;
        let (last, steady) = (self.state.upkeep.clone(), self.steady_time(scope));
        Some(upkeep.round(self.state.policy.sample_retention(), last, scope.now(), steady))
    }

    /// Notes what a round of upkeep did.
    fn end_upkeep(&mut self, report: UpkeepReport, scope: &mut Scope<Self>) {
        self.keeping_up = false;
        for failure in &report.failures {
            log::error!("upkeep of the data folder: {failure}");
        }
        if let Some(series) = &self.series {
            series.count_upkeep(&report);
        }
        self.state.upkeep = Some(Arc::new(report));
        scope.keep(&self.keep, self.state.clone());
    }

    /// Begins a pass; the job it returns carries it out.
    fn begin(
        &mut self,
        dry_run: bool,
        scope: &Scope<Self>,
    ) -> Result<impl Future<Output = Pass> + use<>, RetentionError> {
        if let Some(started) = self.under_way {
            return Err(RetentionError::PassUnderWay { started });
        }
        let now = self.steady_time(scope);
        self.under_way = Some(now);
        let policy = Arc::clone(&self.state.policy);
        let pass = Pass::new(policy, Target::ALL, self.config.series_per_slice, now, dry_run);
        Ok(self.outlets.clone().clean(pass))
    }

    /// Notes what a pass did.
    fn end(&mut self, report: &CleaningReport, scope: &mut Scope<Self>) {
        self.under_way = None;
        if report.dry_run {
            return;
        }
        if report.failures.is_empty() {
            log::debug!("cleaning {report}");
        } else {
            log::warn!("cleaning {report}");
        }
        let report = Arc::new(report.clone());
        self.state.last = Some(Arc::clone(&report));
        if !scope.keep(&self.keep, self.state.clone()) {
            return;
        }
        match &self.series {
            Some(series) => series.count(&report),
            None => self.register(Some(report), scope),
        }
    }

    /// Registers the series of cleaning, then counts a pass that is over
    /// already.
    fn register(&self, over: Option<Arc<CleaningReport>>, scope: &mut Scope<Self>) {
        let registering = CleaningSeries::register(self.outlets.metrics.clone());
        scope.spawn(registering, move |this, series, _| match series {
            Ok(series) => {
                if let Some(report) = over {
                    series.count(&report);
                }
                this.series = Some(series);
            }
            // The next pass tries again.
            Err(error) => log::warn!("cleaning is not counted: {error}"),
        });
    }
}

impl Component for Janitor {
    const NAME: &'static str = "janitor";

    fn started(&mut self, scope: &mut Scope<Self>) {
        self.state = JanitorState::clone(&scope.resume(&self.keep));
        self.steady_time(scope);
        self.register(None, scope);
        let interval = self.config.interval;
        // An incarnation goes on where the last one stood, so that restarts
        // cannot put cleaning off for ever.
        let first = match &self.state.last {
            Some(last) => (last.started + interval).since(scope.now()).min(interval),
            None => interval,
        };
        scope.every(interval, first, |this, scope| {
            let begun = scope.monotonic();
            // The pass that is under way does what this one would.
            let Ok(pass) = this.begin(false, scope) else { return };
            scope.spawn(pass, move |this, pass, scope| {
                let report = pass.finish(scope.monotonic().saturating_sub(begun));
                this.end(&report, scope);
            });
        });
        if self.upkeep.is_some() {
            // Soon after the start too: a folder may have waited for long.
            let interval = self.config.upkeep_interval;
            scope.every(interval, UPKEEP_FIRST.min(interval), |this, scope| {
                let Some(round) = this.begin_upkeep(scope) else { return };
                scope.spawn(round, |this, report, scope| this.end_upkeep(report, scope));
            });
        }
    }
}

impl Receive<Clean> for Janitor {
    fn receive(&mut self, message: Clean, scope: &mut Scope<Self>) -> Answer<CleaningReport> {
        let begun = scope.monotonic();
        let pass = match self.begin(message.dry_run, scope) {
            Ok(pass) => pass,
            Err(error) => return Err(error).into(),
        };
        scope.answer(pass, move |this, pass, scope| {
            let report = pass.finish(scope.monotonic().saturating_sub(begun));
            this.end(&report, scope);
            Ok(report)
        })
    }
}

impl Receive<LastCleaning> for Janitor {
    fn receive(&mut self, _: LastCleaning, _: &mut Scope<Self>) -> Answer<Option<CleaningReport>> {
        Answer::ok(self.state.last.as_deref().cloned())
    }
}

impl Receive<KeepUp> for Janitor {
    fn receive(&mut self, _: KeepUp, scope: &mut Scope<Self>) -> Answer<UpkeepReport> {
        match self.begin_upkeep(scope) {
            Some(round) => scope.answer(round, |this, report, scope| {
                this.end_upkeep(report.clone(), scope);
                Ok(report)
            }),
            None => Answer::ok(UpkeepReport::default()),
        }
    }
}

impl Receive<LastUpkeep> for Janitor {
    fn receive(&mut self, _: LastUpkeep, _: &mut Scope<Self>) -> Answer<Option<UpkeepReport>> {
        Answer::ok(self.state.upkeep.as_deref().cloned())
    }
}

impl Receive<SetPolicy> for Janitor {
    fn receive(&mut self, SetPolicy(policy): SetPolicy, scope: &mut Scope<Self>) -> Answer<()> {
        self.state.policy = Arc::new(policy);
        scope.keep_and_answer(&self.keep, self.state.clone(), ())
    }
}

impl Receive<CurrentPolicy> for Janitor {
    fn receive(&mut self, _: CurrentPolicy, _: &mut Scope<Self>) -> Answer<Policy> {
        Answer::ok(Policy::clone(&self.state.policy))
    }
}
