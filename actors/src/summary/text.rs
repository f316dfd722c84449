//! The summary as text for a terminal of 100 columns.

use std::fmt::{self, Display, Formatter, Write as _};

use keepwatch_engine::aggregate::Digest;

use super::number::{bytes, short, span};
use super::{MetricDigest, Summary};

/// The columns of a check's or rule's name.
const NAME: usize = 24;

/// The columns of a line; what is longer is cut.
const COLUMNS: usize = 100;

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "keepwatch at {}, figures over {}", self.at, span(self.window))?;
        self.write_health(f)?;
        self.write_alerts(f)?;
        self.write_components(f)?;
        self.write_storage(f)?;
        self.write_metrics(f)?;
        for missing in &self.missing {
            let part = missing.part.to_uppercase();
            writeln!(f)?;
            write_line(&format!("{part} missing: {}", missing.reason), f)?;
        }
        Ok(())
    }
}

impl Summary {
    fn write_health(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(health) = &self.health else { return Ok(()) };
        writeln!(f, "\nHEALTH {}", health.status)?;
        for check in &health.checks {
            let age = span(self.at.since(check.since));
            let (name, status) = (cut(&check.name, NAME), check.status.as_str());
            let mut line = format!("  {name:<NAME$} {status:<9} {age:>8}");
            if let Some(root) = &check.root {
                write!(line, "  by {}", cut(root, NAME))?;
            }
            if let Some(message) = &check.message {
                write!(line, "  {message}")?;
            }
            write_line(&line, f)?;
        }
        Ok(())
    }

    fn write_alerts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(alerts) = &self.alerts else { return Ok(()) };
        let firing = alerts.iter().filter(|alert| alert.state == "firing").count();
        writeln!(f, "\nALERTS {firing} firing, {} pending", alerts.len() - firing)?;
        for alert in alerts {
            let age = span(self.at.since(alert.since));
            let (rule, value) = (cut(&alert.rule, NAME), short(alert.value));
            let mut line = format!("  {:<9} {:<8}", alert.severity.to_string(), alert.state);
            write!(line, " {rule:<NAME$} {value:>9} {age:>8}")?;
            // Before the labels, which are what may be cut.
            if let Some(who) = &alert.acknowledged_by {
                write!(line, "  ack {}", cut(who, 10))?;
            }
            write!(line, "  {}", alert.labels)?;
            write_line(&line, f)?;
        }
        Ok(())
    }

    fn write_components(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<20} {:<9} {:>12} {:>9} {:>9} {:>9} {:>9}",
            "COMPONENTS", "state", "handled", "mailbox", "restarts", "refused", "lost"
        )?;
        for component in &self.components {
            writeln!(
                f,
                "  {:<18} {:<9} {:>12} {:>9} {:>9} {:>9} {:>9}",
                component.component,
                component.state,
                component.handled,
                component.queued,
                component.restarts,
                component.refused,
                component.dead_letters,
            )?;
        }
        Ok(())
    }

    fn write_storage(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(storage) = &self.storage else { return Ok(()) };
        let (series, samples) = (storage.series, storage.samples);
        writeln!(f, "\nSTORAGE {series} series, {samples} samples, {}", bytes(storage.bytes))?;
        for (reason, count) in storage.drops.iter() {
            writeln!(f, "  left out: {count} {reason}")?;
        }
        let Some(disk) = &storage.disk else { return Ok(()) };
        #[expect(clippy::cast_possible_truncation, reason = "for display")]
        let size = bytes(disk.bytes as usize);
        writeln!(f, "  on disk: {} samples in {} segments, {size}", disk.samples, disk.segments)?;
        if disk.samples_unlogged > 0 {
            writeln!(f, "  in memory only: {} samples", disk.samples_unlogged)?;
        }
        if disk.samples_damaged > 0 {
            writeln!(f, "  damaged on disk: {} samples", disk.samples_damaged)?;
        }
        let troubles = disk.failure.iter().chain(&disk.damage);
        troubles.into_iter().try_for_each(|trouble| writeln!(f, "  {trouble}"))
    }

    fn write_metrics(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(metrics) = &self.metrics else { return Ok(()) };
        write!(f, "\n{:<40}", "METRICS")?;
        for heading in ["current", "min", "mean", "max", "p95", "count"] {
            write!(f, " {heading:>9}")?;
        }
        writeln!(f)?;
        for metric in metrics {
            write_metric(metric, f)?;
        }
        Ok(())
    }
}

fn write_metric(metric: &MetricDigest, f: &mut Formatter<'_>) -> fmt::Result {
    let mut about = metric.kind.to_string();
    if !metric.unit.is_empty() {
        write!(about, ", {}", metric.unit)?;
    }
    match metric.series.as_slice() {
        // A metric without labels fits on one line.
        [only] if only.labels.is_empty() => {
            write!(f, "  {:<39}", cut(&metric.name, 39))?;
            write_figures(only, f)?;
        }
        series => {
            write_line(&format!("  {} ({about})", metric.name), f)?;
            for digest in series {
                write!(f, "    {:<37}", cut(&digest.labels.to_string(), 37))?;
                write_figures(digest, f)?;
            }
        }
    }
    if metric.series_left_out > 0 {
        writeln!(f, "    and {} more series", metric.series_left_out)?;
    }
    Ok(())
}

