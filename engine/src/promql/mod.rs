//! PromQL, the query language of Prometheus 3.14.
//!
//! A query goes through the rooms in this order: [`syntax`] turns text into a
//! tree with the position of every node.

pub mod annotation;
pub mod functions;
pub mod syntax;
