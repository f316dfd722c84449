//! Rule files and unit tests from any bytes.

use super::fault::Faults;
use super::file::RuleFile;
use super::unit_test::{SeriesValues, UnitTestFile};
use crate::promql::syntax::Position;

/// Reads `bytes` as everything that there is, and checks that errors are about
/// pieces of the text and come in its order.
pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match RuleFile::parse(&text) {
        Ok(file) => check_faults(&text, &file.warnings),
        Err(errors) => check_errors(&text, &errors),
    }
    match UnitTestFile::parse(&text) {
        Ok(file) => check_faults(&text, &file.warnings),
        Err(errors) => check_errors(&text, &errors),
    }
    match SeriesValues::parse(&text) {
        Ok(values) => assert!(values.iter().take(1_000).count() <= 1_000),
        Err(error) => assert!(text.get(error.at.clone()).is_some(), "{error} at {:?}", error.at),
    }
}

fn check_errors(text: &str, errors: &Faults) {
    assert!(!errors.is_empty(), "{text}");
    check_faults(text, errors);
}

fn check_faults(text: &str, faults: &Faults) {
    let _ = faults.to_string();
    let mut last = 0;
    for fault in faults {
        assert!(text.get(fault.span.range()).is_some(), "{fault} at {:?}", fault.span);
        assert_eq!(fault.position, Position::of(text, fault.span.start()));
        assert!(fault.span.start() >= last, "{faults}");
        last = fault.span.start();
    }
}

/// Returns files with everything that the formats have.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "groups:\n- name: a\n  interval: 1m\n  query_offset: 30s\n  limit: 3\n  labels: {x: é}\n  \
         rules:\n  - record: r:s\n    expr: |\n      sum by (job) (\n        rate(x[5m])\n      )\n  \
         - alert: A\n    expr: 'up{job=''x''} == 0'\n    for: 1h30m\n    keep_firing_for: 5m\n    \
         labels: &l {severity: page}\n    annotations:\n      <<: *l\n      summary: \"{{ $value \
         }}\\n\\u00e9\"\n",
        "groups: [{name: a, rules: [{record: r, expr: >-\n  a\n  + )\n}]}]\n---\n[",
        "rule_files: [a.yml]\nevaluation_interval: 30s\ngroup_eval_order: [b, a]\nfuzzy_compare: \
         true\ntests:\n- name: t\n  interval: 1m\n  start_timestamp: 2024-01-01T00:00:00Z\n  \
         external_labels: {a: b}\n  external_url: http://x\n  input_series:\n  - series: \
         'up{job=\"x\"}'\n    values: '1+2x3 _x2 stale {{sum:1}}x2'\n  alert_rule_test:\n  - \
         eval_time: 5m\n    alertname: A\n    exp_alerts:\n    - exp_labels: {a: b}\n      \
         exp_annotations: {c: d}\n  promql_expr_test:\n  - expr: up\n    eval_time: 1m\n    \
         exp_samples: [{labels: 'up{}', value: .nan}]\n",
        "1 -1.5e-3+2x3 _ _x4 stale NaN +Inf {{schema:1 sum:3}}+{{sum:1}}x2",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
