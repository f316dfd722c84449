//! Metrics as text and as messages.
//!
//! [`text`] writes the Prometheus text format, version 0.0.4: current values
//! with their definitions, in an order that depends on nothing but names and
//! labels. [`openmetrics`] writes stored samples with their times, [`parse`]
//! reads either format. [`protobuf`] has the same as messages. The room knows
//! neither registry nor time: what is current is the caller's to say.
//!
//! Source: Prometheus documentation, "Exposition formats", text-based format.

pub mod openmetrics;
pub mod parse;
pub mod protobuf;

mod current;
mod text;

pub use current::Current;
pub use text::{CONTENT_TYPE, text};
