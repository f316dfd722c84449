//! `/health` and its groups, `/api/health`.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use keepwatch_actors::Error;
use keepwatch_actors::health_checker::{Beat, Health, HealthHistory};
use keepwatch_engine::health::{
    Group, HealthDocument, HealthReport, HealthStatus, HealthTransition, ServiceDescription,
};
use keepwatch_engine::model::TimeRange;
use serde::Serialize;

use super::{ApiError, Parameters, fresh, json};
use crate::Monitor;

/// The content type of draft-inadarei-api-health-check-06.
const CONTENT_TYPE: &str = "application/health+json";

/// The changes of status that `/api/health` lists.
const TRANSITIONS_LISTED: usize = 100;

/// `/health`: every check.
pub(super) async fn document(monitor: Data<Monitor>) -> HttpResponse {
    answer(monitor.send(Health).await, None)
}

/// `/health/live`, `/health/ready`, `/health/startup`.
pub(super) async fn group(monitor: Data<Monitor>, group: Path<String>) -> HttpResponse {
    let group = match group.as_str() {
        "live" => Group::Liveness,
        "ready" => Group::Readiness,
        // The route lets nothing else through.
        _ => Group::Startup,
    };
    answer(monitor.send(Health).await, Some(group))
}

fn answer(report: Result<HealthReport, Error>, group: Option<Group>) -> HttpResponse {
    match report {
        Ok(report) => {
            let status = group.map_or(report.status, |group| report.group(group).status);
            let document = HealthDocument::new(&report, group, &service());
            write(status.is_passing(), &document)
        }
        // A process that answers lives, whatever became of its health
        // checker: to restart it is not for this question to ask.
        Err(error) if group == Some(Group::Liveness) => write(true, &Silence::new("warn", &error)),
        Err(error) => write(false, &Silence::new("fail", &error)),
    }
}

/// The document when the health checker does not answer.
#[derive(Serialize)]
struct Silence {
    status: &'static str,
    output: String,
}

impl Silence {
    fn new(status: &'static str, error: &Error) -> Self {
        Self { status, output: error.to_string() }
    }
}

fn write(passes: bool, document: &impl Serialize) -> HttpResponse {
    let response = if passes { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    fresh(response).content_type(CONTENT_TYPE).json(document)
}

fn service() -> ServiceDescription {
    ServiceDescription { service_id: Some("keepwatch".into()), ..ServiceDescription::default() }
}

/// `/api/health`.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    report: HealthReport,
    /// Changes of status, newest first.
    transitions: Vec<HealthTransition>,
}

pub(super) async fn report(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string(), &[])?;
    let report = monitor.send(Health).await?;
    let history = HealthHistory { range: TimeRange::ALL, check: None, limit: TRANSITIONS_LISTED };
    let mut transitions = monitor.send(history).await?;
    transitions.reverse();
    Ok(json(&Report { report, transitions }))
}

/// `/api/checks/{name}/beat`.
pub(super) async fn beat(
    monitor: Data<Monitor>,
    check: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string(), &[])?;
    let site = request.headers().get("Sec-Fetch-Site").and_then(|site| site.to_str().ok());
    if let Some(site) = site.filter(|site| !["same-origin", "none"].contains(site)) {
        return Err(ApiError::Forbidden { site: site.to_owned() });
    }
    monitor.send(Beat { check: check.into_inner().into() }).await?;
    Ok(fresh(HttpResponse::NoContent()).finish())
}

/// A page's banner and a probe must agree on what passes.
const _: () = assert!(HealthStatus::Degraded.is_passing());
