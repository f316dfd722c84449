//! How texts are read, by their normal form.

use super::super::*;

/// Checks the normal form, and that it is its own.
fn check(query: &str, expected: &str) {
    let expr = parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    assert_eq!(expr.to_string(), expected, "{query}");
    assert_eq!(parse(expected).unwrap().to_string(), expected);
}

/// Checks how operators group: the same tree as with all parentheses, which
/// are taken off.
fn check_grouping(query: &str, expected: &str) {
    fn grouped(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Paren(inner) => grouped(inner),
            ExprKind::Unary(unary) => format!("({}{})", unary.op.symbol(), grouped(&unary.expr)),
            ExprKind::Binary(binary) => {
                binary.rest.iter().fold(grouped(&binary.first), |left, operation| {
                    format!("({left} {} {})", operation.op.symbol(), grouped(&operation.right))
                })
            }
            _ => expr.to_string(),
        }
    }
    assert_eq!(grouped(&parse(query).unwrap()), expected, "{query}");
}

#[test]
fn numbers() {
    check("0x1F", "31");
    check("1e3", "1000");
    check("1_000.5", "1000.5");
    check("017", "15");
    check("1e-7", "0.0000001");
    check("+Inf", "+Inf");
    check("-iNf", "-Inf");
    check("inf ^ 2", "Inf ^ 2");
    check("inf[5m:]", "Inf[5m:]");
    check("2 ^ inf", "2 ^ +Inf");
    check("NAN", "NaN");
    check("- 1", "-1");
    check("--1", "1");
    check("+1", "1");
    check("90m", "1h30m");
    check("-90s", "-1m30s");
    check("1d12h", "1d12h");
    check("0s", "0s");
}

