//! Metrics as protobuf: `io.prometheus.client.MetricFamily` messages, each with
//! its length before it.

mod metric;
pub(super) mod wire;
mod write;

pub(super) use write::ProtobufScrape;
