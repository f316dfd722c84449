//! Random trees, and the law that they survive printing.
//!
//! The trees are those that the parser makes: parentheses where the text
//! needs them, chains as long as they go, matchers in sorted order.

use proptest::prelude::*;

use super::super::*;
use super::lengths::{offset, positive};
use crate::model::{MatchOp, Matcher};

fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::NOWHERE }
}

fn paren(expr: Expr) -> Expr {
    node(ExprKind::Paren(Box::new(expr)))
}

/// How tightly what is at the left edge of the text binds.
fn binding(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Binary(binary) => binary.rest[0].op.precedence(),
        ExprKind::Unary(_) => 5,
        ExprKind::Number(number) if number.value.is_sign_negative() => 5,
        _ => 7,
    }
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("one NaN is enough", |value| !value.is_nan()),
        (-1000..1000).prop_map(f64::from),
        Just(f64::NAN),
        Just(f64::INFINITY),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        value().prop_map(Number::new),
        (-10_000_000_000_i64..10_000_000_000).prop_map(Number::from_millis),
    ]
}

fn label() -> impl Strategy<Value = Label> {
    prop_oneof!["[a-z_][a-z0-9_]{0,6}", "by|on|bool|sum|inf|group_left", "\\PC{1,5}"]
        .prop_map(|name| Label { name, span: Span::NOWHERE })
}

fn labels() -> impl Strategy<Value = Vec<Label>> {
    prop::collection::vec(label(), 0..4)
}

fn is_name(name: &str) -> bool {
    let reserved = ["atan2", "bool", "group_left", "group_right", "ignoring", "on", "inf", "nan"];
    !reserved.contains(&name)
}

fn metric() -> impl Strategy<Value = String> {
    let keywords = "sum|by|offset|start|step|range|min_of|fill|anchored|or|and|unless|without";
    prop_oneof!["[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", keywords]
        .prop_filter("reserved", |name: &String| is_name(&name.to_lowercase()))
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let text = prop_oneof!["[a-z]{0,4}", "\\PC{0,6}"];
    let equality = (label(), any::<bool>(), text).prop_map(|(label, equal, value)| {
        let op = if equal { MatchOp::Equal } else { MatchOp::NotEqual };
        Matcher::new(label.name, op, value).unwrap()
    });
    let regex = (label(), any::<bool>(), "[a-z]{1,3}[.][*+]").prop_map(|(label, regex, value)| {
        let op = if regex { MatchOp::Regex } else { MatchOp::NotRegex };
        Matcher::new(label.name, op, value).unwrap()
    });
    prop_oneof![equality, regex]
}

fn series() -> impl Strategy<Value = VectorSelector> {
    let name = prop::option::of(metric());
    (name, prop::collection::vec(matcher(), 0..4)).prop_map(|(name, mut matchers)| {
        if name.is_none() && matchers.iter().all(|matcher| matcher.matches_value("")) {
            matchers.push(Matcher::equal("__name__", "odd name"));
        }
        let mut matchers: Vec<_> = matchers
            .into_iter()
            .map(|matcher| LabelMatcher { matcher, span: Span::NOWHERE })
            .collect();
        matchers.sort_by_key(ToString::to_string);
        let name = name.map(|name| MetricName { name, span: Span::NOWHERE });
        VectorSelector { name, matchers, modifiers: Modifiers::default(), extension: None }
    })
}

fn at() -> impl Strategy<Value = At> {
    let millis = -1_000_000_000_000_000_i64..1_000_000_000_000_000;
    prop_oneof![millis.prop_map(AtTime::Millis), Just(AtTime::Start), Just(AtTime::End)]
        .prop_map(|time| At { time, span: Span::NOWHERE })
}

fn modifiers() -> impl Strategy<Value = Modifiers> {
    (prop::option::of(at()), prop::option::of(offset()))
        .prop_map(|(at, offset)| Modifiers { at, offset })
}

fn extension() -> impl Strategy<Value = Option<Extension>> {
    prop_oneof![Just(None), Just(Some(Extension::Anchored)), Just(Some(Extension::Smoothed))]
}

fn selector() -> impl Strategy<Value = VectorSelector> {
    (series(), modifiers(), extension()).prop_map(|(series, modifiers, extension)| VectorSelector {
        modifiers,
        extension,
        ..series
    })
}

fn grouping() -> impl Strategy<Value = Option<Grouping>> {
    (labels(), any::<bool>()).prop_map(|(labels, by)| {
        let kind = if by { GroupingKind::By } else { GroupingKind::Without };
        Some(Grouping { kind, labels, span: Span::NOWHERE }).filter(Grouping::says_something)
    })
}

fn matching() -> impl Strategy<Value = Option<Matching>> {
    let side = prop::option::of(prop_oneof![Just(GroupSide::Left), Just(GroupSide::Right)]);
    (any::<bool>(), labels(), side, labels()).prop_map(|(on, labels, side, include)| {
        let kind = if on { MatchingKind::On } else { MatchingKind::Ignoring };
        let is_new = |label: &Label| !on || labels.iter().all(|other| other.name != label.name);
        let group = side.map(|side| {
            let include = include.into_iter().filter(is_new).collect();
            Group { side, include, span: Span::NOWHERE }
        });
        let nothing = !on && labels.is_empty() && group.is_none();
        (!nothing).then_some(Matching { kind, labels, group, span: Span::NOWHERE })
    })
}

fn fill() -> impl Strategy<Value = Fill> {
    let side = || prop::option::of(value().prop_map(Number::new));
    (side(), side()).prop_map(|(left, right)| Fill { left, right })
}

