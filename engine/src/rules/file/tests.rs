use super::*;

const HEAD: &str = "groups:\n- name: g\n  rules:\n";

fn file(text: &str) -> RuleFile {
    RuleFile::parse(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// Checks what is wrong with a file.
fn check(text: &str, expected: &[&str]) {
    let errors = RuleFile::parse(text).map_or_else(|errors| errors, |_| Faults::default());
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, expected, "{text}");
}

/// Checks what is wrong with a rule; its first line is line 4.
fn check_rule(rule: &str, expected: &[&str]) {
    check(&format!("{HEAD}  - {}\n", rule.replace('\n', "\n    ")), expected);
}

fn pairs(labels: &LabelTexts) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (&**name, &**value)).collect()
}

#[test]
fn all_fields() {
    let file = file(
        "groups:
- name: a
  interval: 30s
  query_offset: 1m
  limit: 10
  labels: {team: x, tier: 1}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {team: y, empty: ''}
  - alert: Down
    expr: |
      up
        == 0
    for: 5m
    keep_firing_for: 1h30m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.instance }} is down'}
- name: b
",
    );
    let [a, b] = file.groups.as_slice() else { panic!("{file:?}") };
    assert_eq!((&*a.name, a.interval, a.limit), ("a", Some(Duration::from_secs(30)), 10));
    assert_eq!(a.query_offset, Some(Duration::from_secs(60)));
    assert_eq!(pairs(&a.labels), [("team", "x"), ("tier", "1")]);
    assert_eq!((a.line, b.line, b.rules.len()), (2, 19, 0));
    assert_eq!((b.interval, b.query_offset, b.limit), (None, None, 0));
    let [RuleDefinition::Recording(up), RuleDefinition::Alerting(down)] = a.rules.as_slice() else {
        panic!("{a:?}")
    };
    assert_eq!((&*up.record, up.line), ("job:up:sum", 8));
    assert_eq!(pairs(&up.labels), [("tier", "1"), ("team", "y"), ("empty", "")]);
    assert_eq!((&*down.alert, down.line), ("Down", 11));
    assert_eq!(&**down.expression.text(), "up\n  == 0\n");
    assert_eq!(down.expression.to_string(), "up == 0");
    assert_eq!(down.pending_for, Duration::from_secs(300));
    assert_eq!(down.keep_firing_for, Duration::from_secs(5_400));
    let labels = a.rules[1].labels();
    assert_eq!(pairs(&labels), [("team", "x"), ("tier", "1"), ("severity", "page")]);
    let (name, summary) = &down.annotations[0];
    assert_eq!((&**name, &**summary.text()), ("summary", "{{ $labels.instance }} is down"));
    assert!(file.warnings.is_empty());
}

#[test]
fn what_prometheus_takes_is_taken() {
    for good in [
        "groups:\n",
        "groups: []\n",
        "groups: [{name: a, interval: 0, limit: -1, labels: ~, rules: null}]",
        "groups: [{name: a, rules: [{record: a.b-c, expr: 1, labels: {l.x: true, le: 1.0}}]}]",
        "groups: [{name: a, rules: [{record: '', alert: 'with space', expr: '1', for: 0}]}]",
        "groups:\n- name: a\n  rules:\n  - &r {record: a, expr: up}\n  - {<<: *r, record: b}\n",
    ] {
        file(good);
    }
}

