//! keepwatch's figures about itself: what the supervisor knows of each
//! component, as series.

use keepwatch_actors::courier::DeliveryStatus;
use keepwatch_actors::supervisor::{ComponentState, ComponentStatus};
use keepwatch_engine::model::{MetricDefinition, MetricKind, Record};

/// A figure of a component: its name, help, whether it is a running total,
/// and where it is read from.
struct Figure {
    name: &'static str,
    help: &'static str,
    total: bool,
    read: fn(&ComponentStatus) -> f64,
}

const FIGURES: [Figure; 10] = [
    Figure {
        name: "keepwatch_component_up",
        help: "1 while the component handles messages, else 0.",
        total: false,
        read: |status| f64::from(u8::from(status.state == ComponentState::Running)),
    },
    Figure {
        name: "keepwatch_component_mailbox_messages",
        help: "Messages that wait in the component's mailbox.",
        total: false,
        read: |status| status.queued as f64,
    },
    Figure {
        name: "keepwatch_component_messages_total",
        help: "Messages the component has handled.",
        total: true,
        read: |status| status.handled as f64,
    },
    Figure {
        name: "keepwatch_component_refused_total",
        help: "Messages refused because the mailbox was full or closed.",
        total: true,
        read: |status| status.refused as f64,
    },
    Figure {
        name: "keepwatch_component_timeouts_total",
        help: "Asks that were not answered in time.",
        total: true,
        read: |status| status.timeouts as f64,
    },
    Figure {
        name: "keepwatch_component_dead_letters_total",
        help: "Messages that were queued and never handled.",
        total: true,
        read: |status| status.dead_letters as f64,
    },
    Figure {
        name: "keepwatch_component_unheard_errors_total",
        help: "Messages sent without an asker whose handling was refused.",
        total: true,
        read: |status| status.unheard_errors as f64,
    },
    Figure {
        name: "keepwatch_component_faults_total",
        help: "Panics caught in the component.",
        total: true,
        read: |status| status.faults as f64,
    },
    Figure {
        name: "keepwatch_component_restarts_total",
        help: "Times the component was rebuilt.",
        total: true,
        read: |status| status.restarts as f64,
    },
    Figure {
        name: "keepwatch_component_replacements_total",
        help: "Times the component hung and was replaced.",
        total: true,
        read: |status| status.replacements as f64,
    },
];

/// What became of events for subscribers.
const DELIVERIES: &str = "keepwatch_deliveries_total";

/// Returns the metrics that [`records`] records; and [`deliveries`] record.
pub(crate) fn definitions() -> Vec<MetricDefinition> {
    let define = |figure: &Figure| {
        let kind = if figure.total { MetricKind::Counter } else { MetricKind::Gauge };
        let definition = MetricDefinition::of_kind(kind, figure.name);
        definition
            .help(figure.help)
            .labels(["component"])
            .build()
            .expect("constant definitions are valid; a test builds each of them")
    };
    let deliveries = MetricDefinition::counter(DELIVERIES)
        .help("Events for subscribers, by what became of them.")
        .labels(["event", "subscriber", "outcome"])
        .build()
        .expect("constant definitions are valid; a test builds each of them");
    FIGURES.iter().map(define).chain([deliveries]).collect()
}

/// Returns what became of the events of one kind, by subscriber.
pub(crate) fn deliveries(event: &'static str, subscribers: &[DeliveryStatus]) -> Vec<Record> {
    let of_subscriber = |status: &DeliveryStatus| {
        let outcomes = [
            ("delivered", status.delivered),
            ("timed_out", status.timed_out),
            ("failed", status.failed),
            ("dropped", status.dropped),
        ];
        outcomes.map(|(outcome, count)| {
            Record::set(DELIVERIES, count as f64)
                .label("event", event)
                .label("subscriber", status.subscriber.as_ref())
                .label("outcome", outcome)
        })
    };
    subscribers.iter().flat_map(of_subscriber).collect()
}

/// Returns each component's figures.
pub(crate) fn records(components: &[ComponentStatus]) -> Vec<Record> {
    let of_component = |status: &ComponentStatus| {
        FIGURES.each_ref().map(|figure| {
            Record::set(figure.name, (figure.read)(status)).label("component", status.component)
        })
    };
    components.iter().flat_map(of_component).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_valid_definition() {
        let definitions = definitions();
        assert_eq!(definitions.len(), FIGURES.len() + 1);
        for (definition, figure) in definitions.iter().zip(&FIGURES) {
            let total = definition.name().ends_with("_total");
            assert_eq!(total, figure.total, "{}", figure.name);
        }
    }
}
