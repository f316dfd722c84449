//! What the syntax promises, by subject.

mod conformance;
