//! Probes arbiters and reads runtimes, from a thread that is none of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use actix::Addr;
use actix_rt::ArbiterHandle;
use keepwatch_actors::registry::{RecordBatch, Registry};
use keepwatch_actors::supervisor::{Address, Arbiters, Supervisor};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::instrument::{Catalogue, HistogramFamily};
use keepwatch_engine::model::Record;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Monitor;
use crate::collect::lag::{self, LagProbe};
use crate::collect::runtime;

impl Monitor {
    /// Watches an arbiter of the application's until it ends: how late it gets
    /// to its work, and what its runtime does.
    ///
    /// Each [probe interval](super::MonitorBuilder::probe_interval), a second
    /// by default, a task is spawned there that tells when it ran, unless the
    /// one before has not run yet. The metrics are `actix_arbiter_lag_seconds` (a histogram),
    /// `actix_arbiter_lag_max_seconds` (the longest since the last collection,
    /// which grows while the arbiter is stuck) and those of
    /// [`watch_runtime`](Self::watch_runtime), labelled with `name`; a name
    /// that is taken gets a number. keepwatch watches its own arbiters as
    /// `keepwatch` and `keepwatch registry` and so on.
    ///
    /// An arbiter is watched once, under the first name. So this, called where
    /// an application is built, watches every worker of an HTTP server:
    ///
    /// ```no_run
    /// # fn application(monitor: &keepwatch::Monitor) {
    /// monitor.watch_arbiter("http", &actix_rt::Arbiter::current());
    /// # }
    /// ```
    pub fn watch_arbiter(&self, name: impl Into<Arc<str>>, arbiter: &ArbiterHandle) {
        let (name, watched, handle) = (name.into(), self.inner.watched.clone(), arbiter.clone());
        // What has ended is not watched; nor does an engine that has stopped.
        arbiter.spawn_fn(move || {
            let _ = watched.send(Watched::Arbiter(name, handle, thread::current().id()));
        });
    }

    /// Watches a tokio runtime of the application's until the engine stops:
    /// its workers, tasks and queues, as `tokio_…{runtime="name"}`; a name
    /// that is taken gets a number.
    ///
    /// Stable tokio tells workers, tasks that live, the depth of the global
    /// queue, and each worker's busy time and naps; a program built with
    /// `--cfg tokio_unstable` also polls, steals, local queues and threads for
    /// blocking work.
    pub fn watch_runtime(&self, name: impl Into<Arc<str>>, runtime: &tokio::runtime::Handle) {
        // An engine that has stopped watches nothing.
        let _ = self.inner.watched.send(Watched::Runtime(name.into(), runtime.clone()));
    }
}

/// Something of the application's that is to be watched.
#[derive(Debug)]
pub(super) enum Watched {
    /// With the thread that it has to itself.
    Arbiter(Arc<str>, ArbiterHandle, ThreadId),
    Runtime(Arc<str>, Handle),
}

/// What comes before the names of keepwatch's own arbiters.
const OWN: &str = "keepwatch";

/// What the probing needs to know.
pub(super) struct Probing {
    /// Between probes of an arbiter.
    pub(super) every: Duration,
    /// Between samples.
    pub(super) collection: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) catalogue: Catalogue,
    pub(super) registry: Address<Registry>,
    pub(super) supervisor: Addr<Supervisor>,
    /// The arbiter of the engine's thread, and the runtime of the pool.
    pub(super) engine: ArbiterHandle,
    pub(super) pool: Handle,
}

