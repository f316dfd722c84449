//! `keepwatch serve`.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_rt::Arbiter;
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use keepwatch::alert::Severity;
use keepwatch::collect::{FilesystemCollector, HostCollector, ProcessCollector};
use keepwatch::config::Config;
use keepwatch::health::CheckDefinition;
use keepwatch::messages::{AddCheck, AddChecks, AlertTransition};
use keepwatch::notation::format_duration;
use keepwatch::supervisor::Status;
use keepwatch::{ClosingReport, Monitor, web};
use keepwatch_actors::health_checker::probe::MailboxProbe;

use crate::arguments::Serve;
use crate::{contents, defaults, print};

/// The file that is read if none is named and it is there.
const FILE: &str = "keepwatch.toml";

/// A signal that comes sooner after the first is the same wish.
const SECOND_SIGNAL_AFTER: Duration = Duration::from_secs(1);

/// Between looks at each component's mailbox.
const MAILBOX_INTERVAL: Duration = Duration::from_secs(15);

/// What is logged if `RUST_LOG` says nothing: alerts are told below, each by
/// its severity, and the HTTP server's workers are of no interest.
const LOG_FILTER: &str = "info,keepwatch_actors::alert_evaluator=warn,actix_server=warn";

/// The longest that requests in flight may take once the engine has stopped,
/// in seconds.
const HTTP_DRAIN_SECONDS: u64 = 5;

/// Watches the host until a signal comes.
pub(crate) fn serve(arguments: &Serve) -> anyhow::Result<()> {
    let default = env_logger::Env::default().default_filter_or(LOG_FILTER);
    env_logger::Builder::from_env(default).format_target(false).init();
    let config = load(arguments)?;
    actix_web::rt::System::new().block_on(run(config, arguments.data.clone()))
}

fn load(arguments: &Serve) -> anyhow::Result<Config> {
    let mut config = match &arguments.config {
        Some(file) => Config::load(file)?,
        None if Path::new(FILE).exists() => Config::load(FILE)?,
        None => Config::default(),
    };
    if let Some(listen) = arguments.listen {
        config.server.listen = listen;
    }
    defaults::add_to(&mut config)?;
    Ok(config)
}

async fn run(config: Config, data: Option<PathBuf>) -> anyhow::Result<()> {
    // Before anything starts: a second keepwatch must leave no trace.
    let listener = bind(config.server.listen)?;
    let address = listener.local_addr()?;
    let told = welcome(&config, address);
    let fired = Arc::new(AtomicU64::new(0));
    let mailboxes = config.host.checks;
    let monitor = start(config, data, Arc::clone(&fired))?;
    if mailboxes {
        check_mailboxes(&monitor).await?;
    }

    let served = monitor.clone();
    let server = HttpServer::new(move || {
        served.watch_arbiter("keepwatch http", &Arbiter::current());
        App::new().service(web::scope("", &served))
    })
    .listen(listener)?
    .disable_signals()
    .shutdown_timeout(HTTP_DRAIN_SECONDS)
    .run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    print(&told)?;

    let signal = ended().await?;
    log::info!("{signal}: draining; once more ends at once");
    actix_web::rt::spawn(async {
        // Whoever stops a process group sends the signal twice at once.
        actix_web::rt::time::sleep(SECOND_SIGNAL_AFTER).await;
        if ended().await.is_ok() {
            std::process::exit(130);
        }
    });
    // Readiness goes down first and stays to be seen while components drain.
    let stored = monitor.summary(Duration::from_secs(60)).await.storage;
    let report = monitor.shutdown().await;
    handle.stop(true).await;
    serving.await.context("the HTTP server")??;
    print(&closing(&report, stored.map(|storage| storage.samples), fired.load(Ordering::Relaxed)))
}

fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        anyhow::anyhow!(
            "cannot listen on {address}: {error}; choose another with --listen or server.listen"
        )
    })
}