fn write_figures(digest: &Digest, f: &mut Formatter<'_>) -> fmt::Result {
    let figures = [digest.current, digest.min, digest.mean, digest.max, digest.p95];
    for figure in figures {
        write!(f, "{:>9} ", short(figure))?;
    }
    writeln!(f, "{:>9}", short(Some(digest.count)))
}

/// Writes `text` as one line of the terminal.
fn write_line(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}", cut(text, COLUMNS).trim_end())
}

/// Returns the first line of `text`, cut to `columns` characters. A control
/// character, by which a message could drive the terminal, becomes U+FFFD.
fn cut(text: &str, columns: usize) -> String {
    let line = text.lines().next().unwrap_or("");
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    if line.chars().count() <= columns {
        return line.chars().map(shown).collect();
    }
    let mut short: String = line.chars().map(shown).take(columns.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use expect_test::expect;
    use keepwatch_engine::alert::Severity;
    use keepwatch_engine::health::HealthStatus;
    use keepwatch_engine::model::{Labels, MetricKind, Timestamp};
    use keepwatch_engine::registry::Drops;

    use super::super::{
        AlertDigest, CheckDigest, DiskDigest, HealthDigest, MetricDigest, Missing, StorageDigest,
    };
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn series(labels: Labels, value: f64) -> Digest {
        let some = Some(value);
        Digest { labels, current: some, min: some, max: some, mean: some, count: 30.0, p95: None }
    }

    fn metric(name: &str, series: Vec<Digest>) -> MetricDigest {
        MetricDigest {
            name: name.into(),
            kind: MetricKind::Gauge,
            help: "Requests".to_owned(),
            unit: "bytes".to_owned(),
            label_names: Vec::new(),
            series,
            series_left_out: 3,
        }
    }

    /// A summary in which `name` and `message` stand wherever text of the
    /// user's may.
    fn summary(name: &str, message: &str, value: f64) -> Summary {
        let name: Arc<str> = name.into();
        let labels = || Labels::new([("host", message.to_owned())]).unwrap();
        let check = CheckDigest {
            name: Arc::clone(&name),
            status: HealthStatus::Blocked,
            since: AT - Duration::from_secs(200),
            root: Some(Arc::clone(&name)),
            message: Some(message.into()),
        };
        let alert = AlertDigest {
            rule: Arc::clone(&name),
            labels: labels(),
            severity: Severity::Critical,
            state: "pending",
            since: AT - Duration::from_secs(60),
            value: Some(value),
            acknowledged_by: Some(Arc::clone(&name)),
        };
        Summary {
            at: AT,
            window: Duration::from_secs(300),
            took: Duration::from_millis(2),
            health: Some(HealthDigest { status: HealthStatus::Down, checks: vec![check] }),
            alerts: Some(vec![alert]),
            components: Vec::new(),
            storage: Some(StorageDigest {
                series: 4,
                samples: 120,
                bytes: 1_536,
                disk: Some(DiskDigest {
                    segments: 2,
                    samples: 2_000,
                    bytes: 4_096,
                    damage: Some("lost 3 frames".to_owned()),
                    ..DiskDigest::default()
                }),
                drops: Drops::default(),
            }),
            metrics: Some(vec![
                metric(&name, vec![series(Labels::EMPTY, value)]),
                metric(&name, vec![series(labels(), value)]),
            ]),
            missing: vec![Missing { part: "components", reason: message.to_owned() }],
        }
    }

    #[test]
    fn a_summary_reads_well() {
        expect![[r#"
            keepwatch at 2023-11-14T22:13:20.000Z, figures over 5m 0s

            HEALTH down
              db                       blocked     3m 20s  by db  refused

            ALERTS 0 firing, 1 pending
              critical  pending  db                           98.77    1m 0s  ack db  {host="refused"}

            COMPONENTS           state          handled   mailbox  restarts   refused      lost

            STORAGE 4 series, 120 samples, 1.5 KiB
              on disk: 2000 samples in 2 segments, 4 KiB
              lost 3 frames

            METRICS                                    current       min      mean       max       p95     count
              db                                         98.77     98.77     98.77     98.77         -        30
                and 3 more series
              db (gauge, bytes)
                {host="refused"}                         98.77     98.77     98.77     98.77         -        30
                and 3 more series

            COMPONENTS missing: refused
        "#]].assert_eq(&summary("db", "refused", 98.765).to_string());
    }

    #[test]
    fn no_line_is_wider_than_a_terminal_and_none_drives_it() {
        let long = "x".repeat(120);
        for value in [0.0, -1.234e-300, f64::MIN, f64::INFINITY, -123_456.7] {
            let message = format!("{long}\u{1b}[2J\n{long}");
            for line in summary(&long, &message, value).to_string().lines() {
                assert!(
                    line.chars().count() <= COLUMNS,
                    "{} columns: {line}",
                    line.chars().count()
                );
                assert!(!line.chars().any(char::is_control), "{line:?}");
                assert_eq!(line, line.trim_end(), "no blanks at the end");
            }
        }
    }
}