/// All that is watched.
#[derive(Default)]
struct Watch {
    lags: Option<HistogramFamily>,
    probes: Vec<LagProbe>,
    /// The threads of the application's arbiters, with the names of their
    /// probes.
    threads: HashMap<ThreadId, Arc<str>>,
    /// The arbiters of components, by name and epoch.
    seated: Vec<(&'static str, u64)>,
    runtimes: Vec<(Arc<str>, Handle)>,
}

/// Probes until the monitor is gone.
pub(super) async fn probe(context: Probing, mut added: mpsc::UnboundedReceiver<Watched>) {
    let clock = &context.clock;
    let lags = context.catalogue.get(lag::LAG).and_then(HistogramFamily::of);
    let mut watch = Watch { lags, ..Watch::default() };
    watch.probe(OWN.into(), context.engine.clone());
    watch.add(Watched::Runtime(format!("{OWN} pool").into(), context.pool.clone()));
    let mut ticks = interval(context.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut since = context.collection;
    loop {
        ticks.tick().await;
        loop {
            match added.try_recv() {
                Ok(watched) => watch.add(watched),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        watch.probes.retain_mut(|probe| probe.look(clock));
        since += context.every;
        if since < context.collection {
            continue;
        }
        since = Duration::ZERO;
        let records = watch.records();
        // Nothing here may wait for an arbiter that is stuck. What the
        // registry could not take is counted by it.
        let _ = context.registry.try_send(RecordBatch(records));
        if let Ok(Ok(seated)) = timeout(context.every, context.supervisor.send(Arbiters)).await {
            for one in seated {
                watch.seat(one.component, one.epoch, one.arbiter);
            }
        }
    }
}

impl Watch {
    fn add(&mut self, watched: Watched) {
        match watched {
            Watched::Arbiter(name, arbiter, thread) => {
                if self.threads.get(&thread).is_some_and(|name| self.probes_as(name)) {
                    return;
                }
                let name = self.free_name(&name);
                self.threads.insert(thread, Arc::clone(&name));
                self.probe(name, arbiter);
            }
            Watched::Runtime(name, handle) => {
                let name = self.free_name(&name);
                self.runtimes.push((name, handle));
            }
        }
    }

    fn probes_as(&self, name: &str) -> bool {
        self.probes.iter().any(|probe| &**probe.name() == name)
    }

    /// Returns `name`, or with a number after it if others have it: the
    /// runtimes of arbiters are told by the same label as others.
    fn free_name(&self, name: &Arc<str>) -> Arc<str> {
        free_name(name, |name| {
            self.probes_as(name) || self.runtimes.iter().any(|(one, _)| &**one == name)
        })
    }

    /// Takes the arbiter of a component in place of the one that it had.
    fn seat(&mut self, component: &'static str, epoch: u64, arbiter: ArbiterHandle) {
        if self.seated.contains(&(component, epoch)) {
            return;
        }
        let name = format!("{OWN} {component}");
        self.seated.retain(|(other, _)| *other != component);
        self.seated.push((component, epoch));
        self.probes.retain(|probe| **probe.name() != name);
        self.probe(name.into(), arbiter);
    }

    fn probe(&mut self, name: Arc<str>, arbiter: ArbiterHandle) {
        let lags = self.lags.as_ref().and_then(|lags| lags.with(&[&*name]).ok());
        self.probes.push(LagProbe::new(name, arbiter, lags));
    }

    fn records(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for probe in &mut self.probes {
            records.extend(probe.take_record());
            if let Some(handle) = probe.runtime() {
                runtime::records(probe.name(), &handle.metrics(), &mut records);
            }
        }
        for (name, handle) in &self.runtimes {
            runtime::records(name, &handle.metrics(), &mut records);
        }
        records
    }
}

/// Returns `name`, or with a number after it if others have it.
fn free_name(name: &Arc<str>, taken: impl Fn(&str) -> bool) -> Arc<str> {
    if !taken(name) {
        return Arc::clone(name);
    }
    let numbered = (2u32..).map(|number| format!("{name} {number}"));
    let mut free = numbered.filter(|name| !taken(name));
    free.next().map_or_else(|| Arc::clone(name), Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_component_has_one_arbiter_at_a_time() {
        let mut watch = Watch::default();
        let clock: Arc<dyn Clock> = Arc::new(keepwatch_engine::clock::SystemClock::new());
        let arbiters = [actix_rt::Arbiter::new(), actix_rt::Arbiter::new()];
        watch.seat("registry", 1, arbiters[0].handle());
        watch.seat("janitor", 1, arbiters[0].handle());
        watch.probes.retain_mut(|probe| probe.look(&clock));
        watch.probes.retain_mut(|probe| probe.look(&clock));
        // Both have a lag now; the one that is replaced begins anew.
        watch.seat("registry", 1, arbiters[0].handle());
        assert_eq!(watch.records().iter().filter(|one| is_lag(one)).count(), 2);
        watch.probes.retain_mut(|probe| probe.look(&clock));
        watch.seat("registry", 2, arbiters[1].handle());
        let names: Vec<_> = watch.probes.iter().map(|probe| &**probe.name()).collect();
        assert_eq!(names, ["keepwatch janitor", "keepwatch registry"]);
        assert_eq!(watch.records().iter().filter(|one| is_lag(one)).count(), 1);
    }

    #[actix_web::test]
    async fn an_arbiter_is_watched_once_and_a_name_is_used_once() {
        let mut watch = Watch::default();
        let (one, other) = (actix_rt::Arbiter::new(), actix_rt::Arbiter::new());
        let thread = async |arbiter: &actix_rt::Arbiter| {
            let (tell, told) = tokio::sync::oneshot::channel();
            arbiter.spawn_fn(|| tell.send(thread::current().id()).unwrap());
            told.await.unwrap()
        };
        let (first, second) = (thread(&one).await, thread(&other).await);
        for (arbiter, thread) in [(&one, first), (&one, first), (&other, second)] {
            watch.add(Watched::Arbiter("http".into(), arbiter.handle(), thread));
        }
        watch.add(Watched::Runtime("http".into(), Handle::current()));
        let names: Vec<_> = watch.probes.iter().map(|probe| &**probe.name()).collect();
        assert_eq!(names, ["http", "http 2"]);
        assert_eq!(&*watch.runtimes[0].0, "http 3");
    }

    fn is_lag(record: &Record) -> bool {
        &**record.metric() == "actix_arbiter_lag_max_seconds"
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        for (taken, expected) in [
            (&[][..], "http"),
            (&["http"], "http 2"),
            (&["http", "http 2", "http 4"], "http 3"),
            (&["http 2"], "http"),
        ] {
            let free = free_name(&"http".into(), |name| taken.contains(&name));
            assert_eq!(&*free, expected, "{taken:?}");
        }
    }
}
