//! Supervision: what a failure costs, and what it must not cost.

mod drain;
mod flood;
mod hang;
mod panic;
mod probe;
mod saved;
