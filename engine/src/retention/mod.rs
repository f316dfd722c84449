//! What may go, and when.
//!
//! A [`Policy`] says how long samples, idle series and the histories of
//! alerts and health are kept. A [`Pass`] is one cleaning by it: a state
//! machine that names the next small slice of work, takes what became of it,
//! and ends in a [`CleaningReport`]. Whoever drives it carries out the
//! slices, so nothing here knows how a target is reached.
//!
//! How many series there may be, by metric and in all, is not the policy's:
//! the registry refuses what is over its
//! [`Limits`](crate::registry::Limits) when it comes.
//!
//! Invariants: a pass visits each target once, in the order given; a target
//! that fails ends its own turn and no other; a dry run asks for the same
//! slices as the pass it foretells.

mod error;
mod pass;
mod policy;
mod report;
mod steady;
#[cfg(test)]
mod tests;

pub use error::RetentionError;
pub use pass::{Pass, SliceOutcome, Step, Target};
pub use policy::{DAY, KEPT_MAX, KEPT_MIN, Policy, PolicyBuilder};
pub use report::{CleaningReport, Failure};
pub use steady::SteadyTime;
