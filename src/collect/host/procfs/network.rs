//! Protocols, sockets and queues of the network.

use std::collections::BTreeMap;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{Row, counter, define, gauge, record};

/// The counters of protocols that node_exporter keeps by default, which has
/// them as values without a type.
const COUNTERS: [Row; 47] = [
    ("Ip_Forwarding", "node_netstat_Ip_Forwarding", "1 if packets are forwarded, 2 if not."),
    ("IpExt_InOctets", "node_netstat_IpExt_InOctets", "Bytes received over IPv4."),
    ("IpExt_OutOctets", "node_netstat_IpExt_OutOctets", "Bytes sent over IPv4."),
    ("Ip6_InOctets", "node_netstat_Ip6_InOctets", "Bytes received over IPv6."),
    ("Ip6_OutOctets", "node_netstat_Ip6_OutOctets", "Bytes sent over IPv6."),
    ("Icmp_InErrors", "node_netstat_Icmp_InErrors", "ICMP messages received with errors."),
    ("Icmp_InMsgs", "node_netstat_Icmp_InMsgs", "ICMP messages received."),
    ("Icmp_OutMsgs", "node_netstat_Icmp_OutMsgs", "ICMP messages sent."),
    ("Icmp6_InErrors", "node_netstat_Icmp6_InErrors", "ICMPv6 messages received with errors."),
    ("Icmp6_InMsgs", "node_netstat_Icmp6_InMsgs", "ICMPv6 messages received."),
    ("Icmp6_OutMsgs", "node_netstat_Icmp6_OutMsgs", "ICMPv6 messages sent."),
    ("Tcp_ActiveOpens", "node_netstat_Tcp_ActiveOpens", "TCP connections opened from here."),
    ("Tcp_PassiveOpens", "node_netstat_Tcp_PassiveOpens", "TCP connections accepted."),
    ("Tcp_CurrEstab", "node_netstat_Tcp_CurrEstab", "TCP connections that are open."),
    ("Tcp_InErrs", "node_netstat_Tcp_InErrs", "TCP segments received with errors."),
    ("Tcp_InSegs", "node_netstat_Tcp_InSegs", "TCP segments received."),
    ("Tcp_OutRsts", "node_netstat_Tcp_OutRsts", "TCP resets sent."),
    ("Tcp_OutSegs", "node_netstat_Tcp_OutSegs", "TCP segments sent."),
    ("Tcp_RetransSegs", "node_netstat_Tcp_RetransSegs", "TCP segments sent again."),
    (
        "TcpExt_ListenDrops",
        "node_netstat_TcpExt_ListenDrops",
        "Connections refused because nobody accepted them in time.",
    ),
    (
        "TcpExt_ListenOverflows",
        "node_netstat_TcpExt_ListenOverflows",
        "Times that a queue of connections to accept was full.",
    ),
    (
        "TcpExt_SyncookiesFailed",
        "node_netstat_TcpExt_SyncookiesFailed",
        "Cookies of connections that were not valid.",
    ),
    ("TcpExt_SyncookiesRecv", "node_netstat_TcpExt_SyncookiesRecv", "Such cookies received."),
    ("TcpExt_SyncookiesSent", "node_netstat_TcpExt_SyncookiesSent", "Such cookies sent."),
    ("TcpExt_TCPOFOQueue", "node_netstat_TcpExt_TCPOFOQueue", "Segments received out of order."),
    (
        "TcpExt_TCPRcvQDrop",
        "node_netstat_TcpExt_TCPRcvQDrop",
        "Segments dropped because the receiver's queue was full.",
    ),
    ("TcpExt_TCPSynRetrans", "node_netstat_TcpExt_TCPSynRetrans", "First segments sent again."),
    ("TcpExt_TCPTimeouts", "node_netstat_TcpExt_TCPTimeouts", "Timeouts of TCP."),
    ("Udp_InDatagrams", "node_netstat_Udp_InDatagrams", "Datagrams received."),
    ("Udp_InErrors", "node_netstat_Udp_InErrors", "Datagrams received with errors."),
    ("Udp_NoPorts", "node_netstat_Udp_NoPorts", "Datagrams for ports nobody listens on."),
    ("Udp_OutDatagrams", "node_netstat_Udp_OutDatagrams", "Datagrams sent."),
    ("Udp_RcvbufErrors", "node_netstat_Udp_RcvbufErrors", "Datagrams that found no room."),
    ("Udp_SndbufErrors", "node_netstat_Udp_SndbufErrors", "Datagrams not sent for want of room."),
    ("UdpLite_InErrors", "node_netstat_UdpLite_InErrors", "UDP-Lite datagrams with errors."),
    ("Udp6_InDatagrams", "node_netstat_Udp6_InDatagrams", "Datagrams received over IPv6."),
    ("Udp6_InErrors", "node_netstat_Udp6_InErrors", "Datagrams with errors, over IPv6."),
    ("Udp6_NoPorts", "node_netstat_Udp6_NoPorts", "Likewise for ports nobody listens on."),
    ("Udp6_OutDatagrams", "node_netstat_Udp6_OutDatagrams", "Datagrams sent over IPv6."),
    ("Udp6_RcvbufErrors", "node_netstat_Udp6_RcvbufErrors", "Likewise those without room."),
    ("Udp6_SndbufErrors", "node_netstat_Udp6_SndbufErrors", "Likewise those not sent."),
    ("UdpLite6_InErrors", "node_netstat_UdpLite6_InErrors", "UDP-Lite with errors, over IPv6."),
    ("Ip6_InReceives", "node_netstat_Ip6_InReceives", "Packets received over IPv6."),
    ("Ip6_OutRequests", "node_netstat_Ip6_OutRequests", "Packets sent over IPv6."),
    ("Ip_InReceives", "node_netstat_Ip_InReceives", "Packets received over IPv4."),
    ("Ip_OutRequests", "node_netstat_Ip_OutRequests", "Packets sent over IPv4."),
    ("Tcp_EstabResets", "node_netstat_Tcp_EstabResets", "TCP connections that were reset."),
];

