//! Metrics as protobuf messages.
//!
//! [`message`] has the messages of `io.prometheus.client`; a scrape's body is
//! a row of [`message::MetricFamily`], each behind its length as a varint.
//!
//! Source: Prometheus documentation, "Exposition formats", protobuf format;
//! `io/prometheus/client/metrics.proto`.

pub mod message;

/// The content type of a body in this format.
pub const CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
