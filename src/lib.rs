//! keepwatch, a monitoring engine that lives inside an actix application.

pub mod collect;
pub mod config;
pub mod notation;
pub mod probe;
