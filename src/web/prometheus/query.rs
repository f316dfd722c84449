//! `query`, `query_range` and what belongs to them.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::querier::QueryTerms;
use keepwatch_engine::promql::annotation::Severity;
use keepwatch_engine::promql::{Answer, EvaluationTimes};

use super::envelope::{self, Failure, Remarks, blocking, ready, success};
use super::form::Form;
use super::result::{Statistics, Written};
use super::tree;
use crate::Monitor;

/// The most steps of a range query: what a chart can show many times over.
const STEPS_MAX: i64 = 11_000;
/// The most remarks of each severity that an answer tells.
const REMARKS_MAX: usize = 10;

/// `query`: an expression at one time.
pub(super) async fn instant(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let query = form.query();
    let at = form.time("time")?.unwrap_or_else(|| monitor.clock().now());
    let times = EvaluationTimes::instant(at.millis());
    answer(&monitor, &form, query, times).await
}

/// `query_range`: an expression at each step of a range.
pub(super) async fn range(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let query = form.query();
    let (start, end) = (form.needed_time("start")?.millis(), form.needed_time("end")?.millis());
    if end < start {
        return Err(Failure::parameter("end", "end timestamp must not be before start time"));
    }
    let step = form.duration("step")?.map_or(0, |step| step.as_millis());
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    if step < 1 {
        let message = "zero or negative query resolution step widths are not accepted. \
                       Try a positive integer";
        return Err(Failure::parameter("step", message));
    }
    if end.saturating_sub(start) / step > STEPS_MAX {
        let message = "exceeded maximum resolution of 11,000 points per timeseries. \
                       Try decreasing the query resolution (?step=XX)";
        return Err(Failure::request(message));
    }
    answer(&monitor, &form, query, EvaluationTimes::range(start, end, step)).await
}

async fn answer(
    monitor: &Monitor,
    form: &Form,
    query: &str,
    times: EvaluationTimes,
) -> Result<HttpResponse, Failure> {
    let limit = form.limit()?;
    let lookback = form.duration("lookback_delta")?.filter(|lookback| !lookback.is_zero());
    let terms = QueryTerms { timeout: form.duration("timeout")?, lookback };
    let began = monitor.clock().monotonic();
    let answer = monitor.evaluate(query, times, terms).await;
    let answer = answer.map_err(|failure| Failure::of(query, failure))?;
    let took = monitor.clock().monotonic().saturating_sub(began);
    let statistics = form.text("stats").map(|_| Statistics::new(answer.samples_read, took));
    let query = query.to_owned();
    Ok(blocking(move || write(&answer, &query, times, limit, statistics)).await)
}

fn write(
    answer: &Answer,
    query: &str,
    times: EvaluationTimes,
    limit: usize,
    statistics: Option<Statistics>,
) -> serde_json::Result<String> {
    let render = |severity| answer.annotations.render(severity, query, REMARKS_MAX);
    let mut remarks =
        Remarks { warnings: render(Severity::Warning), infos: render(Severity::Info) };
    let written = Written { value: &answer.value, at_ms: times.start_ms, limit, statistics };
    if written.is_cut() {
        remarks.warnings.push("results truncated due to limit".to_owned());
    }
    envelope::text(written, remarks)
}

/// `format_query`: an expression in its normal form.
pub(super) async fn format(request: HttpRequest, body: Bytes) -> Result<HttpResponse, Failure> {
    Ok(success(Form::read(&request, &body).parsed_query()?.expr().pretty()))
}

/// `parse_query`: an expression as a tree.
pub(super) async fn parse(request: HttpRequest, body: Bytes) -> Result<HttpResponse, Failure> {
    let query = Form::read(&request, &body).parsed_query()?;
    let tree = tree::written(query.expr());
    Ok(ready(&tree.map_err(|_| Failure::internal("the expression has no tree"))?))
}

/// `query_exemplars`: none are kept.
pub(super) async fn exemplars(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    form.range(&monitor)?;
    form.parsed_query()?;
    Ok(success(Vec::<()>::new()))
}
