//! Components on the first page.

use keepwatch_actors::supervisor::ComponentStatus;
use keepwatch_engine::model::Timestamp;
use maud::{Markup, html};

use super::super::figure::{age, number};

/// Lists the components in the order in which they were started.
pub(super) fn components(components: &[ComponentStatus], now: Timestamp) -> Markup {
    html! {
        section {
            h2 { "Components" }
            table {
                thead { tr {
                    th { "Component" } th { "State" } th { "For" }
                    th.number { "Mailbox" } th.number { "Handled" } th.number { "Refused" }
                    th.number { "Restarts" } th { "Last fault" }
                } }
                tbody { @for status in components { tr {
                    td { (status.component) }
                    td { span class=(format!("state {}", status.state)) { (status.state) } }
                    td { (age(now.since(status.since))) }
                    td.number { (status.queued) " of " (number(status.queue_bound as f64)) }
                    td.number { (count(status.handled)) }
                    td.number { (count(status.refused)) }
                    td.number { (count(status.restarts + status.replacements)) }
                    td.labels { (status.last_fault.as_deref().unwrap_or("")) }
                } } }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with four digits")]
fn count(count: u64) -> String {
    number(count as f64)
}
