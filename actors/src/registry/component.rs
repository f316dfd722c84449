//! The registry's component.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::instrument::{Catalogue, Metric, OVERFLOW};
use keepwatch_engine::model::{MetricDefinition, MetricKind, SeriesSamples, TimeRange};
use keepwatch_engine::registry::{
    self, BatchOutcome, Collected, Limits, PruneOutcome, RegistryError, Selected,
};
use keepwatch_engine::storage::rollup::Resolution;
use keepwatch_engine::storage::{Census, Cut, Ledger, Selection, Selector, SeriesRef};

use super::messages::{
    AppendBatch, AppendDerived, Collect, CurrentValues, CutSamples, EvictSamples, FindSeries,
    KindOf, Metrics, Prune, Record, RecordBatch, RegisterMetric, RegisterMode, Resolve, RolledUp,
    Rollups, Select, ShedSamples, StorageReport, StorageStatistics, TakeCensus, Values,
};
use crate::Error;
use crate::durability::LogWriter;
use crate::supervisor::{Answer, Component, Receive, Scope, WorkError};

/// The longest time that reading what an answer needs may take.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How the registry works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryConfig {
    /// What it takes.
    pub limits: Limits,
    /// How often cells are sampled, on multiples of the interval since the
    /// epoch; 10 s by default.
    pub collection_interval: Duration,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self { limits: Limits::default(), collection_interval: Duration::from_secs(10) }
    }
}

/// The metric registry; see the [module](super).
#[derive(Debug)]
pub struct Registry {
    registry: registry::Registry,
    log: Option<LogWriter>,
    collection_interval: Duration,
}

impl Registry {
    /// Creates an incarnation over the catalogue and the ledger that all
    /// incarnations share.
    #[must_use]
    pub fn new(config: RegistryConfig, catalogue: Catalogue, ledger: Arc<Ledger>) -> Self {
        Self {
            registry: registry::Registry::new(config.limits, catalogue, ledger),
            log: None,
            collection_interval: config.collection_interval,
        }
    }

    /// Hands everything that changes to a log. The ledger must be that of the
    /// log's data folder.
    #[must_use]
    pub fn logged(self, log: Option<LogWriter>) -> Self {
        Self { log, ..self }
    }

    /// Answers once what was changed is in the log.
    fn answer<R: Send + 'static>(&mut self, reply: R) -> Answer<R> {
        let Some(log) = &self.log else { return Answer::ok(reply) };
        let commits = self.registry.take_commits();
        if let Some(epoch) = log.epoch_to_leave() {
            self.registry.leave_refused_log(epoch);
        }
        // A sample that was there already may still be on its way to the disk.
        if commits.is_empty() && log.backlog() == 0 {
            return Answer::ok(reply);
        }
        let log = log.clone();
        Answer::held(reply, move |release| log.submit(commits, release))
    }

    fn unread(error: WorkError) -> Error {
        match error {
            WorkError::TimedOut(after) => Error::Timeout { component: Self::NAME, after },
            WorkError::Panicked(_) => Error::Faulted { component: Self::NAME },
            WorkError::Cancelled => Error::Stopped { component: Self::NAME },
        }
    }

    /// Tells, once for each, which metrics have label values that found no
    /// room.
    fn warn_of_overflows(&self) {
        let metrics = self.registry.catalogue().metrics();
        for metric in metrics.iter().filter(|metric| metric.overflows_newly()) {
            log::warn!(
                "metric {:?} has {} sets of label values, which is its limit: others are counted \
                 in the series whose label values are {OVERFLOW:?}",
                metric.definition().name(),
                metric.series_max(),
            );
        }
    }

    /// Hands over what was changed without a message.
    fn flush(&mut self) {
        if let Some(log) = &self.log {
            let commits = self.registry.take_commits();
            if !commits.is_empty() {
                log.submit(commits, None);
            }
            if let Some(epoch) = log.epoch_to_leave() {
                self.registry.leave_refused_log(epoch);
            }
        }
    }
}

impl Component for Registry {
    const NAME: &'static str = "registry";

