//! Functions that are read at each collection.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::catalogue::Catalogue;
use crate::model::Record;

/// A function that returns a metric's value.
pub(super) type Callback = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A metric and its callback.
pub(super) type Called = (Arc<str>, Callback);

/// A callback that panicked.
#[derive(Debug)]
pub struct Panicked {
    /// The metric.
    pub metric: Arc<str>,
    /// What it said.
    pub message: String,
}

impl Catalogue {
    pub(super) fn call_back(&self, metric: Arc<str>, callback: Callback) {
        self.callbacks.rcu(|callbacks| {
            let one = (Arc::clone(&metric), Arc::clone(&callback));
            callbacks.iter().cloned().chain([one]).collect::<Vec<_>>()
        });
    }

    /// Calls every callback. Returns what they returned, and which panicked:
    /// such a metric keeps the value that it had. This is user code: it may
    /// take long, and must not be called where something else waits.
    #[must_use]
    pub fn read_callbacks(&self) -> (Vec<Record>, Vec<Panicked>) {
        let (mut records, mut panicked) = (Vec::new(), Vec::new());
        for (metric, read) in self.callbacks.load().iter() {
            // Nothing of the callback is used after a panic but itself.
            match catch_unwind(AssertUnwindSafe(|| read())) {
                Ok(value) => records.push(Record::set(Arc::clone(metric), value)),
                Err(panic) => {
                    let metric = Arc::clone(metric);
                    panicked.push(Panicked { metric, message: message(&*panic) });
                }
            }
        }
        (records, panicked)
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}
