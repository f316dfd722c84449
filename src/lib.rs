//! keepwatch, a monitoring engine that lives inside an actix application.

pub mod collect;
