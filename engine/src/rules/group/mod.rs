//! What a rule group does over time.
//!
//! A [`GroupState`] says when its group is due, takes the answer of each
//! rule's expression with [`GroupState::step`], and gives back the samples to
//! append and what became of the alerts. Whoever runs it asks the queries, in
//! the order of the rules and at [`GroupState::query_time`], and appends what
//! a rule puts out before the next rule is asked.
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
//! Source: Prometheus 3.14, its rule manager. Two things differ: over the
//! limit of a group the alerts of a rule hold their states, where Prometheus
//! forgets them all; and a label whose template comes to nothing is absent from
//! `ALERTS` too.

mod alert;
mod alerting;
mod error;
mod recording;
mod schedule;
mod state;
#[cfg(test)]
mod tests;
mod vector;

pub use alert::{ActiveAlert, AlertChange, RESOLVED_KEPT};
pub use alerting::{
    ALERT_NAME, ALERT_STATE, ALERTS, ALERTS_FOR_STATE, Expand, TemplateQuery, TemplateSubject,
};
pub use error::RuleError;
pub use schedule::Schedule;
pub use state::{
    GroupDefaults, GroupState, OUTAGE_TOLERANCE, RuleHealth, RuleOutput, RuleSample, RuleState,
};
pub use vector::{InstantVector, vector_of};
