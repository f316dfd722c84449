//! Headers of real scrapers, and what they get.

use super::*;

#[track_caller]
fn check_format(accept: Option<&str>, expected: &str) {
    assert_eq!(Format::negotiate(accept).content_type(), expected, "{accept:?}");
}

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPEN: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTO: &str = "application/vnd.google.protobuf; \
                     proto=io.prometheus.client.MetricFamily; encoding=delimited";

#[test]
fn scrapers_get_what_they_want_most() {
    let proto = "application/vnd.google.protobuf;\
                 proto=io.prometheus.client.MetricFamily;encoding=delimited";
    for (accept, expected) in [
        // Prometheus 2, then with native histograms.
        (
            "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            OPEN.to_owned(),
        ),
        (
            &format!(
                "{proto},application/openmetrics-text;version=1.0.0;q=0.8,\
                 application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            PROTO.to_owned(),
        ),
        // Prometheus 3 and what is built from it, such as Alloy.
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            format!("{OPEN}; escaping=allow-utf-8"),
        ),
        (
            &format!(
                "{proto};escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                 application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
                 text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
            ),
            format!("{PROTO}; escaping=allow-utf-8"),
        ),
        // VictoriaMetrics, Telegraf, the Datadog agent's two checks.
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT.to_owned()),
        (&format!("{proto};q=0.7,text/plain;version=0.0.4;q=0.3"), PROTO.to_owned()),
        ("text/plain", TEXT.to_owned()),
        (
            "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1",
            OPEN.to_owned(),
        ),
        // curl, wget, and browsers.
        ("*/*", TEXT.to_owned()),
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,\
             image/avif,image/webp,*/*;q=0.8",
            TEXT.to_owned(),
        ),
    ] {
        check_format(Some(accept), &expected);
    }
    check_format(None, TEXT);
}

#[test]
fn formats_by_the_rules_of_the_header() {
    for (accept, expected) in [
        ("", TEXT),
        ("application/json", TEXT),
        ("text/plain; version=9.9.9", TEXT),
        ("application/openmetrics-text; version=2.0.0, */*;q=0.1", TEXT),
        ("application/openmetrics-text", OPEN),
        ("APPLICATION/OpenMetrics-Text; Version=\"1.0.0\" ; Q=1", OPEN),
        ("application/openmetrics-text;version=0.0.1", &OPEN.replace("1.0.0", "0.0.1")),
        ("text/plain;version=1.0.0", &TEXT.replace("0.0.4", "1.0.0")),
        // The first of those that are wanted alike.
        ("text/plain, application/openmetrics-text", TEXT),
        ("application/openmetrics-text, text/plain", OPEN),
        ("text/plain;q=0.5, application/openmetrics-text;q=0.501", OPEN),
        // Ranges, and refusals within them.
        ("application/*", OPEN),
        ("text/*;q=0.9, application/*;q=0.8", TEXT),
        ("text/plain;q=0, */*", OPEN),
        ("text/plain;q=0, application/openmetrics-text;q=0, */*;q=0.1", PROTO),
        // A weight that is none, and more elements than are looked at.
        ("application/openmetrics-text;q=2, text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=-1", TEXT),
        (&format!("{}application/openmetrics-text", "a/b,".repeat(64)), TEXT),
        // Other encodings of protobuf are not spoken.
        ("application/vnd.google.protobuf;encoding=text", TEXT),
        ("application/vnd.google.protobuf;proto=other.Message;encoding=delimited", TEXT),
        ("application/vnd.google.protobuf", PROTO),
    ] {
        check_format(Some(accept), expected);
    }
}

#[test]
fn names_are_escaped_as_asked_where_the_format_knows_it() {
    for (accept, scheme) in [
        ("text/plain;version=1.0.0;escaping=allow-utf-8", "allow-utf-8"),
        ("text/plain;version=0.0.4;escaping=allow-utf-8", "underscores"),
        ("text/plain;version=0.0.4;escaping=values", "values"),
        ("text/plain;version=1.0.0;escaping=dots", "dots"),
        ("application/openmetrics-text;escaping=allow-utf-8", "allow-utf-8"),
        ("application/vnd.google.protobuf;escaping=underscores", "underscores"),
    ] {
        let format = Format::negotiate(Some(accept));
        assert_eq!(format.escaping().as_str(), scheme, "{accept}");
        let said = format!("; escaping={scheme}");
        assert!(format.content_type().ends_with(&said), "{format}");
    }
    let unknown = Format::negotiate(Some("text/plain;version=1.0.0;escaping=other"));
    assert_eq!((unknown.escaping, unknown.escaping().as_str()), (None, "underscores"));
}

#[test]
fn codings_by_the_rules_of_the_header() {
    for (header, expected) in [
        ("", Coding::Identity),
        // Prometheus, Go's client, curl --compressed, browsers.
        ("gzip", Coding::Gzip),
        ("zstd, gzip", Coding::Zstd),
        ("deflate, gzip, br, zstd", Coding::Zstd),
        ("gzip, deflate, br", Coding::Gzip),
        ("identity", Coding::Identity),
        ("x-gzip", Coding::Gzip),
        ("GZIP;Q=0.5", Coding::Gzip),
        ("zstd;q=0.4, gzip;q=0.8", Coding::Gzip),
        ("zstd;q=0, gzip;q=0", Coding::Identity),
        ("gzip;q=0.5, identity;q=0.9", Coding::Identity),
        ("identity;q=0.5, gzip;q=0.5", Coding::Gzip),
        ("*", Coding::Zstd),
        ("*;q=0.1, zstd;q=0", Coding::Gzip),
        ("gzip;q=0, *;q=0", Coding::Identity),
        ("br", Coding::Identity),
    ] {
        assert_eq!(Coding::negotiate(Some(header)), expected, "{header}");
    }
    assert_eq!(Coding::negotiate(None), Coding::Identity);
}
