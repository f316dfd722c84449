//! Metrics as protobuf: `io.prometheus.client.MetricFamily` messages, each with
//! its length before it.

#[cfg(test)]
mod message;
mod metric;
pub(super) mod wire;
mod write;

#[cfg(test)]
mod tests;

pub(super) use write::ProtobufScrape;
