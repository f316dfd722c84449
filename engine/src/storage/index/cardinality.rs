//! How many series and values there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Index;
use super::ids::Ids;

/// How many series there are, by metric and by label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cardinality {
    /// All series.
    pub series: u64,
    /// The series of each metric.
    pub metrics: BTreeMap<Arc<str>, usize>,
    /// Each label.
    pub labels: BTreeMap<Arc<str>, LabelCardinality>,
}

/// How many series have a label, and with how many values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LabelCardinality {
    /// How many values there are.
    pub values: usize,
    /// How many series have the label.
    pub series: usize,
    /// About how many bytes the index needs for it.
    pub bytes: usize,
    /// The values with the most series, most first, ten at most.
    pub top: Vec<(Arc<str>, usize)>,
}

/// How many values of a label are named.
const TOP: usize = 10;

impl Index {
    /// Counts series by metric and by label.
    pub(in crate::storage) fn cardinality(&self) -> Cardinality {
        let metrics = self.metrics.iter().map(|(metric, ids)| (Arc::clone(metric), ids.len()));
        let labels = self.labels.iter().map(|(label, postings)| {
            let mut top: Vec<(Arc<str>, usize)> =
                postings.iter().map(|(value, ids)| (Arc::clone(value), ids.len())).collect();
            top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let counted = LabelCardinality {
                values: top.len(),
                series: top.iter().map(|(_, series)| series).sum(),
                bytes: postings.iter().map(|(value, ids)| value.len() + Ids::bytes(ids)).sum(),
                top: top.into_iter().take(TOP).collect(),
            };
            (Arc::clone(label), counted)
        });
        Cardinality { series: self.all.len(), metrics: metrics.collect(), labels: labels.collect() }
    }
}
