//! Rules as Prometheus has them: files of rule groups, and what a group does
//! over time.
//!
//! [`mod@file`] reads a rule file and tells everything that is wrong with it,
//! each with its place; [`group`] is what its groups do from one evaluation to
//! the next, and [`unit_test`] reads and runs tests of them. Nothing here reads
//! a file or a clock: texts, times and answers of queries come in as arguments.
//!
//! Files come from outside, so they are read within bounds: [`BYTES_MAX`],
//! [`DEPTH_MAX`] levels, and no more than [`EXPANDED_BYTES_MAX`] however often
//! parts of a file are repeated through aliases.

mod fault;
pub mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
pub mod group;
mod reader;
pub mod unit_test;
mod yaml;

pub use fault::{FAULTS_MAX, Fault, FaultKind, Faults};
pub use reader::UnknownFields;
pub use yaml::{BYTES_MAX, DEPTH_MAX, EXPANDED_BYTES_MAX};
