//! Asking over HTTP.

use std::time::Duration;

use actix_rt::SystemRunner;
use awc::SendClientRequest;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::data::END_MS;
use super::super::queries::Query;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(150);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// A blocking client that keeps its connections.
pub(super) struct Client {
    system: SystemRunner,
    http: awc::Client,
}

/// What the API of Prometheus answers, as far as it matters here.
#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct Single {
    data: SingleData,
}

#[derive(Deserialize)]
struct SingleData {
    result: [Point; 1],
}

#[derive(Deserialize)]
struct Point {
    value: (f64, String),
}

impl Client {
    pub(super) fn new() -> Self {
        let system = actix_rt::System::new();
        let http = system.block_on(async { awc::Client::builder().timeout(TIMEOUT).finish() });
        Self { system, http }
    }

    /// Asks the query of the server at `url`; returns the bytes of the answer.
    pub(super) fn ask(&self, url: &str, query: &Query) -> Result<Vec<u8>, String> {
        let seconds = |millis: i64| (millis / 1_000).to_string();
        // VictoriaMetrics keeps answers and shifts the steps to find them
        // again unless it is told not to; the others ignore the word.
        let mut form = vec![("query", query.text.to_owned()), ("nocache", "1".to_owned())];
        let path = match query.step_ms {
            Some(step_ms) => {
                form.push(("start", seconds(query.start_ms())));
                form.push(("end", seconds(END_MS)));
                form.push(("step", seconds(step_ms)));
                "query_range"
            }
            None => {
                form.push(("time", seconds(END_MS)));
                "query"
            }
        };
        let url = format!("{url}/api/v1/{path}");
        self.read(|| self.http.post(&url).send_form(&form))
    }

    /// Asks for the only value of an expression at the end of the data.
    pub(super) fn value(&self, url: &str, text: &'static str) -> Result<f64, String> {
        let answer = self.ask(url, &Query { name: "value", text, step_ms: None })?;
        let answer: Single = serde_json::from_slice(&answer)
            .map_err(|error| format!("{text} has no single value: {error}"))?;
        let [Point { value: (_, value) }] = answer.data.result;
        value.parse().map_err(|_| format!("{text} is {value}, which is no number"))
    }

    /// Hands over a message of the remote-write protocol.
    pub(super) fn write(&self, url: &str, message: Vec<u8>) -> Result<(), String> {
        let request = self
            .http
            .post(url)
            .insert_header(("content-encoding", "snappy"))
            .insert_header(("content-type", "application/x-protobuf"))
            .insert_header(("x-prometheus-remote-write-version", "0.1.0"));
        self.read(|| request.send_body(message)).map(drop)
    }

    /// Reads a page.
    pub(super) fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        self.read(|| self.http.get(url).send())
    }

    /// Sends a request, from within the runtime as its timer needs, and reads
    /// the answer.
    fn read(&self, send: impl FnOnce() -> SendClientRequest) -> Result<Vec<u8>, String> {
        self.system.block_on(async { read(send()).await })
    }
}

/// Counts the series of an answer.
pub(super) fn count_series(answer: &[u8]) -> Result<usize, String> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|error| format!("an odd answer: {error}"))?;
    Ok(answer.data.result.len())
}

async fn read(sent: SendClientRequest) -> Result<Vec<u8>, String> {
    let mut response = sent.await.map_err(|error| error.to_string())?;
    let status = response.status();
    let body = response.body().limit(ANSWER_BYTES_MAX).await.map_err(|error| error.to_string())?;
    if status.is_success() {
        return Ok(body.to_vec());
    }
    let said = String::from_utf8_lossy(&body);
    Err(format!("{status}: {}", said.chars().take(200).collect::<String>()))
}
