//! What the syntax promises, by subject.

mod bounds;
mod errors;
mod generate;
mod grammar;
mod lengths;
mod print;
mod spans;
