//! Long and deep queries cost what they should, or are refused.

use super::super::*;

fn check_too_deep(query: &str) {
    let error = parse(query).unwrap_err();
    let max = if query.starts_with("x[") && !query.starts_with("x[5m") { 64 } else { 256 };
    assert_eq!(error.kind, ParseErrorKind::TooDeep { max });
}

#[test]
fn a_chain_is_as_flat_as_one_operator() {
    for op in ["+", "or", "== bool"] {
        let query = vec!["1"; 10_000].join(&format!(" {op} "));
        let expr = parse(&query).unwrap();
        let ExprKind::Binary(binary) = &expr.kind else { panic!("{op}") };
        assert_eq!(binary.rest.len(), 9_999);
        assert_eq!(expr.to_string(), query);
        assert_eq!(expr, expr.clone());
        assert!(expr.pretty().len() < 200 * query.len());
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    check_too_deep(&"(".repeat(50_000));
    check_too_deep(&format!("{}1{}", "(".repeat(257), ")".repeat(257)));
    check_too_deep(&format!("{}x", "-".repeat(50_000)));
    check_too_deep(&vec!["1"; 50_000].join("^"));
    check_too_deep(&format!("x{}", "[5m:]".repeat(50_000)));
    check_too_deep(&"sum(".repeat(50_000));
    check_too_deep(&"f(1,".repeat(50_000));
    check_too_deep(&format!("x[{}", "(".repeat(50_000)));
    check_too_deep(&format!("x[{}1]", "-".repeat(50_000)));
    check_too_deep(&format!("x[{}]", vec!["1"; 50_000].join("+")));
    check_too_deep(&format!("x[{}]", vec!["1"; 50_000].join("^")));
    check_too_deep(&format!("x[{}", "min_of(1,".repeat(50_000)));
    // Each pair of parentheses adds more than a level here.
    check_too_deep(&format!("{}x{}", "(".repeat(100), "*1+1==1 or 1)".repeat(100)));
}

#[test]
fn what_is_deep_but_within_the_limit_is_walked() {
    let most = Limits::default().depth_max - 1;
    for query in [
        format!("{}x{}", "(".repeat(most), ")".repeat(most)),
        format!("{}x{}", "abs(".repeat(most), ")".repeat(most)),
        format!("{}x", "-".repeat(most)),
        vec!["x"; most].join("^"),
        format!("x{}", "[5m:]".repeat(most)),
        format!("x[{}step()]", "-".repeat(63)),
        format!("x[{}2{}]", "min_of(1,".repeat(63), ")".repeat(63)),
    ] {
        let expr = parse(&query).unwrap();
        assert_eq!(parse(&expr.to_string()).unwrap().to_string(), expr.to_string());
        assert_eq!(parse(&expr.pretty()).unwrap().to_string(), expr.to_string());
        assert_eq!(expr, expr.clone());
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits { bytes_max: 10, depth_max: 2, regexes_max: 1 };
    let check = |query: &str, expected: Option<&str>| {
        let error = parse_within(query, &limits).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), expected, "{query}");
    };
    check("1234567890", None);
    check("12345678901", Some("a query of 11 bytes is longer than the 10 that are read"));
    check("(1)", None);
    check("((1))", Some("the query is nested more than 2 levels deep"));
    check("{a=~\"b\"}", None);
    let limits = Limits { bytes_max: 99, ..limits };
    let error = parse_within("{a=~\"b\",c!~\"d\"}", &limits).unwrap_err();
    assert_eq!(error.to_string(), "the query has more than 1 regular expressions");
}

#[test]
fn long_runs_of_anything_are_read_or_refused() {
    const BYTES: usize = 1 << 17;
    for piece in ["a", "1 ", "\"", "'\\'", "{", "[", "x{a=\"b\",", "x+", "#", "@", ":", "é", "5m"]
    {
        let query = piece.repeat(BYTES / piece.len());
        let _ = parse(&query);
        let _ = parse(&format!("x[{}", query.get(2..).unwrap_or("")));
    }
}
