//! The form of an expression on several lines.
//!
//! A node whose normal form has at most 100 bytes stays on one line; of others
//! each part has lines of its own, two spaces further in, as Prometheus'
//! `format_query` has it.

use std::fmt::{self, Write};

use super::{AggregationHead, First, OperationHead};
use crate::promql::syntax::{Binary, Expr, ExprKind};

/// The longest line that is not split, in bytes and without its indentation.
const LINE_BYTES_MAX: usize = 100;

/// The deepest indentation in levels. A long chain of operators has a level
/// for each, and its form would grow with the square of their number.
const LEVELS_MAX: usize = 64;

impl Expr {
    /// Returns the expression over several lines if it is long. It parses to
    /// the same tree as the normal form.
    #[must_use]
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = write_pretty(&mut out, self, 0);
        out
    }
}

/// Writes an expression after the indentation of `level`.
fn write_pretty(out: &mut String, expr: &Expr, level: usize) -> fmt::Result {
    let is_long = !fits(expr);
    if is_long && let ExprKind::Binary(binary) = &expr.kind {
        return write_chain(out, binary, level);
    }
    indent(out, level);
    match &expr.kind {
        _ if !is_long => write!(out, "{expr}"),
        ExprKind::Paren(inner) => {
            out.push_str("(\n");
            write_pretty(out, inner, level + 1)?;
            close(out, level);
            Ok(())
        }
        ExprKind::Call(call) if !call.args.is_empty() => {
            writeln!(out, "{}(", call.function.name)?;
            for (index, arg) in call.args.iter().enumerate() {
                out.push_str(if index > 0 { ",\n" } else { "" });
                write_pretty(out, arg, level + 1)?;
            }
            close(out, level);
            Ok(())
        }
        ExprKind::Aggregation(aggregation) => {
            writeln!(out, "{}(", AggregationHead(aggregation))?;
            if let Some(param) = &aggregation.param {
                write_pretty(out, param, level + 1)?;
                out.push_str(",\n");
            }
            write_pretty(out, &aggregation.expr, level + 1)?;
            close(out, level);
            Ok(())
        }
        ExprKind::Unary(unary) => {
            out.push_str(unary.op.symbol());
            let start = out.len();
            write_pretty(out, &unary.expr, level)?;
            dedent(out, start);
            Ok(())
        }
        ExprKind::Subquery(subquery) if fits(&subquery.expr) => write!(out, "{expr}"),
        ExprKind::Subquery(subquery) => {
            let start = out.len();
            write_pretty(out, &subquery.expr, level)?;
            dedent(out, start);
            subquery.write_suffix(out)
        }
        _ => write!(out, "{expr}"),
    }
}

/// Writes a chain that does not fit a line: each operator is one level
/// further out than what is on its left.
fn write_chain(out: &mut String, binary: &Binary, level: usize) -> fmt::Result {
    let operations = binary.rest.len();
    let mut line = Line::default();
    let begins = write!(line, "{}", First(binary)).is_ok();
    let together = if begins {
        let fitting = binary.rest.iter().take_while(|operation| {
            write!(line, " {} {}", OperationHead(operation), operation.right).is_ok()
        });
        fitting.count()
    } else {
        0
    };
    if begins {
        indent(out, level + operations - together);
        write!(out, "{}", First(binary))?;
    } else {
        write_pretty(out, &binary.first, level + operations)?;
    }
    for (index, operation) in binary.rest.iter().enumerate() {
        if index < together {
            write!(out, " {} {}", OperationHead(operation), operation.right)?;
            continue;
        }
        let own = level + operations - 1 - index;
        out.push('\n');
        indent(out, own);
        writeln!(out, "{}", OperationHead(operation))?;
        write_pretty(out, &operation.right, own + 1)?;
    }
    Ok(())
}

fn indent(out: &mut String, level: usize) {
    out.extend(std::iter::repeat_n("  ", level.min(LEVELS_MAX)));
}

/// Takes the indentation off what was written from `start` on.
fn dedent(out: &mut String, start: usize) {
    let written = out.get(start..).unwrap_or("");
    let spaces = written.len() - written.trim_start_matches(' ').len();
    out.replace_range(start..start + spaces, "");
}

fn close(out: &mut String, level: usize) {
    out.push('\n');
    indent(out, level);
    out.push(')');
}

fn fits(expr: &Expr) -> bool {
    write!(Line::default(), "{expr}").is_ok()
}

/// Counts what is written and refuses what is longer than a line, so that the
/// question costs no more than a line.
#[derive(Default)]
struct Line {
    bytes: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes += text.len();
        if self.bytes > LINE_BYTES_MAX { Err(fmt::Error) } else { Ok(()) }
    }
}
