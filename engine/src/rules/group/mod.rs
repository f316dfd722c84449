//! What a rule group does over time.
//!
//! [`Groups`] says which groups are due. Whoever runs one asks the expressions
//! of its [members](GroupState::member) one after the other, at
//! [`GroupState::query_time`], and appends what each puts out before the next
//! is asked: the series of a recording rule come from [`GroupState::record`],
//! those of an alerting rule from the [evaluator](crate::alert::Evaluator),
//! which has the alerts of groups as it has all others.
//!
//! Invariants, which the tests hold it to:
//! - an evaluation that fails, also one over the limit, changes no alert and
//!   no series;
//! - a series that a rule put out and no longer does gets a staleness marker,
//!   once;
//! - no two series or alerts of one evaluation have the same labels;
//! - evaluation times are a whole number of intervals apart, and each is used
//!   once.
//!
//! Source: Prometheus 3.14, its rule manager. These things differ:
//! - over the limit of a group the alerts of a rule hold their states, where
//!   Prometheus forgets them all, and are still series, as after any evaluation
//!   that fails;
//! - a label whose template comes to nothing is absent from `ALERTS` too;
//! - after downtime the gap counts for one interval toward `for`, and
//!   `active_at` stays, where Prometheus moves it and waits ten minutes more;
//! - an evaluation whose series are refused has failed.

mod error;
mod groups;
mod member;
mod recording;
mod schedule;
mod state;
#[cfg(test)]
mod tests;
mod vector;

pub use error::RuleError;
pub use groups::{DueGroup, Groups};
pub use member::Member;
pub use recording::RecordingState;
pub use schedule::Schedule;
pub use state::{GroupDefaults, GroupState};
pub use vector::{InstantVector, vector_of};
