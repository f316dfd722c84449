//! `[[rule]]`: alert rules.

use std::time::Duration;

use keepwatch_engine::aggregate::Method;
use keepwatch_engine::alert::{Condition, Rule, RuleBuilder, Severity};
use keepwatch_engine::model::check_metric_name;

use super::document::Table;
use super::section::{DAY, checked_expression, seconds};
use crate::notation::parse_matchers;

/// Reads one `[[rule]]`; the defaults are those of [`Rule::on`].
///
/// | key | default | |
/// |---|---|---|
/// | `name` | required | unique |
/// | `metric` or `expr` | required | a metric, or PromQL such as `"up == 0"` |
/// | `when` | required with `metric` | a condition such as `"value > 90"`; with `expr` what it finds alerts |
/// | `clear` | when `when` no longer holds | a condition |
/// | `method` | the kind's own value | `"avg"`, `"p99"` … over the window; with `metric` |
/// | `match` | | matchers such as `'mountpoint="/"'`; with `metric` |
/// | `window` | `"5m"` | 1s to 400d; with `metric` |
/// | `for`, `keep_firing_for` | `"0s"` | to 400d |
/// | `severity` | `"warning"` | info, warning, error, critical |
/// | `labels`, `annotations` | | templates as in Prometheus' rules: `{{ $labels.host }} is at {{ $value }}` |
/// | `description` | | the annotation of this name |
/// | `no_data` | `"no_data"` | or alerting, normal, keep_last |
/// | `on_error` | `"keep_last"` | or alerting |
/// | `interval` | `intervals.evaluation` | 1s to 1d |
/// | `cap` | 1000 | alerts at a time, to 100000 |
pub(super) fn read(table: &Table<'_>) -> Option<Rule> {
    let question = question(table);
    let clear = table.parsed("clear", Condition::parse);
    let matchers = table.parsed("match", parse_matchers);
    let method = table.parsed("method", str::parse::<Method>);
    let severity = table.parsed("severity", str::parse::<Severity>);
    let no_data = table.parsed("no_data", str::parse);
    let on_error = table.parsed("on_error", str::parse);
    let window = table.duration("window", seconds(1..=400 * DAY));
    let hold = Duration::ZERO..=Duration::from_secs(400 * DAY);
    let pending_for = table.duration("for", hold.clone());
    let keep_firing_for = table.duration("keep_firing_for", hold);
    let interval = table.duration("interval", seconds(1..=DAY));
    let cap = table.count("cap", 1..=100_000);
    let description = table.text("description");
    let labels = table.texts("labels");
    let annotations = table.texts("annotations");

    let mut rule = question?;
    if let Some(clear) = clear {
        rule = rule.clear_when(clear);
    }
    if let Some(matchers) = matchers {
        rule = rule.matchers(matchers);
    }
    if let Some(method) = method {
        rule = rule.method(method);
    }
    if let Some(severity) = severity {
        rule = rule.severity(severity);
    }
    if let Some(policy) = no_data {
        rule = rule.no_data(policy);
    }
    if let Some(policy) = on_error {
        rule = rule.on_error(policy);
    }
    if let Some(window) = window {
        rule = rule.window(window);
    }
    if let Some(duration) = pending_for {
        rule = rule.pending_for(duration);
    }
    if let Some(duration) = keep_firing_for {
        rule = rule.keep_firing_for(duration);
    }
    if let Some(interval) = interval {
        rule = rule.interval(interval);
    }
    if let Some(cap) = cap {
        rule = rule.cap(cap);
    }
    if let Some(description) = description {
        rule = rule.description(description);
    }
    for (name, value) in labels {
        rule = rule.label(name, value);
    }
    for (name, text) in annotations {
        rule = rule.annotation(name, text);
    }
    match rule.build() {
        Ok(rule) => Some(rule),
        Err(error) => {
            table.refuse(error);
            None
        }
    }
}

/// Reads what the rule asks, and when it alerts.
fn question(table: &Table<'_>) -> Option<RuleBuilder> {
    let name = table.required("name", table.text("name"));
    if !table.has("expr") {
        let metric =
            table.parsed("metric", |text| check_metric_name(text).map(|()| text.to_owned()));
        let metric = table.required("metric", metric);
        let when = table.required("when", table.parsed("when", Condition::parse));
        return Some(Rule::on(name?, metric?).when(when?));
    }
    if table.text("metric").is_some() {
        table.refuse_key("metric", "no metric beside expr");
    }
    let expr = table.parsed("expr", checked_expression);
    let when = table.parsed("when", Condition::parse);
    let rule = Rule::expression(name?, expr?);
    Some(match when {
        Some(when) => rule.when(when),
        None => rule,
    })
}
