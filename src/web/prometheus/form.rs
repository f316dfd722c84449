//! The parameters of a request, from its URL and its body.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{Bytes, Query};
use keepwatch_engine::model::{Matcher, TimeRange, Timestamp};
use keepwatch_engine::promql::Query as Expression;
use keepwatch_engine::promql::syntax::ExprKind;

use super::envelope::Failure;
use crate::Monitor;
use crate::notation::parse_duration;
use crate::web::parameters::parse_time;

/// The parameters of a request. Those of the URL come first; what is not
/// known is passed over.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(request: &HttpRequest, body: &Bytes) -> Self {
        let pairs = |text: &str| match Query::<Vec<(String, String)>>::from_query(text) {
            Ok(Query(pairs)) => pairs,
            Err(_) => Vec::new(),
        };
        let mut all = pairs(request.query_string());
        // Clients say all sorts of things of what they send.
        all.extend(std::str::from_utf8(body).map(pairs).unwrap_or_default());
        Self(all)
    }

    /// Returns a parameter; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(other, value)| other == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self) -> Result<&str, Failure> {
        let missing = || Failure::parameter("query", "no expression found in input");
        self.text("query").ok_or_else(missing)
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused =
            || Failure::parameter(name, format!("cannot parse {text:?} to a valid timestamp"));
        parse_time(text).map(Some).ok_or_else(refused)
    }

    /// Reads a time that has to be there.
    pub(super) fn needed_time(&self, name: &str) -> Result<Timestamp, Failure> {
        let missing = || Failure::parameter(name, "cannot parse \"\" to a valid timestamp");
        self.time(name)?.ok_or_else(missing)
    }

    /// Reads a number of seconds or a duration.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused =
            || Failure::parameter(name, format!("cannot parse {text:?} to a valid duration"));
        match text.parse::<f64>() {
            Ok(seconds) => Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| refused()),
            Err(_) => parse_duration(text).map(Some).map_err(|_| refused()),
        }
    }

    /// Reads how many results are wanted at most; 0 is no limit.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let Some(text) = self.text("limit") else { return Ok(usize::MAX) };
        match text.parse() {
            Ok(0) => Ok(usize::MAX),
            Ok(limit) => Ok(limit),
            Err(_) => {
                let message = format!("cannot parse {text:?} to a limit: expected a number");
                Err(Failure::parameter("limit", message))
            }
        }
    }

    /// Reads the span of time that is asked for; all of it by default.
    pub(super) fn range(&self, monitor: &Monitor) -> Result<TimeRange, Failure> {
        let start = self.time("start")?.unwrap_or(Timestamp::MIN);
        // Beyond the present, as clocks differ.
        let end = self.time("end")?.unwrap_or(monitor.clock().now() + Duration::from_secs(60));
        if end < start {
            return Err(Failure::parameter("end", "end timestamp must not be before start time"));
        }
        Ok(TimeRange::new(start, end))
    }

    /// Reads the selectors of `match[]`, each a list of conditions.
    pub(super) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Failure> {
        self.all("match[]").map(selector).collect()
    }
}

fn selector(text: &str) -> Result<Vec<Matcher>, Failure> {
    let query = Expression::parse(text).map_err(|error| Failure::query("match[]", text, &error))?;
    match &query.expr().kind {
        ExprKind::Vector(selector) => Ok(selector.conditions()),
        _ => Err(Failure::parameter("match[]", format!("{text:?} is no selector of series"))),
    }
}
