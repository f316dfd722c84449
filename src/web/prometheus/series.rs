//! Which series, labels and metrics there are.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::registry::Metrics;
use keepwatch_engine::promql::LabelSet;
use serde::Serialize;

use super::envelope::{self, Failure, Remarks, blocking, success};
use super::form::Form;
use super::result::Metric;
use crate::Monitor;

/// `series`: the label sets that match.
pub(super) async fn series(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    if form.selectors()?.is_empty() {
        return Err(Failure::request("no match[] parameter provided"));
    }
    let (found, limit) = (find(&monitor, &form).await?, form.limit()?);
    Ok(blocking(move || cut(found.iter().map(Metric).collect(), limit)).await)
}

/// `labels`: the names of the labels of what matches.
pub(super) async fn labels(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let (found, limit) = (find(&monitor, &form).await?, form.limit()?);
    let write = move || {
        let names: BTreeSet<&str> =
            found.iter().flat_map(|labels| labels.iter().map(|(name, _)| name)).collect();
        cut(names.into_iter().collect(), limit)
    };
    Ok(blocking(write).await)
}

/// `label/{name}/values`: the values of a label of what matches.
pub(super) async fn values(
    monitor: Data<Monitor>,
    name: Path<String>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let (found, limit) = (find(&monitor, &form).await?, form.limit()?);
    let name = unescape(&name);
    let write = move || {
        let values: BTreeSet<&str> = found.iter().map(|labels| labels.get(&name)).collect();
        cut(values.into_iter().filter(|value| !value.is_empty()).collect(), limit)
    };
    Ok(blocking(write).await)
}

async fn find(monitor: &Monitor, form: &Form) -> Result<Vec<LabelSet>, Failure> {
    let mut selectors = form.selectors()?;
    if selectors.is_empty() {
        // Everything.
        selectors.push(Vec::new());
    }
    let found = monitor.find_series(selectors, form.range(monitor)?).await;
    found.map_err(|failure| Failure::of("", failure))
}

/// Writes no more than so many results.
fn cut<T: Serialize>(mut all: Vec<T>, limit: usize) -> serde_json::Result<String> {
    let mut remarks = Remarks::default();
    if all.len() > limit {
        all.truncate(limit);
        remarks.warnings.push("results truncated due to limit".to_owned());
    }
    envelope::text(all, remarks)
}

/// Returns the name that a client has escaped because it is no plain one:
/// `U__` and then `_` doubled and other characters as `_2e_`.
fn unescape(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("U__") else { return name.to_owned() };
    let mut plain = String::new();
    while let Some(before) = rest.find('_') {
        let (text, behind) = rest.split_at(before);
        plain.push_str(text);
        let behind = behind.get(1..).unwrap_or_default();
        if let Some(behind) = behind.strip_prefix('_') {
            plain.push('_');
            rest = behind;
            continue;
        }
        let code = behind.split_once('_').and_then(|(digits, behind)| {
            let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
            Some((character, behind))
        });
        // What is not escaped as it should be is taken as it is.
        let Some((character, behind)) = code else { return name.to_owned() };
        plain.push(character);
        rest = behind;
    }
    plain.push_str(rest);
    plain
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Metadata<'a> {
    r#type: &'static str,
    help: &'a str,
    unit: &'a str,
}

/// `metadata`: kind, help and unit of metrics, those of scraped ones as each
/// program says.
pub(super) async fn metadata(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let (metric, limit) = (form.text("metric"), form.limit()?);
    let per_metric = form.count("limit_per_metric")?.filter(|&limit| limit > 0);
    let per_metric = per_metric.unwrap_or(usize::MAX);
    let definitions = monitor.send(Metrics).await?;
    let statuses: Vec<_> = monitor.targets().iter().map(|target| target.status()).collect();
    let own = definitions.iter().map(|definition| {
        let described = Metadata {
            r#type: definition.kind().as_str(),
            help: definition.help(),
            unit: definition.unit(),
        };
        (&**definition.name(), described)
    });
    let scraped = statuses.iter().flat_map(|status| status.metadata.iter()).map(|one| {
        (&*one.name, Metadata { r#type: one.kind.as_str(), help: &one.help, unit: &one.unit })
    });
    let mut described: BTreeMap<&str, BTreeSet<Metadata<'_>>> = BTreeMap::new();
    for (name, metadata) in own.chain(scraped) {
        if metric.is_none_or(|metric| metric == name) {
            let all = described.entry(name).or_default();
            // Targets that are alike say the same.
            if all.len() < per_metric || all.contains(&metadata) {
                all.insert(metadata);
            }
        }
    }
    let described: BTreeMap<_, _> = described.into_iter().take(limit).collect();
    Ok(success(described))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names() {
        for (escaped, plain) in [
            ("job", "job"),
            ("U__http_2e_method", "http.method"),
            ("U__a__b", "a_b"),
            ("U___1f600_", "😀"),
            ("U__broken_zz", "U__broken_zz"),
        ] {
            assert_eq!(unescape(escaped), plain);
        }
    }
}
