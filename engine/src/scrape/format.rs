//! What a body is written in.

/// What a scraper takes, the best first. OpenMetrics has units, exemplars and
/// times of creation and no form that is left out here, as native buckets of
/// protobuf are.
pub const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=1.0.0;q=0.5,\
     application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.4,\
     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
     text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

/// The format of a scraped body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// OpenMetrics 1.0 with names of any characters in quotes.
    OpenMetricsUtf8,
    /// The Prometheus text format, 0.0.4 or 1.0.0.
    Text,
    /// `io.prometheus.client.MetricFamily` messages behind their lengths.
    Protobuf,
}

impl Format {
    /// Returns the format of this content type; `None` if it is another. An
    /// absent one means text, as do `text/plain` and what says nothing.
    #[must_use]
    pub fn of(content_type: Option<&str>) -> Option<Self> {
        let mut pieces = content_type.unwrap_or_default().split(';').map(str::trim);
        let media = pieces.next().unwrap_or_default();
        let is = |name: &str| media.eq_ignore_ascii_case(name);
        let parameter = |name: &str| {
            pieces.clone().find_map(|piece| {
                let (key, value) = piece.split_once('=')?;
                let value = value.trim().trim_matches('"');
                key.trim().eq_ignore_ascii_case(name).then_some(value)
            })
        };
        let says = |name: &str, expected: &str| {
            parameter(name).is_none_or(|value| value.eq_ignore_ascii_case(expected))
        };
        if is("application/openmetrics-text") {
            let quoted = parameter("escaping") == Some("allow-utf-8");
            return Some(if quoted { Self::OpenMetricsUtf8 } else { Self::OpenMetrics });
        }
        if is("application/vnd.google.protobuf") {
            let is_family = says("proto", "io.prometheus.client.MetricFamily");
            return (is_family && says("encoding", "delimited")).then_some(Self::Protobuf);
        }
        let is_text = media.is_empty() || is("text/plain") || is("application/octet-stream");
        is_text.then_some(Self::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types() {
        let check = |text: &str, expected| assert_eq!(Format::of(Some(text)), expected, "{text}");
        assert_eq!(Format::of(None), Some(Format::Text));
        check("text/plain; version=0.0.4; charset=utf-8", Some(Format::Text));
        check("TEXT/PLAIN", Some(Format::Text));
        let open = "application/openmetrics-text; version=1.0.0";
        check(open, Some(Format::OpenMetrics));
        check(&format!("{open};escaping=underscores"), Some(Format::OpenMetrics));
        check(&format!("{open}; escaping=allow-utf-8"), Some(Format::OpenMetricsUtf8));
        let protobuf = "application/vnd.google.protobuf";
        check(protobuf, Some(Format::Protobuf));
        let family = "proto=io.prometheus.client.MetricFamily";
        check(&format!("{protobuf}; {family}; encoding=delimited"), Some(Format::Protobuf));
        check(&format!("{protobuf}; {family}; encoding=text"), None);
        check(&format!("{protobuf}; proto=\"a.B\""), None);
        check("text/html", None);
        check("application/json", None);
    }
}
