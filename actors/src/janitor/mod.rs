//! Removes what the retention policy no longer keeps.
//!
//! The component owns the [`Policy`] and the report of the last cleaning. A
//! cleaning is a [`Pass`] of the engine, carried out in a job of its own: each
//! slice is one message to the registry or to the owner of a history, which
//! handles other messages between two of them. One pass is under way at a
//! time: who asks for another meanwhile is refused, and a tick of the timer is
//! left out.
//!
//! A target that fails is noted in the report, and the pass goes on with the
//! next. A restart of the component ends a pass where it stands, which loses
//! nothing: what is left is removed by the next.
//!
//! [`Policy`]: keepwatch_engine::retention::Policy
//! [`Pass`]: keepwatch_engine::retention::Pass

mod component;
mod messages;
mod series;
mod state;
#[cfg(test)]
mod tests;

pub use component::{Janitor, JanitorConfig, JanitorOutlets};
pub use messages::{Clean, CurrentPolicy, KeepUp, LastCleaning, LastUpkeep, SetPolicy};
pub use state::JanitorState;
