//! Answers as comma-separated values. Source: RFC 4180.

use super::answer::Answer;
use super::table::time;

/// Writes a heading, then a record for each point.
pub(super) fn written(answer: &Answer) -> String {
    let names = answer.label_names();
    let mut text = record(names.iter().copied().chain(["time", "value"]));
    for series in &answer.series {
        let labels: Vec<&str> = names.iter().map(|name| series.label(name)).collect();
        for point in &series.points {
            let at = time(point.at);
            text += &record(labels.iter().copied().chain([at.as_str(), &point.value]));
        }
    }
    text
}

fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let quoted = |field: &str| {
        if field.contains([',', '"', '\r', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    fields.map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}