/// The protocols of `/proc/net/snmp6`, the longer names first.
const PROTOCOLS_V6: [&str; 4] = ["UdpLite6", "Icmp6", "Udp6", "Ip6"];

const SOCKETS: [Row; 18] = [
    ("sockets_used", "node_sockstat_sockets_used", "Sockets over IPv4."),
    ("TCP_inuse", "node_sockstat_TCP_inuse", "TCP sockets in use."),
    ("TCP_orphan", "node_sockstat_TCP_orphan", "TCP sockets that no process holds."),
    ("TCP_tw", "node_sockstat_TCP_tw", "TCP connections that were closed lately."),
    ("TCP_alloc", "node_sockstat_TCP_alloc", "TCP sockets in any state."),
    ("TCP_mem", "node_sockstat_TCP_mem", "Pages of memory of TCP sockets."),
    ("UDP_inuse", "node_sockstat_UDP_inuse", "UDP sockets in use."),
    ("UDP_mem", "node_sockstat_UDP_mem", "Pages of memory of UDP sockets."),
    ("UDPLITE_inuse", "node_sockstat_UDPLITE_inuse", "UDP-Lite sockets in use."),
    ("RAW_inuse", "node_sockstat_RAW_inuse", "Raw sockets in use."),
    ("FRAG_inuse", "node_sockstat_FRAG_inuse", "Packets being put together."),
    ("FRAG_memory", "node_sockstat_FRAG_memory", "Bytes of packets being put together."),
    ("TCP6_inuse", "node_sockstat_TCP6_inuse", "TCP sockets over IPv6 in use."),
    ("UDP6_inuse", "node_sockstat_UDP6_inuse", "UDP sockets over IPv6 in use."),
    ("UDPLITE6_inuse", "node_sockstat_UDPLITE6_inuse", "UDP-Lite sockets over IPv6 in use."),
    ("RAW6_inuse", "node_sockstat_RAW6_inuse", "Raw sockets over IPv6 in use."),
    ("FRAG6_inuse", "node_sockstat_FRAG6_inuse", "IPv6 packets being put together."),
    ("FRAG6_memory", "node_sockstat_FRAG6_memory", "Bytes of such packets."),
];

pub(super) fn definitions() -> Vec<MetricDefinition> {
    let mut definitions = define(&COUNTERS, &[]);
    definitions.extend(define(&SOCKETS, &[]));
    let of_cpu = |name, help| counter(name, "", &["cpu"], help);
    definitions.extend([
        gauge("node_arp_entries", "", &["device"], "Neighbours that are known."),
        of_cpu("node_softnet_processed_total", "Packets that were taken from the network."),
        of_cpu("node_softnet_dropped_total", "Packets dropped because the backlog was full."),
        of_cpu("node_softnet_times_squeezed_total", "Times that packets had to wait."),
    ]);
    definitions
}

/// Reads `/proc/net/snmp` or `/proc/net/netstat`: for each protocol a line of
/// names and one of values.
pub(super) fn read_counters(text: &str, records: &mut Vec<Record>) {
    let mut lines = text.lines();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let (mut names, mut values) =
            (names.split_ascii_whitespace(), values.split_ascii_whitespace());
        let Some(protocol) = names.next().filter(|name| values.next() == Some(name)) else {
            continue;
        };
        let protocol = protocol.trim_end_matches(':');
        for (name, value) in names.zip(values) {
            if let Ok(value) = value.parse() {
                record(&COUNTERS, &format!("{protocol}_{name}"), value, records);
            }
        }
    }
}

