//! Metrics from any bytes.

use std::io::{BufRead, BufReader};

use super::{Limits, Parser};

/// Reads `bytes` in both formats and checks that it does not matter in which
/// pieces they come.
pub(crate) fn check(bytes: &[u8]) {
    let pieces = || BufReader::with_capacity(3, bytes);
    let strict = events(Parser::open_metrics(bytes, Limits::default()));
    assert_eq!(strict, events(Parser::open_metrics(pieces(), Limits::default())));
    let quoted = events(Parser::open_metrics_utf8(bytes, Limits::default()));
    assert_eq!(quoted, events(Parser::open_metrics_utf8(pieces(), Limits::default())));
    let lenient = events(Parser::prometheus(bytes, Limits::default()));
    assert_eq!(lenient, events(Parser::prometheus(pieces(), Limits::default())));
}

/// Returns texts of both formats.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    [
        "# HELP a_seconds Two\\nlines\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total{x=\"1\",y=\"a\\\"b\\\\c\"} 1.5 1.5 # {trace=\"7\"} 0.25 1\na_seconds_created{x=\"1\"} 1520430000.123\n# EOF\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 2 # {} 3\nh_count 2\nh_sum 2.5\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n# EOF\n",
        "# TYPE state stateset\nstate{state=\"on\"} 1\nstate{state=\"off\"} 0\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE g gaugehistogram\ng_bucket{le=\"-1\"} 1\ng_bucket{le=\"+Inf\"} 1\ng_gcount 1\ng_gsum -5\n# EOF\n",
"# TYPE \"büro.heat\" gauge\n# UNIT \"büro.heat\" \n{\"büro.heat\",\"a.b\"=\"x\",c=\"y\"} 1 1.5\n# EOF\n",
        "# a comment\n\n# TYPE up gauge\nup { job = \"node\" , } 1 1700000000000\n{\"odd name\",\"odd label\"=\"x\"} +Inf\n# HELP up Whether it is up\nother NaN\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// Returns everything that is read, as text, since NaN is not equal to itself.
fn events(parser: Parser<impl BufRead>) -> Vec<String> {
    parser.map(|event| format!("{event:?}")).collect()
}
