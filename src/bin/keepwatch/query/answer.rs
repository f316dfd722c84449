//! The answer to a query, as the HTTP API tells it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::Value as Json;

/// What a query came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The API's `data`.
    pub(crate) data: Json,
    /// The same, read.
    pub(crate) series: Vec<Series>,
    /// Warnings and infos.
    pub(crate) remarks: Vec<String>,
}

/// A series and its points; a scalar or a text is one without labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Series {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) points: Vec<Point>,
}

/// A time in seconds since the epoch, and a value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) at: f64,
    pub(crate) value: String,
}

impl Answer {
    /// Reads the API's `data`.
    ///
    /// # Errors
    /// Something else.
    pub(crate) fn read(data: Json, remarks: Vec<String>) -> anyhow::Result<Self> {
        let result = &data["result"];
        let series = match data["resultType"].as_str() {
            Some("scalar" | "string") => {
                vec![Series { points: vec![point(result)?], ..Series::default() }]
            }
            Some("vector") => list(result)?
                .iter()
                .map(|one| Ok(Series { labels: labels(one), points: vec![point(&one["value"])?] }))
                .collect::<anyhow::Result<_>>()?,
            Some("matrix") => list(result)?
                .iter()
                .map(|one| {
                    let points = list(&one["values"])?.iter().map(point);
                    Ok(Series { labels: labels(one), points: points.collect::<Result<_, _>>()? })
                })
                .collect::<anyhow::Result<_>>()?,
            other => bail!("expected a result of a known type, got {other:?}"),
        };
        Ok(Self { data, series, remarks })
    }

    /// Returns the names of all labels, the series' own name first.
    pub(crate) fn label_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.series.iter().flat_map(|one| one.labels.keys()).map(String::as_str).collect();
        names.sort_unstable_by_key(|name| (*name != "__name__", *name));
        names.dedup();
        names
    }
}

impl Series {
    /// Returns the value of a label; empty if it is absent.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

fn list(json: &Json) -> anyhow::Result<&Vec<Json>> {
    json.as_array().context("expected a list of series in the answer")
}

fn labels(series: &Json) -> BTreeMap<String, String> {
    let labels = series["metric"].as_object().into_iter().flatten();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    labels.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn point(pair: &Json) -> anyhow::Result<Point> {
    match (pair[0].as_f64(), pair[1].as_str()) {
        (Some(at), Some(value)) => Ok(Point { at, value: value.to_owned() }),
        _ => bail!("expected a time and a value, got {pair}"),
    }
}
