//! The types of expressions, and Prometheus' messages where they have none.

use super::*;
use crate::promql::syntax::parse;

fn check_type(query: &str, expected: ValueType) {
    assert_eq!(check(&parse(query).unwrap()), Ok(expected), "{query}");
}

/// Checks the message and the piece of the query that it is about.
fn check_error(query: &str, at: &str, expected: &str) {
    let error = check(&parse(query).unwrap()).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.span.text(query)), (expected, at), "{query}");
}

#[test]
fn expressions_have_types() {
    use ValueType::{Matrix, Scalar, String, Vector};
    check_type("1", Scalar);
    check_type("\"a\"", String);
    check_type("x", Vector);
    check_type("x[5m]", Matrix);
    check_type("x[5m:]", Matrix);
    check_type("(-x)", Vector);
    check_type("-(1)", Scalar);
    check_type("1 + 2 - 3 ^ 4", Scalar);
    check_type("1 + 2 - x", Vector);
    check_type("x + 1 + 2", Vector);
    check_type("1 == bool 2", Scalar);
    check_type("x > 2 > 1", Vector);
    check_type("a and b or c unless d", Vector);
    check_type("a + on (b) group_left (c) fill (0) d", Vector);
    check_type("a </ 1", Vector);
    check_type("rate(x[5m])", Vector);
    check_type("time()", Scalar);
    check_type("hour()", Vector);
    check_type("hour(x)", Vector);
    check_type("label_join(x, \"a\", \"b\", \"c\", \"d\", \"e\")", Vector);
    check_type("sum by (a) (x)", Vector);
    check_type("topk(3, x)", Vector);
    check_type("count_values(\"v\", x)", Vector);
    check_type("info(x, {})", Vector);
    check_type("info(x, {data=~\".*\"})", Vector);
    check_type("rate(x[5m] smoothed)", Vector);
    check_type("changes((x[5m] anchored))", Vector);
}

#[test]
fn calls() {
    check_error("ratee(x[5m])", "ratee", "unknown function with name \"ratee\"");
    check_error("RATE(x[5m])", "RATE", "unknown function with name \"RATE\"");
    check_error(
        "1 + rate(x[5m], 1)",
        "rate(x[5m], 1)",
        "expected 1 argument(s) in call to \"rate\", got 2",
    );
    check_error("time(1)", "time(1)", "expected 0 argument(s) in call to \"time\", got 1");
    check_error(
        "round()",
        "round()",
        "expected at least 1 argument(s) in call to \"round\", got 0",
    );
    check_error(
        "round(x, 1, 2)",
        "round(x, 1, 2)",
        "expected at most 2 argument(s) in call to \"round\", got 3",
    );
    check_error(
        "rate(x)",
        "x",
        "expected type range vector in call to function \"rate\", got instant vector",
    );
    check_error(
        "sum(clamp(x, y, 1))",
        "y",
        "expected type scalar in call to function \"clamp\", got instant vector",
    );
    check_error(
        "label_join(x, \"a\", \"b\", \"c\", 1)",
        "1",
        "expected type string in call to function \"label_join\", got scalar",
    );
    check_error("info(x, y)", "y", "expected label selectors only, got vector selector instead");
    check_error("info(x, abs(y))", "abs(y)", "expected label selectors only");
    check_error(
        "deriv(foo[3m] smoothed)",
        "foo[3m] smoothed",
        "smoothed modifier can only be used with: delta, increase, rate - not with deriv",
    );
    check_error(
        "max_over_time(foo[3m] anchored)",
        "foo[3m] anchored",
        "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with max_over_time",
    );
}

#[test]
fn aggregations() {
    check_error(
        "sum(1)",
        "1",
        "expected type instant vector in aggregation expression, got scalar",
    );
    check_error(
        "sum(x[5m])",
        "x[5m]",
        "expected type instant vector in aggregation expression, got range vector",
    );
    check_error(
        "topk(\"a\", x)",
        "\"a\"",
        "expected type scalar in aggregation parameter, got string",
    );
    check_error(
        "count_values(1, x)",
        "1",
        "expected type string in aggregation parameter, got scalar",
    );
}

#[test]
fn operators() {
    let operand = "binary expression must contain only scalar and instant vector types";
    check_error("x[5m] + 1", "x[5m]", operand);
    check_error("1 + 2 + \"a\"", "\"a\"", operand);
    check_error("1 + 2 > 3", ">", "comparisons between scalars must use BOOL modifier");
    check_error(
        "1 + 2 + on (a) x - y",
        "1 + 2 + on (a) x",
        "vector matching only allowed between instant vectors",
    );
    check_error(
        "x + fill (0) 1",
        "x + fill (0) 1",
        "filling in missing series only allowed between instant vectors",
    );
    check_error(
        "x and y or 1",
        "x and y or 1",
        "set operator \"or\" not allowed in binary scalar expression",
    );
    check_error("1 </ 2", "1 </ 2", "operator \"</\" not allowed for Scalar operations");
    check_error(
        "-x[5m]",
        "-x[5m]",
        "unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"",
    );
    check_error(
        "1[5m:]",
        "1[5m:]",
        "subquery is only allowed on instant vector, got scalar instead",
    );
    check_error(
        "x[5m][5m:]",
        "x[5m][5m:]",
        "subquery is only allowed on instant vector, got matrix instead",
    );
}

#[test]
fn a_misspelt_function_is_near_the_one_that_was_meant() {
    let check = |name: &str, expected| assert_eq!(nearest(name), expected, "{name}");
    check("ratee", Some("rate"));
    check("RATE", Some("rate"));
    check("sum_over_tme", Some("sum_over_time"));
    check("histogram_quantil", Some("histogram_quantile"));
    check("frobnicate", None);
    check("arte", None);
    check("", None);
    assert_eq!(edits("kitten", "sitting"), 3);
    assert_eq!(edits("", "abc"), 3);
    assert_eq!(edits("abc", ""), 3);
}

#[test]
fn the_deepest_tree_has_a_type() {
    let query = format!("{}x{}", "abs(".repeat(255), ")".repeat(255));
    check_type(&query, ValueType::Vector);
    check_type(&vec!["x"; 10_000].join(" + "), ValueType::Vector);
}
