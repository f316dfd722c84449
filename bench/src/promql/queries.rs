//! What is asked.

use super::data::END_MS;

/// A query and the times at which it is evaluated.
pub(super) struct Query {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    /// Between two steps of the last hour; `None` for an instant at its end.
    pub(super) step_ms: Option<i64>,
}

impl Query {
    /// Returns the first step of a range query.
    pub(super) const fn start_ms(&self) -> i64 {
        END_MS - 3_600_000
    }
}

const fn range(name: &'static str, text: &'static str, step_ms: i64) -> Query {
    Query { name, text, step_ms: Some(step_ms) }
}

const SUM_RATE: &str = "sum by (job) (rate(x_total[5m]))";

pub(super) const QUERIES: [Query; 9] = [
    range("sum_rate_15s", SUM_RATE, 15_000),
    range("sum_rate_60s", SUM_RATE, 60_000),
    Query { name: "sum_rate_instant", text: SUM_RATE, step_ms: None },
    range("histogram_quantile", "histogram_quantile(0.9, rate(h_bucket[5m]))", 60_000),
    range("join", "x_total{half=\"a\"} * on (instance) group_left (version) x_info", 60_000),
    range("topk", "topk(10, rate(x_total[5m]))", 60_000),
    range("subquery", "max_over_time(sum by (job) (rate(x_total[1m]))[10m:30s])", 60_000),
    range("regex", "sum(x_total{path=~\"/api/v[12]\"})", 60_000),
    range("select", "x_total", 60_000),
];
