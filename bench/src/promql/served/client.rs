//! Asking over HTTP.

use std::time::Duration;

use actix_rt::SystemRunner;
use awc::SendClientRequest;
use serde::Deserialize;

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
    result: Vec<Series>,
}

/// One time of an instant query, several of a range query.
#[derive(Deserialize)]
struct Series {
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) bytes: usize,
    pub(super) series: usize,
    /// All values that are finite, added up.
    pub(super) total: f64,
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

    /// Asks for what the values of an expression add up to at the end of the data.
    pub(super) fn value(&self, url: &str, text: &'static str) -> Result<f64, String> {
        let answer = self.ask(url, &Query { name: "value", text, step_ms: None })?;
        Ok(Outcome::read(&answer)?.total)
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

impl Outcome {
    /// Reads an answer.
    pub(super) fn read(answer: &[u8]) -> Result<Self, String> {
        let read: Answer =
            serde_json::from_slice(answer).map_err(|error| format!("an odd answer: {error}"))?;
        let result = &read.data.result;
        let values = result.iter().flat_map(|series| series.value.iter().chain(&series.values));
        let numbers = values.filter_map(|(_, value)| value.parse::<f64>().ok());
        let total = numbers.filter(|value| value.is_finite()).sum();
        Ok(Self { bytes: answer.len(), series: result.len(), total })
    }
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
