//! Functions of an instant vector: one series' column of steps, in place.
//!
//! A step without a sample stays without one.

mod binary;
mod calendar;
mod math;

pub use binary::{Comparison, Operand, column_with, scalars, with_column};
pub use math::{apply, max_of, min_of};

#[cfg(test)]
mod tests;
