//! Alerts on the first page.

use keepwatch_engine::alert::Alert;
use keepwatch_engine::model::Timestamp;
use maud::{Markup, html};

use super::super::figure::{age, number};

/// The most alerts that the page lists; the rest are counted.
const ROWS_MAX: usize = 100;

/// Lists active alerts, in the order given.
pub(super) fn alerts(alerts: &[Alert], now: Timestamp) -> Markup {
    let raised = alerts.iter().filter(|alert| alert.state.is_raised()).count();
    html! {
        section {
            h2 { "Alerts" small { (raised) " firing, " (alerts.len() - raised) " pending" } }
            @if alerts.is_empty() {
                p.quiet { "Nothing to tell." }
            } @else {
                table {
                    thead { tr {
                        th { "State" } th { "Severity" } th { "Rule" } th { "Labels" }
                        th.number { "Value" } th { "For" } th { "Description" }
                    } }
                    tbody { @for alert in alerts.iter().take(ROWS_MAX) { (row(alert, now)) } }
                }
                @if alerts.len() > ROWS_MAX {
                    p.quiet { "and " (alerts.len() - ROWS_MAX) " more" }
                }
            }
        }
    }
}

fn row(alert: &Alert, now: Timestamp) -> Markup {
    let own = |name: &str| name == "alertname" || name == "severity";
    html! {
        tr {
            td { span class=(format!("state {}", alert.state)) { (alert.state) } }
            td { span class=(format!("state {}", alert.severity)) { (alert.severity) } }
            td { (alert.rule) }
            td.labels {
                @for (name, value) in alert.labels.iter().filter(|(name, _)| !own(name)) {
                    code { (name) "=" (value) } " "
                }
            }
            td.number { @if let Some(value) = alert.value { (number(value)) } @else { "–" } }
            td { (age(now.since(alert.fired_at.unwrap_or(alert.active_at)))) }
            td {
                (alert.description())
                @if let Some(note) = &alert.acknowledged { " " span.quiet { "seen by " (note.by) } }
                @if alert.silenced_by.is_some() { " " span.quiet { "silenced" } }
            }
        }
    }
}
