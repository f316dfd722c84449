//! Writing OpenMetrics 1.0 with timestamps, for what is to be read back.
//!
//! A [`Writer`] streams stored series family by family: [`Writer::plan`] says
//! which families a metric becomes, [`Writer::begin`] starts one, and
//! [`Writer::child`] writes the series of one label set, a point in time
//! after the other. What it writes is valid OpenMetrics, always:
//! [`parse`](super::parse) reads it back as the same families and samples.
//!
//! Not every series can be said in OpenMetrics with its kind. A counter
//! without `_total`, a histogram with negative bounds (which must not have a
//! sum) and a metric whose names clash become families of type unknown, a
//! family a name, where everything can be said. A point that the kind does
//! not allow, such as a histogram without its `+Inf` bucket or a NaN as a
//! total, is left out and counted. [`Typing::Unknown`] loses none.
//!
//! Staleness markers are left out and counted: the format has none.
//!
//! Source: OpenMetrics 1.0, "Text Format".

mod error;
mod plan;
mod point;
mod writer;

#[cfg(test)]
mod tests;

pub use error::WriteError;
pub(super) use plan::plan;
pub use plan::{Typing, WrittenFamily};
pub use writer::{Writer, Written};

/// The media type of what a [`Writer`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
