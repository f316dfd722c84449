//! The engine of keepwatch: everything about monitoring that needs no actor.
//!
//! Each room is a state machine or a value type. Time comes in as an argument
//! (`now: Timestamp`), effects go out as values, and nothing here knows an
//! actor, a runtime, a network or a log. Files are touched in [`storage`]
//! alone, the clock is read in [`clock`] alone.
//!
//! Rooms import downwards in this order: [`scrape`], [`rules`] → [`alert`], [`health`],
//! [`retention`] → [`aggregate`], [`template`] → [`promql`] → [`registry`],
//! [`exposition`] → [`instrument`], [`storage`] → [`model`]. [`clock`] stands
//! beside them on [`model`].

pub mod aggregate;
pub mod alert;
pub mod clock;
pub mod exposition;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod health;
pub mod instrument;
pub mod model;
pub mod promql;
pub mod registry;
pub mod retention;
pub mod rules;
pub mod scrape;
pub mod storage;
pub mod template;
