//! keepwatch, a monitoring engine that lives inside an actix application.

pub mod collect;
pub mod notation;
pub mod probe;
