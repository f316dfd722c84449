//! What the fuzz targets run: one function for each reader of foreign bytes.
//!
//! Each panics where the reader breaks a law: it panics itself, reads what it
//! would not write again, or hands over what it promises not to. It is here
//! for `fuzz/` and this crate's own tests, with the feature `fuzzing` only;
//! none of it is of use to a program.

use crate::exposition::parse::fuzzing as text;
use crate::exposition::protobuf::fuzzing as message;
use crate::promql::fuzzing as query;
use crate::rules::fuzzing as rule;
use crate::storage::{columns_fuzzing, segment, wal};

/// A reader of foreign bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which is that of the binary in `fuzz/`.
    pub name: &'static str,
    /// Reads bytes and checks the laws.
    pub check: fn(&[u8]),
    /// Returns bytes that the code itself wrote, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 7] = [
    Target { name: "log", check: log, seeds: wal::fuzzing::seeds },
    Target { name: "segment", check: segment, seeds: segment::fuzzing::seeds },
    Target { name: "chunk", check: chunk, seeds: columns_fuzzing::seeds },
    Target { name: "openmetrics", check: openmetrics, seeds: text::seeds },
    Target { name: "protobuf", check: protobuf, seeds: message::seeds },
    Target { name: "promql", check: promql, seeds: query::seeds },
    Target { name: "rules", check: rules, seeds: rule::seeds },
];

/// Reads a file of the log, or payloads of its frames.
pub fn log(bytes: &[u8]) {
    wal::fuzzing::check(bytes);
}

/// Reads a segment, or a part of one.
pub fn segment(bytes: &[u8]) {
    segment::fuzzing::check(bytes);
}

/// Reads columns of times and values in every form.
pub fn chunk(bytes: &[u8]) {
    columns_fuzzing::check(bytes);
}

/// Reads text with both parsers.
pub fn openmetrics(bytes: &[u8]) {
    text::check(bytes);
}

/// Reads families of metrics as messages.
pub fn protobuf(bytes: &[u8]) {
    message::check(bytes);
}

/// Reads a query, and what is printed of it again.
pub fn promql(bytes: &[u8]) {
    query::check(bytes);
}

/// Reads a rule file, and a file of unit tests of rules.
pub fn rules(bytes: &[u8]) {
    rule::check(bytes);
}

#[cfg(test)]
mod tests;
