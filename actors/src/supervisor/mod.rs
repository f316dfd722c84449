//! Starts, watches, restarts, routes to and stops the components.
//!
//! actix alone does not restart a component that panics: its actor is gone,
//! and its queue with it. Here every component lives in a *shell*, the actix
//! actor that owns the mailbox. Each entry into component code (a message, a
//! timer, a continuation, the factory) is a guarded call. When one panics,
//! the asker gets [`Error::Faulted`](crate::Error), the component is rebuilt
//! by its factory, and the mailbox, the address and the queue stay.
//!
//! - [`Component`], [`Receive`], [`Request`], [`Answer`], [`Scope`]: what a
//!   component is written against.
//! - [`Address`], [`Outlet`]: how messages reach a component, across restarts
//!   and replacements, with admission by count and a timeout on each ask.
//! - [`Keep`]: what outlives an incarnation.
//! - [`Workshop`]: where user code runs.
//! - [`Supervisor`]: restarts by [`Intensity`], replacement of a hung
//!   component on a fresh arbiter, status, ordered shutdown.
//!
//! The words are OTP's: child, intensity and period, start in order and stop
//! in reverse.

mod address;
mod answer;
mod child;
mod component;
mod front;
mod guard;
mod intensity;
mod keep;
mod lane;
mod root;
mod scope;
mod seat;
mod shell;
mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod vitals;
mod workshop;

pub use address::{Address, Outlet};
pub use answer::{Answer, Release};
pub use component::{Component, Receive, Request};
pub use intensity::{Intensity, IntensityLimits, Verdict};
pub use keep::{Keep, SaveBell};
pub use root::{
    Arbiters, ChildDrain, Placement, SeatedArbiter, Shutdown, ShutdownReport, Status, Supervisor,
};
pub use scope::{Scope, Timer};
pub use seat::{Seat, Settings};
pub use status::{ComponentState, ComponentStatus};
pub use workshop::{WorkError, Workshop};
