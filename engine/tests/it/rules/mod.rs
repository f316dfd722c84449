//! The rule files and unit tests of rules of Prometheus itself.
//!
//! The files are no part of the project; see `promql` for where they are
//! looked for. Each file is read as what it is, and must be found good or bad
//! as Prometheus finds it; what needs native histograms is told.

mod conformance;
mod rule_file;
mod unit_test;
