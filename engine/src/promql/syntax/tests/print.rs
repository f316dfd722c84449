//! Forms on several lines.

use expect_test::{Expect, expect};

use super::super::parse;

fn check(query: &str, expected: &Expect) {
    let pretty = parse(query).unwrap().pretty();
    expected.assert_eq(&format!("{pretty}\n"));
}

#[test]
fn what_is_short_stays_on_one_line() {
    check(
        "sum by(job)(rate(x[5m]))",
        &expect![[r#"
        sum by (job) (rate(x[5m]))
    "#]],
    );
}

#[test]
fn what_is_long_has_lines_of_its_own() {
    check(
        "histogram_quantile(0.99, sum by (le, job, instance) (rate(request_duration_seconds_bucket{job=\"api\"}[5m]))) > on (job) group_left (team) (max by (job, team) (request_duration_limit_seconds{kind=\"hard\", source=\"config\"}) or vector(1))",
        &expect![[r#"
              histogram_quantile(
                0.99,
                sum by (le, job, instance) (rate(request_duration_seconds_bucket{job="api"}[5m]))
              )
            > on (job) group_left (team)
              (max by (job, team) (request_duration_limit_seconds{kind="hard",source="config"}) or vector(1))
        "#]],
    );
    check(
        "-max_over_time(sum without (instance, pod) (node_memory_working_set_bytes{namespace=\"monitoring\"})[1d:1h] offset 1w)",
        &expect![[r#"
            -max_over_time(
              sum without (instance, pod) (node_memory_working_set_bytes{namespace="monitoring"})[1d:1h] offset 1w
            )
        "#]],
    );
}

#[test]
fn a_chain_has_a_level_for_each_operator_that_does_not_fit() {
    check(
        "a_metric_with_a_rather_long_name_total + a_metric_with_a_rather_long_name_total - a_metric_with_a_rather_long_name_total + b",
        &expect![[r#"
                a_metric_with_a_rather_long_name_total + a_metric_with_a_rather_long_name_total
              -
                a_metric_with_a_rather_long_name_total
            +
              b
        "#]],
    );
}
