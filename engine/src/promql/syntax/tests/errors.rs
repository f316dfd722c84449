//! What is said of queries that are not expressions, and where.

use super::super::*;

/// Checks the message, and the piece of the query that it is about.
fn check(query: &str, at: &str, expected: &str) {
    let error = parse(query).expect_err(query);
    assert_eq!((error.to_string().as_str(), error.span.text(query)), (expected, at), "{query}");
}

/// Checks as [`check`], and the position of the other piece that matters.
fn check_related(query: &str, at: &str, expected: &str, related: &str) {
    check(query, at, expected);
    let error = parse(query).expect_err(query);
    assert_eq!(error.related.map(|span| span.text(query)), Some(related), "{query}");
}

#[test]
fn something_else_stands_where_one_thing_may() {
    check("", "", "no expression found in input");
    check(" # nothing\n", " # nothing\n", "no expression found in input");
    check_related("(1", "", "expected a closing parenthesis, found the end of the query", "(");
    check_related(
        "rate(x[5m]",
        "",
        "expected a comma or a closing parenthesis, found the end of the query",
        "(",
    );
    check("1)", ")", "expected an operator or the end of the query, found \")\"");
    check("a b", "b", "expected an operator or the end of the query, found \"b\"");
    check("1 +", "", "expected an expression, found the end of the query");
    check("1 + * 2", "*", "expected an expression, found \"*\"");
    check("()", ")", "expected an expression, found \")\"");
    check("a + on b", "b", "expected an opening parenthesis, found \"b\"");
    check("a + bool", "bool", "bool modifier can only be used on comparison operators");
    check("1 + on", "", "expected an opening parenthesis, found the end of the query");
    check("bool", "bool", "expected an expression, found \"bool\"");
    check("a = b", "=", "expected an operator or the end of the query, found \"=\"");
    check("sum x", "x", "expected an operator or the end of the query, found \"x\"");
    check("sum by a (x)", "a", "expected an opening parenthesis, found \"a\"");
    check("sum by (a:b) (x)", "a:b", "expected a label name, found \"a:b\"");
    check("sum by (a b) (x)", "b", "expected a comma or a closing parenthesis, found \"b\"");
    check("sum by (a) x", "x", "expected an opening parenthesis, found \"x\"");
    check(
        "a group_left b",
        "group_left",
        "expected an operator or the end of the query, found \"group_left\"",
    );
    check(
        "a + group_left b",
        "group_left",
        "expected \"on\" or \"ignoring\" before it, found \"group_left\"",
    );
    check("f(,)", ",", "expected an expression, found \",\"");
    check("f(1,)", ",", "trailing commas not allowed in function call args");
    check("topk(1, )", ",", "trailing commas not allowed in function call args");
    check(
        "a_very_long_name b_very_long_name_that_is_longer_than_forty_characters",
        "b_very_long_name_that_is_longer_than_forty_characters",
        "expected an operator or the end of the query, found \"b_very_long_name_that_is_longer_than_for\"…",
    );
}

#[test]
fn pieces_that_are_no_tokens() {
    check("1 $ 2", "$", "unexpected character: '$'");
    check("é", "é", "unexpected character: 'é'");
    check("a ! b", "!", "unexpected character: '!'");
    check("1 + ;", ";", "unexpected character: ';'");
    check("\"abc", "\"", "unterminated quoted string");
    check("\"a\nb\"", "\"", "unterminated quoted string");
    check("`abc", "`", "unterminated raw string");
    check("\"ab\\q\"", "\\q\"", "unknown escape sequence: '\\q'");
    check("1__0", "1__0", "bad number or duration syntax: \"1__0\"");
    check("0xg", "0xg", "bad number or duration syntax: \"0xg\"");
    check("1.2.3", "1.2.3", "bad number or duration syntax: \"1.2.3\"");
    check("5mm", "5mm", "not a valid duration string: \"5mm\"");
    check("30s5m", "30s5m", "not a valid duration string: \"30s5m\"");
    check("300y", "300y", "duration out of range");
}

#[test]
fn selectors() {
    let empty = "vector selector must contain at least one non-empty matcher";
    check("{}", "{}", empty);
    check("1 + {a=\"\"}", "{a=\"\"}", empty);
    check("{a=~\".*\", b!=\"x\"}", "{a=~\".*\", b!=\"x\"}", empty);
    check("{\"\"}", "{\"\"}", empty);
    check("rate({}[5m])", "{}", empty);
    check("info({}, {})", "{}", empty);
    check("f(x, {})", "{}", empty);
    check_related(
        "x{__name__=~\"y\"}",
        "__name__=~\"y\"",
        "metric name must not be set twice: \"x\" or \"y\"",
        "x",
    );
    check("x{\"y\"}", "\"y\"", "metric name must not be set twice: \"x\" or \"y\"");
    check_related(
        "x{a",
        "",
        "expected one of '=', '!=', '=~' and '!~', found the end of the query",
        "{",
    );
    check("x{a==\"b\"}", "==", "expected one of '=', '!=', '=~' and '!~', found \"==\"");
    check("x{a=b}", "b", "expected a label value in quotes, found \"b\"");
    check("x{a=\"b\" c}", "c", "expected a comma or a closing brace, found \"c\"");
    check("x{,}", ",", "expected a label name, found \",\"");
    check("x{5=\"a\"}", "5", "expected a label name, found \"5\"");
    check("x{\"\"=\"a\"}", "\"\"", "invalid label name \"\": it must not be empty");
    check("x{\"\\xff\"=\"a\"}", "\"\\xff\"", "label name \"\\xff\" is not valid UTF-8");
    check("x{a=\"\\xff\"}", "\"\\xff\"", "label value \"\\xff\" is not valid UTF-8");
    let error = parse("x{a=~\"(\"}").unwrap_err();
    assert!(error.to_string().starts_with("regular expression \"(\" for label \"a\":"), "{error}");
    assert_eq!(error.span.text("x{a=~\"(\"}"), "a=~\"(\"");
}

