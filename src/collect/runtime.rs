//! What tokio says of a runtime.
//!
//! Stable tokio tells what [`definitions`] begins with; a program that is
//! built with `--cfg tokio_unstable` gets the rest.

use keepwatch_engine::model::{MetricDefinition, Record};
use tokio::runtime::RuntimeMetrics;

use super::{counter, gauge, number};

const OF_RUNTIME: [&str; 1] = ["runtime"];

#[cfg(target_has_atomic = "64")]
const OF_WORKER: [&str; 2] = ["runtime", "worker"];

/// Returns the metrics that [`records`] records.
pub(crate) fn definitions() -> Vec<MetricDefinition> {
    let mut definitions = vec![
        gauge("tokio_workers", "", &OF_RUNTIME, "Threads that run tasks."),
        gauge(
            "tokio_live_tasks",
            "",
            &OF_RUNTIME,
            "Tasks that have not ended, without those that spawn_local spawned.",
        ),
        gauge(
            "tokio_global_queue_depth",
            "",
            &OF_RUNTIME,
            "Tasks that wait in the queue of all workers.",
        ),
    ];
    #[cfg(target_has_atomic = "64")]
    definitions.extend([
        counter(
            "tokio_worker_busy_seconds_total",
            "seconds",
            &OF_WORKER,
            "Seconds that the worker ran tasks; its rate is the worker's busy ratio.",
        ),
        counter(
            "tokio_worker_parks_total",
            "",
            &OF_WORKER,
            "Times that the worker went to sleep for want of tasks.",
        ),
        counter(
            "tokio_worker_park_unparks_total",
            "",
            &OF_WORKER,
            "Times that the worker went to sleep or woke up; odd while it runs.",
        ),
    ]);
    #[cfg(all(tokio_unstable, target_has_atomic = "64"))]
    definitions.extend(unstable::definitions());
    definitions
}

/// Records what a runtime says, under the name it was given.
pub(crate) fn records(runtime: &str, metrics: &RuntimeMetrics, records: &mut Vec<Record>) {
    for (name, count) in [
        ("tokio_workers", metrics.num_workers()),
        ("tokio_live_tasks", metrics.num_alive_tasks()),
        ("tokio_global_queue_depth", metrics.global_queue_depth()),
    ] {
        records.push(Record::set(name, number(count as u64)).label("runtime", runtime));
    }
    #[cfg(target_has_atomic = "64")]
    for worker in 0..metrics.num_workers() {
        let label = worker.to_string();
        for (name, value) in [
            (
                "tokio_worker_busy_seconds_total",
                metrics.worker_total_busy_duration(worker).as_secs_f64(),
            ),
            ("tokio_worker_parks_total", number(metrics.worker_park_count(worker))),
            ("tokio_worker_park_unparks_total", number(metrics.worker_park_unpark_count(worker))),
        ] {
            records.push(
                Record::set(name, value).label("runtime", runtime).label("worker", label.as_str()),
            );
        }
    }
    #[cfg(all(tokio_unstable, target_has_atomic = "64"))]
    unstable::records(runtime, metrics, records);
}

#[cfg(all(tokio_unstable, target_has_atomic = "64"))]
mod unstable {
    use keepwatch_engine::model::{MetricDefinition, MetricKind, Record};
    use tokio::runtime::RuntimeMetrics;

    use super::super::{define, number};
    use super::{OF_RUNTIME, OF_WORKER};

    type OfRuntime = (&'static str, &'static str, fn(&RuntimeMetrics) -> u64);

    type OfWorker = (&'static str, &'static str, fn(&RuntimeMetrics, usize) -> u64);

