//! The expressions of the conformance files, if they are there: what
//! Prometheus takes is taken and has a type, and its normal form parses to
//! itself.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::super::parse;
use crate::promql::types;

/// Where the files are: `promql` in the folder that `KEEPWATCH_CONFORMANCE`
/// names.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("KEEPWATCH_CONFORMANCE")?);
    let inner = folder.join("promql");
    Some(if inner.is_dir() { inner } else { folder })
}

/// Returns the expressions of a file and whether each is expected to fail.
fn expressions(path: &Path) -> Vec<(String, bool)> {
    let text = fs::read_to_string(path).unwrap();
    let mut found: Vec<(String, bool)> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(expr) = expression(line) {
            found.push((expr.to_owned(), line.starts_with("eval_fail")));
        } else if line.starts_with("expect fail")
            && let Some(last) = found.last_mut()
        {
            last.1 = true;
        }
    }
    found
}

/// Takes the words before the expression off a line with an `eval` command.
fn expression(line: &str) -> Option<&str> {
    let (command, rest) = line.split_once(char::is_whitespace)?;
    if !command.starts_with("eval") {
        return None;
    }
    let words = match rest.trim_start() {
        rest if rest.starts_with("instant") => 3,
        _ => 7,
    };
    let mut rest = rest;
    for _ in 0..words {
        rest = rest.trim_start().split_once(char::is_whitespace)?.1;
    }
    Some(rest.trim())
}

#[test]
fn every_expression_that_is_not_expected_to_fail_parses() {
    let Some(folder) = folder() else { return };
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|suffix| suffix == "test"));
    let (mut parsed, mut failed) = (0, Vec::new());
    for path in files {
        for (expr, expected_to_fail) in expressions(&path) {
            match parse(&expr) {
                Ok(tree) => {
                    let normal = tree.to_string();
                    assert_eq!(parse(&normal).unwrap().to_string(), normal, "{expr}");
                    assert_eq!(parse(&tree.pretty()).unwrap().to_string(), normal, "{expr}");
                    let typed = types::check(&tree);
                    assert!(typed.is_ok() || expected_to_fail, "{expr}: {typed:?}");
                    parsed += 1;
                }
                Err(_) if expected_to_fail => {}
                Err(error) => failed.push(format!("{}: {expr}: {error}", path.display())),
            }
        }
    }
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), parsed + failed.len());
    println!("promql syntax: {parsed} expressions parsed");
    assert!(parsed > 0, "no expressions in {}", folder.display());
}

/// Values for the places in the compliance queries that stand for several.
const VARIANTS: [(&str, &str); 14] = [
    ("arithBinOp", "+"),
    ("binOp", "^"),
    ("clampFunc", "clamp_min"),
    ("compBinOp", "<="),
    ("dateFunc", "day_of_week"),
    ("extrapolatedRateFunc", "rate"),
    ("instantRateFunc", "irate"),
    ("offset", "1m"),
    ("quantile", "-0.5"),
    ("range", "15m"),
    ("simpleAggrOp", "stddev"),
    ("simpleMathFunc", "ceil"),
    ("simpleTimeAggrOp", "avg"),
    ("topBottomOp", "topk"),
];

#[test]
fn the_compliance_queries_parse() {
    let Some(folder) = folder() else { return };
    let Ok(text) = fs::read_to_string(folder.join("compliance-queries.yml")) else { return };
    let mut parsed = 0;
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("- query: ")) {
        let inner = |quote| line.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let query = match (inner('\''), inner('"')) {
            (Some(query), _) => query.replace("''", "'"),
            (None, query) => query.unwrap_or(line).to_owned(),
        };
        let query = VARIANTS
            .iter()
            .fold(query, |query, (name, value)| query.replace(&format!("{{{{.{name}}}}}"), value));
        // The one that Prometheus refuses as a text.
        let expected = query != "{__name__=~\".*\"}";
        let result = parse(&query);
        assert_eq!(result.is_ok(), expected, "{query}: {result:?}");
        parsed += usize::from(expected);
    }
    println!("promql syntax: {parsed} compliance queries parsed");
    assert!(parsed > 0, "no queries in {}", folder.display());
}
