//! The built-in probes that need more than a runtime: HTTP, disk space,
//! memory. What a check does; when and how often, its `CheckDefinition` says.
//!
//! TCP and mailboxes are probed in [`keepwatch_actors::health_checker::probe`].
//! Every probe reports what it measured beside its verdict, so that its
//! result is a series that can be looked at and alerted on.

#[cfg(feature = "host")]
mod disk;
#[cfg(feature = "http-check")]
mod http;
#[cfg(feature = "host")]
mod memory;

#[cfg(feature = "host")]
pub use disk::disk_space;
#[cfg(feature = "http-check")]
pub(crate) use http::parse_statuses;
#[cfg(feature = "http-check")]
pub use http::{Http, HttpError};
#[cfg(feature = "host")]
pub use memory::memory;
