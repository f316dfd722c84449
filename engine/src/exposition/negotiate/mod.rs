//! What a scraper asked for, by the headers of its request.
//!
//! [`Format::negotiate`] reads `Accept`, [`Coding::negotiate`] reads
//! `Accept-Encoding`. Neither refuses: who asks for nothing that there is gets
//! what every tool reads, the text format 0.0.4 without compression.
//!
//! Source: RFC 9110, sections 12.5.1 and 12.5.3; Prometheus, "Content
//! Negotiation".

mod coding;
mod format;
mod header;

#[cfg(test)]
mod tests;

pub use coding::Coding;
pub use format::{Format, OpenMetricsVersion, Syntax, TextVersion};
