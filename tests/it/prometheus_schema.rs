//! Answers of the HTTP API against the schemas of Prometheus' own description
//! of it, which lies in the folder that `KEEPWATCH_CONFORMANCE` names.

use std::path::PathBuf;

use chrono::DateTime;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value as Json, json};

use crate::promql::{counting, with_alert};
use crate::web::ask;

/// Prometheus' description, as far as answers need it.
struct Description(Json);

impl Description {
    /// Reads the description; nothing if it is not there.
    fn read() -> Option<Self> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance");
        let folder = std::env::var_os("KEEPWATCH_CONFORMANCE").map_or_else(beside, PathBuf::from);
        let path = folder.join("http/prometheus-openapi.yaml");
        let text = std::fs::read_to_string(&path).ok()?;
        let mut parser = Parser::new_from_str(&text);
        Some(Self(node(&mut parser).unwrap()))
    }

    /// Returns what an answer of a path with a status has to be.
    fn schema(&self, path: &str, status: u16) -> &Json {
        let responses = &self.0["paths"][path]["get"]["responses"];
        let response = if status == 200 { &responses["200"] } else { &responses["default"] };
        let schema = &response["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "no schema of {path} for {status}");
        schema
    }

    /// Returns what is wrong with a value, each with where.
    fn problems(&self, schema: &Json, value: &Json, at: &str) -> Vec<String> {
        let schema = self.resolved(schema);
        let mut problems = Vec::new();
        for (keyword, rule) in schema {
            match (keyword.as_str(), rule) {
                ("type", Json::String(name)) if !is_of_type(value, name) => {
                    problems.push(format!("{at}: {value} is no {name}"));
                }
                ("enum", Json::Array(values)) if !values.contains(value) => {
                    problems.push(format!("{at}: {value} is none of {rule}"));
                }
                ("format", Json::String(name)) if name == "date-time" => {
                    let text = value.as_str().unwrap_or_default();
                    if let Err(error) = DateTime::parse_from_rfc3339(text) {
                        problems.push(format!("{at}: {value}: {error}"));
                    }
                }
                ("required", Json::Array(names)) => problems.extend(
                    names
                        .iter()
                        .filter(|name| value.get(name.as_str().unwrap()).is_none())
                        .map(|name| format!("{at}: {name} is missing")),
                ),
                ("properties", Json::Object(fields)) => {
                    for (name, schema) in fields {
                        if let Some(field) = value.get(name) {
                            problems.extend(self.problems(schema, field, &format!("{at}.{name}")));
                        }
                    }
                }
                ("additionalProperties", others) => {
                    problems.extend(self.additional(schema, others, value, at));
                }
                ("items", items) => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        problems.extend(self.problems(items, item, &format!("{at}[{index}]")));
                    }
                }
                ("minItems" | "maxItems", Json::Number(bound)) => {
                    let (length, bound) = (value.as_array().map_or(0, Vec::len), bound.as_u64());
                    let bound = usize::try_from(bound.unwrap()).unwrap();
                    if (keyword == "minItems" && length < bound)
                        || (keyword == "maxItems" && length > bound)
                    {
                        problems.push(format!("{at}: {length} items, {keyword} is {bound}"));
                    }
                }
                ("anyOf" | "oneOf", Json::Array(forms)) => {
                    let mut nearest: Option<Vec<String>> = None;
                    for form in forms {
                        let found = self.problems(form, value, at);
                        if nearest.as_ref().is_none_or(|nearest| found.len() < nearest.len()) {
                            nearest = Some(found);
                        }
                    }
                    problems.extend(nearest.unwrap_or_default());
                }
                _ => {}
            }
        }
        problems
    }

    fn additional(
        &self,
        schema: &Map<String, Json>,
        others: &Json,
        value: &Json,
        at: &str,
    ) -> Vec<String> {
        let known =
            |name: &str| schema.get("properties").is_some_and(|all| all.get(name).is_some());
        let fields = value.as_object().into_iter().flatten();
        let unknown = fields.filter(|(name, _)| !known(name));
        unknown
            .flat_map(|(name, field)| match others {
                Json::Bool(false) => vec![format!("{at}: {name} is unknown")],
                Json::Object(_) => self.problems(others, field, &format!("{at}.{name}")),
                _ => Vec::new(),
            })
            .collect()
    }

    fn resolved<'a>(&'a self, schema: &'a Json) -> &'a Map<String, Json> {
        let mut schema = schema;
        while let Some(reference) = schema.get("$ref") {
            let pointer = reference.as_str().unwrap().trim_start_matches('#');
            schema = self.0.pointer(pointer).unwrap();
        }
        schema.as_object().unwrap()
    }
}

