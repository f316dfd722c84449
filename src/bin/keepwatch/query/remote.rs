//! Answers of a server.

use std::time::Duration;

use anyhow::{Context as _, bail};
use awc::Client;
use keepwatch::promql::{EvaluationTimes, Query};
use serde_json::Value as Json;

use super::answer::Answer;
use super::snippet;

/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(150);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// Asks the server at `url`.
///
/// # Errors
/// A server that cannot be reached, and what it refuses.
pub(super) fn ask(url: &str, expression: &str, times: EvaluationTimes) -> anyhow::Result<Answer> {
    let seconds =
        |millis: i64| format!("{}.{:03}", millis.div_euclid(1_000), millis.rem_euclid(1_000));
    let mut form = vec![("query", expression.to_owned())];
    let path = if times.is_instant() {
        form.push(("time", seconds(times.start_ms)));
        "query"
    } else {
        form.push(("start", seconds(times.start_ms)));
        form.push(("end", seconds(times.end_ms)));
        form.push(("step", seconds(times.step_ms)));
        "query_range"
    };
    let url = format!("{}/api/v1/{path}", url.trim_end_matches('/'));
    let (status, body) = actix_rt::System::new().block_on(post(&url, &form))?;
    let mut answer: Json = serde_json::from_slice(&body)
        .with_context(|| format!("{url} answers {status}, and not with JSON"))?;
    if answer["status"] != "success" {
        // The server's words may be about a place in the expression.
        if let Err(error) = Query::parse(expression) {
            return Err(snippet::of(expression, &error));
        }
        let (kind, message) = (answer["errorType"].as_str(), answer["error"].as_str());
        bail!("{}: {}", kind.unwrap_or("error"), message.unwrap_or("no reason is given"));
    }
    let texts = |list: &Json| {
        let texts = list.as_array().into_iter().flatten();
        texts.filter_map(|text| text.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let remarks = [texts(&answer["warnings"]), texts(&answer["infos"])].concat();
    Answer::read(answer["data"].take(), remarks)
}

async fn post(url: &str, form: &[(&str, String)]) -> anyhow::Result<(String, Vec<u8>)> {
    let client = Client::builder().timeout(TIMEOUT).finish();
    // These errors are neither `Send` nor `Sync`.
    let sent = client.post(url).send_form(&form).await;
    let mut response = sent.map_err(|error| anyhow::anyhow!("cannot ask {url}: {error}"))?;
    let status = response.status().to_string();
    let body = response.body().limit(ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer of {url} ends early: {error}"))?;
    Ok((status, body.to_vec()))
}
