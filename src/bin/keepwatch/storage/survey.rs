//! What is in a data folder.

use std::fmt;
use std::path::PathBuf;

use keepwatch::model::Timestamp;
use serde::Serialize;

use super::layout::{Table, count, size, time};
use crate::counted;

/// What is in a data folder: its files, windows and series.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Survey {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The files by kind, empty kinds left out.
    pub(crate) kinds: Vec<Kind>,
    /// The segments of samples, oldest first, then the rollups.
    pub(crate) windows: Vec<Window>,
    /// How many series there are.
    pub(crate) series: u64,
    /// How many samples there are, rollups left out.
    pub(crate) samples: u64,
    /// How many metrics there are.
    pub(crate) metrics_total: u64,
    /// The metrics with the most series.
    pub(crate) metrics: Vec<MetricUsage>,
    /// How many names of labels there are.
    pub(crate) labels_total: u64,
    /// The labels with the most values.
    pub(crate) labels: Vec<LabelUsage>,
    /// What could not be read.
    pub(crate) damage: Vec<String>,
}

/// Files of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Kind {
    /// What they hold.
    pub(crate) kind: String,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// The samples or buckets in them, where they are counted.
    pub(crate) samples: Option<u64>,
}

/// One file of samples or rollups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Window {
    /// What it holds.
    pub(crate) kind: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) series: u64,
    /// The samples or buckets in it.
    pub(crate) samples: u64,
    pub(crate) bytes: u64,
}

/// What a metric takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct MetricUsage {
    pub(crate) metric: String,
    /// Its kind, such as `counter`.
    pub(crate) kind: String,
    /// Whether the kind was guessed from the series.
    pub(crate) kind_guessed: bool,
    /// Its unit and help, if they are known.
    pub(crate) unit: String,
    pub(crate) help: String,
    pub(crate) series: u64,
    pub(crate) samples: u64,
    /// The bytes of its samples in segments.
    pub(crate) sealed_bytes: u64,
}

/// How many values a label has.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct LabelUsage {
    pub(crate) label: String,
    pub(crate) values: u64,
    pub(crate) series: u64,
}

impl Survey {
    /// Returns the size of all files.
    fn bytes(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.bytes).sum()
    }

    fn fmt_kinds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["files", ">count", ">size", ">samples", ">bytes a sample"]);
        for kind in &self.kinds {
            let samples = kind.samples.map_or_else(|| "-".to_owned(), count);
            let each = kind.samples.filter(|samples| *samples > 0);
            #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
            let each = each.map(|samples| format!("{:.2}", kind.bytes as f64 / samples as f64));
            let each = each.unwrap_or_else(|| "-".to_owned());
            table.row([kind.kind.clone(), count(kind.files), size(kind.bytes), samples, each]);
        }
        write!(f, "{table}")
    }

    fn fmt_windows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["holds", "from", "to", ">series", ">samples", ">size"]);
        for window in &self.windows {
            table.row([
                window.kind.clone(),
                time(Some(window.start)),
                time(Some(window.end)),
                count(window.series),
                count(window.samples),
                size(window.bytes),
            ]);
        }
        write!(f, "\n{table}")
    }

    fn fmt_usage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["metric", "kind", ">series", ">samples", ">sealed size"]);
        for usage in &self.metrics {
            let (series, samples) = (count(usage.series), count(usage.samples));
            let guessed = if usage.kind_guessed { ", guessed" } else { "" };
            let kind = format!("{}{guessed}", usage.kind);
            table.row([usage.metric.clone(), kind, series, samples, size(usage.sealed_bytes)]);
        }
        let shown = self.metrics.len();
        writeln!(f, "\n{} of {} metrics, those with the most series", shown, self.metrics_total)?;
        write!(f, "{table}")?;
        let mut table = Table::new(["label", ">values", ">series"]);
        for usage in &self.labels {
            table.row([usage.label.clone(), count(usage.values), count(usage.series)]);
        }
        let shown = self.labels.len();
        writeln!(f, "\n{} of {} labels, those with the most values", shown, self.labels_total)?;
        write!(f, "{table}")
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} series, {} samples, {}",
            self.folder.display(),
            count(self.series),
            count(self.samples),
            size(self.bytes()),
        )?;
        self.fmt_kinds(f)?;
        if !self.windows.is_empty() {
            self.fmt_windows(f)?;
        }
        if self.metrics_total > 0 {
            self.fmt_usage(f)?;
        }
        if !self.damage.is_empty() {
            writeln!(f, "\n{}", counted(self.damage.len(), "problem"))?;
            for problem in &self.damage {
                writeln!(f, "  {problem}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_survey_as_text() {
        let at = |hours: i64| Timestamp::from_millis(1_700_006_400_000 + hours * 3_600_000);
        let window = |kind: &str, start, end| Window {
            kind: kind.to_owned(),
            start: at(start),
            end: at(end),
            series: 1_200,
            samples: 576_000,
            bytes: 700_000,
        };
        let kind = |kind: &str, files, bytes, samples| Kind {
            kind: kind.to_owned(),
            files,
            bytes,
            samples,
        };
        let survey = Survey {
            folder: "data".into(),
            kinds: vec![
                kind("log", 3, 12_345_678, Some(90_000)),
                kind("samples", 1, 700_000, Some(576_000)),
                kind("state", 1, 40_960, None),
            ],
            windows: vec![window("samples", 0, 2), window("rollups of 5m", 0, 24)],
            series: 1_200,
            samples: 666_000,
            metrics_total: 40,
            metrics: vec![MetricUsage {
                metric: "http_request_duration_seconds".to_owned(),
                kind: "histogram".to_owned(),
                kind_guessed: true,
                series: 900,
                samples: 400_000,
                sealed_bytes: 512_000,
                ..MetricUsage::default()
            }],
            labels_total: 7,
            labels: vec![LabelUsage { label: "path".to_owned(), values: 75, series: 900 }],
            damage: vec!["log file 3 is damaged at byte 512".to_owned()],
        };
        expect![[r#"
            data: 1,200 series, 666,000 samples, 12.5 MiB
              files    count      size  samples  bytes a sample
              log          3  11.8 MiB   90,000          137.17
              samples      1   684 KiB  576,000            1.22
              state        1  40.0 KiB        -               -

              holds          from                      to                        series  samples     size
              samples        2023-11-15T00:00:00.000Z  2023-11-15T02:00:00.000Z   1,200  576,000  684 KiB
              rollups of 5m  2023-11-15T00:00:00.000Z  2023-11-16T00:00:00.000Z   1,200  576,000  684 KiB

            1 of 40 metrics, those with the most series
              metric                         kind                series  samples  sealed size
              http_request_duration_seconds  histogram, guessed     900  400,000      500 KiB

            1 of 7 labels, those with the most values
              label  values  series
              path       75     900

            1 problem
              log file 3 is damaged at byte 512
        "#]].assert_eq(&survey.to_string());
        let empty = Survey { folder: "data".into(), ..Survey::default() };
        expect![[r#"
            data: 0 series, 0 samples, 0 B
              files  count  size  samples  bytes a sample
        "#]]
        .assert_eq(&empty.to_string());
    }
}
