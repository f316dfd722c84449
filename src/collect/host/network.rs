//! Network interfaces.

use keepwatch_engine::model::{MetricDefinition, Record};
use sysinfo::Networks;

use super::{counter, number};

/// The host's network interfaces.
#[derive(Debug)]
pub(super) struct Interfaces(Option<Networks>);

impl Interfaces {
    pub(super) fn new() -> Self {
        Self(Networks::new().ok())
    }

    pub(super) fn definitions() -> Vec<MetricDefinition> {
        let device = ["device"];
        vec![
            counter("node_network_receive_bytes_total", "bytes", &device, "Bytes received."),
            counter("node_network_transmit_bytes_total", "bytes", &device, "Bytes sent."),
            counter("node_network_receive_packets_total", "packets", &device, "Packets received."),
            counter("node_network_transmit_packets_total", "packets", &device, "Packets sent."),
            counter("node_network_receive_errs_total", "", &device, "Errors while receiving."),
            counter("node_network_transmit_errs_total", "", &device, "Errors while sending."),
        ]
    }

    pub(super) fn collect(&mut self, records: &mut Vec<Record>) {
        let Some(networks) = &mut self.0 else { return };
        networks.refresh(true);
        for (name, interface) in networks.iter() {
            let device = name.to_string_lossy();
            for (metric, total) in [
                ("node_network_receive_bytes_total", interface.total_received()),
                ("node_network_transmit_bytes_total", interface.total_transmitted()),
                ("node_network_receive_packets_total", interface.total_packets_received()),
                ("node_network_transmit_packets_total", interface.total_packets_transmitted()),
                ("node_network_receive_errs_total", interface.total_errors_on_received()),
                ("node_network_transmit_errs_total", interface.total_errors_on_transmitted()),
            ] {
                records.push(Record::set(metric, number(total)).label("device", &*device));
            }
        }
    }
}
