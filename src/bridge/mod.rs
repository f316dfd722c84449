//! Figures that come through other facades.
//!
//! - `facade` (feature `metrics`): every library that counts with the crate
//!   `metrics` counts here.
//! - `spans` (feature `tracing`): events of `tracing` are counted by level,
//!   spans are timed; their ids of traces become exemplars.
//! - [`records`]: records of `log` are counted by level.

#[cfg(feature = "metrics")]
pub mod facade;
pub mod records;
#[cfg(feature = "tracing")]
pub mod spans;
