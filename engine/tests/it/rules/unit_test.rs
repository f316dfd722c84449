//! Unit tests of rules, and what is expected of each file.

use keepwatch_engine::rules::UnknownFields;
use keepwatch_engine::rules::unit_test::{RuleText, UnitTestFile};

use super::rule_file::begin_with;

/// What comes of the files: errors of the file or of its rule files, or the
/// failures of each test; beginnings of messages. The others pass.
const EXPECTED: &[(&str, Expected)] = &[
    ("unit/bad-input-series.yml", Expected::Errors(&["3:64: could not parse series"])),
    (
        "unit/bad-promql.yml",
        Expected::Failures(&["expr: \"join_1 + on(a) join_2\", time: 0s, err: found duplicate"]),
    ),
    (
        "unit/bad-rules-error-test.yml",
        Expected::Failures(&["rule: joined, time: 0s, err: found duplicate series"]),
    ),
    (
        "unit/bad-rules-syntax-test.yml",
        Expected::Errors(&["bad-rules-syntax.yml: 7:22: could not parse expression"]),
    ),
    (
        "unit/failing.yml",
        Expected::Failures(&[
            "alertname: Test, time: 0s,\n    exp: [\n        0: Labels:{alertname=\"Test\"}\n           \
             Annotations:{}\n    ]\n    got: []",
            "expr: \"test\", time: 0s,\n    exp: test 1\n    got: test 0",
            "alertname: InstanceDown, time: 5m,\n    exp: []\n    got: [\n        0: \
             Labels:{alertname=\"InstanceDown\",job=\"test\",severity=\"page\"}",
            "alertname: AlwaysFiring, time: 5m,\n    exp: []\n    got: [\n        0: \
             Labels:{alertname=\"AlwaysFiring\"}",
        ]),
    ),
    (
        "unit/rules_run.yml",
        Expected::Failures(&["expr: \"test\", time: 0s,\n    exp: test 1\n    got: test 0"]),
    ),
    (
        "unit/rules_run_fuzzy.yml",
        Expected::Failures(&["expr: \"test_low\", time: 0s", "expr: \"test_high\", time: 0s"]),
    ),
    (
        "unit/rules_run_no_fuzzy.yml",
        Expected::Failures(&["expr: \"test_low\", time: 0s", "expr: \"test_high\", time: 0s"]),
    ),
    (
        "unit/rules_run_extrafields.yml",
        Expected::Errors(&["rules_extrafields.yml: 7:5: unknown field \"namespace\""]),
    ),
];

/// What is to be found.
#[derive(Clone, Copy)]
enum Expected {
    Errors(&'static [&'static str]),
    Failures(&'static [&'static str]),
}

/// Reads a file of tests, runs it and compares what is found. Returns what is
/// to be told of it.
pub(super) fn check(name: &str, text: &str, files: &[(String, String)]) -> Result<String, String> {
    let expected = EXPECTED.iter().find(|(of, _)| *of == name);
    let expected = expected.map_or(Expected::Failures(&[]), |(_, expected)| *expected);
    if name.contains("extrafields") {
        let ran = run(text, files, UnknownFields::Ignored)?;
        begin_with("failures", &ran.failures, &[])?;
    }
    match (run(text, files, UnknownFields::Refused), expected) {
        (Err(errors), Expected::Errors(expected)) => {
            begin_with("errors", &[errors], expected).map(|()| String::new())
        }
        (Err(errors), Expected::Failures(_)) => Err(errors),
        (Ok(_), Expected::Errors(expected)) => Err(format!("expected {expected:?}")),
        (Ok(ran), Expected::Failures(expected)) => {
            begin_with("failures", &ran.failures, expected)?;
            let needing = ran.needing_histograms.len();
            let note =
                format!("{needing} cases need native histograms, the others are as expected");
            Ok(if needing == 0 { String::new() } else { note })
        }
    }
}

#[derive(Default)]
struct Ran {
    failures: Vec<String>,
    needing_histograms: Vec<String>,
}

fn run(text: &str, files: &[(String, String)], unknown: UnknownFields) -> Result<Ran, String> {
    let file = UnitTestFile::parse_with(text, unknown).map_err(|errors| errors.to_string())?;
    let mut read = |named: &str| {
        let file = files.iter().find(|(name, _)| name.strip_prefix("unit/") == Some(named));
        let (_, text) = file.ok_or_else(|| "there is no such file".to_owned())?;
        Ok(vec![RuleText { name: named.to_owned(), text: text.clone() }])
    };
    let suite = file.load(unknown, &mut read).map_err(|errors| errors[0].to_string())?;
    let mut ran = Ran::default();
    for report in suite.run_all() {
        ran.failures.extend(report.failures.iter().map(ToString::to_string));
        ran.needing_histograms.extend(report.needing_histograms);
    }
    Ok(ran)
}
