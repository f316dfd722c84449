use super::*;
use crate::model::is_stale;

fn file(text: &str) -> UnitTestFile {
    UnitTestFile::parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

fn rule_text(name: &str, text: &str) -> RuleText {
    RuleText { name: name.to_owned(), text: text.to_owned() }
}

/// Writes values as they are written one by one.
fn slots(text: &str) -> Result<String, NotationError> {
    let slot = |slot| match slot {
        Slot::Nothing => "_".to_owned(),
        Slot::Float(value) if is_stale(value) => "stale".to_owned(),
        Slot::Float(value) => value.to_string(),
        Slot::Histogram => "{{}}".to_owned(),
    };
    Ok(SeriesValues::parse(text)?.iter().map(slot).collect::<Vec<_>>().join(" "))
}

#[test]
fn the_notation_of_values() {
    let check = |text: &str, expected: &str| {
        assert_eq!(slots(text).as_deref(), Ok(expected), "{text}");
    };
    check("", "");
    check(" 5 2+3x2\n_ stale ", "5 2 5 8 _ stale");
    check("1x2", "1 1 1");
    check("_x3 stalex1", "_ _ _ stale stale");
    check("-1-2x1 -0.5", "-1 -3 -0.5");
    check("1e-3+1e+1x1", "0.001 10.001");
    check("0x3", "0 0 0 0");
    check("NaN Inf +Inf -inf", "NaN inf inf -inf");
    check("NaNx1 1+0x0", "NaN NaN 1");
    check("{{schema:1 sum:3}}+{{sum:1}}x1 2", "{{}} {{}} 2");
    assert!(SeriesValues::parse("1 {{}}").unwrap().has_histograms());
    assert!(!SeriesValues::parse("1 _").unwrap().has_histograms());
    let many = SeriesValues::parse("0+1x18446744073709551615").unwrap();
    assert_eq!(many.iter().nth(1_000), Some(Slot::Float(1_000.0)));
}

#[test]
fn errors_in_values_have_their_place() {
    let check = |text: &str, at: std::ops::Range<usize>, expected: &str| {
        let error = slots(text).unwrap_err();
        assert_eq!((error.at.clone(), error.to_string().as_str()), (at, expected), "{text}");
    };
    let item = "expected a value such as '1', '1+2x3', '_', '_x3' or 'stale'";
    check("1 abc 2", 2..5, &format!("{item}, found \"abc\""));
    check("1 0xA", 4..5, "expected a number of repetitions, found \"A\"");
    check("1,2", 1..3, "expected white space behind a value, found \",2\"");
    check(
        "1+2",
        3..3,
        "expected how often the values grow, as in 'x3', found the end of the values",
    );
    check("1+x3", 1..4, "expected by how much the values grow, a number, found \"+x3\"");
    check("_x", 2..2, "expected a number of repetitions, found the end of the values");
    check("1 {{sum:1", 2..9, "expected a native histogram in '{{' and '}}', found \"{{sum:1\"");
    check(
        "1x99999999999999999999",
        2..22,
        "expected a number of repetitions, found \"99999999999999999999\"",
    );
}

#[test]
fn all_fields() {
    let file = file(
        "rule_files: [a.yml, b/*.yml]
evaluation_interval: 30s
group_eval_order: [y, x]
fuzzy_compare: true
tests:
- name: first
  interval: 15s
  start_timestamp: 2024-01-01T00:00:00Z
  external_labels: {region: eu}
  external_url: http://localhost
  input_series:
  - series: 'up{job=\"a\"}'
    values: 1x3
  - {series: '{\"a.b\", \"l.x\"=\"1\"}', values: 5}
  alert_rule_test:
  - eval_time: 1m
    alertname: Down
    exp_alerts:
    - exp_labels: {job: a}
      exp_annotations: {summary: text}
  promql_expr_test:
  - expr: up
    eval_time: 0
    exp_samples:
    - {labels: 'up{job=\"a\"}', value: 1}
    - {value: -.Inf}
    - {labels: '{}', histogram: '{{sum:1}}'}
- start_timestamp: 1.5
",
    );
    assert_eq!((file.rule_files.len(), file.fuzzy_compare), (2, true));
    assert_eq!(file.evaluation_interval, Duration::from_secs(30));
    assert_eq!(file.group_eval_order, ["y".into(), "x".into()]);
    let [first, second] = file.tests.as_slice() else { panic!("{file:?}") };
    assert_eq!((&*first.name, first.interval, first.line), ("first", Duration::from_secs(15), 6));
    assert_eq!(first.start.to_string(), "2024-01-01T00:00:00.000Z");
    let series: Vec<String> =
        first.input_series.iter().map(|input| input.series.to_string()).collect();
    assert_eq!(series, ["up{job=\"a\"}", "a.b{l.x=\"1\"}"]);
    let alerts = &first.alert_tests[0];
    assert_eq!(
        (&*alerts.alert, alerts.eval_time, alerts.line),
        ("Down", file.tests[0].interval * 4, 16)
    );
    assert_eq!(alerts.expected[0].labels.to_string(), "{alertname=\"Down\",job=\"a\"}");
    let samples: Vec<_> = first.expression_tests[0].expected.iter().map(|s| s.value).collect();
    assert_eq!(samples.len(), 3);
    assert!(samples.contains(&None) && samples.contains(&Some(f64::NEG_INFINITY)));
    assert_eq!((second.start.millis(), second.interval), (1_500, Duration::from_secs(30)));
}

#[test]
fn every_error_of_a_file_at_once() {
    let text = "rule_file: a
evaluation_interval: x
group_eval_order: [a, b, a]
fuzzy_compare: maybe
tests:
- intervall: 1m
  start_timestamp: noon
  input_series:
  - series: 'up{job=~\"a\"}'
    values: '1 2 three'
  - series: 'sum(up)'
  alert_rule_test:
  - eval_time: 1m
  promql_expr_test:
  - eval_time: 1m
    exp_samples: [{labels: 'up{', value: much}]
  - expr: 'rate(up)'
";
    let errors = UnitTestFile::parse(text).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            "1:1: unknown field \"rule_file\" in a file of unit tests, expected one of \
             rule_files, evaluation_interval, group_eval_order, fuzzy_compare, tests",
            "2:22: not a valid duration string: \"x\", expected such as \"1h30m\"",
            "3:26: group name repeated in evaluation order: a",
            "4:16: expected true or false, found \"maybe\"",
            "6:3: unknown field \"intervall\" in a test, expected one of name, interval, \
             start_timestamp, input_series, alert_rule_test, promql_expr_test, external_labels, \
             external_url",
            "7:20: expected a time: seconds since 1970, or such as \"2024-01-01T00:00:00Z\", \
             found \"noon\"",
            "9:17: could not parse series: a label has one value, expected =, found job=~\"a\"",
            "10:18: could not parse values: expected a value such as '1', '1+2x3', '_', '_x3' or \
             'stale', found \"three\"",
            "11:14: could not parse series: expected a series selector, found an expression",
            "13:5: field 'alertname' must be set in a test of alerts",
            "15:5: field 'expr' must be set in a test of an expression",
            "16:32: could not parse series: expected a label name, found the end of the query",
            "16:42: expected a number, found \"much\"",
            "17:17: could not parse expression: expected type range vector in call to function \
             \"rate\", got instant vector",
        ]
    );
}

