//! `[[check]]`: health checks.

use futures_util::future::BoxFuture;
#[cfg(feature = "host")]
use keepwatch_actors::health_checker::probe::UsageProbe;
use keepwatch_actors::health_checker::probe::{Probe, TcpProbe};
#[cfg(feature = "host")]
use keepwatch_engine::health::ComponentType;
use keepwatch_engine::health::{CheckDefinition, Dependency, Group, Outcome};

use super::document::Table;
use super::section::{DAY, LIMIT, seconds};
#[cfg(feature = "http-check")]
use crate::probe::{Http, parse_statuses};
#[cfg(feature = "host")]
use crate::probe::{disk_space, memory};

/// What a configured check does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BuiltIn {
    /// A URL answers as expected.
    #[cfg(feature = "http-check")]
    Http(Http),
    /// A TCP port accepts connections.
    Tcp(TcpProbe),
    /// A filesystem or the memory has something left.
    #[cfg(feature = "host")]
    Usage(UsageProbe),
}

impl Probe for BuiltIn {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        match self {
            #[cfg(feature = "http-check")]
            Self::Http(http) => http.run(),
            Self::Tcp(tcp) => tcp.run(),
            #[cfg(feature = "host")]
            Self::Usage(usage) => usage.run(),
        }
    }
}

/// One `[[check]]`.
///
/// | key | default | |
/// |---|---|---|
/// | `name` | required | unique |
/// | `kind` | required | `"http"`, `"tcp"`, `"disk"`, `"memory"` or `"heartbeat"` |
/// | `url` | required for http | |
/// | `status` | `"200-399"` | http: one status or a range |
/// | `body` | | http: a text that the body must contain |
/// | `degraded_after` | | http: a slower answer is degraded, 10ms to 1h |
/// | `address` | required for tcp | `"host:port"` |
/// | `path` | `"/"` | disk: any path on the filesystem |
/// | `degraded_above`, `failed_above` | 85, 95 | disk and memory: used percent |
/// | `ttl` | required for heartbeat | how long a beat holds, 1s to 7d |
/// | `interval` | `"30s"` | 1s to 1d |
/// | `timeout` | `"5s"` | 10ms to 1h |
/// | `rise`, `fall` | 1, 1 | runs in a row that change the status, 1 to 100 |
/// | `requires`, `optional` | `[]` | names of checks |
/// | `groups` | `["readiness"]` | of liveness, readiness, startup |
/// | `affects` | `[]` | endpoints, for `application/health+json` |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Check {
    /// The name, schedule, thresholds and place in the graph.
    pub definition: CheckDefinition,
    /// What a run does; `None` for a heartbeat, which waits to be called.
    pub probe: Option<BuiltIn>,
}

#[derive(Clone, Copy)]
enum Kind {
    #[cfg(feature = "http-check")]
    Http,
    Tcp,
    #[cfg(feature = "host")]
    Disk,
    #[cfg(feature = "host")]
    Memory,
    Heartbeat,
}

const KINDS: &[(&str, Kind)] = &[
    #[cfg(feature = "http-check")]
    ("http", Kind::Http),
    ("tcp", Kind::Tcp),
    #[cfg(feature = "host")]
    ("disk", Kind::Disk),
    #[cfg(feature = "host")]
    ("memory", Kind::Memory),
    ("heartbeat", Kind::Heartbeat),
];

impl Check {
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let name = table.required("name", table.text("name"));
        let kind = table.required("kind", table.choice("kind", KINDS));
        let probe = match kind {
            Some(Kind::Heartbeat) | None => None,
            Some(kind) => read_probe(kind, table),
        };
        let mut definition = CheckDefinition::new(name.unwrap_or_default());
        match kind {
            Some(Kind::Heartbeat) => {
                let ttl = table.duration("ttl", seconds(1..=7 * DAY));
                definition.heartbeat = table.required("ttl", ttl);
            }
            #[cfg(feature = "host")]
            Some(Kind::Disk | Kind::Memory) => {
                definition.component_type = ComponentType::System;
                definition.measurement = "utilization".into();
            }
            _ => definition.measurement = "responseTime".into(),
        }
        read_schedule(&mut definition, table);
        if definition.name.is_empty() || kind.is_none() {
            // What the kind would have asked for cannot be told.
            table.allow_unknown();
            return None;
        }
        if let Err(error) = definition.validate() {
            table.refuse(error);
        }
        Some(Self { definition, probe })
    }
}

