//! Collectors through the monitor: what the queries of dashboards find, what
//! collecting costs, and arbiters that are watched.

use std::sync::mpsc;
use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::collect::{
    AllocatorCollector, AllocatorFigures, Collector, FilesystemCollector, HostCollector,
    ProcessCollector,
};
use keepwatch::model::{MetricDefinition, Record};
use keepwatch::promql::Value;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

fn quick() -> keepwatch::MonitorBuilder {
    let tenth = Duration::from_millis(100);
    Monitor::builder().collection_interval(tenth).probe_interval(tenth)
}

/// What a query finds now: the labels and value of each series.
async fn found(monitor: &Monitor, query: &str) -> Vec<(String, f64)> {
    let answer = monitor.query(query, monitor.clock().now()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{query}: {error}"));
    match &answer.value {
        Value::Vector(vector) => vector
            .iter()
            .map(|(labels, point)| (labels.to_string(), point.value.float().unwrap()))
            .collect(),
        other => panic!("{query}: {other:?}"),
    }
}

/// Asks until the query finds something that will do.
async fn wait_for(
    monitor: &Monitor,
    query: &str,
    will_do: impl Fn(&[(String, f64)]) -> bool,
) -> Vec<(String, f64)> {
    let mut last = Vec::new();
    let asking = async {
        loop {
            last = found(monitor, query).await;
            if will_do(&last) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, asking).await;
    assert!(waited.is_ok(), "{query} found {last:?}");
    last
}

/// The queries of the dashboards that node_exporter's users have, with
/// Grafana's variables filled in; each must find something on Linux.
#[cfg(target_os = "linux")]
#[actix_web::test]
async fn dashboards_of_node_exporter_find_their_series() {
    let monitor = quick()
        .collector(HostCollector::new)
        .collector(FilesystemCollector::new)
        .collector(ProcessCollector::new);
    let monitor = monitor.start().unwrap();
    for query in [
        "100 - (avg(rate(node_cpu_seconds_total{mode=\"idle\"}[1m])) * 100)",
        "sum by (mode) (irate(node_cpu_seconds_total[1m]))",
        "count(count(node_cpu_seconds_total) by (cpu))",
        "scalar(node_load1) * 100 / count(count(node_cpu_seconds_total) by (cpu))",
        "node_load5 + node_load15",
        "(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100",
        "node_memory_Cached_bytes + node_memory_Buffers_bytes + node_memory_SReclaimable_bytes",
        "node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes",
        "node_memory_Slab_bytes + node_memory_PageTables_bytes + node_memory_KernelStack_bytes",
        "100 - node_filesystem_avail_bytes{fstype!=\"rootfs\"} * 100 / node_filesystem_size_bytes",
        "node_filesystem_size_bytes - node_filesystem_free_bytes",
        "node_filesystem_files{mountpoint=~\".*\"} - node_filesystem_files_free",
        "node_filesystem_readonly{device!~\"rootfs\"}",
        "irate(node_network_receive_bytes_total{device!=\"x\"}[1m]) * 8",
        "rate(node_network_transmit_drop_total[1m]) + rate(node_network_transmit_errs_total[1m])",
        "node_network_up{device=\"lo\"} >= 0",
        "node_network_mtu_bytes",
        "node_time_seconds - node_boot_time_seconds > 0",
        "irate(node_context_switches_total[1m]) + irate(node_intr_total[1m])",
        "irate(node_forks_total[1m]) >= 0",
        "node_procs_running + node_procs_blocked",
        "irate(node_vmstat_pgfault[1m]) - irate(node_vmstat_pgmajfault[1m])",
        "irate(node_vmstat_pgpgin[1m]) >= 0",
        "node_filefd_allocated / node_filefd_maximum",
        "node_netstat_Tcp_CurrEstab >= 0",
        "irate(node_netstat_IpExt_InOctets[1m]) >= 0",
        "node_sockstat_sockets_used",
        "irate(node_softnet_processed_total[1m]) >= 0",
        "node_processes_threads / node_processes_max_threads",
        "node_uname_info{sysname=\"Linux\", nodename=~\".+\", release=~\".+\"}",
        "rate(process_cpu_seconds_total[1m]) >= 0",
        "process_open_fds / process_max_fds < 1",
        "time() - process_start_time_seconds",
        "process_resident_memory_bytes < process_virtual_memory_bytes",
    ] {
        wait_for(&monitor, query, |series| !series.is_empty()).await;
    }
    assert_eq!(found(&monitor, "sum(keepwatch_collector_failures_total)").await[0].1, 0.0);
    let refused = found(&monitor, "keepwatch_collector_refused_samples_total > 0").await;
    assert_eq!(refused, [], "every sample that is collected is taken");
    monitor.shutdown().await;
}

/// A collector that does what it is told.
struct Told(mpsc::Receiver<&'static str>);

impl Collector for Told {
    fn name(&self) -> &str {
        "told"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        MetricDefinition::gauge("told_value").build().into_iter().collect()
    }

    fn collect(&mut self) -> Vec<Record> {
        match self.0.recv() {
            Ok("panic") => panic!("as told"),
            Ok("stray") => vec![Record::set("told_value", 1.0), Record::set("stray", 1.0)],
            _ => vec![Record::set("told_value", 1.0)],
        }
    }
}

#[actix_web::test]
async fn the_cost_of_a_collector_is_told() {
    let (say, orders) = mpsc::channel();
    let orders = std::sync::Mutex::new(Some(orders));
    // The first is asked for its definitions; only the second collects.
    let made = std::sync::atomic::AtomicUsize::new(0);
    let monitor = quick().collector(move || {
        let turn = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let orders = if turn == 1 { orders.lock().unwrap().take() } else { None };
        Told(orders.unwrap_or_else(|| mpsc::channel().1))
    });
    let monitor = monitor.start().unwrap();
    let told = |figure: &str| format!("keepwatch_collector_{figure}{{collector=\"told\"}}");
    let over =
        |limit: f64| move |series: &[(String, f64)]| series.iter().any(|(_, value)| *value > limit);
    // It waits for its order: what is due meanwhile is counted, and its time
    // grows though it has not ended.
    wait_for(&monitor, &told("timeouts_total"), over(1.0)).await;
    let so_far = wait_for(&monitor, &told("duration_seconds"), over(0.1)).await[0].1;
    wait_for(&monitor, &told("duration_seconds"), over(so_far)).await;
    assert_eq!(found(&monitor, &told("collections_total")).await[0].1, 0.0);

    say.send("stray").unwrap();
    wait_for(&monitor, &told("collections_total"), over(0.0)).await;
    assert_eq!(found(&monitor, &told("samples")).await[0].1, 2.0);
    assert_eq!(found(&monitor, "told_value").await[0].1, 1.0);
    wait_for(&monitor, &told("refused_samples_total"), over(0.0)).await;

    say.send("panic").unwrap();
    // What is made anew has no orders, and collects at once.
    wait_for(&monitor, &told("failures_total"), over(0.0)).await;
    wait_for(&monitor, &told("collections_total"), over(2.0)).await;
    assert_eq!(found(&monitor, &told("failures_total")).await[0].1, 1.0);
    let own = "keepwatch_collector_samples{collector=\"keepwatch\"}";
    wait_for(&monitor, own, over(10.0)).await;
    monitor.shutdown().await;
}

#[actix_web::test]
async fn an_arbiter_that_is_stuck_is_seen() {
    let monitor = quick().start().unwrap();
    let arbiters = [actix_rt::Arbiter::new(), actix_rt::Arbiter::new()];
    let lag = |name: &str| format!("actix_arbiter_lag_max_seconds{{arbiter=\"{name}\"}}");
    let any = |series: &[(String, f64)]| !series.is_empty();
    for (arbiter, name) in arbiters.iter().zip(["http", "http 2"]) {
        // Twice is once.
        for _ in 0..2 {
            monitor.watch_arbiter("http", &arbiter.handle());
        }
        wait_for(&monitor, &lag(name), any).await;
    }
    let count = "actix_arbiter_lag_seconds_count{arbiter=\"http 2\"} > 1";
    wait_for(&monitor, count, any).await;

    let (release, held) = mpsc::channel::<()>();
    assert!(arbiters[0].spawn_fn(move || held.recv().unwrap()));
    for seconds in ["0.2", "0.4"] {
        wait_for(&monitor, &format!("{} > {seconds}", lag("http")), any).await;
    }
    release.send(()).unwrap();
    let late = "actix_arbiter_lag_seconds_count{arbiter=\"http\"} \
                - ignoring(le) actix_arbiter_lag_seconds_bucket{arbiter=\"http\",le=\"0.1\"} > 0";
    wait_for(&monitor, late, any).await;
    monitor.shutdown().await;
}

#[actix_web::test]
async fn runtimes_and_keepwatchs_own_arbiters_are_watched() {
    let monitor = quick().start().unwrap();
    monitor.watch_runtime("jobs", &tokio::runtime::Handle::current());
    let arbiter = actix_rt::Arbiter::new();
    monitor.watch_arbiter("jobs", &arbiter.handle());
    let any = |series: &[(String, f64)]| !series.is_empty();
    for query in [
        "tokio_workers{runtime=\"jobs\"} == 1",
        "tokio_live_tasks{runtime=\"keepwatch pool\"} >= 1",
        "tokio_global_queue_depth{runtime=\"keepwatch\"} >= 0",
        "rate(tokio_worker_busy_seconds_total{runtime=\"keepwatch registry\"}[1m]) > 0",
        "increase(tokio_worker_parks_total{runtime=\"keepwatch registry\", worker=\"0\"}[1m]) > 0",
        "actix_arbiter_lag_max_seconds{arbiter=\"keepwatch\"} >= 0",
        "count(actix_arbiter_lag_max_seconds{arbiter=~\"keepwatch .*\"}) == 5",
    ] {
        wait_for(&monitor, query, any).await;
    }
    monitor.shutdown().await;
}

#[actix_web::test]
async fn an_allocators_figures_are_the_programs() {
    let figures = || AllocatorFigures { allocated_bytes: Some(7), ..AllocatorFigures::default() };
    let monitor = quick().collector(move || AllocatorCollector::new(figures)).start().unwrap();
    let seven = |series: &[(String, f64)]| series.iter().any(|(_, value)| *value == 7.0);
    wait_for(&monitor, "process_heap_bytes", seven).await;
    monitor.shutdown().await;
}