    const RUNTIME: [OfRuntime; 6] = [
        ("tokio_blocking_threads", "Threads for blocking work.", |metrics| {
            metrics.num_blocking_threads() as u64
        }),
        ("tokio_idle_blocking_threads", "Those of them that have none.", |metrics| {
            metrics.num_idle_blocking_threads() as u64
        }),
        ("tokio_blocking_queue_depth", "Blocking work that waits for a thread.", |metrics| {
            metrics.blocking_queue_depth() as u64
        }),
        ("tokio_spawned_tasks_total", "Tasks that were spawned.", |metrics| {
            metrics.spawned_tasks_count()
        }),
        ("tokio_remote_schedules_total", "Tasks scheduled from outside.", |metrics| {
            metrics.remote_schedule_count()
        }),
        ("tokio_budget_forced_yields_total", "Tasks that used up their turn.", |metrics| {
            metrics.budget_forced_yield_count()
        }),
    ];

    const WORKER: [OfWorker; 7] = [
        ("tokio_worker_local_queue_depth", "Tasks in the worker's queue.", |metrics, worker| {
            metrics.worker_local_queue_depth(worker) as u64
        }),
        ("tokio_worker_polls_total", "Times that the worker polled a task.", |metrics, worker| {
            metrics.worker_poll_count(worker)
        }),
        ("tokio_worker_noops_total", "Times that it woke up for nothing.", |metrics, worker| {
            metrics.worker_noop_count(worker)
        }),
        ("tokio_worker_steals_total", "Tasks it took from others.", |metrics, worker| {
            metrics.worker_steal_count(worker)
        }),
        ("tokio_worker_steal_operations_total", "Times it took any.", |metrics, worker| {
            metrics.worker_steal_operations(worker)
        }),
        ("tokio_worker_local_schedules_total", "Tasks it queued itself.", |metrics, worker| {
            metrics.worker_local_schedule_count(worker)
        }),
        ("tokio_worker_overflows_total", "Times its queue was full.", |metrics, worker| {
            metrics.worker_overflow_count(worker)
        }),
    ];

    fn kind(name: &str) -> MetricKind {
        if name.ends_with("_total") { MetricKind::Counter } else { MetricKind::Gauge }
    }

    pub(super) fn definitions() -> impl Iterator<Item = MetricDefinition> {
        let runtime = RUNTIME.into_iter();
        let runtime =
            runtime.map(|(name, help, _)| define(kind(name), name, "", &OF_RUNTIME, help));
        let worker = WORKER.into_iter();
        let worker = worker.map(|(name, help, _)| define(kind(name), name, "", &OF_WORKER, help));
        runtime.chain(worker)
    }

    pub(super) fn records(runtime: &str, metrics: &RuntimeMetrics, records: &mut Vec<Record>) {
        let record = |name, count| Record::set(name, number(count)).label("runtime", runtime);
        records.extend(RUNTIME.into_iter().map(|(name, _, read)| record(name, read(metrics))));
        for worker in 0..metrics.num_workers() {
            let label = worker.to_string();
            let of_worker = |(name, _, read): OfWorker| {
                record(name, read(metrics, worker)).label("worker", label.as_str())
            };
            records.extend(WORKER.into_iter().map(of_worker));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::{Collector, tests::check};

    struct One(tokio::runtime::Runtime);

    impl Collector for One {
        fn name(&self) -> &str {
            "runtime"
        }

        fn definitions(&self) -> Vec<MetricDefinition> {
            definitions()
        }

        fn collect(&mut self) -> Vec<Record> {
            let mut read = Vec::new();
            records("jobs", &self.0.metrics(), &mut read);
            read
        }
    }

    #[test]
    fn a_runtime_tells_its_workers_and_tasks() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        let mut one = One(runtime.unwrap());
        one.0.spawn(std::future::pending::<()>());
        let records = check(&mut one);
        let of = |name, value| Record::set(name, value).label("runtime", "jobs");
        assert!(records.contains(&of("tokio_workers", 2.0)), "{records:?}");
        assert!(records.contains(&of("tokio_live_tasks", 1.0)), "{records:?}");
        let busy = |record: &&Record| &**record.metric() == "tokio_worker_busy_seconds_total";
        assert_eq!(records.iter().filter(busy).count(), 2);
    }
}
