//! Random trees, and the law that they survive printing.
//!
//! The trees are those that the parser makes: parentheses where the text
//! needs them, chains as long as they go, matchers in sorted order.

use proptest::prelude::*;

use super::super::ast::to_millis;
use super::super::*;
use crate::model::{MatchOp, Matcher};

const NOWHERE: Span = Span::NOWHERE;

fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: NOWHERE }
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
        .prop_map(|name| Label { name, span: NOWHERE })
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
        let mut matchers: Vec<_> =
            matchers.into_iter().map(|matcher| LabelMatcher { matcher, span: NOWHERE }).collect();
        matchers.sort_by_key(ToString::to_string);
        let name = name.map(|name| MetricName { name, span: NOWHERE });
        VectorSelector { name, matchers, modifiers: Modifiers::default(), extension: None }
    })
}

fn at() -> impl Strategy<Value = At> {
    let millis = -1_000_000_000_000_000_i64..1_000_000_000_000_000;
    prop_oneof![millis.prop_map(AtTime::Millis), Just(AtTime::Start), Just(AtTime::End)]
        .prop_map(|time| At { time, span: NOWHERE })
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

fn duration_node(kind: DurationKind) -> DurationExpr {
    DurationExpr { kind, span: NOWHERE }
}

fn duration_binding(expr: &DurationExpr) -> u8 {
    match &expr.kind {
        DurationKind::Binary { op: DurationOp::Add | DurationOp::Sub, .. } => 1,
        DurationKind::Binary { op: DurationOp::Pow, .. } => 3,
        DurationKind::Binary { .. } | DurationKind::Negate(_) => 2,
        DurationKind::Number(number) if number.value.is_sign_negative() => 2,
        _ => 4,
    }
}

/// Puts parentheses around what binds less than `least`.
fn duration_within(expr: DurationExpr, least: u8) -> Box<DurationExpr> {
    Box::new(match duration_binding(&expr) < least {
        true => duration_node(DurationKind::Paren(Box::new(expr))),
        false => expr,
    })
}

fn duration_leaf() -> impl Strategy<Value = DurationExpr> {
    prop_oneof![
        (1..1_000_000_i64).prop_map(|millis| DurationKind::Number(Number::from_millis(millis))),
        (-100_000..-1_i64).prop_map(|millis| DurationKind::Number(Number::from_millis(millis))),
        (1..5000_u16).prop_map(|number| DurationKind::Number(Number::new(f64::from(number) / 8.0))),
        Just(DurationKind::Step),
        Just(DurationKind::Range),
    ]
    .prop_map(duration_node)
}

fn duration() -> impl Strategy<Value = DurationExpr> {
    use DurationOp::{Add, Div, Mod, Mul, Pow, Sub};
    duration_leaf().prop_recursive(3, 12, 2, |inner| {
        let op = prop::sample::select(vec![Add, Sub, Mul, Div, Mod, Pow]);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (op, pair.clone()).prop_map(|(op, (left, right))| {
                let own = duration_binding(&duration_node(DurationKind::Binary {
                    op,
                    left: Box::new(duration_node(DurationKind::Step)),
                    right: Box::new(duration_node(DurationKind::Step)),
                }));
                let pow = op == Pow;
                let left = duration_within(left, if pow { own + 1 } else { own });
                // A sign needs no parentheses on the right.
                let right = match right.kind {
                    DurationKind::Negate(_) | DurationKind::Number(_) => Box::new(right),
                    _ => duration_within(right, if pow { own } else { own + 1 }),
                };
                DurationKind::Binary { op, left, right }
            }),
            inner.clone().prop_map(|inner| match inner.kind {
                kind @ (DurationKind::Number(_) | DurationKind::Paren(_)) => kind,
                DurationKind::Binary { op: Pow, .. } => DurationKind::Negate(Box::new(inner)),
                _ => DurationKind::Negate(duration_within(inner, 3)),
            }),
            pair.clone().prop_map(|(l, r)| DurationKind::MinOf(Box::new(l), Box::new(r))),
            pair.prop_map(|(l, r)| DurationKind::MaxOf(Box::new(l), Box::new(r))),
        ]
        .prop_map(duration_node)
    })
}

fn length(kind: LengthKind) -> Length {
    Length { kind, span: NOWHERE }
}

/// What may stand in brackets.
fn positive() -> impl Strategy<Value = Length> {
    prop_oneof![
        (1..100_000_000_000_i64).prop_map(LengthKind::Fixed),
        duration().prop_map(|expr| match &expr.kind {
            DurationKind::Number(number) => {
                LengthKind::Fixed(to_millis(number.value).unwrap().abs().max(1))
            }
            _ => LengthKind::Computed(expr),
        }),
    ]
    .prop_map(length)
}

/// What may stand after `offset`.
fn offset() -> impl Strategy<Value = Length> {
    let computed = (duration(), any::<bool>()).prop_map(|(expr, minus)| {
        let expr = match &expr.kind {
            DurationKind::Number(_) => duration_node(DurationKind::Step),
            DurationKind::Binary { .. } | DurationKind::Negate(_) => {
                duration_node(DurationKind::Paren(Box::new(expr)))
            }
            _ => expr,
        };
        let kind = if minus { DurationKind::Negate(Box::new(expr)) } else { expr.kind };
        LengthKind::Computed(duration_node(kind))
    });
    let fixed = prop_oneof![1..100_000_000_000_i64, -100_000_000..-1_i64];
    prop_oneof![fixed.prop_map(LengthKind::Fixed), computed].prop_map(length)
}

fn grouping() -> impl Strategy<Value = Option<Grouping>> {
    (labels(), any::<bool>()).prop_map(|(labels, by)| {
        let kind = if by { GroupingKind::By } else { GroupingKind::Without };
        Some(Grouping { kind, labels, span: NOWHERE }).filter(Grouping::says_something)
    })
}

fn matching() -> impl Strategy<Value = Option<Matching>> {
    let side = prop::option::of(prop_oneof![Just(GroupSide::Left), Just(GroupSide::Right)]);
    (any::<bool>(), labels(), side, labels()).prop_map(|(on, labels, side, include)| {
        let kind = if on { MatchingKind::On } else { MatchingKind::Ignoring };
        let is_new = |label: &Label| !on || labels.iter().all(|other| other.name != label.name);
        let group = side.map(|side| {
            let include = include.into_iter().filter(is_new).collect();
            Group { side, include, span: NOWHERE }
        });
        let nothing = !on && labels.is_empty() && group.is_none();
        (!nothing).then_some(Matching { kind, labels, group, span: NOWHERE })
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
                Operation { op, op_span: NOWHERE, return_bool, matching, fill, right }
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
            ExprKind::Matrix(MatrixSelector { vector, vector_span: NOWHERE, range })
        }),
    ];
    leaf.prop_map(node).prop_recursive(4, 24, 4, |inner| {
        let function = "[a-z]{2,6}|rate|step|min_of|offset"
            .prop_filter("reserved", |name: &String| {
                is_name(name)
                    && name != "info"
                    && AggregateOp::ALL.iter().all(|op| op.name() != name)
            })
            .prop_map(|name| Label { name, span: NOWHERE });
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
                        op_span: NOWHERE,
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
    super::spans::map_spans(expr, &mut |_| NOWHERE)
}
