//! Trees of expressions as JSON.

use keepwatch_engine::promql::Query;
use serde_json::{Value, json};

use super::*;

fn tree(query: &str) -> Value {
    let query = Query::parse(query).unwrap();
    serde_json::from_str(&written(query.expr()).unwrap()).unwrap()
}

fn vector(name: &str) -> Value {
    json!({
        "type": "vectorSelector", "name": name, "offset": 0, "timestamp": null,
        "startOrEnd": null, "anchored": false, "smoothed": false,
        "matchers": [{"name": "__name__", "type": "=", "value": name}],
    })
}

fn number(text: &str) -> Value {
    json!({"type": "numberLiteral", "val": text})
}

#[track_caller]
fn check(query: &str, expected: &Value) {
    assert_eq!(&tree(query), expected, "{query}");
}

#[test]
fn literals_signs_and_parentheses() {
    check("1.50", &number("1.5"));
    check("-Inf", &number("-Inf"));
    check("1m30s", &number("90"));
    check("'a\\xff'", &json!({"type": "stringLiteral", "val": "a\u{fffd}"}));
    check("-x", &json!({"type": "unaryExpr", "op": "-", "expr": vector("x")}));
    check("(x)", &json!({"type": "parenExpr", "expr": vector("x")}));
}

#[test]
fn selectors() {
    let selector = json!({
        "type": "matrixSelector", "name": "x", "range": 300_000, "offset": -60_000,
        "timestamp": 1_500, "startOrEnd": null, "anchored": false, "smoothed": true,
        "matchers": [
            {"name": "job", "type": "=~", "value": "a|b"},
            {"name": "__name__", "type": "=", "value": "x"},
        ],
    });
    check("x{job=~'a|b'}[5m] smoothed @ 1.5 offset -1m", &selector);
    let quoted = tree("{'a.b'} @ start()");
    assert_eq!(quoted["name"], "");
    assert_eq!(quoted["matchers"], json!([{"name": "__name__", "type": "=", "value": "a.b"}]));
    assert_eq!(quoted["startOrEnd"], "start");
    let subquery = json!({
        "type": "subquery", "range": 3_600_000, "step": 0, "offset": 60_000,
        "timestamp": null, "startOrEnd": "end", "expr": vector("x"),
    });
    check("x[1h:] @ end() offset 1m", &subquery);
    assert_eq!(tree("x[step() * 5]")["range"], 0);
}

#[test]
fn calls() {
    let call = json!({
        "type": "call", "args": [vector("x")],
        "func": {
            "name": "round", "argTypes": ["vector", "scalar"], "variadic": 1,
            "returnType": "vector",
        },
    });
    check("round(x)", &call);
    for (query, types, variadic, returns) in [
        ("time()", json!([]), 0, "scalar"),
        ("rate(x[5m])", json!(["matrix"]), 0, "vector"),
        ("hour()", json!(["vector"]), 1, "vector"),
        ("sort_by_label(x)", json!(["vector", "string"]), -1, "vector"),
        ("label_join(x, 'a', '')", json!(["vector", "string", "string", "string"]), -1, "vector"),
        ("histogram_quantiles(x, 'q', 0.5)", json!(["vector", "string", "scalar"]), 10, "vector"),
    ] {
        let func = &tree(query)["func"];
        assert_eq!(func["argTypes"], types, "{query}");
        assert_eq!(func["variadic"], variadic, "{query}");
        assert_eq!(func["returnType"], returns, "{query}");
    }
}

/// That Prometheus' count of variable arguments says the same as the
/// fewest and the most: it always is the last one that may be left out.
#[test]
fn variable_arguments_are_the_last() {
    for function in Function::all() {
        let signature = function.signature();
        if signature.is_variadic() {
            let last = signature.argument_types().len() - 1;
            let fewest = signature.arguments_min();
            assert!(fewest >= last, "{function}");
        }
    }
}

#[test]
fn aggregations() {
    let top = json!({
        "type": "aggregation", "op": "topk", "param": number("2"), "expr": vector("x"),
        "grouping": ["a", "b"], "without": true,
    });
    check("topk without (a, b) (2, x)", &top);
    let sum = json!({
        "type": "aggregation", "op": "sum", "param": null, "expr": vector("x"),
        "grouping": [], "without": false,
    });
    check("sum(x)", &sum);
}

#[test]
fn operators() {
    let matching = |card: &str| {
        json!({
            "card": card, "labels": [], "on": false, "include": [],
            "fillValues": {"lhs": null, "rhs": null},
        })
    };
    let binary = |op: &str, lhs: Value, rhs: Value, matching: Value| {
        json!({
            "type": "binaryExpr", "op": op, "bool": false, "lhs": lhs, "rhs": rhs,
            "matching": matching,
        })
    };
    let sum = binary("+", number("1"), number("2"), Value::Null);
    let with_vector = binary("-", sum, vector("x"), Value::Null);
    check("1 + 2 - x + y", &binary("+", with_vector, vector("y"), matching("one-to-one")));
    check("x or y", &binary("or", vector("x"), vector("y"), matching("many-to-many")));
    let power = binary("^", vector("y"), number("2"), Value::Null);
    check("x ^ y ^ 2", &binary("^", vector("x"), power, matching("one-to-one")));
    let compared = tree("x == bool on (a) group_left (b) fill_right (3) y");
    assert_eq!(compared["bool"], true);
    let expected = json!({
        "card": "many-to-one", "labels": ["a"], "on": true, "include": ["b"],
        "fillValues": {"lhs": null, "rhs": 3.0},
    });
    assert_eq!(compared["matching"], expected);
    assert_eq!(tree("x * ignoring (a) group_right y")["matching"]["card"], "one-to-many");
}

#[test]
fn a_chain_may_be_long() {
    let query = vec!["x"; 10_000].join(" + ");
    let query = Query::parse(&query).unwrap();
    let text = written(query.expr()).unwrap();
    assert_eq!(text.matches("binaryExpr").count(), 9_999);
    assert_eq!(text.matches('{').count(), text.matches('}').count());
}
