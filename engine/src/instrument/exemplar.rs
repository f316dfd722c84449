//! Examples of what was counted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;

use super::refusals::RefusalCells;
use crate::model::{Labels, Timestamp};

/// The most characters that the labels of an exemplar may have, as
/// OpenMetrics 1.0 says.
const CHARS_MAX: usize = 128;

/// One of the things that a counter or a bucket counted: most often the ids of
/// a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// What leads to it, such as `trace_id` and `span_id`.
    pub labels: Labels,
    /// What was measured, or the step of the counter; the handle sets it.
    pub value: f64,
    /// When it was measured, if that is known.
    pub at: Option<Timestamp>,
}

impl Exemplar {
    /// Says whether the labels are short enough: 128 characters in all, names
    /// and values.
    #[must_use]
    pub fn fits(&self) -> bool {
        let chars = |text: &str| text.chars().count();
        self.labels.iter().map(|(name, value)| chars(name) + chars(value)).sum::<usize>()
            <= CHARS_MAX
    }
}

/// An exemplar of each of several places: the first one since it was shown.
#[derive(Default)]
pub(super) struct Exemplars(Box<[Slot]>);

struct Slot {
    wanted: AtomicBool,
    exemplar: ArcSwapOption<Exemplar>,
}

impl Exemplars {
    pub(super) fn new(places: usize) -> Self {
        let slot = |_| Slot { wanted: AtomicBool::new(true), exemplar: ArcSwapOption::empty() };
        Self((0..places).map(slot).collect())
    }

    /// Says whether a place wants an exemplar.
    pub(super) fn wants(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|slot| slot.wanted.load(Ordering::Relaxed))
    }

    /// Asks for an exemplar of `value`, if the place wants one.
    pub(super) fn put(
        &self,
        place: usize,
        value: f64,
        refusals: &RefusalCells,
        exemplar: impl FnOnce() -> Option<Exemplar>,
    ) {
        let Some(slot) = self.0.get(place) else { return };
        if !self.wants(place) {
            return;
        }
        let Some(exemplar) = exemplar() else { return };
        if !exemplar.fits() {
            refusals.exemplars.fetch_add(1, Ordering::Relaxed);
            return;
        }
        slot.exemplar.store(Some(Exemplar { value, ..exemplar }.into()));
        slot.wanted.store(false, Ordering::Relaxed);
    }

    /// Returns each place that has one, with it; from now on others are
    /// wanted.
    pub(super) fn show(&self) -> Vec<(usize, Exemplar)> {
        let show = |(place, slot): (usize, &Slot)| {
            slot.wanted.store(true, Ordering::Relaxed);
            Some((place, slot.exemplar.load().as_deref()?.clone()))
        };
        self.0.iter().enumerate().filter_map(show).collect()
    }
}

impl fmt::Debug for Exemplars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} places", self.0.len())
    }
}