#[test]
fn texts() {
    check(r#"'it\'s "x"'"#, r#""it's \"x\"""#);
    check("`a\\b`", r#""a\\b""#);
    check(r#""\u00e9\x41\101\t""#, r#""éAA\t""#);
    check(r#""\xff""#, r#""\xff""#);
}

#[test]
fn comments_and_white_space() {
    check("# all\nsum # of\r\n(x) # it", "sum(x)");
    check("x{#a\na=\"#\"\n}", "x{a=\"#\"}");
    check("\t1\r\n+\n2 ", "1 + 2");
}

#[test]
fn selectors() {
    check("x", "x");
    check("a:b:c", "a:b:c");
    check(":", ":");
    check("x{}", "x");
    check("x{b=\"1\",a!=\"2\",}", "x{a!=\"2\",b=\"1\"}");
    check("{a=~\"b.+\", c!~'d'}", "{a=~\"b.+\",c!~\"d\"}");
    check("{__name__=\"x\"}", "{__name__=\"x\"}");
    check("{\"a.b\", \"l.x\"=\"v\"}", "{\"l.x\"=\"v\",__name__=\"a.b\"}");
    check("x{\"a\"=\"b\", sum=\"c\", on=\"d\"}", "x{a=\"b\",on=\"d\",sum=\"c\"}");
    check("x{'é'='ü'}", "x{\"é\"=\"ü\"}");
}

#[test]
fn keywords_are_names_where_they_can_be() {
    for word in [
        "sum",
        "by",
        "without",
        "offset",
        "and",
        "or",
        "unless",
        "start",
        "end",
        "step",
        "range",
        "min_of",
        "anchored",
        "smoothed",
        "fill",
        "fill_left",
        "quantile",
        "limit_ratio",
        "info",
    ] {
        check(word, word);
        check(&format!("{word}{{a=\"b\"}} + {word}"), &format!("{word}{{a=\"b\"}} + {word}"));
        check(&format!("sum by ({word}) (x)"), &format!("sum by ({word}) (x)"));
        check(&format!("{{{word}=\"x\"}}"), &format!("{{{word}=\"x\"}}"));
    }
    check(
        "sum by (on, bool, group_left, inf, atan2) (x)",
        "sum by (on, bool, group_left, inf, atan2) (x)",
    );
    check("offset offset 5m", "offset offset 5m");
    check("SUM BY (a) (x) OR y", "sum by (a) (x) or y");
    check("a + fill", "a + fill");
    check("min_of(1, 2)", "min_of(1, 2)");
    check("step()", "step()");
}

#[test]
fn modifiers() {
    check("x offset 5m", "x offset 5m");
    check("x offset 1800", "x offset 30m");
    check("x offset - 1h", "x offset -1h");
    check("x offset 0s", "x");
    check("x @ 1.5", "x @ 1.500");
    check("x @ -1", "x @ -1.000");
    check("x @ +1m40s", "x @ 100.000");
    check("x @ 0x10", "x @ 16.000");
    check("x offset 1m @ start()", "x @ start() offset 1m");
    check("x[5m] @ End ( ) offset 1m", "x[5m] @ end() offset 1m");
    check("x[5m:] offset 1m @ 3", "x[5m:] @ 3.000 offset 1m");
    check("x anchored offset 1m @ 3", "x @ 3.000 anchored offset 1m");
    check("x[1m] offset 1m smoothed @ 3", "x[1m] smoothed @ 3.000 offset 1m");
    check("x anchored[1m]", "x[1m] anchored");
    check("x offset 1m[5m:1m]", "x offset 1m[5m:1m]");
}

#[test]
fn durations_in_brackets() {
    check("x[300]", "x[5m]");
    check("x[0.5]", "x[500ms]");
    check("x[5m+1s]", "x[5m + 1s]");
    check("x[-5m+35m]", "x[-5m + 35m]");
    check("x[(5m)]", "x[5m]");
    check("x[((step()+1))*2]", "x[(step() + 1) * 2]");
    check("x[+step()]", "x[step()]");
    check("x[STEP()^2^3]", "x[step() ^ 2 ^ 3]");
    check("x[(-5)^2]", "x[(-5) ^ 2]");
    check("x[min_of(range(),MAX_OF(1m,2))]", "x[min_of(range(), max_of(1m, 2))]");
    check("x[5m:step()]", "x[5m:step()]");
    check("x[step():10s]", "x[step():10s]");
    check("x[1h % 7m:5s+5s]", "x[1h % 7m:5s + 5s]");
    check("x[ 5m : ]", "x[5m:]");
    check("(a:b)[5m:1m]", "(a:b)[5m:1m]");
}

#[test]
fn durations_after_offset() {
    check("x offset step()", "x offset step()");
    check("x offset (2 * 3)", "x offset (2 * 3)");
    check("x offset -(2 * 3)", "x offset -(2 * 3)");
    check("x offset (-2)", "x offset -2s");
    check("x offset -(-2)", "x offset 2s");
    check("x offset +range()", "x offset range()");
    check("x offset -min_of(step(), 1s)", "x offset -min_of(step(), 1s)");
    // Operators end the offset.
    check_grouping("x offset 2 + 3", "(x offset 2s + 3)");
    check_grouping("x offset -2 ^ 2", "(x offset -2s ^ 2)");
    check_grouping("x offset step() * 2", "(x offset step() * 2)");
}

#[test]
fn lengths_are_computed_when_the_steps_are_known() {
    let check = |length: &str, expected: Result<i64, &str>| {
        let query = format!("x[{length}]");
        let ExprKind::Matrix(matrix) = parse(&query).unwrap().kind else { panic!("{query}") };
        let found = matrix.range.positive_millis(5_000, 60_000);
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    };
    check("5m", Ok(300_000));
    check("step()", Ok(5_000));
    check("range() / 4", Ok(15_000));
    check("1h30m % 1h", Ok(1_800_000));
    check("((((8 - 2) / 3) * 7s) % 4) + 8000ms", Ok(10_000));
    check("2 ^ 3 ^ 0", Ok(2_000));
    check("-2 ^ 2 + 5", Ok(1_000));
    check("max_of(min_of(step(), 1h), 1ms)", Ok(5_000));
    check("step() - 5", Err("duration must be greater than 0"));
    check("1 / (step() - 5)", Err("division by zero"));
    check("1 % (step() - 5)", Err("modulo by zero"));
    check("10 ^ 300", Err("duration out of range"));
}

#[test]
fn aggregations() {
    check("sum(x)", "sum(x)");
    check("sum(x) by (a,)", "sum by (a) (x)");
    check("sum by () (x)", "sum(x)");
    check("sum without () (x)", "sum without () (x)");
    check("topk without(\"a.b\")(5, x)", "topk without (\"a.b\") (5, x)");
    check("count_values(\"v\", x)", "count_values(\"v\", x)");
    check("quantile(0.9, x) by (a) + 1", "quantile by (a) (0.9, x) + 1");
    check("sum(sum(x)) by (a)", "sum by (a) (sum(x))");
}

#[test]
fn operators_group_by_precedence() {
    check_grouping("1 + 2 * 3 ^ 4", "(1 + (2 * (3 ^ 4)))");
    check_grouping("1 ^ 2 * 3 + 4", "(((1 ^ 2) * 3) + 4)");
    check_grouping("1 - 2 - 3", "((1 - 2) - 3)");
    check_grouping("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))");
    check_grouping("-1 ^ 2", "(-(1 ^ 2))");
    check_grouping("-x * y", "((-x) * y)");
    check_grouping("-x ^ y * z", "((-(x ^ y)) * z)");
    check_grouping("a ^ -b * c", "((a ^ (-b)) * c)");
    check_grouping("a ^ -b ^ c", "(a ^ (-(b ^ c)))");
    check_grouping("a * -b + c", "((a * (-b)) + c)");
    check_grouping("---x", "(-(-(-x)))");
    check_grouping("a or b and c unless d", "(a or ((b and c) unless d))");
    check_grouping("a == b + c", "(a == (b + c))");
    check_grouping("a == b > c", "((a == b) > c)");
    check_grouping("a </ b + c >/ d", "((a </ (b + c)) >/ d)");
    check_grouping("a and b == c", "(a and (b == c))");
    check_grouping("a atan2 b * c % d", "(((a atan2 b) * c) % d)");
    check_grouping("(a + b) * c", "((a + b) * c)");
    check_grouping("a * b + c * d", "((a * b) + (c * d))");
    check_grouping("-x[5m]", "(-x[5m])");
    check_grouping("a ^ b offset 5m", "(a ^ b offset 5m)");
}

#[test]
fn operators_of_one_precedence_are_one_chain() {
    let ExprKind::Binary(binary) = parse("a + b - c * d + e").unwrap().kind else { panic!() };
    assert_eq!(binary.rest.len(), 3);
    let ExprKind::Binary(binary) = parse("a ^ b ^ c").unwrap().kind else { panic!() };
    assert_eq!(binary.rest.len(), 1);
    let ExprKind::Binary(binary) = parse("(a + b) + c").unwrap().kind else { panic!() };
    assert_eq!(binary.rest.len(), 1);
}

#[test]
fn vector_matching() {
    check("a==bool b", "a == bool b");
    check("a + on() b", "a + on () b");
    check("a + ignoring() b", "a + b");
    check("a + ignoring(x,y) b", "a + ignoring (x, y) b");
    check("a / on(x) group_left b", "a / on (x) group_left () b");
    check("a / ignoring() group_right(\"y.z\") b", "a / ignoring () group_right (\"y.z\") b");
    check("a AND ON (x) b", "a and on (x) b");
    check("a + fill(0) b", "a + fill (0) b");
    check("a > bool fill_left(-Inf) b", "a > bool fill_left (-Inf) b");
    check("a + fill_right(1) fill_left(2) b", "a + fill_left (2) fill_right (1) b");
    check("a + fill_right(1) fill_left(1) b", "a + fill (1) b");
    check("a + on(x) group_left fill(1e30) b", "a + on (x) group_left () fill (1e+30) b");
}

#[test]
fn the_second_argument_of_info_selects_labels() {
    check("info(x, {})", "info(x, {})");
    check("info(x, {a=~\".*\"})", "info(x, {a=~\".*\"})");
}

#[test]
fn a_selector_alone() {
    let selector = parse_selector("up{job=\"a\"}").unwrap();
    assert_eq!(selector.to_string(), "up{job=\"a\"}");
    assert_eq!(selector.metric_name(), Some("up"));
    let conditions: Vec<_> =
        selector.conditions().iter().map(|matcher| format!("{matcher}")).collect();
    assert_eq!(conditions, ["__name__=\"up\"", "job=\"a\""]);
    assert_eq!(parse_selector("{__name__=\"x\"}").unwrap().metric_name(), Some("x"));
    for query in ["1", "f()", "(x)", "-x", "x offset 5m", "x[5m]", "x + y", "{}", ""] {
        assert!(parse_selector(query).is_err(), "{query}");
    }
}

#[test]
fn children_are_in_the_order_of_the_text() {
    let check = |query: &str, expected: &[&str]| {
        let expr = parse(query).unwrap();
        let children: Vec<_> = expr.children().map(|child| child.span.text(query)).collect();
        assert_eq!(children, expected, "{query}");
    };
    check("1", &[]);
    check("x[5m]", &[]);
    check("x[5m:]", &["x"]);
    check("f(a, b)", &["a", "b"]);
    check("topk(1, b)", &["1", "b"]);
    check("a + b - c", &["a", "b", "c"]);
    check("-a", &["a"]);
    check("(a)", &["a"]);
}
