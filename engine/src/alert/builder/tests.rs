//! What makes a rule, and what is refused.

use super::*;

fn rule() -> RuleBuilder {
    Rule::on("HighCpu", "cpu_percent").when(Condition::above(90.0))
}

#[track_caller]
fn refused(builder: RuleBuilder, expected: &str) {
    assert_eq!(builder.build().unwrap_err().to_string(), expected);
}

#[test]
fn defaults() {
    let rule = rule().build().unwrap();
    let Question::Metric(question) = rule.question() else { panic!("{rule:?}") };
    assert_eq!(question.window(), Duration::from_secs(300));
    assert_eq!(rule.pending_for(), Duration::ZERO);
    assert_eq!(rule.severity(), Severity::Warning);
    assert_eq!(rule.no_data(), NoDataPolicy::NoData);
    assert_eq!(rule.interval(), None);
}

#[test]
fn what_is_wrong_is_named() {
    let second = Duration::from_secs(1);
    refused(Rule::on("r", "m"), "rule \"r\" has no condition");
    refused(
        Rule::on(" ", "m"),
        "rule name \" \" must have 1 to 256 bytes and no control characters",
    );
    refused(
        Rule::on("r", "9m").when(Condition::absent()),
        "rule \"r\": metric name \"9m\" has '9' at position 1; expected a letter, '_' or ':'",
    );
    refused(
        rule().when_text("value > many"),
        "rule \"HighCpu\": condition \"value > many\": line 1, column 9: expected a number, found \"many\"",
    );
    refused(
        rule().clear_when(Condition::below(f64::NAN)),
        "rule \"HighCpu\": clear condition compares with NaN; expected a number",
    );
    refused(
        rule().window(Duration::ZERO),
        "rule \"HighCpu\": window of 0ns must be from 100ms to 34560000s",
    );
    refused(
        rule().interval(second * 100_000),
        "rule \"HighCpu\": interval of 100000s must be from 100ms to 86400s",
    );
    refused(
        rule().label("severity", "page"),
        "rule \"HighCpu\" sets label \"severity\", which the evaluator sets itself",
    );
    refused(
        rule().label("a", "1").label("a", "2"),
        "rule \"HighCpu\": label \"a\" is given twice, as \"1\" and as \"2\"",
    );
    refused(
        rule().description("is {{ $valu }}"),
        "rule \"HighCpu\": annotation \"description\": template: 1:7: undefined variable \"$valu\"",
    );
    refused(rule().cap(0), "rule \"HighCpu\": cap of 0 alerts must be from 1 to 100000");
    let error = rule().label_matches("a", MatchOp::Regex, "(").build().unwrap_err();
    assert!(error.to_string().starts_with("rule \"HighCpu\": regular expression \"(\""));
}

#[test]
fn a_rule_on_an_expression_is_checked() {
    let rule = || Rule::expression("Down", "up == 0");
    assert_eq!(*rule().build().unwrap().condition(), Condition::present());
    refused(
        Rule::expression("Down", "up ==\n 0 +"),
        "rule \"Down\": expression: 2:5: expected an expression, found the end of the query",
    );
    refused(
        Rule::expression("Down", "up[5m]"),
        "rule \"Down\": the expression is a range vector; expected an instant vector or a scalar",
    );
    refused(
        rule().window(Duration::from_secs(60)),
        "rule \"Down\": window goes with a metric; the expression says it itself",
    );
    let json = serde_json::to_string(&rule().build().unwrap()).unwrap();
    assert!(json.contains(r#""expression":"up == 0","condition":"present""#), "{json}");
    assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule().build().unwrap());
    let both = json.replace(r#""expression""#, r#""metric":"up","expression""#);
    let error = serde_json::from_str::<Rule>(&both).unwrap_err().to_string();
    assert!(error.contains("must have either a metric or an expression"), "{error}");
}

#[test]
fn a_rule_survives_serialisation_and_its_checks_apply_on_the_way_in() {
    let rule = rule()
        .clear_when_text("value < 80 and change <= 0")
        .label_matches("host", MatchOp::NotRegex, "test-.*")
        .label("team", "ops")
        .label("noise", "")
        .pending_for(Duration::from_secs(90))
        .severity(Severity::Critical)
        .no_data(NoDataPolicy::KeepLast)
        .interval(Duration::from_millis(500))
        .build()
        .unwrap();
    let json = serde_json::to_string(&rule).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
    let bad = json.replace("value > 90", "value > ninety");
    let error = serde_json::from_str::<Rule>(&bad).unwrap_err().to_string();
    assert!(error.contains("expected a number, found \"ninety\""), "{error}");
}