#[test]
fn every_error_of_a_file_at_once() {
    check(
        "groups:
- name: a
  intervall: 1m
  interval: 1x
  limit: many
  rules:
  - record: x
    alert: y
    expr: up
  - expr: up
  - record: x
  - record: 'sum(x{})'
    expr: sum(
    for: 1m
    annotations: {}
  - just text
- name: a
- rules: {}
other: 1
",
        &[
            "3:3: unknown field \"intervall\" in a rule group, expected one of name, interval, \
             query_offset, limit, labels, rules",
            "4:13: not a valid duration string: \"1x\", expected such as \"1h30m\"",
            "5:10: expected a whole number, found \"many\"",
            "8:12: only one of 'record' and 'alert' must be set",
            "10:5: one of 'record' or 'alert' must be set",
            "11:5: field 'expr' must be set in a rule",
            "12:13: invalid recording rule name: \"sum(x{})\" (braces belong into 'expr' or \
             'labels')",
            "13:15: could not parse expression: expected an expression, found the end of the \
             query",
            "14:5: invalid field 'for' in recording rule",
            "15:5: invalid field 'annotations' in recording rule",
            "16:5: expected a rule, found \"just text\"",
            "17:9: groupname: \"a\" is repeated in the same file, it is at 2:9 before",
            "18:3: field 'name' must be set in a rule group",
            "18:10: expected a list of rules, found a mapping",
            "19:1: unknown field \"other\" in a rule file, expected one of groups",
        ],
    );
}

#[test]
fn files_that_are_something_else() {
    check("- a\n", &["1:1: expected a rule file, found a list"]);
    check("text", &["1:1: expected a rule file, found \"text\""]);
    check("groups: 5", &["1:9: expected a list of rule groups, found \"5\""]);
    check("groups: [~]", &["1:10: expected a rule group, found nothing"]);
    check(
        "groups:\n- name: g\n   rules:\n",
        &["3:9: invalid YAML: mapping values are not allowed in this context"],
    );
}

#[test]
fn expressions_have_their_place_in_the_file() {
    let found = "could not parse expression: expected an expression, found \")\"";
    let check = |expr: &str, position: &str| {
        let text = format!("record: r\nexpr: {}", expr.replace('\n', "\n  "));
        check_rule(&text, &[&format!("{position}: {found}")]);
    };
    check("a + )", "5:15");
    check("'a{b=''c''} + )'", "5:25");
    check("\"a{b=\\\"c\\\"} + )\"", "5:25");
    check("|\na\n  + )", "7:11");
    check(">-\n\na\n+ )", "8:9");
}

#[test]
fn names_of_labels() {
    check_rule(
        "record: r\nexpr: up\nlabels: {__name__: x, '': y, b: [1]}",
        &[
            "6:14: invalid label name: \"__name__\" (it is the name of the series)",
            "6:27: invalid label name: \"\"",
            "6:37: expected a text, found a list",
        ],
    );
    check_rule(
        "alert: a\nexpr: up\nannotations: x",
        &["6:18: expected a mapping of annotations, found \"x\""],
    );
}

#[test]
fn templates() {
    let variable = "could not parse template of";
    let text = "groups:
- name: records
  labels: {x: '{{ $label.a }}'}
  rules: [{record: r, expr: up}]
- name: alerts
  labels: {x: '{{ $label.a }}'}
  rules:
  - alert: a
    expr: up
    labels: {y: 'é {{ $label.a }}'}
    annotations:
      text: |
        first
        {{ $label.a }}
  - {alert: b, expr: up}
";
    let errors = RuleFile::parse(text).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let starts = [
        format!("6:19: {variable} label \"x\": "),
        format!("10:24: {variable} label \"y\": "),
        format!("14:12: {variable} annotation \"text\": "),
    ];
    assert_eq!(errors.len(), starts.len(), "{errors:#?}");
    for (error, start) in errors.iter().zip(&starts) {
        assert!(error.starts_with(start), "{error} {start}");
    }
}

#[test]
fn durations() {
    let check = |text: &str, expected: &[&str]| {
        check_rule(&format!("alert: a\nexpr: up\nfor: {text}"), expected);
    };
    check("0", &[]);
    check("1d12h", &[]);
    check("5", &["6:10: not a valid duration string: \"5\", expected such as \"1h30m\""]);
    check("''", &["6:10: not a valid duration string: \"\", expected such as \"1h30m\""]);
    check("300y", &["6:10: duration out of range: \"300y\""]);
    check("[1m]", &["6:10: expected a duration such as \"5m\", found a list"]);
}

#[test]
fn unknown_fields_may_be_passed_over() {
    let text = "x: 1\ngroups: [{name: g, y: 2, rules: [{record: r, expr: up, z: 3}]}]";
    assert_eq!(RuleFile::parse(text).unwrap_err().len(), 3);
    let file = RuleFile::parse_with(text, UnknownFields::Ignored).unwrap();
    assert_eq!(file.rules().count(), 1);
}

#[test]
fn warnings() {
    let check = |text: &str, expected: &[&str]| {
        let warnings: Vec<String> = file(text).warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, expected, "{text}");
    };
    check("", &["1:1: there are no rule groups in the file"]);
    check("groups: [{name: g}]\n---\n[", &["2:1: only the first document of the file is read"]);
    let rules = "
  - {record: r, expr: 'sum(a)', labels: {x: 1, y: 2}}
  - {record: r, expr: 'sum(a)', labels: {x: 1}}
  - {alert: r, expr: 'sum(a)', labels: {x: 1, y: 2}}
  - {record: r, expr: 'sum( a )', labels: {y: 2, x: 1}}
  - {record: s, expr: 'a[5m]'}
";
    check(
        &format!("{HEAD}{rules}"),
        &[
            "8:5: the rule \"r\" has the name, expression and labels of the one at 5:5",
            "9:23: a rule needs an instant vector or a scalar, and the expression gives a range \
             vector",
        ],
    );
}

#[test]
fn what_is_foreign_stays_within_bounds() {
    let mut many = "groups: [{name: g, rules: [".to_owned();
    many.push_str(&"{record: r, expr: '1'},".repeat(RULES_MAX + 1));
    many.push_str("]}]");
    let errors = RuleFile::parse(&many).unwrap_err();
    assert!(errors.to_string().contains("more than 20000 rules in a rule file"), "{errors}");
    let bad = format!("groups: [{}]", "5,".repeat(FAULTS + 7));
    let errors = RuleFile::parse(&bad).unwrap_err();
    assert_eq!((errors.iter().count(), errors.len()), (FAULTS, FAULTS + 7));
    assert!(errors.to_string().ends_with("\nand 7 more"));
    let labels: Vec<String> = (0..=LABELS_MAX).map(|label| format!("l{label}: 1")).collect();
    let text = format!("groups: [{{name: g, labels: {{{}}}}}]", labels.join(", "));
    let errors = RuleFile::parse(&text).unwrap_err();
    assert!(errors.to_string().ends_with("more than 100 entries in a mapping of labels"));
}

const FAULTS: usize = crate::rules::FAULTS_MAX;
