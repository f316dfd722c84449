//! Delivers events to subscribers, each isolated from all others.
//!
//! A [`Subscriber`] is an actix recipient, a closure or an async closure. Each
//! has a courier: a bounded queue and a task of its own, outside of any
//! component, so that a slow, stuck or panicking subscriber costs itself
//! alone, and a restart of the component loses nothing that was queued. What
//! cannot be delivered is counted by reason and can be seen.

mod couriers;
mod status;
mod subscriber;

pub use couriers::{Couriers, SubscriptionId};
pub use status::DeliveryStatus;
pub use subscriber::{Event, Receipt, Subscriber};
