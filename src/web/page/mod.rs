//! The first page: health, alerts, components and metrics at a glance.
//!
//! Plain HTML by relative addresses only, so that the scope may be mounted
//! anywhere and the strictest content policy holds; a small script brings it
//! up to date in place.

mod alerts;
mod components;
mod health;
mod metrics;

use keepwatch_actors::summary::Summary;
use keepwatch_engine::alert::{Alert, Severity};
use keepwatch_engine::health::{HealthReport, HealthStatus};
use maud::{DOCTYPE, Markup, html};

use super::figure::{duration, figure, number};

/// How often a page without script refreshes as a whole, in seconds.
const REFRESH_SECONDS: u32 = 30;

/// What the page shows; a part that could not be had is `None`.
pub(super) struct Page<'a> {
    pub(super) summary: &'a Summary,
    pub(super) health: Option<&'a HealthReport>,
    pub(super) alerts: Option<&'a [Alert]>,
}

impl Page<'_> {
    pub(super) fn render(&self) -> Markup {
        let summary = self.summary;
        let window = duration(summary.window);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
                    title { (self.verdict().1) " – keepwatch" }
                    link rel="stylesheet" href="assets/style.css";
                    script src="assets/page.js" defer {}
                    link rel="icon" type="image/svg+xml" href="assets/favicon.svg";
                }
                body {
                    (self.header())
                    main {
                        (self.banner())
                        @if let Some(alerts) = self.alerts { (alerts::alerts(alerts, summary.at)) }
                        @if let Some(report) = self.health { (health::health(report)) }
                        (components::components(&summary.components, summary.at))
                        @if let Some(metrics) = &summary.metrics {
                            (metrics::metrics(metrics, &window))
                        }
                    }
                    footer {
                        "keepwatch " (env!("CARGO_PKG_VERSION")) ", taken " (summary.at) " in "
                        (duration(summary.took)) "."
                    }
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header {
                h1 { "keepwatch" }
                p.notice { "does not answer; this is what was known last" }
                nav {
                    a href="metrics" { "metrics" }
                    a href="health" { "health" }
                    a href="api/summary?format=text" { "summary" }
                    a href="api/alerts" { "alerts" }
                    a href="api/alerts/history" { "history" }
                    a href="api/actors" { "actors" }
                }
            }
        }
    }

    fn banner(&self) -> Markup {
        let (class, text) = self.verdict();
        let summary = self.summary;
        let components = &summary.components;
        let restarts: u64 = components.iter().map(|c| c.restarts + c.replacements).sum();
        html! {
            section class=(format!("banner {class}")) {
                strong { (text) }
                @for missing in &summary.missing {
                    p { (missing.part) " cannot be shown: " (missing.reason) }
                }
                dl.figures {
                    @if let Some(report) = self.health {
                        @let up = report.checks.iter().filter(|check| check.status.is_passing()).count();
                        div { dt { "Checks up" } dd { (up) " of " (report.checks.len()) } }
                    }
                    @if let Some(storage) = &summary.storage {
                        div { dt { "Series" } dd { (number(storage.series as f64)) } }
                        div { dt { "Samples" } dd { (number(storage.samples as f64)) } }
                        div { dt { "In memory" } dd { (figure(storage.bytes as f64, "bytes")) } }
                        @if let Some(disk) = &storage.disk {
                            div { dt { "On disk" } dd { (figure(disk.bytes as f64, "bytes")) } }
                            @for trouble in disk.failure.iter().chain(&disk.damage) {
                                div { dt { "Storage" } dd { (trouble) } }
                            }
                        }
                    }
                    div { dt { "Restarts" } dd { (restarts) } }
                }
            }
        }
    }

    /// The state of everything as a class and a sentence; the worst first.
    fn verdict(&self) -> (&'static str, String) {
        let raised = self.alerts.unwrap_or_default().iter().filter(|alert| alert.state.is_raised());
        let worst = raised.clone().map(|alert| alert.severity).max();
        let firing = raised.count();
        let checks = self.health.map_or(&[][..], |report| &report.checks);
        let count =
            |is: fn(HealthStatus) -> bool| checks.iter().filter(|check| is(check.status)).count();
        let failed = count(HealthStatus::is_failed);
        let unwell = count(|status| status == HealthStatus::Degraded);
        let unknown = count(|status| status == HealthStatus::Unknown);
        let mut parts = Vec::new();
        for (many, one, more) in [
            (firing, "alert is firing", "alerts are firing"),
            (failed, "check fails", "checks fail"),
            (unwell, "check is degraded", "checks are degraded"),
            (unknown, "check is unknown", "checks are unknown"),
        ] {
            match many {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                many => parts.push(format!("{many} {more}")),
            }
        }
        let incomplete = !self.summary.missing.is_empty();
        let class = if failed > 0 || worst >= Some(Severity::Error) {
            "down"
        } else if incomplete || unwell > 0 || worst >= Some(Severity::Warning) {
            "degraded"
        } else if unknown > 0 {
            "unknown"
        } else {
            "up"
        };
        match parts.as_slice() {
            [] if incomplete => (class, "Not everything can be told".to_owned()),
            [] => (class, "All is well".to_owned()),
            parts => (class, parts.join(", ")),
        }
    }
}