    fn started(&mut self, scope: &mut Scope<Self>) {
        let interval = self.collection_interval;
        let next = scope.now().align_down(interval) + interval;
        scope.every(interval, next.since(scope.now()), move |this, scope| {
            this.registry.collect_on_grid(interval, scope.now());
            this.warn_of_overflows();
            this.flush();
        });
    }

    fn stopping(&mut self, scope: &mut Scope<Self>) {
        self.registry.collect(scope.now());
        self.flush();
    }
}

impl Receive<RegisterMetric> for Registry {
    fn receive(&mut self, message: RegisterMetric, _: &mut Scope<Self>) -> Answer<Arc<Metric>> {
        let catalogue = self.registry.catalogue();
        let metric = match message.mode {
            RegisterMode::Strict => catalogue.register(message.definition),
            RegisterMode::GetOrRegister => catalogue.get_or_register(message.definition),
        };
        metric.map_err(RegistryError::from).into()
    }
}

impl Receive<Record> for Registry {
    fn receive(&mut self, Record(record): Record, scope: &mut Scope<Self>) -> Answer<()> {
        match self.registry.record(&record, scope.now()) {
            Ok(()) => self.answer(()),
            Err(error) => Err(error).into(),
        }
    }
}

impl Receive<RecordBatch> for Registry {
    fn receive(
        &mut self,
        RecordBatch(records): RecordBatch,
        scope: &mut Scope<Self>,
    ) -> Answer<BatchOutcome> {
        let outcome = self.registry.record_batch(&records, scope.now());
        self.answer(outcome)
    }
}

impl Receive<Resolve> for Registry {
    fn receive(&mut self, message: Resolve, scope: &mut Scope<Self>) -> Answer<SeriesRef> {
        self.registry.resolve(&message.metric, &message.labels, scope.now()).into()
    }
}

impl Receive<AppendBatch> for Registry {
    fn receive(&mut self, batch: AppendBatch, scope: &mut Scope<Self>) -> Answer<BatchOutcome> {
        let outcome = self.registry.append_batch(batch.at, &batch.values, scope.now());
        self.answer(outcome)
    }
}

impl Receive<AppendDerived> for Registry {
    fn receive(
        &mut self,
        AppendDerived(samples): AppendDerived,
        scope: &mut Scope<Self>,
    ) -> Answer<BatchOutcome> {
        let outcome = self.registry.append_derived(&samples, scope.now());
        self.answer(outcome)
    }
}

impl Receive<Collect> for Registry {
    fn receive(&mut self, _: Collect, scope: &mut Scope<Self>) -> Answer<Collected> {
        let collected = self.registry.collect(scope.now());
        self.answer(collected)
    }
}

impl Receive<Select> for Registry {
    fn receive(&mut self, message: Select, scope: &mut Scope<Self>) -> Answer<Selected> {
        let selected = self.registry.select(&message.selector, message.range, scope.now());
        // Cells may have been sampled for it.
        self.flush();
        selected.into()
    }
}

impl Receive<KindOf> for Registry {
    fn receive(&mut self, KindOf(name): KindOf, _: &mut Scope<Self>) -> Answer<MetricKind> {
        self.registry.kind_of(&name).into()
    }
}

impl Receive<FindSeries> for Registry {
    fn receive(
        &mut self,
        FindSeries(selects): FindSeries,
        scope: &mut Scope<Self>,
    ) -> Answer<Vec<Selection>> {
        let found = self.registry.find(&selects, scope.now());
        // Cells may have been sampled for it.
        self.flush();
        Ok::<_, Error>(found).into()
    }
}

impl Receive<Values> for Registry {
    fn receive(&mut self, message: Values, scope: &mut Scope<Self>) -> Answer<Vec<SeriesSamples>> {
        let selector = Selector { metric: message.metric, matchers: message.matchers };
        let range = TimeRange::new(message.start, message.end);
        let selected = self.registry.select(&selector, range, scope.now());
        self.flush();
        let selected = match selected {
            Ok(selected) => selected,
            Err(error) => return Err(error).into(),
        };
        let workshop = scope.workshop().clone();
        let decoding =
            async move { workshop.compute(READ_LIMIT, move || selected.samples()).await };
        scope.answer(decoding, |_, decoded, _| decoded.map_err(Self::unread))
    }
}

