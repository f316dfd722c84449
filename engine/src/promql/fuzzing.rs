//! Queries from any bytes.

use super::syntax::{Expr, Limits, parse, parse_selector, parse_within};
use super::types;

/// Parses `bytes` and checks that what is printed parses to the same again,
/// and that errors are about a piece of the query.
pub(crate) fn check(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes);
    match parse(&query) {
        Ok(expr) => check_tree(&expr, &query),
        Err(error) => {
            assert!(query.get(error.span.range()).is_some(), "{error} at {:?}", error.span);
            let _ = (error.to_string(), error.position(&query));
        }
    }
    if let Ok(selector) = parse_selector(&query) {
        let normal = selector.to_string();
        assert_eq!(parse_selector(&normal).map(|again| again.to_string()), Ok(normal));
    }
}

fn check_tree(expr: &Expr, query: &str) {
    if let Err(error) = types::check(expr) {
        assert!(query.get(error.span.range()).is_some(), "{error} at {:?}", error.span);
        let _ = (error.to_string(), error.position(query));
    }
    // A float without its exponent may be hundreds of times as long.
    let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
    let normal = expr.to_string();
    for form in [&normal, &expr.pretty()] {
        let again = parse_within(form, &limits).map(|again| again.to_string());
        assert_eq!(again.as_ref(), Ok(&normal), "{form}");
    }
}

/// Returns queries with everything that the syntax has.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "sum by (job, \"a.b\") (rate(x{a=\"b\", c!~'d|e.*'}[5m] offset -1h)) > bool 1e-3 # why",
        "a / on (x) group_left (y) fill_left(-Inf) fill_right(0x1F) b atan2 -2 ^ 3 % NaN",
        "x[5m + step() * (2 - min_of(range(), 1h30m)):max_of(1, 2)] @ end() offset (1w / 7)",
        "{\"odd name\", \"l.x\"=~`v\\d`} @ 1.5 smoothed unless ignoring () y[1_000] anchored",
        "histogram_quantile(0.9, info(x, {data=~\".+\"}) </ 2) or topk without () (3, a >/ 017)",
        "label_replace(x, \"\\u00e9\\x41\\101\\n\", '$1', \"src\", \"(.*)\") + (offset offset 5m)",
        "a + a - a * a / a % a ^ a == a != a < a <= a > a >= a and a or a unless a",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
