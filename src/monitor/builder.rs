//! What a monitor is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_actors::alert_evaluator::messages::AlertTransition;
use keepwatch_actors::courier::{Receipt, Subscriber};
use keepwatch_actors::health_checker::{AddCheck, HealthChanged};
use keepwatch_actors::querier::QueryLimits;
use keepwatch_actors::supervisor::Settings;
use keepwatch_engine::aggregate;
use keepwatch_engine::alert::{Rule, Surroundings};
use keepwatch_engine::clock::{Clock, SystemClock};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::registry::Limits;
use keepwatch_engine::retention::Policy;
use keepwatch_engine::rules::file::RuleFile;
use keepwatch_engine::rules::group::GroupDefaults;

use super::assembly::assemble;
use super::callbacks::CallbackCollector;
use super::collecting::CollectorFactory;
use super::error::StartError;
use super::storage::StorageOptions;
use super::thread::EngineThread;
use super::{Inner, Monitor};
use crate::collect::Collector;
use crate::scrape::{Job, ScrapedTarget, all_targets};

/// Describes an engine and [starts](Self::start) it. Every setting has a
/// default; an engine without rules and checks collects and answers all the
/// same.
pub struct MonitorBuilder {
    pub(super) collection: Duration,
    pub(super) probing: Duration,
    pub(super) evaluation: Duration,
    pub(super) aggregation: Duration,
    pub(super) cleaning: Duration,
    pub(super) shutdown: Duration,
    pub(super) data: Option<PathBuf>,
    pub(super) storage: StorageOptions,
    pub(super) queries: QueryLimits,
    pub(super) limits: Limits,
    pub(super) policy: Policy,
    pub(super) supervision: Settings,
    pub(super) rules: Vec<Rule>,
    pub(super) rule_files: Vec<(Arc<str>, RuleFile)>,
    pub(super) group_defaults: GroupDefaults,
    pub(super) surroundings: Surroundings,
    pub(super) checks: Vec<AddCheck>,
    pub(super) aggregations: Vec<aggregate::Definition>,
    pub(super) alert_subscribers: Vec<Subscriber<AlertTransition>>,
    pub(super) health_subscribers: Vec<Subscriber<HealthChanged>>,
    pub(super) collectors: Vec<CollectorFactory>,
    jobs: Vec<Job>,
    /// The jobs' targets, once they were checked.
    pub(super) targets: Vec<Arc<ScrapedTarget>>,
    catalogue: Option<Catalogue>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Default for MonitorBuilder {
    fn default() -> Self {
        Self {
            collection: Duration::from_secs(10),
            probing: Duration::from_secs(1),
            evaluation: Duration::from_secs(15),
            aggregation: Duration::from_secs(5 * 60),
            cleaning: Duration::from_secs(60 * 60),
            shutdown: Duration::from_secs(10),
            data: None,
            storage: StorageOptions::default(),
            queries: QueryLimits::default(),
            limits: Limits::default(),
            policy: Policy::default(),
            supervision: Settings::default(),
            rules: Vec::new(),
            rule_files: Vec::new(),
            group_defaults: GroupDefaults::default(),
            surroundings: Surroundings::default(),
            checks: Vec::new(),
            aggregations: Vec::new(),
            alert_subscribers: Vec::new(),
            health_subscribers: Vec::new(),
            collectors: Vec::new(),
            jobs: Vec::new(),
            targets: Vec::new(),
            catalogue: None,
            clock: Arc::new(SystemClock::new()),
        }
    }
}

impl MonitorBuilder {
    /// Sets how often instruments and collectors are sampled: 10 s by default,
    /// 100 ms to 1 h.
    #[must_use]
    pub fn collection_interval(mut self, interval: Duration) -> Self {
        self.collection = interval;
        self
    }

    /// Sets how often the arbiters that are watched are probed: 1 s by
    /// default, 100 ms to 1 min, and at least once a collection.
    #[must_use]
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.probing = interval;
        self
    }

