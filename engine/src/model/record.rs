//! What a user records of a metric.

use std::sync::Arc;

use super::{Subject, Timestamp};

/// One recorded fact: a metric, the values of its labels, and what was
/// observed.
///
/// Labels are given by name in any order; the registry checks them against
/// the metric's definition. Those who record the same series again and again
/// make a [`Subject`] once and records of it.
#[derive(Debug, Clone)]
pub struct Record {
    about: About,
    /// What was observed.
    pub observation: Observation,
}

#[derive(Debug, Clone)]
enum About {
    Once { metric: Arc<str>, labels: Vec<(Arc<str>, Arc<str>)> },
    Shared(Subject),
}

/// What was observed, and on which kinds of metric it makes sense.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Observation {
    /// A gauge's value, or a counter's running total, at a point in time
    /// (`None`: when the registry handles the message). Stored as a sample.
    /// A total that falls is a counter reset.
    Set {
        /// The value or running total.
        value: f64,
        /// When it held.
        at: Option<Timestamp>,
    },
    /// A change of a counter (not negative) or of a gauge. Adds to a running
    /// total that is sampled at each collection and before a read.
    Add(f64),
    /// A measurement for a histogram or summary, sampled likewise.
    Observe(f64),
}

impl Record {
    /// Records that `metric` has `value` now: a gauge, or a counter's total.
    #[must_use]
    pub fn set(metric: impl Into<Arc<str>>, value: f64) -> Self {
        Self::new(metric, Observation::Set { value, at: None })
    }

    /// Records that `metric` had `value` at a point in time.
    #[must_use]
    pub fn set_at(metric: impl Into<Arc<str>>, value: f64, at: impl Into<Timestamp>) -> Self {
        Self::new(metric, Observation::Set { value, at: Some(at.into()) })
    }

    /// Records that `metric`, a counter or gauge, changed by `amount`.
    #[must_use]
    pub fn add(metric: impl Into<Arc<str>>, amount: f64) -> Self {
        Self::new(metric, Observation::Add(amount))
    }

    /// Records one measurement for `metric`, a histogram or summary.
    #[must_use]
    pub fn observe(metric: impl Into<Arc<str>>, value: f64) -> Self {
        Self::new(metric, Observation::Observe(value))
    }

    /// Records an observation of a subject.
    #[must_use]
    pub fn of(subject: &Subject, observation: Observation) -> Self {
        Self { about: About::Shared(subject.clone()), observation }
    }

    /// Adds the value of a label.
    #[must_use]
    pub fn label(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        match &mut self.about {
            About::Once { labels, .. } => labels.push((name.into(), value.into())),
            About::Shared(subject) => *subject = subject.clone().label(name, value),
        }
        self
    }

    /// Returns the metric's name.
    #[must_use]
    pub fn metric(&self) -> &Arc<str> {
        match &self.about {
            About::Once { metric, .. } => metric,
            About::Shared(subject) => subject.metric(),
        }
    }

    /// Returns the names and values of the labels, in the order given.
    #[must_use]
    pub fn labels(&self) -> &[(Arc<str>, Arc<str>)] {
        match &self.about {
            About::Once { labels, .. } => labels,
            About::Shared(subject) => subject.labels(),
        }
    }

    /// Returns the subject, if the record was made of one.
    #[must_use]
    #[inline]
    pub const fn subject(&self) -> Option<&Subject> {
        match &self.about {
            About::Once { .. } => None,
            About::Shared(subject) => Some(subject),
        }
    }

    fn new(metric: impl Into<Arc<str>>, observation: Observation) -> Self {
        Self { about: About::Once { metric: metric.into(), labels: Vec::new() }, observation }
    }
}

impl PartialEq for Record {
    /// Compares the metric, the labels and the observation, whether or not
    /// they come from a [`Subject`].
    fn eq(&self, other: &Self) -> bool {
        (self.metric(), self.labels(), self.observation)
            == (other.metric(), other.labels(), other.observation)
    }
}
