//! Every node knows where it stands.

use super::super::*;

/// Changes every span of a tree.
pub(super) fn map_spans(mut expr: Expr, map: &mut impl FnMut(Span) -> Span) -> Expr {
    visit(&mut expr, &mut |span| *span = map(*span));
    expr
}

fn visit(expr: &mut Expr, each: &mut impl FnMut(&mut Span)) {
    each(&mut expr.span);
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) => {}
        ExprKind::Vector(vector) => visit_vector(vector, each),
        ExprKind::Matrix(matrix) => {
            each(&mut matrix.vector_span);
            visit_vector(&mut matrix.vector, each);
            visit_length(&mut matrix.range, each);
        }
        ExprKind::Subquery(subquery) => {
            visit(&mut subquery.expr, each);
            visit_length(&mut subquery.range, each);
            subquery.step.iter_mut().for_each(|step| visit_length(step, each));
            visit_modifiers(&mut subquery.modifiers, each);
        }
        ExprKind::Call(call) => {
            each(&mut call.function.span);
            call.args.iter_mut().for_each(|arg| visit(arg, each));
        }
        ExprKind::Aggregation(aggregation) => {
            each(&mut aggregation.op_span);
            if let Some(grouping) = &mut aggregation.grouping {
                each(&mut grouping.span);
                visit_labels(&mut grouping.labels, each);
            }
            aggregation.param.iter_mut().for_each(|param| visit(param, each));
            visit(&mut aggregation.expr, each);
        }
        ExprKind::Binary(binary) => {
            visit(&mut binary.first, each);
            for operation in &mut binary.rest {
                each(&mut operation.op_span);
                if let Some(matching) = &mut operation.matching {
                    each(&mut matching.span);
                    visit_labels(&mut matching.labels, each);
                    if let Some(group) = &mut matching.group {
                        each(&mut group.span);
                        visit_labels(&mut group.include, each);
                    }
                }
                visit(&mut operation.right, each);
            }
        }
        ExprKind::Unary(unary) => visit(&mut unary.expr, each),
        ExprKind::Paren(inner) => visit(inner, each),
    }
}

fn visit_vector(vector: &mut VectorSelector, each: &mut impl FnMut(&mut Span)) {
    vector.name.iter_mut().for_each(|name| each(&mut name.span));
    vector.matchers.iter_mut().for_each(|matcher| each(&mut matcher.span));
    visit_modifiers(&mut vector.modifiers, each);
}

fn visit_modifiers(modifiers: &mut Modifiers, each: &mut impl FnMut(&mut Span)) {
    modifiers.at.iter_mut().for_each(|at| each(&mut at.span));
    modifiers.offset.iter_mut().for_each(|offset| visit_length(offset, each));
}

fn visit_labels(labels: &mut [Label], each: &mut impl FnMut(&mut Span)) {
    labels.iter_mut().for_each(|label| each(&mut label.span));
}

fn visit_length(length: &mut Length, each: &mut impl FnMut(&mut Span)) {
    each(&mut length.span);
    if let LengthKind::Computed(expr) = &mut length.kind {
        visit_duration(expr, each);
    }
}

fn visit_duration(expr: &mut DurationExpr, each: &mut impl FnMut(&mut Span)) {
    each(&mut expr.span);
    match &mut expr.kind {
        DurationKind::Number(_) | DurationKind::Step | DurationKind::Range => {}
        DurationKind::Negate(inner) | DurationKind::Paren(inner) => visit_duration(inner, each),
        DurationKind::Binary { left, right, .. }
        | DurationKind::MinOf(left, right)
        | DurationKind::MaxOf(left, right) => {
            visit_duration(left, each);
            visit_duration(right, each);
        }
    }
}

/// Checks the pieces of the query that the nodes stand for, from the root down
/// and from left to right.
fn check(query: &str, expected: &[&str]) {
    let mut found = Vec::new();
    map_spans(parse(query).unwrap(), &mut |span| {
        found.push(span.text(query));
        span
    });
    assert_eq!(found, expected, "{query}");
}

#[test]
fn spans_are_over_the_text_of_their_nodes() {
    check(" 1 ", &["1"]);
    check("- 1", &["- 1"]);
    check("-x", &["-x", "x", "x"]);
    check("( a )", &["( a )", "a", "a"]);
    check("a+b * c", &["a+b * c", "a", "a", "+", "b * c", "b", "b", "*", "c", "c"]);
    check("1 + 2 - 3", &["1 + 2 - 3", "1", "+", "2", "-", "3"]);
    check("f ( x , 1 )", &["f ( x , 1 )", "f", "x", "x", "1"]);
    check(
        "x{a=\"1\", 'b' =~ \"2\"} offset  5m @ 3",
        &["x{a=\"1\", 'b' =~ \"2\"} offset  5m @ 3", "x", "a=\"1\"", "'b' =~ \"2\"", "@ 3", "5m"],
    );
    check("x[ 5m ] @ start()", &["x[ 5m ] @ start()", "x", "x", "@ start()", "5m"]);
    check("x[5m] smoothed", &["x[5m] smoothed", "x", "x", "5m"]);
    check(
        "x[1m:step() + (2)] offset -1s",
        &[
            "x[1m:step() + (2)] offset -1s",
            "x",
            "x",
            "1m",
            "step() + (2)",
            "step() + (2)",
            "step()",
            "(2)",
            "-1s",
        ],
    );
    check("sum by (a, b) (x)", &["sum by (a, b) (x)", "sum", "by (a, b)", "a", "b", "x", "x"]);
    check("sum(x) by (a)", &["sum(x) by (a)", "sum", "by (a)", "a", "x", "x"]);
    check("topk(1, x)", &["topk(1, x)", "topk", "1", "x", "x"]);
    check(
        "a + on (b) group_left (c) d",
        &[
            "a + on (b) group_left (c) d",
            "a",
            "a",
            "+",
            "on (b) group_left (c)",
            "b",
            "group_left (c)",
            "c",
            "d",
            "d",
        ],
    );
}

#[test]
fn a_chain_knows_the_span_of_each_of_its_operations() {
    let query = "a + b - c * d";
    let ExprKind::Binary(binary) = parse(query).unwrap().kind else { panic!("{query}") };
    assert_eq!(binary.span_through(0).text(query), "a + b");
    assert_eq!(binary.span_through(1).text(query), query);
    assert_eq!(binary.span_through(9).text(query), query);
}