impl Receive<Rollups> for Registry {
    fn receive(&mut self, message: Rollups, scope: &mut Scope<Self>) -> Answer<RolledUp> {
        let resolution = Resolution::for_step(message.step).unwrap_or(Resolution::FiveMinutes);
        let selector = Selector { metric: message.metric, matchers: message.matchers };
        let range = TimeRange::new(message.start, message.end);
        let selected = self.registry.select(&selector, range, scope.now());
        self.flush();
        let selection = match selected {
            Ok(selected) => selected.selection,
            Err(error) => return Err(error).into(),
        };
        let workshop = scope.workshop().clone();
        let rolling = async move {
            workshop.compute(READ_LIMIT, move || selection.rollups(resolution)).await
        };
        scope.answer(rolling, move |_, rolled, _| {
            Ok(RolledUp { resolution, series: rolled.map_err(Self::unread)? })
        })
    }
}

impl Receive<Metrics> for Registry {
    fn receive(&mut self, _: Metrics, _: &mut Scope<Self>) -> Answer<Vec<Arc<MetricDefinition>>> {
        let metrics = self.registry.catalogue().metrics();
        Answer::ok(metrics.iter().map(|metric| Arc::clone(metric.definition())).collect())
    }
}

impl Receive<CurrentValues> for Registry {
    fn receive(
        &mut self,
        message: CurrentValues,
        scope: &mut Scope<Self>,
    ) -> Answer<Vec<Selected>> {
        let selected = self.registry.select_all(message.lookback, scope.now());
        self.flush();
        Answer::ok(selected)
    }
}

impl Receive<StorageStatistics> for Registry {
    fn receive(&mut self, _: StorageStatistics, scope: &mut Scope<Self>) -> Answer<StorageReport> {
        let metrics = self.registry.catalogue().len();
        let (drops, recovery) = (self.registry.drops(), self.registry.recovery());
        let log = self.log.as_ref().map(LogWriter::status);
        let reopening = self.log.as_ref().map(|log| log.reopening().clone());
        let census = self.registry.census();
        let workshop = scope.workshop().clone();
        let counting = async move { workshop.compute(READ_LIMIT, move || census.count()).await };
        scope.answer(counting, move |_, counted, _| {
            let statistics = counted.map_err(Self::unread)?;
            Ok(StorageReport { metrics, statistics, drops, log, reopening, recovery })
        })
    }
}

impl Receive<Prune> for Registry {
    fn receive(&mut self, message: Prune, _: &mut Scope<Self>) -> Answer<PruneOutcome> {
        let outcome = self.registry.prune(message.slice, &message.retention, message.now);
        self.answer(outcome)
    }
}

impl Receive<CutSamples> for Registry {
    fn receive(&mut self, message: CutSamples, _: &mut Scope<Self>) -> Answer<Cut> {
        Answer::ok(self.registry.cut(message.cursor, message.budget, message.before))
    }
}

impl Receive<EvictSamples> for Registry {
    fn receive(&mut self, message: EvictSamples, _: &mut Scope<Self>) -> Answer<usize> {
        let EvictSamples { sealed, from, to, before } = message;
        let slice = sealed.get(from..to).unwrap_or_default();
        Answer::ok(self.registry.evict(slice, before))
    }
}

impl Receive<TakeCensus> for Registry {
    fn receive(&mut self, _: TakeCensus, _: &mut Scope<Self>) -> Answer<Census> {
        Answer::ok(self.registry.census())
    }
}

impl Receive<ShedSamples> for Registry {
    fn receive(
        &mut self,
        message: ShedSamples,
        _: &mut Scope<Self>,
    ) -> Answer<(Option<u32>, usize)> {
        Answer::ok(self.registry.shed(message.cursor, message.budget, message.before))
    }
}
