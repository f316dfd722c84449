//! Expressions as JSON, as Prometheus' page of queries reads them.

use std::fmt::{self, Write};

use keepwatch_engine::promql::functions::number::plain;
use keepwatch_engine::promql::functions::{Function, Signature};
use keepwatch_engine::promql::syntax::{
    Aggregation, AtTime, Binary, Call, Expr, ExprKind, Extension, GroupSide, GroupingKind, Label,
    Length, LengthKind, Matching, MatchingKind, Modifiers, Number, Operation, Subquery, ValueType,
    VectorSelector,
};
use serde::Serialize;
use serde_json::json;

#[cfg(test)]
mod tests;

/// Writes the tree of an expression whose types were checked.
///
/// It goes straight to text: a chain of ten thousand operators is as many
/// levels of JSON, each within the left side of the next, and nothing here
/// recurses over those.
///
/// # Errors
/// A call of a function that does not exist.
pub(super) fn written(expr: &Expr) -> Result<String, fmt::Error> {
    let mut text = String::new();
    write_expr(&mut text, expr)?;
    Ok(text)
}

/// Writes an expression and returns its type.
fn write_expr(out: &mut String, expr: &Expr) -> Result<ValueType, fmt::Error> {
    match &expr.kind {
        ExprKind::Number(number) => {
            write!(out, "{}", json!({"type": "numberLiteral", "val": plain(number.value)}))?;
            Ok(ValueType::Scalar)
        }
        ExprKind::Text(text) => {
            let text = String::from_utf8_lossy(text.bytes());
            write!(out, "{}", json!({"type": "stringLiteral", "val": text}))?;
            Ok(ValueType::String)
        }
        ExprKind::Vector(selector) => {
            write_selector(out, selector, None)?;
            Ok(ValueType::Vector)
        }
        ExprKind::Matrix(selector) => {
            write_selector(out, &selector.vector, Some(&selector.range))?;
            Ok(ValueType::Matrix)
        }
        ExprKind::Subquery(subquery) => write_subquery(out, subquery),
        ExprKind::Call(call) => write_call(out, call),
        ExprKind::Aggregation(aggregation) => write_aggregation(out, aggregation),
        ExprKind::Binary(binary) => write_binary(out, binary),
        ExprKind::Unary(unary) => {
            let symbol = unary.op.symbol();
            write!(out, "{{\"type\":\"unaryExpr\",\"op\":\"{symbol}\",\"expr\":")?;
            close(out, &unary.expr)
        }
        ExprKind::Paren(inner) => {
            out.write_str("{\"type\":\"parenExpr\",\"expr\":")?;
            close(out, inner)
        }
    }
}

/// Writes the last field of an object, and its end.
fn close(out: &mut String, expr: &Expr) -> Result<ValueType, fmt::Error> {
    let value_type = write_expr(out, expr)?;
    out.push('}');
    Ok(value_type)
}

/// Where a selector or a subquery moves its time to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moved {
    offset: i64,
    timestamp: Option<i64>,
    start_or_end: Option<&'static str>,
}

impl Moved {
    fn new(modifiers: &Modifiers) -> Self {
        let at = modifiers.at.map(|at| at.time);
        Self {
            offset: modifiers.offset.as_ref().map_or(0, millis),
            timestamp: match at {
                Some(AtTime::Millis(millis)) => Some(millis),
                _ => None,
            },
            start_or_end: match at {
                Some(AtTime::Start) => Some("start"),
                Some(AtTime::End) => Some("end"),
                _ => None,
            },
        }
    }
}

/// Returns a length in milliseconds; one that depends on the query counts as
/// 0, as in Prometheus.
fn millis(length: &Length) -> i64 {
    match length.kind {
        LengthKind::Fixed(millis) => millis,
        LengthKind::Computed(_) => 0,
    }
}

#[derive(Serialize)]
struct Condition<'a> {
    name: &'a str,
    value: &'a str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Selector<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<i64>,
    matchers: Vec<Condition<'a>>,
    #[serde(flatten)]
    moved: Moved,
    anchored: bool,
    smoothed: bool,
}

fn write_selector(
    out: &mut String,
    selector: &VectorSelector,
    range: Option<&Length>,
) -> fmt::Result {
    let written = selector.matchers.iter().map(|written| Condition {
        name: written.matcher.name(),
        value: written.matcher.value(),
        r#type: written.matcher.op().symbol(),
    });
    // The condition that a name before the braces stands for comes last.
    let name = selector.name.as_ref().map_or("", |name| &name.name);
    let named = Condition { name: "__name__", value: name, r#type: "=" };
    let named = selector.name.as_ref().map(|_| named);
    let selector = Selector {
        r#type: if range.is_some() { "matrixSelector" } else { "vectorSelector" },
        name,
        range: range.map(millis),
        matchers: written.chain(named).collect(),
        moved: Moved::new(&selector.modifiers),
        anchored: selector.extension == Some(Extension::Anchored),
        smoothed: selector.extension == Some(Extension::Smoothed),
    };
    write_json(out, &selector)
}

/// Writes a value that has a form in JSON.
fn write_json(out: &mut String, value: &impl Serialize) -> fmt::Result {
    out.write_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?)
}

