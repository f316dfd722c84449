//! What was left out, and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::RegistryError;
use crate::instrument::{Catalogue, CounterFamily, Refusals};
use crate::model::MetricDefinition;

/// Why an observation was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DropReason {
    /// The metric is not registered.
    UnknownMetric,
    /// A label is missing, extra, given twice, or has no name that can be.
    Labels,
    /// A label's value is too long.
    LabelValue,
    /// The observation does not fit the metric's kind.
    WrongKind,
    /// The timestamp is too old.
    TooOld,
    /// The timestamp is too far ahead.
    TooFarInFuture,
    /// A NaN or an infinity where it makes no sense.
    NotANumber,
    /// A negative step or total of a counter.
    Negative,
    /// Another value at a timestamp that is taken.
    Duplicate,
    /// A new series beyond the metric's limit.
    SeriesOfMetric,
    /// A new series beyond the limit in all.
    SeriesTotal,
    /// A reference to a series that no longer exists.
    UnknownSeries,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::UnknownMetric,
        Self::Labels,
        Self::LabelValue,
        Self::WrongKind,
        Self::TooOld,
        Self::TooFarInFuture,
        Self::NotANumber,
        Self::Negative,
        Self::Duplicate,
        Self::SeriesOfMetric,
        Self::SeriesTotal,
        Self::UnknownSeries,
    ];

    /// Returns the reason as the value of a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownMetric => "unknown_metric",
            Self::Labels => "labels",
            Self::LabelValue => "label_value",
            Self::WrongKind => "wrong_kind",
            Self::TooOld => "too_old",
            Self::TooFarInFuture => "too_far_in_future",
            Self::NotANumber => "not_a_number",
            Self::Negative => "negative",
            Self::Duplicate => "duplicate",
            Self::SeriesOfMetric => "series_of_metric",
            Self::SeriesTotal => "series_total",
            Self::UnknownSeries => "unknown_series",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for DropReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many observations were left out, by reason; reasons that never
/// happened are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Drops(BTreeMap<DropReason, u64>);

impl Drops {
    /// Returns the count for a reason.
    #[must_use]
    pub fn of(&self, reason: DropReason) -> u64 {
        self.0.get(&reason).copied().unwrap_or(0)
    }

    /// Returns the reasons that happened and their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        self.0.iter().map(|(reason, count)| (*reason, *count))
    }

    /// Returns the count for all reasons together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(super) fn add_refusals(&mut self, refusals: Refusals) {
        self.add(DropReason::NotANumber, refusals.not_a_number);
        self.add(DropReason::Negative, refusals.negative);
        self.add(DropReason::SeriesOfMetric, refusals.series);
        self.add(DropReason::Labels, refusals.labels + refusals.states);
        self.add(DropReason::LabelValue, refusals.exemplars);
    }

    fn add(&mut self, reason: DropReason, count: u64) {
        if count > 0 {
            *self.0.entry(reason).or_default() += count;
        }
    }
}

/// The name of the metric in which the registry counts what it leaves out.
pub const DROPPED: &str = "keepwatch_registry_dropped_total";

/// The registry's own counts, as a metric of the catalogue: they outlive a
/// restart, and are a series like any other.
#[derive(Debug)]
pub(super) struct DropCounters(Option<CounterFamily>);

impl DropCounters {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let definition = MetricDefinition::counter(DROPPED)
            .help("Observations that the registry refused, by reason.")
            .labels(["reason"])
            .build()
            .ok();
        let family = definition.and_then(|definition| {
            // A user's metric of this name is theirs: count apart then.
            let own = catalogue.family(definition.clone());
            own.or_else(|_| Catalogue::new().family(definition)).ok()
        });
        Self(family)
    }

    pub(super) fn count(&self, error: &RegistryError) {
        let counter =
            error.reason().and_then(|reason| self.0.as_ref()?.with(&[reason.as_str()]).ok());
        counter.inspect(|counter| counter.increment());
    }

    pub(super) fn load(&self) -> Drops {
        let mut drops = Drops::default();
        let Some(family) = &self.0 else { return drops };
        for child in family.metric().all_children() {
            let label = child.labels().get("reason");
            let reason = DropReason::ALL.into_iter().find(|reason| label == Some(reason.as_str()));
            if let Some((reason, counter)) = reason.zip(child.counter()) {
                // Counts are whole numbers.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "so")]
                drops.add(reason, counter.value() as u64);
            }
        }
        drops
    }
}