/// Runs the tests of a file over rules. Returns the failures.
fn run(rules: &str, tests: &str) -> Vec<String> {
    let file = file(&format!("rule_files: [r]\n{tests}"));
    let mut read = |_: &str| Ok(vec![rule_text("r", rules)]);
    let suite = file.load(UnknownFields::Refused, &mut read).unwrap();
    let reports: Vec<TestReport> = suite.run_all().collect();
    let failure = |failure: &Failure| failure.to_string();
    reports.iter().flat_map(|report| report.failures.iter().map(failure)).collect()
}

const RULES: &str = "groups:
- name: second
  rules:
  - {record: twice, expr: 2 * once}
- name: first
  rules:
  - {record: once, expr: sum(up)}
  - {record: late, expr: twice}
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: gone}
";

#[test]
fn rules_see_what_rules_before_them_put_out() {
    let tests = |order: &str, value: u32| {
        format!(
            "group_eval_order: {order}
tests:
- input_series: [{{series: 'up', values: '1+1x9'}}]
  promql_expr_test:
  - {{expr: twice, eval_time: 3m30s, exp_samples: [{{labels: twice, value: {value}}}]}}
  - {{expr: late, eval_time: 3m, exp_samples: [{{labels: late, value: 6}}]}}
"
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(run(RULES, &tests("[first]", 8)), none);
    assert_eq!(
        run(RULES, &tests("[]", 8)),
        ["expr: \"twice\", time: 3m30s,\n    exp: twice 8\n    got: twice 6"]
    );
}

#[test]
fn alerts_are_those_that_fire() {
    let tests = |time: &str, labels: &str| {
        format!(
            "tests:
- start_timestamp: 1700000000
  input_series: [{{series: 'up{{job=\"a\"}}', values: '1 0x9'}}]
  alert_rule_test:
  - eval_time: {time}
    alertname: Down
    exp_alerts: [{labels}]
"
        )
    };
    let alert = "{exp_labels: {job: a, severity: page}, exp_annotations: {summary: gone}}";
    let none: [&str; 0] = [];
    assert_eq!(run(RULES, &tests("2m59s", "")), none);
    assert_eq!(run(RULES, &tests("3m", alert)), none);
    assert_eq!(
        run(RULES, &tests("3m59s", "{exp_labels: {job: a}}")),
        ["alertname: Down, time: 3m59s,
    exp: [
        0: Labels:{alertname=\"Down\",job=\"a\"}
           Annotations:{}
    ]
    got: [
        0: Labels:{alertname=\"Down\",job=\"a\",severity=\"page\"}
           Annotations:{summary=\"gone\"}
    ]"]
    );
}

#[test]
fn a_rule_that_fails_ends_its_test() {
    let rules = "groups: [{name: g, rules: [{record: r, expr: 'a + on(x) b'}]}]";
    let tests = "tests:
- name: fails
  input_series:
  - {series: 'a{y=\"1\"}', values: '_ 1'}
  - {series: 'a{y=\"2\"}', values: '_ 1'}
  - {series: 'b', values: '_ 1'}
  promql_expr_test: [{expr: '1', eval_time: 5m, exp_samples: [{value: 2}]}]
- promql_expr_test: [{expr: '1', exp_samples: [{value: 1}]}]
";
    let failures = run(rules, tests);
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].starts_with("rule: r, time: 1m, err: "), "{failures:?}");
}

#[test]
fn what_needs_native_histograms_is_told_apart() {
    let rules = "groups: [{name: g, rules: [{record: r, expr: 'sum(h)'}, {record: s, expr: '1'}]}]";
    let tests = "tests:
- input_series: [{series: h, values: '{{sum:1}}x3'}]
  promql_expr_test:
  - {expr: h, exp_samples: [{labels: h, histogram: '{{sum:1}}'}]}
  - {expr: vector(1), exp_samples: [{histogram: '{{sum:1}}'}]}
  - {expr: s, exp_samples: [{labels: s, value: 1}]}
";
    let file = file(&format!("rule_files: [r]\n{tests}"));
    let mut read = |_: &str| Ok(vec![rule_text("r", rules)]);
    let suite = file.load(UnknownFields::Refused, &mut read).unwrap();
    let report = suite.run(&file.tests[0]);
    assert!(report.has_passed(), "{report:?}");
    assert_eq!(
        report.needing_histograms,
        ["rule: r", "expr: \"h\", time: 0s", "expr: \"vector(1)\", time: 0s"]
    );
}

#[test]
fn rule_files_that_are_not_there() {
    let file = file("rule_files: [a, b, c]\ntests: [{}]");
    let mut read = |named: &str| match named {
        "a" => Err("no such file".to_owned()),
        "b" => Ok(vec![rule_text("b.yml", "groups: 5")]),
        _ => Ok(Vec::new()),
    };
    let errors = file.load(UnknownFields::Refused, &mut read).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        ["a: no such file", "b.yml: 1:9: expected a list of rule groups, found \"5\""]
    );
    let suite = file.load(UnknownFields::Refused, &mut |_| Ok(Vec::new())).unwrap();
    assert_eq!(suite.unmatched.len(), 3);
}

#[test]
fn tests_stay_within_bounds() {
    let failures = run(
        "",
        "evaluation_interval: 1ms\ntests: [{promql_expr_test: [{expr: '1', eval_time: 1d}]}]",
    );
    assert_eq!(failures, ["86400001 evaluations are more than the 1000000 of a test"]);
}