#[test]
fn brackets_and_modifiers() {
    check_related(
        "x[5m",
        "",
        "expected a colon or a closing bracket, found the end of the query",
        "[",
    );
    check_related("x[5m:1m", "", "expected a closing bracket, found the end of the query", "[");
    let duration = "a duration, a number, step(), range(), min_of() or max_of()";
    check("x[]", "]", &format!("expected {duration}, found \"]\""));
    check("x[a]", "a", &format!("expected {duration}, found \"a\""));
    check("x[5m::1m]", ":", &format!("expected {duration}, found \":\""));
    check("x offset", "", &format!("expected {duration}, found the end of the query"));
    check("x[step]", "]", "expected an opening parenthesis, found \"]\"");
    check("x[min_of(1)]", ")", "expected a comma, found \")\"");
    check("x[0]", "0", "duration must be greater than 0");
    check("x[-5m]", "-5m", "duration must be greater than 0");
    check("x[5m:0s]", "0s", "duration must be greater than 0");
    check("x[0.0001]", "0.0001", "duration must be greater than 0");
    check("x[5m/0]", "/", "division by zero");
    check("x[5m % (0s)]", "%", "modulo by zero");
    check("x[1e300]", "1e300", "duration out of range");
    check("1[5m]", "[5m]", "ranges only allowed for vector selectors");
    check("x[5m][5m]", "[5m]", "ranges only allowed for vector selectors");
    check("x offset 5m[5m]", "[5m]", "no offset modifiers allowed before range");
    check("x @ 1[5m]", "[5m]", "no @ modifiers allowed before range");
    let before = "modifier must be preceded by an instant vector selector or range vector selector or a subquery";
    check("f(x) offset 5m", "f(x)", &format!("offset {before}"));
    check("(x) @ 1", "(x)", &format!("@ {before}"));
    check_related("x offset 1 offset 2", "offset 2", "offset may not be set multiple times", "1");
    check_related("x @ 1 @ 2", "@ 2", "@ <timestamp> may not be set multiple times", "@ 1");
    check("x @ Inf", "Inf", "timestamp out of bounds for @ modifier: Inf");
    check("x @ -1e300", "-1e300", "timestamp out of bounds for @ modifier: -1e300");
    check("x @ y", "y", "expected a timestamp, start() or end(), found \"y\"");
    check(
        "x anchored smoothed",
        "smoothed",
        "anchored and smoothed modifiers cannot be used together",
    );
    check("x[5m:] anchored", "anchored", "anchored modifier is not supported for subqueries");
    check(
        "1 smoothed",
        "smoothed",
        "smoothed modifier is not supported for what is not a selector",
    );
}

#[test]
fn operators_and_aggregations() {
    check("a + bool b", "bool", "bool modifier can only be used on comparison operators");
    check_related(
        "a + on (x, y) group_left (z, y) b",
        "y",
        "label \"y\" must not occur in ON and GROUP clause at once",
        "y",
    );
    check("a and on (x) group_left b", "group_left", "no grouping allowed for \"and\" operation");
    check("a or fill(0) b", "fill(0)", "filling in missing series not allowed for set operators");
    check(
        "a + fill(0) fill_left(1) b",
        "fill_left(1)",
        "fill values may not be set multiple times",
    );
    check("a + fill(x) b", "x", "expected a number to fill in, found \"x\"");
    check("a + fill(1 b", "b", "expected a closing parenthesis, found \"b\"");
    check("sum()", "sum()", "no arguments for aggregate expression provided");
    let wrong = "wrong number of arguments for aggregate expression provided, expected";
    check("sum(1, x) + 1", "sum(1, x)", &format!("{wrong} 1, got 2"));
    check("topk(x)", "topk(x)", &format!("{wrong} 2, got 1"));
    check("topk by (a) (1, x, y)", "topk by (a) (1, x, y)", &format!("{wrong} 2, got 3"));
    check_related(
        "sum by (a) (x) without (b)",
        "without (b)",
        "grouping may not be set multiple times",
        "by (a)",
    );
}

#[test]
fn positions_are_lines_and_columns() {
    let query = "sum(\n  rate(x[5m]\n)";
    let error = parse(query).unwrap_err();
    assert_eq!(error.position(query).to_string(), "3:2");
    assert_eq!(error.related.unwrap().position(query).to_string(), "1:4");
}
