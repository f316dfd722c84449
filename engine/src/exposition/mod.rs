//! The Prometheus text format, version 0.0.4.
//!
//! [`text`] writes current values with their definitions, in an order that
//! depends on nothing but names and labels. It knows neither registry nor
//! time: what is current is the caller's to say.
//!
//! Source: Prometheus documentation, "Exposition formats", text-based format.

pub mod parse;

mod current;
mod text;

pub use current::Current;
pub use text::{CONTENT_TYPE, text};