/// Reads the next node of a YAML file without aliases; nothing at the end of
/// a list or mapping.
fn node(parser: &mut Parser<'_, StrInput<'_>>) -> Option<Json> {
    loop {
        let (event, _) = parser.next()?.unwrap();
        return Some(match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => {
                // Numbers, truth values and null are written as in JSON.
                serde_json::from_str(&text).unwrap_or_else(|_| Json::String(text.into_owned()))
            }
            Event::Scalar(text, ..) => Json::String(text.into_owned()),
            Event::SequenceStart(..) => Json::Array(std::iter::from_fn(|| node(parser)).collect()),
            Event::MappingStart(..) => {
                let mut map = Map::new();
                while let Some(key) = node(parser) {
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                    map.insert(key, node(parser).unwrap());
                }
                Json::Object(map)
            }
            Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd => return None,
            _ => continue,
        });
    }
}

fn is_of_type(value: &Json, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("no type {other}"),
    }
}

#[actix_web::test]
async fn answers_are_as_prometheus_describes_them() {
    let Some(description) = Description::read() else {
        eprintln!("no description of Prometheus' HTTP API: set KEEPWATCH_CONFORMANCE");
        return;
    };
    let wrong = json!({"status": "fine", "data": {"alerts": [{"state": 1}], "more": 1}});
    let problems = description.problems(description.schema("/alerts", 200), &wrong, "");
    // The status, what is unknown, three fields that are missing and a number.
    assert_eq!(problems.len(), 6, "{problems:#?}");
    let (monitor, end) = counting().await;
    with_alert(&monitor).await;
    let end = end.millis() / 1_000;
    let range = format!("start={}&end={end}&step=15", end - 60);
    for (path, asked, status) in [
        ("/query", format!("query?query=jobs_total&time={end}&stats=all"), 200),
        ("/query", format!("query?query=jobs_total[1m]&time={end}"), 200),
        ("/query", "query?query=1&limit=1".to_owned(), 200),
        ("/query", format!("query?query=jobs_total&time={end}&limit=1"), 200),
        ("/query", "query?query=1%2B".to_owned(), 400),
        ("/query_range", format!("query_range?query=rate(jobs_total[1m])&{range}&stats=1"), 200),
        ("/query_range", format!("query_range?query=jobs_total[1m]&{range}"), 400),
        ("/query_exemplars", "query_exemplars?query=jobs_total".to_owned(), 200),
        ("/format_query", "format_query?query=1%2B1".to_owned(), 200),
        ("/parse_query", "parse_query?query=rate(x[5m])".to_owned(), 200),
        ("/labels", "labels".to_owned(), 200),
        ("/labels", "labels?limit=1".to_owned(), 200),
        ("/label/{name}/values", "label/queue/values".to_owned(), 200),
        ("/series", "series?match[]=jobs_total".to_owned(), 200),
        ("/series", "series".to_owned(), 400),
        ("/metadata", "metadata".to_owned(), 200),
        ("/rules", "rules".to_owned(), 200),
        ("/rules", "rules?group_limit=1&type=alert".to_owned(), 200),
        ("/rules", "rules?type=none".to_owned(), 400),
        ("/alerts", "alerts".to_owned(), 200),
        ("/targets", "targets".to_owned(), 200),
        ("/targets/metadata", "targets/metadata".to_owned(), 200),
        ("/scrape_pools", "scrape_pools".to_owned(), 200),
        ("/alertmanagers", "alertmanagers".to_owned(), 200),
        ("/status/config", "status/config".to_owned(), 200),
        ("/status/runtimeinfo", "status/runtimeinfo".to_owned(), 200),
        ("/status/buildinfo", "status/buildinfo".to_owned(), 200),
        ("/status/flags", "status/flags".to_owned(), 200),
        ("/status/tsdb", "status/tsdb?limit=3".to_owned(), 200),
    ] {
        let answer = ask(&monitor, &format!("/watch/api/v1/{asked}")).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.json());
        let problems = description.problems(description.schema(path, status), &answer.json(), "");
        assert!(problems.is_empty(), "{asked}: {problems:#?}\n{:#}", answer.json());
    }
    monitor.shutdown().await;
}