fn start(config: Config, data: Option<PathBuf>, fired: Arc<AtomicU64>) -> anyhow::Result<Monitor> {
    let host = config.host.collect && config.collectors.host;
    let process = config.host.collect && config.collectors.process;
    let mut builder = config.into_builder().on_alert(move |event: AlertTransition| {
        if event.fires() {
            fired.fetch_add(1, Ordering::Relaxed);
        }
        tell(&event);
    });
    if let Some(folder) = data {
        builder = builder.data_dir(folder);
    }
    if host {
        builder = builder.collector(HostCollector::new).collector(FilesystemCollector::new);
    }
    if process {
        builder = builder.collector(ProcessCollector::new);
    }
    builder.start().context("the engine cannot start")
}

/// Adds a check of each component: whether it runs and keeps up.
async fn check_mailboxes(monitor: &Monitor) -> anyhow::Result<()> {
    let mut checks = Vec::new();
    for status in monitor.status().await {
        // The supervisor's own address: a monitor would keep itself alive.
        let supervisor = monitor.supervisor().clone();
        let probe = MailboxProbe::new(status.component, move || {
            let supervisor = supervisor.clone();
            async move { supervisor.send(Status).await }
        });
        let definition =
            CheckDefinition::new(format!("{}{}", defaults::OWN_CHECKS, status.component))
                .measurement("mailbox")
                .interval(MAILBOX_INTERVAL);
        checks.push(AddCheck::new(definition, probe));
    }
    monitor.send(AddChecks(checks)).await.context("the checks of the components")
}

fn tell(event: &AlertTransition) {
    let alert = &event.alert;
    let level = match alert.severity {
        _ if event.resolves() => log::Level::Info,
        Severity::Info => log::Level::Info,
        Severity::Warning => log::Level::Warn,
        Severity::Error | Severity::Critical => log::Level::Error,
    };
    let value = alert.value.map(|value| format!(" at {value:.4}")).unwrap_or_default();
    log::log!(level, "alert {} is {}{value}: {}", alert.labels, event.to, alert.description());
}

/// Says what is watched and where to look.
fn welcome(config: &Config, address: SocketAddr) -> String {
    let mut text = format!(
        "keepwatch {} watches {} every {}, with {}\n",
        env!("CARGO_PKG_VERSION"),
        if config.host.collect && config.collectors.host { "this host" } else { "itself" },
        format_duration(config.intervals.collection),
        contents(config),
    );
    for job in &config.scrapes {
        // Its targets were checked when the file was read.
        let targets = job.targets().unwrap_or_default();
        let what = match targets.as_slice() {
            [one] => one.url.clone(),
            all => format!("{} targets", all.len()),
        };
        let _ = writeln!(text, "  scrapes  {}: {what}", job.name());
    }
    for (what, path) in [
        ("page", "/"),
        ("metrics", "/metrics"),
        ("health", "/health"),
        ("summary", "/api/summary?format=text"),
    ] {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {what:<8} http://{address}{path}");
    }
    text + "Ctrl-C ends it with a report.\n"
}

/// The closing report.
fn closing(report: &ClosingReport, samples: Option<usize>, fired: u64) -> String {
    let restarts: u64 = report.components.iter().map(|drain| drain.status.restarts).sum();
    let samples = samples.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
    let mut text = format!(
        "keepwatch stopped after {}, {} drained in {}\n  samples held   {samples}\n  alerts fired   {fired}\n  restarts       {restarts}\n  undelivered    {} messages, {} events; {} events failed\n",
        seconds(report.ran),
        if report.is_clean() { "cleanly," } else { "not cleanly," },
        format_duration(report.took),
        report.undelivered_messages,
        report.undelivered_events,
        report.lost_events,
    );
    if let Some(failure) = &report.failure {
        let _ = writeln!(text, "  {failure}");
    }
    if let Some(reason) = &report.unsaved {
        let _ = writeln!(text, "  the series were not saved: {reason}");
    }
    for drain in report.components.iter().filter(|drain| !drain.clean) {
        let _ = writeln!(
            text,
            "  {} did not drain in time: {} messages left",
            drain.status.component, drain.undelivered
        );
    }
    text
}

/// A duration without its milliseconds, unless it has nothing else.
fn seconds(duration: Duration) -> String {
    let whole = Duration::from_secs(duration.as_secs());
    format_duration(if whole.is_zero() { duration } else { whole })
}

/// Waits for Ctrl-C or SIGTERM, and names it.
async fn ended() -> anyhow::Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
        Ok(tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
        })
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.context("Ctrl-C")?;
        Ok("Ctrl-C")
    }
}
