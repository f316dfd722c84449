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

    /// Reads the parameters of a URL alone.
    #[cfg(test)]
    pub(super) fn of(query: &str) -> Self {
        let request = actix_web::test::TestRequest::with_uri(&format!("/?{query}"));
        Self::read(&request.to_http_request(), &Bytes::new())
    }

    /// Returns a parameter; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Returns every value of a parameter that is not empty.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(other, value)| other == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// Returns the expression; none is told where it is parsed.
    pub(super) fn query(&self) -> &str {
        self.text("query").unwrap_or_default()
    }

    /// Reads and checks the expression.
    pub(super) fn parsed_query(&self) -> Result<Expression, Failure> {
        let text = self.query();
        Expression::parse(text).map_err(|error| Failure::query("query", text, &error))
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

    /// Reads a number of seconds or a duration; a negative number counts as 0.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused =
            || Failure::parameter(name, format!("cannot parse {text:?} to a valid duration"));
        match text.parse::<f64>() {
            Ok(seconds) if seconds < 0.0 => Ok(Some(Duration::ZERO)),
            Ok(seconds) => Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| refused()),
            Err(_) => parse_duration(text).map(Some).map_err(|_| refused()),
        }
    }

    /// Reads how many results are wanted at most; 0 is no limit.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        Ok(match self.count("limit")? {
            None | Some(0) => usize::MAX,
            Some(limit) => limit,
        })
    }

    /// Reads a number of things.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, Failure> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let message = match text.parse::<i64>() {
                Ok(..0) => format!("{name} must be non-negative"),
                _ => format!("cannot parse {text:?} to a number: expected a whole one"),
            };
            Failure::parameter(name, message)
        })
    }

    /// Reads a yes or no, as Go reads one; no if it is absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.text(name) {
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
            Some("1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(true),
            Some(text) => {
                let message = format!("cannot parse {text:?}: expected true or false");
                Err(Failure::parameter(name, message))
            }
        }
    }

    /// Reads the span of time that is asked for; all of it by default.
    pub(super) fn range(&self, monitor: &Monitor) -> Result<TimeRange, Failure> {
        let start = self.time("start")?.unwrap_or(Timestamp::MIN);
        // Beyond the present, as clocks differ.
        let end = self.time("end")?.unwrap_or(monitor.clock().now() + Duration::from_secs(60));
        if end < start {
            return Err(Failure::request("end timestamp must not be before start time"));
        }
        Ok(TimeRange::new(start, end))
    }

    /// Reads the selectors of `match[]`, each a list of conditions.
    pub(super) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Failure> {
        self.all("match[]").map(|text| selector("match[]", text)).collect()
    }

    /// Reads a selector, whose conditions are none if it is absent.
    pub(super) fn matchers(&self, name: &str) -> Result<Vec<Matcher>, Failure> {
        self.text(name).map_or(Ok(Vec::new()), |text| selector(name, text))
    }
}

fn selector(name: &str, text: &str) -> Result<Vec<Matcher>, Failure> {
    let query = Expression::parse(text).map_err(|error| Failure::query(name, text, &error))?;
    match &query.expr().kind {
        ExprKind::Vector(selector) => Ok(selector.conditions()),
        _ => Err(Failure::parameter(name, format!("{text:?} is no selector of series"))),
    }
}
