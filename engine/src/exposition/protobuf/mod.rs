//! Metrics as protobuf: `io.prometheus.client.MetricFamily` messages, each with
//! its length before it. A [`Reader`] gives what another program wrote as the
//! events that the parsers of texts give.

mod field;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod message;
mod metric;
mod read;
mod read_metric;
pub(super) mod wire;
mod write;

#[cfg(test)]
mod tests;

pub use read::{ReadError, ReadLimits, Reader};
pub use read_metric::MetricProblem;
pub(super) use write::ProtobufScrape;
