//! Evaluates alert rules and tells subscribers what fires and what is over.
//!
//! The component owns every rule with its alerts, the silences and the history
//! (an [`Evaluator`](keepwatch_engine::alert::Evaluator)). It computes nothing
//! itself: each evaluation is a job of its own that asks the registry for a
//! snapshot, reads it in the workshop and comes back with findings. One
//! evaluation of each rule is under way at a time, and one that fails or is
//! slow concerns no other rule.
//!
//! The rules of a rule file's group, recording ones too, are evaluated one
//! after the other ([`Groups`](keepwatch_engine::rules::group::Groups)): each
//! sees what those before it have stored.
//!
//! The engine's state is kept after every change, before anybody is told of
//! it, and the couriers stand outside: a restart loses no rule, no pending or
//! firing alert, no silence, no acknowledgement and no subscriber.

mod component;
mod evaluation;
mod groups;
pub mod messages;
#[cfg(test)]
mod tests;
mod texts;

pub use component::AlertEvaluator;
pub use evaluation::AlertOutlets;
