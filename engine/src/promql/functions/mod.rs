//! The functions and aggregations of PromQL, as pure code on slices.

mod signature;

pub use signature::{Function, Signature};
