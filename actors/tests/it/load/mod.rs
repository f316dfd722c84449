//! Each component fails in the middle of a load of a million samples, at
//! every place where code of it runs.
//!
//! The house is the whole of it: five components, wired as the monitor wires
//! them, on paused time. What is looked at afterwards is what users would
//! miss: samples, alerts, silences, checks, definitions, the counts.

pub(crate) mod failing;
mod house;
mod tests;
