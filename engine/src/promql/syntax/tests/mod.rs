//! What the syntax promises, by subject.

mod bounds;
mod conformance;
mod errors;
mod generate;
mod grammar;
mod lengths;
mod print;
mod spans;
