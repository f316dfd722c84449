//! What a request is told when it cannot be answered.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use keepwatch_actors::Error;
use keepwatch_engine::health::HealthError;
use keepwatch_engine::registry::RegistryError;
use serde::Serialize;
use thiserror::Error as ThisError;

/// Why a request was not answered as asked; its JSON body is
/// `{"error": {…}}`.
#[derive(Debug, Clone, PartialEq, ThisError)]
pub(super) enum ApiError {
    /// 400: a parameter will not do.
    #[error("{parameter} is {value:?}; expected {expected}")]
    Parameter { parameter: String, value: String, expected: String },
    /// 403: a browser sent it from another site.
    #[error("requests that change something may not come from another site; this one is {site}")]
    Forbidden { site: String },
    /// 404 for a metric or check that there is not, 409 for one of which it
    /// cannot be asked, else 503: a component did not answer.
    #[error(transparent)]
    Component(#[from] Error),
}

impl ApiError {
    pub(super) fn parameter(parameter: &str, value: &str, expected: impl Into<String>) -> Self {
        Self::Parameter {
            parameter: parameter.to_owned(),
            value: value.to_owned(),
            expected: expected.into(),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'a str>,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Parameter { .. } => StatusCode::BAD_REQUEST,
            Self::Component(Error::Registry(RegistryError::UnknownMetric { .. })) => {
                StatusCode::NOT_FOUND
            }
            Self::Component(Error::Health(HealthError::UnknownCheck { .. })) => {
                StatusCode::NOT_FOUND
            }
            Self::Component(Error::Health(_)) => StatusCode::CONFLICT,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            // The component may be back in a moment: the request was fine.
            Self::Component(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut details =
            Details { message: self.to_string(), parameter: None, value: None, expected: None };
        if let Self::Parameter { parameter, value, expected } = self {
            details.parameter = Some(parameter);
            details.value = Some(value);
            details.expected = Some(expected);
        }
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header(("Cache-Control", "no-store"));
        response.json(Body { error: details })
    }
}
