//! The components of keepwatch as supervised actix actors.
//!
//! A component is a thin shell around a state machine of the engine: its
//! handlers read the clock once, call one engine function, carry out the
//! effects and answer. Components know each other by their messages alone and
//! send them through [`supervisor::Outlet`]s.

pub mod aggregator;
pub mod alert_evaluator;
pub mod courier;
pub mod durability;
mod error;
pub mod health_checker;
pub mod janitor;
pub mod querier;
pub mod registry;
pub mod summary;
pub mod supervisor;

#[doc(hidden)]
pub use actix;
pub use error::Error;