fn write_subquery(out: &mut String, subquery: &Subquery) -> Result<ValueType, fmt::Error> {
    let moved = Moved::new(&subquery.modifiers);
    let (range, step) = (millis(&subquery.range), subquery.step.as_ref().map_or(0, millis));
    write!(out, "{{\"type\":\"subquery\",\"range\":{range},\"step\":{step},")?;
    write!(out, "\"offset\":{},\"timestamp\":", moved.offset)?;
    write_json(out, &moved.timestamp)?;
    out.write_str(",\"startOrEnd\":")?;
    write_json(out, &moved.start_or_end)?;
    out.write_str(",\"expr\":")?;
    close(out, &subquery.expr)?;
    Ok(ValueType::Matrix)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    name: &'static str,
    arg_types: Vec<&'static str>,
    variadic: i64,
    return_type: &'static str,
}

impl Described {
    fn new(signature: &Signature) -> Self {
        Self {
            name: signature.name,
            arg_types: signature.argument_types().iter().map(|one| one.result_name()).collect(),
            variadic: variadic(signature),
            return_type: signature.returns.result_name(),
        }
    }
}

/// Returns how often the last argument may stand: 0 for exactly once, −1 for
/// any number of times or none, else up to so many times or none.
fn variadic(signature: &Signature) -> i64 {
    let once = signature.argument_types().len().saturating_sub(1);
    match signature.arguments_max() {
        _ if !signature.is_variadic() => 0,
        Some(most) => i64::try_from(most.saturating_sub(once)).unwrap_or(-1),
        None => -1,
    }
}

fn write_call(out: &mut String, call: &Call) -> Result<ValueType, fmt::Error> {
    // Types were checked: there is such a function.
    let signature = Function::by_name(&call.function.name).ok_or(fmt::Error)?.signature();
    out.write_str("{\"type\":\"call\",\"func\":")?;
    write_json(out, &Described::new(signature))?;
    out.write_str(",\"args\":[")?;
    for (index, arg) in call.args.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_expr(out, arg)?;
    }
    out.write_str("]}")?;
    Ok(signature.returns)
}

fn write_aggregation(out: &mut String, aggregation: &Aggregation) -> Result<ValueType, fmt::Error> {
    let grouping = aggregation.grouping.as_ref();
    let without = grouping.is_some_and(|grouping| grouping.kind == GroupingKind::Without);
    let op = aggregation.op.name();
    write!(out, "{{\"type\":\"aggregation\",\"op\":\"{op}\",\"without\":{without},\"grouping\":")?;
    write_json(out, &names(grouping.map_or(&[], |grouping| &grouping.labels)))?;
    out.write_str(",\"param\":")?;
    match &aggregation.param {
        Some(param) => drop(write_expr(out, param)?),
        None => out.write_str("null")?,
    }
    out.write_str(",\"expr\":")?;
    close(out, &aggregation.expr)?;
    Ok(ValueType::Vector)
}

fn names(labels: &[Label]) -> Vec<&str> {
    labels.iter().map(|label| label.name.as_str()).collect()
}

/// Writes a chain of operators: the last one is the outermost.
fn write_binary(out: &mut String, binary: &Binary) -> Result<ValueType, fmt::Error> {
    for operation in binary.rest.iter().rev() {
        let (op, bool) = (operation.op.symbol(), operation.return_bool);
        write!(out, "{{\"type\":\"binaryExpr\",\"op\":\"{op}\",\"bool\":{bool},\"lhs\":")?;
    }
    let mut left = write_expr(out, &binary.first)?;
    for operation in &binary.rest {
        out.write_str(",\"rhs\":")?;
        let right = write_expr(out, &operation.right)?;
        let vectors = left == ValueType::Vector && right == ValueType::Vector;
        out.write_str(",\"matching\":")?;
        write_json(out, &vectors.then(|| Matched::new(operation)))?;
        out.push('}');
        if right == ValueType::Vector {
            left = ValueType::Vector;
        }
    }
    Ok(left)
}

/// How the series of both sides find each other.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Matched<'a> {
    card: &'static str,
    labels: Vec<&'a str>,
    on: bool,
    include: Vec<&'a str>,
    fill_values: Filled,
}

#[derive(Serialize)]
struct Filled {
    lhs: Option<f64>,
    rhs: Option<f64>,
}

impl<'a> Matched<'a> {
    fn new(operation: &'a Operation) -> Self {
        let matching = operation.matching.as_ref();
        let group = matching.and_then(|matching| matching.group.as_ref());
        let value = |number: Option<Number>| number.map(|number| number.value);
        Self {
            card: match group.map(|group| group.side) {
                _ if operation.op.is_set() => "many-to-many",
                None => "one-to-one",
                Some(GroupSide::Left) => "many-to-one",
                Some(GroupSide::Right) => "one-to-many",
            },
            labels: names(matching.map_or(&[], |matching: &Matching| &matching.labels)),
            on: matching.is_some_and(|matching| matching.kind == MatchingKind::On),
            include: names(group.map_or(&[], |group| &group.include)),
            fill_values: Filled {
                lhs: value(operation.fill.left),
                rhs: value(operation.fill.right),
            },
        }
    }
}
