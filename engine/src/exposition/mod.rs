//! Metrics as text and as protobuf.
//!
//! An [`Exposition`] shows the current values of a catalogue's metrics: a
//! [`Wanted`] says in which [`Format`] and of which metrics, a [`Scrape`] gives
//! the encoded bytes in chunks, on any thread and without a word to the
//! registry. [`openmetrics`] writes stored samples with their times, [`parse`]
//! reads text. Time is the caller's to say.
//!
//! What is shown are the registered metrics. Series that rules made or that
//! were scraped from others are not: whoever wants them asks the query API.
//!
//! The order depends on nothing but names and labels: metrics by name, their
//! series by labels, the buckets of a histogram by bound, then sum and count.
//!
//! Sources: Prometheus documentation, "Exposition formats"; OpenMetrics 1.0;
//! `io/prometheus/client/metrics.proto`.

pub mod openmetrics;
pub mod parse;

mod escape;
mod layout;
mod name;
mod negotiate;
mod number;
mod protobuf;
mod scrape;
mod show;

#[cfg(test)]
mod tests;

pub use name::Escaping;
pub use negotiate::{Coding, Format, OpenMetricsVersion, Syntax, TextVersion};
pub use scrape::{CHUNK_BYTES, Scrape};
pub use show::{Exposition, Wanted};