fn operator(level: u8) -> impl Strategy<Value = (BinaryOp, bool, Option<Matching>, Fill)> {
    use BinaryOp::*;
    let ops: Vec<_> = [
        Add,
        Sub,
        Mul,
        Div,
        Mod,
        Pow,
        Atan2,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        TrimUpper,
        TrimLower,
        And,
        Or,
        Unless,
    ]
    .into_iter()
    .filter(|op| op.precedence() == level)
    .collect();
    let extras = (any::<bool>(), matching(), fill());
    (prop::sample::select(ops), extras).prop_map(|(op, (bool, mut matching, fill))| {
        if op.is_set() {
            matching.iter_mut().for_each(|matching| matching.group = None);
            matching = matching.filter(|matching| {
                matching.kind == MatchingKind::On || !matching.labels.is_empty()
            });
        }
        let fill = if op.is_set() { Fill::default() } else { fill };
        (op, bool && op.is_comparison(), matching, fill)
    })
}

/// Makes a chain of operators of one precedence.
fn chain(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Expr> {
    (1..=6_u8).prop_flat_map(move |level| {
        let links = prop::collection::vec((operator(level), inner.clone()), 1..4);
        (inner.clone(), links).prop_map(move |(first, mut links)| {
            let is_pow = level == BinaryOp::Pow.precedence();
            links.truncate(if is_pow { 1 } else { links.len() });
            let first = if binding(&first) <= level { paren(first) } else { first };
            let rest = links.into_iter().map(|((op, return_bool, matching, fill), right)| {
                let signed = !matches!(right.kind, ExprKind::Binary(_));
                let fits =
                    signed || binding(&right) > level || (is_pow && binding(&right) == level);
                let right = if fits { right } else { paren(right) };
                Operation { op, op_span: Span::NOWHERE, return_bool, matching, fill, right }
            });
            node(ExprKind::Binary(Binary { first: Box::new(first), rest: rest.collect() }))
        })
    })
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        number().prop_map(ExprKind::Number),
        prop::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| ExprKind::Text(Text::new(bytes))),
        selector().prop_map(ExprKind::Vector),
        (selector(), positive()).prop_map(|(vector, range)| {
            ExprKind::Matrix(MatrixSelector { vector, vector_span: Span::NOWHERE, range })
        }),
    ];
    leaf.prop_map(node).prop_recursive(4, 24, 4, |inner| {
        let function = "[a-z]{2,6}|rate|step|min_of|offset"
            .prop_filter("reserved", |name: &String| {
                is_name(name)
                    && name != "info"
                    && AggregateOp::ALL.iter().all(|op| op.name() != name)
            })
            .prop_map(|name| Label { name, span: Span::NOWHERE });
        let op = prop::sample::select(AggregateOp::ALL.to_vec());
        let others = prop_oneof![
            inner.clone().prop_map(|inner| ExprKind::Paren(Box::new(inner))),
            (function, prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(function, args)| ExprKind::Call(Call { function, args })),
            (op, grouping(), inner.clone(), inner.clone()).prop_map(
                |(op, grouping, param, expr)| {
                    let param = op.has_param().then(|| Box::new(param));
                    let expr = Box::new(expr);
                    ExprKind::Aggregation(Aggregation {
                        op,
                        op_span: Span::NOWHERE,
                        grouping,
                        param,
                        expr,
                    })
                }
            ),
            (inner.clone(), any::<bool>()).prop_map(|(inner, minus)| {
                let op = if minus { UnaryOp::Minus } else { UnaryOp::Plus };
                let bare = match &inner.kind {
                    ExprKind::Number(_) => false,
                    ExprKind::Binary(_) => binding(&inner) == 6,
                    _ => true,
                };
                let expr = Box::new(if bare { inner } else { paren(inner) });
                ExprKind::Unary(Unary { op, expr })
            }),
            (inner.clone(), positive(), prop::option::of(positive()), modifiers()).prop_map(
                |(inner, range, step, modifiers)| {
                    let bare = binding(&inner) == 7;
                    let expr = Box::new(if bare { inner } else { paren(inner) });
                    ExprKind::Subquery(Subquery { expr, range, step, modifiers })
                }
            ),
        ];
        prop_oneof![3 => others.prop_map(node), 2 => chain(inner)]
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_tree(expr in expr()) {
        let normal = expr.to_string();
        let again = parse(&normal).map_err(|error| {
            TestCaseError::fail(format!("{normal}: {error} at {}", error.position(&normal)))
        })?;
        prop_assert_eq!(&without_spans(again), &expr, "{}", normal);
        let pretty = expr.pretty();
        let again = parse(&pretty).map_err(|error| {
            TestCaseError::fail(format!("{pretty}: {error} at {}", error.position(&pretty)))
        })?;
        prop_assert_eq!(without_spans(again), expr, "{}", pretty);
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        pieces in prop::collection::vec(
            prop_oneof![
                "sum|by|on|offset|@|and|bool|fill|group_left|x|1|5m|info|start|step|min_of|anchored",
                "[-+*/%^<>=!~:,.(){}\\[\\]\"'`\\\\#\n]",
                "\\PC",
            ],
            0..24,
        ),
        spaced in any::<bool>(),
    ) {
        let query = pieces.join(if spaced { " " } else { "" });
        match parse(&query) {
            Ok(expr) => {
                let normal = expr.to_string();
                prop_assert_eq!(parse(&normal).unwrap().to_string(), normal);
            }
            Err(error) => {
                prop_assert!(query.get(error.span.range()).is_some(), "{:?}", error);
            }
        }
    }
}

/// Takes the spans off a tree.
fn without_spans(expr: Expr) -> Expr {
    super::spans::map_spans(expr, &mut |_| Span::NOWHERE)
}