    /// Sets how often alert rules are evaluated that do not say so themselves:
    /// 15 s by default, 100 ms to 1 day.
    #[must_use]
    pub fn evaluation_interval(mut self, interval: Duration) -> Self {
        self.evaluation = interval;
        self
    }

    /// Sets how often aggregations run that do not say so themselves: 5 min by
    /// default, 100 ms to 7 days.
    #[must_use]
    pub fn aggregation_interval(mut self, interval: Duration) -> Self {
        self.aggregation = interval;
        self
    }

    /// Sets what PromQL queries may cost; see [`QueryLimits`].
    #[must_use]
    pub fn queries(mut self, limits: QueryLimits) -> Self {
        self.queries = limits;
        self
    }

    /// Sets how often the janitor cleans: 1 h by default, 1 s to 7 days.
    #[must_use]
    pub fn cleaning_interval(mut self, interval: Duration) -> Self {
        self.cleaning = interval;
        self
    }

    /// Sets how long each component, and the subscribers together, may take
    /// to stop: 10 s by default, 100 ms to 10 min.
    #[must_use]
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.shutdown = deadline;
        self
    }

    /// Keeps the series, the states of alerts and checks, silences, and what
    /// was defined at run time in a folder of this process alone. What is
    /// acknowledged survives a crash, and a power loss with the default
    /// [`SyncPolicy`](keepwatch_engine::storage::SyncPolicy). Without it,
    /// everything is in memory.
    ///
    /// The check `keepwatch storage` and the rule `KeepwatchStorageDegraded`
    /// watch the folder, unless there are others of these names.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Sets how series are stored.
    #[must_use]
    pub fn storage(mut self, options: StorageOptions) -> Self {
        self.storage = options;
        self
    }

    /// Sets what the registry takes.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how long things are kept: 7 days by default.
    #[must_use]
    pub fn retention(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how components are supervised.
    #[must_use]
    pub fn supervision(mut self, settings: Settings) -> Self {
        self.supervision = settings;
        self
    }

    /// Adds an alert rule.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds the groups of a rule file, which `name` stands for in answers. Its
    /// recording rules store series, its alerts are told as those of all
    /// rules.
    #[must_use]
    pub fn rule_file(mut self, name: impl Into<Arc<str>>, file: RuleFile) -> Self {
        self.rule_files.push((name.into(), file));
        self
    }

    /// Sets what holds for groups of rule files that say nothing else: an
    /// interval of 1 min and no offset by default.
    #[must_use]
    pub fn group_defaults(mut self, defaults: GroupDefaults) -> Self {
        self.group_defaults = defaults;
        self
    }

    /// Sets what the templates of rules know of this program; nothing by
    /// default.
    #[must_use]
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Adds a health check. Checks may depend on others that are added later.
    #[must_use]
    pub fn check(mut self, check: AddCheck) -> Self {
        self.checks.push(check);
        self
    }

    /// Adds an aggregation.
    #[must_use]
    pub fn aggregation(mut self, definition: aggregate::Definition) -> Self {
        self.aggregations.push(definition);
        self
    }

    /// Tells a subscriber of every alert that fires or resolves.
    #[must_use]
    pub fn subscribe_alerts(mut self, subscriber: Subscriber<AlertTransition>) -> Self {
        self.alert_subscribers.push(subscriber);
        self
    }

    /// Calls a closure, which may block, on every alert that fires or resolves,
    /// or whose data goes missing while it fires.
    #[must_use]
    pub fn on_alert<R: Receipt>(
        self,
        react: impl Fn(AlertTransition) -> R + Send + Sync + 'static,
    ) -> Self {
        let name = numbered("on_alert", self.alert_subscribers.len());
        self.subscribe_alerts(Subscriber::closure(name, react))
    }

    /// Tells a subscriber of every change of a check's status.
    #[must_use]
    pub fn subscribe_health(mut self, subscriber: Subscriber<HealthChanged>) -> Self {
        self.health_subscribers.push(subscriber);
        self
    }

    /// Calls a closure, which may block, on every change of a check's status.
    #[must_use]
    pub fn on_health<R: Receipt>(
        self,
        react: impl Fn(HealthChanged) -> R + Send + Sync + 'static,
    ) -> Self {
        let name = numbered("on_health", self.health_subscribers.len());
        self.subscribe_health(Subscriber::closure(name, react))
    }

    /// Takes the metrics of a catalogue, of which handles may be in use
    /// already; an empty one by default. Its limits are those of its making,
    /// whatever [`limits`](Self::limits) says.
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = Some(catalogue);
        self
    }

    /// Adds a collector, by a closure that makes it and makes it anew if it
    /// panics.
    #[must_use]
    pub fn collector<C: Collector>(mut self, make: impl Fn() -> C + Send + Sync + 'static) -> Self {
        self.collectors.push(Arc::new(move || Box::new(make())));
        self
    }

    /// Adds targets to scrape; see [`scrape`](crate::scrape).
    #[cfg(feature = "scrape")]
    #[must_use]
    pub fn scrape(mut self, job: Job) -> Self {
        self.jobs.push(job);
        self
    }

    /// Sets the source of time; the machine's clock by default.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Starts the engine on a thread of its own and returns once it handles
    /// messages, which takes some milliseconds. Works with and without a
    /// runtime around it.
    ///
    /// # Errors
    /// A setting out of its range, and whatever a component refuses: a
    /// duplicate rule, a cycle among the checks, a metric defined twice. Then
    /// nothing is left running.
    pub fn start(mut self) -> Result<Monitor, StartError> {
        self.check_ranges()?;
        self.targets = all_targets(&self.jobs)?;
        if cfg!(panic = "abort") {
            log::error!(
                "this program is built with panic = \"abort\": a panic in any component or \
                 callback will end it, and nothing can be restarted"
            );
        }
        let limits = self.limits.catalogue();
        let catalogue = self.catalogue.take().unwrap_or_else(|| Catalogue::with_limits(limits));
        let (shared, called_back) = (catalogue.clone(), catalogue.clone());
        self = self.collector(move || CallbackCollector(called_back.clone()));
        let (assembled, thread) = EngineThread::launch(async move || assemble(self, shared).await)?;
        Ok(Monitor { inner: Arc::new(Inner::new(assembled, catalogue, thread)) })
    }

    fn check_ranges(&self) -> Result<(), StartError> {
        const SECOND: Duration = Duration::from_secs(1);
        const TENTH: Duration = Duration::from_millis(100);
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let (day, week) = (hours(24), hours(7 * 24));
        let ranges = [
            ("collection_interval", self.collection, TENTH, hours(1), "100ms to 1h"),
            ("probe_interval", self.probing, TENTH, SECOND * 60, "100ms to 1min"),
            ("evaluation_interval", self.evaluation, TENTH, day, "100ms to 1d"),
            ("aggregation_interval", self.aggregation, TENTH, week, "100ms to 7d"),
            ("cleaning_interval", self.cleaning, SECOND, week, "1s to 7d"),
            ("storage.window", self.storage.window, SECOND * 60, day, "1min to 1d"),
            ("storage.upkeep_interval", self.storage.upkeep_interval, SECOND, hours(1), "1s to 1h"),
            ("shutdown_deadline", self.shutdown, TENTH, SECOND * 600, "100ms to 10min"),
        ];
        match ranges.iter().find(|(_, value, low, high, _)| value < low || value > high) {
            None => Ok(()),
            Some(&(setting, value, _, _, expected)) => {
                Err(StartError::Setting { setting, value: format!("{value:?}"), expected })
            }
        }
    }
}

/// Names a closure, so that each can be told from those before it.
fn numbered(name: &str, before: usize) -> String {
    if before == 0 { name.to_owned() } else { format!("{name} {}", before + 1) }
}

impl std::fmt::Debug for MonitorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MonitorBuilder")
            .field("rules", &self.rules.len())
            .field("rule_files", &self.rule_files.len())
            .field("checks", &self.checks.len())
            .field("scrape", &self.jobs.len())
            .field("aggregations", &self.aggregations.len())
            .finish_non_exhaustive()
    }
}
