//! How answers are wrapped.

use actix_web::http::StatusCode;
use actix_web::web;
use actix_web::{HttpResponse, ResponseError};
use keepwatch_actors::Error;
use keepwatch_engine::promql::{EvalError, QueryError};
use serde::Serialize;
use thiserror::Error as ThisError;

use crate::monitor::QueryFailure;
use crate::web::fresh;

#[derive(Serialize)]
struct Success<T> {
    status: &'static str,
    data: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    infos: Vec<String>,
}

/// What is said beside a result.
#[derive(Default)]
pub(super) struct Remarks {
    pub(super) warnings: Vec<String>,
    pub(super) infos: Vec<String>,
}

/// Answers with data.
pub(super) fn success(data: impl Serialize) -> HttpResponse {
    written(text(data, Remarks::default()).ok())
}

/// Writes an answer with data and remarks.
pub(super) fn text(data: impl Serialize, remarks: Remarks) -> serde_json::Result<String> {
    let Remarks { warnings, infos } = remarks;
    serde_json::to_string(&Success { status: "success", data, warnings, infos })
}

/// Answers with data that is JSON already.
pub(super) fn ready(data: &str) -> HttpResponse {
    written(Some(format!("{{\"status\":\"success\",\"data\":{data}}}")))
}

/// Answers with data that may be large: it is written on a pool thread, not on
/// the one that serves.
pub(super) async fn blocking(
    write: impl FnOnce() -> serde_json::Result<String> + Send + 'static,
) -> HttpResponse {
    written(web::block(write).await.ok().and_then(Result::ok))
}

fn written(text: Option<String>) -> HttpResponse {
    match text {
        Some(text) => fresh(HttpResponse::Ok()).content_type("application/json").body(text),
        // Nothing that is written here has a form that JSON lacks.
        None => HttpResponse::InternalServerError().finish(),
    }
}

/// Why there is no result.
#[derive(Debug, ThisError)]
#[error("{message}")]
pub(super) struct Failure {
    kind: Kind,
    message: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    BadData,
    Execution,
    Canceled,
    Timeout,
    Internal,
    Unavailable,
    NotFound,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::NotFound => "not_found",
        }
    }
}

impl Failure {
    /// Refuses a request as a whole.
    pub(super) fn request(message: impl Into<String>) -> Self {
        Self { kind: Kind::BadData, message: message.into() }
    }

    /// Tells that there is nothing at an address.
    pub(super) fn nothing_at(path: &str) -> Self {
        Self { kind: Kind::NotFound, message: format!("there is no {path}") }
    }

    /// Tells that what was asked has no form that could be sent.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { kind: Kind::Internal, message: message.into() }
    }

    /// Refuses a parameter.
    pub(super) fn parameter(name: &str, message: impl AsRef<str>) -> Self {
        let message = format!("invalid parameter {name:?}: {}", message.as_ref());
        Self { kind: Kind::BadData, message }
    }

    /// Refuses a query, with the position of what is wrong.
    pub(super) fn query(parameter: &str, text: &str, error: &QueryError) -> Self {
        let position = error.span().position(text);
        Self::parameter(parameter, format!("{position}: parse error: {error}"))
    }

    /// Tells why the query `text` has no answer.
    pub(super) fn of(text: &str, failure: QueryFailure) -> Self {
        let kind = match &failure {
            QueryFailure::Query(error) => return Self::query("query", text, error),
            QueryFailure::Plan(error) => return Self::parameter("query", error.to_string()),
            QueryFailure::Evaluation(EvalError::Cancelled) => Kind::Canceled,
            QueryFailure::Evaluation(_) => Kind::Execution,
            QueryFailure::TimedOut(_) => Kind::Timeout,
            QueryFailure::Engine(Error::Faulted { .. }) => Kind::Internal,
            _ => Kind::Unavailable,
        };
        Self { kind, message: failure.to_string() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { kind: Kind::Unavailable, message: error.to_string() }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    #[serde(rename = "errorType")]
    error_type: &'static str,
    error: &'a str,
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        match self.kind {
            Kind::BadData => StatusCode::BAD_REQUEST,
            Kind::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Canceled | Kind::Timeout | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let error_type = self.kind.name();
        let body = Body { status: "error", error_type, error: &self.message };
        fresh(HttpResponse::build(self.status_code())).json(body)
    }
}
