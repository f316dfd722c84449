//! The summary as text for a terminal of 100 columns.

use std::fmt::{self, Display, Formatter, Write as _};

use keepwatch_engine::aggregate::Digest;

use super::number::{bytes, short, span};
use super::{MetricDigest, Summary};

/// The columns of a line; longer label sets are cut.
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
            writeln!(f, "\n{} missing: {}", missing.part.to_uppercase(), missing.reason)?;
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
            write!(f, "  {:<24} {:<9} {age:>8}", check.name, check.status.as_str())?;
            if let Some(root) = &check.root {
                write!(f, "  by {root}")?;
            }
            if let Some(message) = &check.message {
                write!(f, "  {}", cut(message, COLUMNS - 46))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_alerts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(alerts) = &self.alerts else { return Ok(()) };
        let firing = alerts.iter().filter(|alert| alert.state == "firing").count();
        writeln!(f, "\nALERTS {firing} firing, {} pending", alerts.len() - firing)?;
        for alert in alerts {
            let age = span(self.at.since(alert.since));
            let labels = cut(&alert.labels.to_string(), COLUMNS - 65);
            let value = short(alert.value);
            write!(f, "  {:<9} {:<8}", alert.severity.to_string(), alert.state)?;
            write!(f, " {:<24} {value:>9} {age:>8}  {labels}", alert.rule)?;
            if let Some(who) = &alert.acknowledged_by {
                write!(f, "  acknowledged by {who}")?;
            }
            writeln!(f)?;
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
        write!(f, "\nSTORAGE {series} series, {samples} samples, {}", bytes(storage.bytes))?;
        let mut separator = "; left out: ";
        for (reason, count) in storage.drops.iter() {
            write!(f, "{separator}{count} {reason}")?;
            separator = ", ";
        }
        writeln!(f)
    }

    fn write_metrics(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(metrics) = &self.metrics else { return Ok(()) };
        write!(f, "\n{:<41}", "METRICS")?;
        for heading in ["current", "min", "mean", "max", "p95", "count"] {
            write!(f, "{heading:>9} ")?;
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
            writeln!(f, "  {} ({about})", metric.name)?;
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

/// Returns the first line of `text`, cut to `columns` characters.
fn cut(text: &str, columns: usize) -> String {
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(columns.saturating_sub(1)).collect();
    short.push('…');
    short
}
