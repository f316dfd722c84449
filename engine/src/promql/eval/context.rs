//! What all parts of an evaluation share.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::EvalError;
use super::stream::Series;
use crate::promql::annotation::{Annotation, Annotations};
use crate::promql::query::QueryOptions;
use crate::promql::source::SeriesSet;

/// Gives up an evaluation from another thread: because its client went away
/// or its time is over.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Lets evaluations end that were given this one, at the next series.
    pub fn cancel(&self) {
        // Nothing else has to be seen with it.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Says whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What all parts of an evaluation share.
pub(super) struct Context<'a> {
    pub(super) inputs: &'a [&'a dyn SeriesSet],
    pub(super) options: &'a QueryOptions,
    pub(super) annotations: Annotations,
    /// The nodes that are needed more than once, by number.
    pub(super) shared: Vec<Option<Rc<Vec<Series>>>>,
    cancellation: &'a Cancellation,
    samples: usize,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        inputs: &'a [&'a dyn SeriesSet],
        options: &'a QueryOptions,
        cancellation: &'a Cancellation,
    ) -> Self {
        let (annotations, shared) = (Annotations::new(), Vec::new());
        Self { inputs, options, annotations, shared, cancellation, samples: 0 }
    }

    /// Counts samples that were read or are kept; called once a series at
    /// least.
    pub(super) fn count(&mut self, samples: usize) -> Result<(), EvalError> {
        self.samples = self.samples.saturating_add(samples);
        if self.samples > self.options.samples_max {
            return Err(EvalError::TooManySamples { max: self.options.samples_max });
        }
        if self.cancellation.is_cancelled() {
            return Err(EvalError::Cancelled);
        }
        Ok(())
    }

    /// Returns how many samples were counted.
    pub(super) const fn samples(&self) -> usize {
        self.samples
    }

    pub(super) fn annotate(&mut self, annotation: Annotation) {
        self.annotations.add(annotation);
    }
}
