//! Answers in columns.

use chrono::{DateTime, SecondsFormat};

use super::answer::Answer;

/// Writes a line for each series, or for each of its points; with a heading if
/// there are labels.
pub(super) fn written(answer: &Answer, with_times: bool) -> String {
    let names = answer.label_names();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut heading: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    if with_times {
        heading.push("time".into());
    }
    heading.push("value".into());
    if heading.len() > 1 {
        rows.push(heading);
    }
    for series in &answer.series {
        for point in &series.points {
            let mut row: Vec<String> =
                names.iter().map(|name| series.label(name).to_owned()).collect();
            if with_times {
                row.push(time(point.at));
            }
            row.push(point.value.clone());
            rows.push(row);
        }
    }
    if answer.series.is_empty() {
        return "no series\n".to_owned();
    }
    aligned(&rows)
}

/// Writes rows with their columns below one another, the last to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|text| text.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let cell = cell.replace(['\n', '\r', '\t'], " ");
            if column + 1 == columns {
                text.push_str(&format!("{cell:>width$}\n"));
            } else {
                text.push_str(&format!("{cell:<width$}  "));
            }
        }
    }
    text
}

/// Writes seconds since the epoch as a time of the day and its date.
pub(super) fn time(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "times come as milliseconds")]
    let at = DateTime::from_timestamp_millis((seconds * 1e3).round() as i64);
    at.map_or_else(|| seconds.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
