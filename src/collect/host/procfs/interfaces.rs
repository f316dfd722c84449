//! Network interfaces: `/proc/net/dev` and `/sys/class/net`.

use std::fs;
use std::path::Path;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, define, number_in};

/// The columns of `/proc/net/dev` after the device, in the kernel's order.
const COLUMNS: [Row; 16] = [
    ("bytes", "node_network_receive_bytes_total", "Bytes received."),
    ("packets", "node_network_receive_packets_total", "Packets received."),
    ("errs", "node_network_receive_errs_total", "Errors while receiving."),
    ("drop", "node_network_receive_drop_total", "Received packets that were dropped."),
    ("fifo", "node_network_receive_fifo_total", "Overruns while receiving."),
    ("frame", "node_network_receive_frame_total", "Received frames that were misaligned."),
    ("compressed", "node_network_receive_compressed_total", "Compressed packets received."),
    ("multicast", "node_network_receive_multicast_total", "Multicast packets received."),
    ("bytes", "node_network_transmit_bytes_total", "Bytes sent."),
    ("packets", "node_network_transmit_packets_total", "Packets sent."),
    ("errs", "node_network_transmit_errs_total", "Errors while sending."),
    ("drop", "node_network_transmit_drop_total", "Packets that were dropped before sending."),
    ("fifo", "node_network_transmit_fifo_total", "Overruns while sending."),
    ("colls", "node_network_transmit_colls_total", "Collisions while sending."),
    ("carrier", "node_network_transmit_carrier_total", "Losses of the carrier while sending."),
    ("compressed", "node_network_transmit_compressed_total", "Compressed packets sent."),
];

/// Bytes a second of a megabit a second.
const MEGABIT: f64 = 125_000.0;

const ATTRIBUTES: [Row; 5] = [
    ("operstate", "node_network_up", "1 if the interface is up, 0 if not."),
    ("carrier", "node_network_carrier", "1 if there is a carrier, 0 if not."),
    ("mtu", "node_network_mtu_bytes", "The largest packet."),
    ("speed", "node_network_speed_bytes", "Bytes a second that the link can carry."),
    ("tx_queue_len", "node_network_transmit_queue_length", "Packets that the queue may hold."),
];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    let mut definitions = define(&COLUMNS, &["device"]);
    definitions.extend(define(&ATTRIBUTES, &["device"]));
    definitions
}

/// Reads `/proc/net/dev`.
pub(super) fn read(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        // Two lines of titles have bars; a name may have colons itself.
        let Some((device, fields)) = line.rsplit_once(':').filter(|_| !line.contains('|')) else {
            continue;
        };
        let device = device.trim();
        for ((_, metric, _), field) in COLUMNS.iter().zip(fields.split_ascii_whitespace()) {
            let Ok(value) = field.parse() else { break };
            records.push(Record::set(*metric, value).label("device", device));
        }
    }
}

/// Reads what the interfaces in `/sys/class/net` are; what does not hold for
/// one, such as the speed of a loopback, is absent.
pub(super) fn collect(folder: &Path, records: &mut Vec<Record>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let device = name.to_string_lossy();
        for (file, metric, _) in ATTRIBUTES {
            let path = entry.path().join(file);
            let value = match file {
                "operstate" => fs::read_to_string(path).ok().map(|state| is_up(&state)),
                "speed" => number_in(&path).map(|megabits| megabits * MEGABIT),
                _ => number_in(&path),
            };
            // A speed that is not known is told as -1.
            if let Some(value) = value.filter(|value| *value >= 0.0) {
                records.push(Record::set(metric, value).label("device", &*device));
            }
        }
    }
}

fn is_up(state: &str) -> f64 {
    f64::from(u8::from(state.trim() == "up"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn interfaces() {
        let of = |metric, value| Record::set(metric, value).label("device", "eth0:1");
        check(
            read,
            "Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes\neth0:1: 117 5 1 2 3 4 5 6 34 8\n",
            &[
                of("node_network_receive_bytes_total", 117.0),
                of("node_network_receive_packets_total", 5.0),
                of("node_network_receive_errs_total", 1.0),
                of("node_network_receive_drop_total", 2.0),
                of("node_network_receive_fifo_total", 3.0),
                of("node_network_receive_frame_total", 4.0),
                of("node_network_receive_compressed_total", 5.0),
                of("node_network_receive_multicast_total", 6.0),
                of("node_network_transmit_bytes_total", 34.0),
                of("node_network_transmit_packets_total", 8.0),
            ],
        );
    }

    #[test]
    fn up_is_one_word() {
        assert_eq!(["up\n", "down\n", "unknown\n"].map(is_up), [1.0, 0.0, 0.0]);
    }
}