fn read_schedule(definition: &mut CheckDefinition, table: &Table<'_>) {
    if let Some(interval) = table.duration("interval", seconds(1..=DAY)) {
        definition.interval = interval;
    }
    if let Some(timeout) = table.duration("timeout", LIMIT) {
        definition.timeout = timeout;
    }
    for (key, count) in [("rise", &mut definition.rise), ("fall", &mut definition.fall)] {
        if let Some(given) = table.integer(key, 1..=100).and_then(|n| u32::try_from(n).ok()) {
            *count = given;
        }
    }
    let name = |text: &str| Ok::<_, String>(text.into());
    definition.dependencies =
        table.list("requires", name).into_iter().map(Dependency::Required).collect();
    definition
        .dependencies
        .extend(table.list("optional", name).into_iter().map(Dependency::Optional));
    definition.affected_endpoints = table.list("affects", name);
    let groups = table.list("groups", str::parse::<Group>);
    if table.has("groups") {
        definition.groups = groups.into_iter().collect();
    }
}

fn read_probe(kind: Kind, table: &Table<'_>) -> Option<BuiltIn> {
    match kind {
        #[cfg(feature = "http-check")]
        Kind::Http => {
            let url = table.parsed("url", Http::get);
            let status = table.parsed("status", parse_statuses);
            let body = table.text("body");
            let limit = table.duration("degraded_after", LIMIT);
            let mut http = table.required("url", url)?;
            if let Some(status) = status {
                http = http.status(status);
            }
            if let Some(body) = body {
                http = http.body_contains(body);
            }
            if let Some(limit) = limit {
                http = http.degraded_after(limit);
            }
            Some(BuiltIn::Http(http))
        }
        Kind::Tcp => {
            let address = table.required("address", table.parsed("address", parse_address));
            address.map(|address| BuiltIn::Tcp(TcpProbe::new(address)))
        }
        #[cfg(feature = "host")]
        Kind::Disk => {
            let path = table.text("path").unwrap_or_else(|| "/".to_owned());
            Some(BuiltIn::Usage(with_thresholds(disk_space(path), table)))
        }
        #[cfg(feature = "host")]
        Kind::Memory => Some(BuiltIn::Usage(with_thresholds(memory(), table))),
        Kind::Heartbeat => None,
    }
}

/// Accepts `host:port`; names are resolved at each run.
fn parse_address(text: &str) -> Result<String, String> {
    let good = text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
        !host.is_empty() && !bare_v6 && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if good {
        return Ok(text.to_owned());
    }
    Err(format!("expected a host and a port, such as \"db:5432\", got {text:?}"))
}

#[cfg(feature = "host")]
fn with_thresholds(probe: UsageProbe, table: &Table<'_>) -> UsageProbe {
    let degraded = table.number("degraded_above", 0.0..=100.0);
    let failed = table.number("failed_above", 0.0..=100.0);
    let (low, high) = (degraded.unwrap_or(85.0), failed.unwrap_or(95.0));
    match probe.clone().thresholds("", low / 100.0, high / 100.0) {
        Ok(probe) => probe,
        Err(_) => {
            let key = if degraded.is_some() { "degraded_above" } else { "failed_above" };
            table.refuse_value(
                key,
                format_args!("degraded_above, {low}, must not exceed failed_above, {high}"),
            );
            probe
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["db:5432", "127.0.0.1:80", "[::1]:80"] {
            assert_eq!(parse_address(good).as_deref(), Ok(good));
        }
        for bad in ["db", "db:", ":80", "db:0", "db:70000", "::1:80", "http://db:80/"] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }
}
