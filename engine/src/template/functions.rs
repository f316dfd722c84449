//! The table of all functions, and those of Prometheus.

use std::sync::Arc;

use super::TemplateSample;
use super::builtins;
use super::compare;
use super::escape;
use super::humanize;
use super::network;
use super::printf;
use super::regex;
use super::value::{Root, Value};
use crate::model::Timestamp;

/// What a function gives, or what it refuses.
pub(super) type Outcome = Result<Value, String>;

/// What functions know beside their arguments.
pub(super) struct Scope<'a> {
    pub(super) root: Arc<Root>,
    pub(super) now: Timestamp,
    pub(super) query: &'a mut dyn FnMut(&str) -> Result<Vec<TemplateSample>, String>,
}

/// A function that templates can call.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    parameters: &'static [Kind],
    /// The type of any further arguments.
    rest: Option<Kind>,
    pub(super) body: Body,
    /// The work beside that on texts.
    pub(super) cost: usize,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Any,
    Text,
    Sample,
    Samples,
}

#[derive(Debug)]
pub(super) enum Body {
    And,
    Or,
    Pure(fn(&[Value]) -> Outcome),
    Scoped(fn(&mut Scope<'_>, &[Value]) -> Outcome),
}

const fn pure(
    name: &'static str,
    parameters: &'static [Kind],
    body: fn(&[Value]) -> Outcome,
) -> Function {
    Function { name, parameters, rest: None, body: Body::Pure(body), cost: 0 }
}

const fn variadic(
    name: &'static str,
    parameters: &'static [Kind],
    body: fn(&[Value]) -> Outcome,
) -> Function {
    Function { name, parameters, rest: Some(Kind::Any), body: Body::Pure(body), cost: 0 }
}

const fn scoped(
    name: &'static str,
    parameters: &'static [Kind],
    cost: usize,
    body: fn(&mut Scope<'_>, &[Value]) -> Outcome,
) -> Function {
    Function { name, parameters, rest: None, body: Body::Scoped(body), cost }
}

const fn lazy(name: &'static str, body: Body) -> Function {
    Function { name, parameters: &[Kind::Any], rest: Some(Kind::Any), body, cost: 0 }
}

const fn costly(mut function: Function, cost: usize) -> Function {
    function.cost = cost;
    function
}

use Kind::{Any, Sample, Samples, Text};

/// Sorted by name.
static FUNCTIONS: [Function; 48] = [
    lazy("and", Body::And),
    variadic("args", &[], args),
    variadic("call", &[Any], builtins::call),
    variadic("eq", &[Any], compare::eq),
    scoped("externalURL", &[], 0, |scope, _| Ok(Value::Text(Arc::clone(&scope.root.external_url)))),
    pure("first", &[Samples], first),
    pure("ge", &[Any, Any], compare::ge),
    pure("graphLink", &[Text], |given| Ok(link(text(given, 0), 0))),
    pure("gt", &[Any, Any], compare::gt),
    variadic("html", &[], |given| escaped(given, escape::html)),
    pure("humanize", &[Any], humanize::humanize),
    pure("humanize1024", &[Any], humanize::humanize1024),
    pure("humanizeDuration", &[Any], humanize::duration),
    pure("humanizePercentage", &[Any], humanize::percentage),
    pure("humanizeTimestamp", &[Any], humanize::timestamp),
    variadic("index", &[Any], builtins::index),
    variadic("js", &[], |given| escaped(given, escape::js)),
    pure("label", &[Text, Sample], label),
    pure("le", &[Any, Any], compare::le),
    pure("len", &[Any], builtins::len),
    pure("lt", &[Any, Any], compare::lt),
    costly(pure("match", &[Text, Text], regex::matches), 20_000),
    pure("ne", &[Any, Any], compare::ne),
    pure("not", &[Any], |given| Ok(Value::Bool(!given.first().is_some_and(Value::is_true)))),
    scoped("now", &[], 0, |scope, _| Ok(Value::Float(scope.now.seconds()))),
    lazy("or", Body::Or),
    pure("parseDuration", &[Text], humanize::parse_duration),
    scoped("pathPrefix", &[], 0, |scope, _| {
        Ok(Value::text(network::url_path(&scope.root.external_url)))
    }),
    variadic("print", &[], builtins::print),
    variadic("printf", &[Text], |given| {
        printf::format(text(given, 0), given.get(1..).unwrap_or(&[]))
    }),
    variadic("println", &[], builtins::println),
    scoped("query", &[Text], 65_536, query),
    costly(pure("reReplaceAll", &[Text, Text, Text], regex::replace_all), 20_000),
    pure("safeHtml", &[Text], |given| Ok(Value::text(text(given, 0)))),
    variadic("slice", &[Any], builtins::slice),
    pure("sortByLabel", &[Text, Samples], sort_by_label),
    pure("stripDomain", &[Text], |given| Ok(Value::text(network::strip_domain(text(given, 0))))),
    pure("stripPort", &[Text], |given| Ok(Value::text(network::strip_port(text(given, 0))))),
    pure("strvalue", &[Sample], |given| Ok(Value::text(label_of(given.first(), "__value__")))),
    pure("tableLink", &[Text], |given| Ok(link(text(given, 0), 1))),
    pure("title", &[Text], |given| Ok(Value::text(escape::title(text(given, 0))))),
    pure("toDuration", &[Any], humanize::to_duration),
    pure("toLower", &[Text], |given| Ok(Value::text(escape::lower(text(given, 0))))),
    pure("toTime", &[Any], humanize::to_time),
    pure("toUpper", &[Text], |given| Ok(Value::text(escape::upper(text(given, 0))))),
    pure("urlQueryEscape", &[Text], |given| Ok(Value::text(escape::query(text(given, 0))))),
    variadic("urlquery", &[], |given| escaped(given, escape::query)),
    pure("value", &[Sample], value),
];

/// Finds a function by its name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    let index = FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok()?;
    FUNCTIONS.get(index)
}

impl Function {
    /// Checks the arguments and calls it.
    pub(super) fn call(&self, scope: &mut Scope<'_>, arguments: &[Value]) -> Outcome {
        let (want, got) = (self.parameters.len(), arguments.len());
        if got < want || (got > want && self.rest.is_none()) {
            let least = if self.rest.is_some() { "at least " } else { "" };
            let name = self.name;
            return Err(format!("wrong number of args for {name}: want {least}{want} got {got}"));
        }
        let kinds = self.parameters.iter().copied().chain(std::iter::repeat(Kind::Any));
        for (kind, value) in kinds.zip(arguments) {
            kind.check(value)?;
        }
        match self.body {
            Body::And | Body::Or => Ok(arguments.last().cloned().unwrap_or(Value::Nil)),
            Body::Pure(body) => body(arguments),
            Body::Scoped(body) => body(scope, arguments),
        }
    }
}

impl Kind {
    fn check(self, value: &Value) -> Result<(), String> {
        let expected = match (self, value) {
            (Self::Any, _)
            | (Self::Text, Value::Text(_))
            | (Self::Sample, Value::Sample(_))
            | (Self::Samples, Value::Samples(_)) => return Ok(()),
            (Self::Text, _) => "string",
            (Self::Sample, _) => "*template.sample",
            (Self::Samples, _) => "template.queryResult",
        };
        let got = value.type_name();
        Err(format!("wrong type for value; expected {expected}; got {got}"))
    }
}

/// Returns the text at `index`; the table has checked that there is one.
pub(super) fn text(given: &[Value], index: usize) -> &str {
    match given.get(index) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn escaped(given: &[Value], escape: fn(&str) -> String) -> Outcome {
    Ok(Value::text(escape(&builtins::joined(given)?)))
}

fn args(given: &[Value]) -> Outcome {
    let named = given.iter().enumerate();
    Ok(Value::Arguments(
        named.map(|(index, value)| (format!("arg{index}"), value.clone())).collect(),
    ))
}

fn query(scope: &mut Scope<'_>, given: &[Value]) -> Outcome {
    let query = text(given, 0);
    let samples = (scope.query)(query).map_err(|error| format!("error calling query: {error}"))?;
    Ok(Value::Samples(samples.into_iter().map(Arc::new).collect()))
}

fn first(given: &[Value]) -> Outcome {
    match given.first() {
        Some(Value::Samples(samples)) => {
            samples.first().map(|first| Value::Sample(Arc::clone(first)))
        }
        _ => None,
    }
    .ok_or_else(|| "error calling first: first() called on vector with no elements".to_owned())
}

fn label(given: &[Value]) -> Outcome {
    Ok(Value::text(label_of(given.get(1), text(given, 0))))
}

fn label_of<'v>(sample: Option<&'v Value>, name: &str) -> &'v str {
    match sample {
        Some(Value::Sample(sample)) => sample.labels.get(name).unwrap_or(""),
        _ => "",
    }
}

fn value(given: &[Value]) -> Outcome {
    match given.first() {
        Some(Value::Sample(sample)) => Ok(Value::Float(sample.value)),
        _ => Ok(Value::Nil),
    }
}

fn sort_by_label(given: &[Value]) -> Outcome {
    let name = text(given, 0);
    let Some(Value::Samples(samples)) = given.get(1) else { return Ok(Value::Nil) };
    let mut sorted = samples.to_vec();
    sorted.sort_by(|a, b| a.labels.get(name).unwrap_or("").cmp(b.labels.get(name).unwrap_or("")));
    Ok(Value::Samples(sorted.into()))
}

/// A link to an expression in the web UI: tab 0 draws, tab 1 lists.
fn link(expression: &str, tab: u8) -> Value {
    Value::text(format!("/graph?g0.expr={}&g0.tab={tab}", escape::query(expression)))
}
