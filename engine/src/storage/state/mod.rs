//! The small state that outlives the process: alerts, silences, health,
//! definitions, policy.
//!
//! Each owner publishes its state as one immutable value. What is kept of it
//! is a set of *entries*, and a [`Batch`] is the difference between two such
//! values ([`Stored::changes_since`]), so that a change costs what changed.
//! The [`StateStore`] commits a batch whole or not at all, and what is
//! committed survives the process and the machine.
//!
//! # File
//!
//! `state.redb` is a redb database. Table `keepwatch` holds under `format`
//! the format version, 1. Every other table maps a text key to bytes: one
//! byte, the version of the entry (1), then the value as JSON. Fields may be
//! added to a value without a new version: readers ignore what they do not
//! know and have a default for what is missing.
//!
//! | table | key | value |
//! |---|---|---|
//! | `alert_rules` | rule | the [`Rule`](crate::alert::Rule), if it was added at run time |
//! | `alert_states` | rule | whether it is switched off, and which series have spoken, by the hour; only rules of which there is such a thing to say |
//! | `alerts` | rule, line feed, fingerprint | one alert that is pending or raised: since when, for how long the condition is known to have held, acknowledgement |
//! | `alert_history` | number, 20 digits | one [`Transition`](crate::alert::Transition) |
//! | `silences` | number, 20 digits | one [`Silence`](crate::alert::Silence) |
//! | `health_states` | check | its last status, since when, and the results behind it |
//! | `health_history` | number, 20 digits | one [`HealthTransition`](crate::health::HealthTransition) |
//! | `aggregations` | name | the [`Definition`](crate::aggregate::Definition), if it was added at run time |
//! | `retention` | `policy` | the [`Policy`](crate::retention::Policy) set at run time, and the configured one it took the place of |
//! | `metrics` | metric | the [`MetricDefinition`](crate::model::MetricDefinition), and the last day on which it was registered |
//!
//! # Damage
//!
//! Opening checks every page. A file that is damaged, of another version or
//! no database is renamed to `state.redb.damaged-<n>`, the loss is reported
//! ([`SetAside`]), and a new file is begun. An entry that cannot be read is
//! left out and reported ([`LeftOut`]); it stays in the file until something
//! of the same key is written. A file that the system does not let us open is
//! an error: there is nothing wrong with what it holds, and
//! [`StateStore::read`] may still read it.

mod batch;
mod contents;
mod copy;
mod entry;
mod error;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Stored};
pub use contents::{Contents, LeftOut};
pub use entry::{EntryError, VALUE_BYTES_MAX};
pub use error::StateError;
pub use store::{OpenedState, SetAside, StateStore, Written};
pub use table::Table;

pub(crate) use contents::sequence_key;
