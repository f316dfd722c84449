//! Health on the first page: the checks as a tree from their roots.

use keepwatch_engine::health::{CheckReport, HealthReport};
use keepwatch_engine::model::Timestamp;
use maud::{Markup, html};

use super::super::figure::{age, figure};

/// The deepest level that is drawn; a deeper check is named, not followed.
const DEPTH_MAX: usize = 12;

/// Draws every check below what it depends on. A check with several
/// dependencies stands under the first and names the others.
pub(super) fn health(report: &HealthReport) -> Markup {
    let groups =
        [("live", &report.liveness), ("ready", &report.readiness), ("started", &report.startup)];
    html! {
        section {
            h2 { "Health" small {
                @for (name, group) in groups {
                    " " (name) " " span class=(format!("state {}", group.status)) { (group.status) }
                    @if let Some(reason) = &group.reason { " (" (reason) ")" }
                }
            } }
            @if report.checks.is_empty() {
                p.quiet { "No checks." }
            } @else {
                ul.tree {
                    @for check in report.checks.iter().filter(|check| parent(check).is_none()) {
                        (branch(report, check, 0))
                    }
                }
            }
        }
    }
}

fn branch(report: &HealthReport, check: &CheckReport, depth: usize) -> Markup {
    let children: Vec<&CheckReport> =
        report.checks.iter().filter(|child| parent(child) == Some(&check.name)).collect();
    html! {
        li {
            (line(check, report.at))
            @if !children.is_empty() {
                ul {
                    @for child in children {
                        @if depth < DEPTH_MAX {
                            (branch(report, child, depth + 1))
                        } @else {
                            li { (child.name) " …" }
                        }
                    }
                }
            }
        }
    }
}

fn line(check: &CheckReport, now: Timestamp) -> Markup {
    let others = needs(check).skip(1).collect::<Vec<_>>().join(", ");
    html! {
        span class=(format!("state {}", check.status)) { (check.status) }
        " " strong { (check.name) }
        @if let Some(observed) = &check.observed {
            " " span.quiet { (figure(observed.value, "")) " " (observed.unit) }
        }
        @if let Some(message) = &check.message { " — " (message) }
        span.quiet {
            " for " (age(now.since(check.since)))
            @if check.is_stale { ", stale" }
            @if !others.is_empty() { ", needs also " (others) }
        }
    }
}

/// The check under which this one is drawn.
fn parent(check: &CheckReport) -> Option<&str> {
    needs(check).next()
}

fn needs(check: &CheckReport) -> impl Iterator<Item = &str> {
    check.dependencies.iter().flat_map(|dependency| dependency.names()).map(AsRef::as_ref)
}