/// Reads `/proc/net/snmp6`: a line each, with the protocol before the name.
pub(super) fn read_counters_v6(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (Some(key), Some(Ok(value))) = (fields.next(), fields.next().map(str::parse)) else {
            continue;
        };
        let split = PROTOCOLS_V6
            .into_iter()
            .find_map(|protocol| Some((protocol, key.strip_prefix(protocol)?)));
        if let Some((protocol, name)) = split {
            record(&COUNTERS, &format!("{protocol}_{name}"), value, records);
        }
    }
}

/// Reads `/proc/net/sockstat` or `sockstat6`: a protocol, then names and
/// values in turn.
pub(super) fn read_sockets(text: &str, records: &mut Vec<Record>) {
    for line in text.lines() {
        let Some((protocol, rest)) = line.split_once(':') else { continue };
        let mut fields = rest.split_ascii_whitespace();
        while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
            if let Ok(value) = value.parse() {
                record(&SOCKETS, &format!("{protocol}_{name}"), value, records);
            }
        }
    }
}

/// Reads `/proc/net/softnet_stat`: a line for each CPU that is up, in
/// hexadecimal; newer kernels name the CPU in the 13th column.
pub(super) fn read_backlog(text: &str, records: &mut Vec<Record>) {
    for (line, row) in text.lines().enumerate() {
        let columns: Vec<Option<u32>> =
            row.split_ascii_whitespace().map(|field| u32::from_str_radix(field, 16).ok()).collect();
        let &[Some(processed), Some(dropped), Some(squeezed), ref rest @ ..] = columns.as_slice()
        else {
            continue;
        };
        let named = rest.get(9).copied().flatten().map(|cpu| cpu.to_string());
        let cpu = named.unwrap_or_else(|| line.to_string());
        for (metric, count) in [
            ("node_softnet_processed_total", processed),
            ("node_softnet_dropped_total", dropped),
            ("node_softnet_times_squeezed_total", squeezed),
        ] {
            records.push(Record::set(metric, f64::from(count)).label("cpu", cpu.as_str()));
        }
    }
}

/// Reads `/proc/net/arp`, which begins with titles, and counts by device.
pub(super) fn read_arp(text: &str, records: &mut Vec<Record>) {
    let mut entries: BTreeMap<&str, u32> = BTreeMap::new();
    for line in text.lines().skip(1) {
        // Addresses, flags and a mask come before the device.
        if let Some(device) = line.split_ascii_whitespace().nth(5) {
            *entries.entry(device).or_default() += 1;
        }
    }
    let of_device =
        |(device, count)| Record::set("node_arp_entries", f64::from(count)).label("device", device);
    records.extend(entries.into_iter().map(of_device));
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn counters_are_named_by_their_protocol() {
        check(
            read_counters,
            "Tcp: RtoMax MaxConn CurrEstab InErrs\nTcp: 120000 -1 5 x\nUdp: NoPorts\nTcp: 9\n",
            &[Record::set("node_netstat_Tcp_CurrEstab", 5.0)],
        );
        check(
            read_counters_v6,
            "Ip6InOctets      \t7\nUdp6NoPorts 4\nUdpLite6InErrors 2\nIcmp6InMsgs x\nOther 1\n",
            &[
                Record::set("node_netstat_Ip6_InOctets", 7.0),
                Record::set("node_netstat_Udp6_NoPorts", 4.0),
                Record::set("node_netstat_UdpLite6_InErrors", 2.0),
            ],
        );
    }

    #[test]
    fn sockets() {
        check(
            read_sockets,
            "sockets: used 20\nTCP: inuse 1 orphan 0 unknown 4 mem\nUDP6: inuse 3\n",
            &[
                Record::set("node_sockstat_sockets_used", 20.0),
                Record::set("node_sockstat_TCP_inuse", 1.0),
                Record::set("node_sockstat_TCP_orphan", 0.0),
                Record::set("node_sockstat_UDP6_inuse", 3.0),
            ],
        );
    }

    #[test]
    fn the_backlog_of_each_cpu() {
        let of = |cpu: &str, values: [f64; 3]| {
            let names = ["processed", "dropped", "times_squeezed"];
            let record = |(name, value)| {
                Record::set(format!("node_softnet_{name}_total"), value).label("cpu", cpu)
            };
            names.into_iter().zip(values).map(record).collect::<Vec<_>>()
        };
        check(read_backlog, "0000d300 00000001 0000000a\n", &of("0", [54_016.0, 1.0, 10.0]));
        let newer = "1 0 0 0 0 0 0 0 0 0 0 0 00000007 0 0\n";
        check(read_backlog, newer, &of("7", [1.0, 0.0, 0.0]));
    }

    #[test]
    fn neighbours_by_device() {
        let title =
            "IP address       HW type     Flags       HW address            Mask     Device";
        let entry = "192.0.2.1        0x1         0x2         02:fc:00:00:00:05     *        eth0";
        let expected = Record::set("node_arp_entries", 2.0).label("device", "eth0");
        check(read_arp, &format!("{title}\n{entry}\n{entry}\nshort\n"), &[expected]);
    }
}
