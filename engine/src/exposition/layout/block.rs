//! One metric of a layout.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock, Weak};

use foldhash::fast::RandomState;

use super::{Lines, Pairs};
use crate::exposition::name::{Escaping, is_legacy, is_legacy_label};
use crate::instrument::{Child, Metric, Total};
use crate::model::{Labels, MetricDefinition, MetricKind, Timestamp, is_stale, stale_marker};
use crate::storage::{Roster, Series, SeriesRef};

/// A metric and its members.
#[derive(Debug)]
pub(in crate::exposition) struct Block {
    metric: Arc<Metric>,
    /// The metric's version when its children were listed.
    version: u64,
    /// The metric's series in the store, shown or not, sorted.
    known: Vec<[u32; 2]>,
    shown: Arc<Shown>,
}

/// The members of a metric, sorted by their labels, and what stands before
/// their values.
#[derive(Debug, Default)]
struct Shown {
    members: Box<[Member]>,
    /// Where the total of each member is, if the metric is a counter and all
    /// are in cells.
    totals: Option<Box<[Total]>>,
    /// Whether no scheme of escaping changes a name.
    is_plain: bool,
    lines: [OnceLock<Lines>; Escaping::ALL.len()],
    pairs: [OnceLock<Pairs>; Escaping::ALL.len()],
}

/// A set of labels, and where its values are.
///
/// Neither place is held: what has expired goes, and is left out until the
/// layout is renewed.
#[derive(Debug, Clone)]
pub(in crate::exposition) struct Member {
    labels: Labels,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    /// In a cell; a counter's total can be read without going there.
    Cell(Weak<Child>, Option<Total>),
    /// In the store, as there is no cell.
    Stored(Weak<Series>),
}

impl Block {
    /// Lists the members of a metric; `before` is its block until now, `new`
    /// has the series that are not in it.
    pub(super) fn new(
        metric: &Arc<Metric>,
        before: Option<&Self>,
        new: &[&Arc<Series>],
        roster: &Roster,
    ) -> Self {
        // Read first: a child that comes meanwhile changes it again.
        let version = metric.version();
        let children = metric.all_children();
        let known = known(metric, before, new, roster);
        let mut key = Vec::new();
        let stored = known.iter().filter_map(|&series| {
            let series = roster.get(SeriesRef::from_parts(series))?;
            push_key(metric.definition(), series.labels(), &mut key);
            metric.find(&key).is_none().then(|| Member::stored(&series))
        });
        let stored: Vec<Member> = stored.collect();
        let metric = Arc::clone(metric);
        if let Some(before) = before.filter(|one| one.version == version && one.stores(&stored)) {
            // Series came whose values are in cells: nothing to be seen.
            return Self { metric, version, known, shown: Arc::clone(&before.shown) };
        }
        let members = children.iter().map(Member::cell).chain(stored).collect();
        let members = sorted(members, before);
        // The labels of all members are the definition's.
        let definition = metric.definition();
        // A set of states has a label of its own name.
        let mut labels = definition
            .label_names()
            .iter()
            .chain(Some(definition.name()).filter(|_| definition.kind() == MetricKind::StateSet));
        let is_plain = is_legacy(definition.name()) && labels.all(|name| is_legacy_label(name));
        let totals = members.iter().map(Member::total).collect();
        let shown = Shown { members: members.into(), totals, is_plain, ..Shown::default() };
        Self { metric, version, known, shown: shown.into() }
    }

    /// Says whether these are the members without a cell.
    fn stores(&self, stored: &[Member]) -> bool {
        let address = |member: &Member| match &member.place {
            Place::Cell(..) => None,
            Place::Stored(series) => Some(series.as_ptr().addr()),
        };
        let own: HashSet<usize, RandomState> = self.members().iter().filter_map(address).collect();
        own.len() == stored.len()
            && stored.iter().filter_map(address).all(|series| own.contains(&series))
    }

    /// Says whether the block is the metric's.
    pub(super) fn is_of(&self, metric: &Arc<Metric>) -> bool {
        Arc::ptr_eq(&self.metric, metric)
    }

    /// Says whether the block shows what it has to: no child came or went, no
    /// series of `new` is unknown, and none that is shown is gone.
    pub(super) fn is_current(&self, new: &[&Arc<Series>], roster: &Roster) -> bool {
        let is_known = |series: &&Arc<Series>| {
            !has_stored(self.definition())
                || self.known.binary_search(&series.reference().to_parts()).is_ok()
        };
        let is_there = |member: &Member| match &member.place {
            Place::Cell(..) => true,
            Place::Stored(series) => series.upgrade().is_some_and(|series| roster.has(&series)),
        };
        self.version == self.metric.version()
            && new.iter().all(is_known)
            && self.members().iter().all(is_there)
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the metric.
    pub(in crate::exposition) const fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }

    /// Returns the metric's definition.
    pub(in crate::exposition) fn definition(&self) -> &Arc<MetricDefinition> {
        self.metric.definition()
    }

    /// Returns the members in their order.
    pub(in crate::exposition) fn members(&self) -> &[Member] {
        &self.shown.members
    }

    /// Appends the values of members if that can be done at once, and says
    /// whether it could: [`Member::read`] always can.
    pub(in crate::exposition) fn read_totals(
        &self,
        members: Range<usize>,
        totals: &mut Vec<u64>,
    ) -> bool {
        let all = self.shown.totals.as_deref();
        all.and_then(|all| all.get(members))
            .is_some_and(|some| self.metric.read_totals(self.version, some, totals))
    }

    /// Says whether both show the same, from the same memory.
    #[cfg(test)]
    pub(in crate::exposition) fn shows_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shown, &other.shown)
    }

    /// Returns what stands before the values in a text.
    pub(in crate::exposition) fn lines(&self, escaping: Escaping) -> &Lines {
        let escaping = self.spelling(escaping);
        self.shown.lines[escaping as usize].get_or_init(|| Lines::new(self, escaping))
    }

    /// Returns the labels in protobuf.
    pub(in crate::exposition) fn pairs(&self, escaping: Escaping) -> &Pairs {
        let escaping = self.spelling(escaping);
        self.shown.pairs[escaping as usize].get_or_init(|| Pairs::new(self, escaping))
    }

    /// Returns a scheme that writes the same, so that it is kept once.
    fn spelling(&self, escaping: Escaping) -> Escaping {
        if self.shown.is_plain { Escaping::Underscores } else { escaping }
    }

    /// Says whether the metric, its family in OpenMetrics or one of its series
    /// has this name.
    pub(in crate::exposition) fn answers_to(&self, name: &str) -> bool {
        let own = self.definition().name();
        let family = match self.definition().kind() {
            MetricKind::Counter => own.strip_suffix("_total"),
            MetricKind::Info => own.strip_suffix("_info"),
            _ => None,
        };
        **own == *name
            || family == Some(name)
            || self.metric.parts().iter().any(|part| *part.name == *name)
    }
}

impl Member {
    fn cell(child: &Arc<Child>) -> Self {
        let place = Place::Cell(Arc::downgrade(child), child.total());
        Self { labels: child.labels().clone(), place }
    }

    fn stored(series: &Arc<Series>) -> Self {
        Self { labels: series.labels().clone(), place: Place::Stored(Arc::downgrade(series)) }
    }

    const fn total(&self) -> Option<Total> {
        match self.place {
            Place::Cell(_, total) => total,
            Place::Stored(_) => None,
        }
    }

    /// Returns the labels that all values of the member share.
    pub(in crate::exposition) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Appends the values of the metric's `parts` parts to `all`, or staleness
    /// markers if the member has expired, or if its newest sample is such a
    /// marker or older than `oldest`.
    #[inline]
    pub(in crate::exposition) fn read(
        &self,
        definition: &MetricDefinition,
        parts: usize,
        (oldest, now): (Timestamp, Timestamp),
        one: &mut Vec<f64>,
        all: &mut Vec<f64>,
    ) {
        match &self.place {
            Place::Cell(child, _) => match child.upgrade() {
                Some(child) => {
                    child.read(definition, now, one);
                    all.extend_from_slice(one);
                }
                None => all.extend(std::iter::repeat_n(stale_marker(), parts)),
            },
            Place::Stored(series) => {
                let newest = series.upgrade().and_then(|series| series.newest());
                let newest = newest.filter(|sample| sample.at >= oldest);
                all.push(newest.map_or_else(stale_marker, |sample| sample.value));
            }
        }
    }

    /// Returns the cell, if the member has one.
    pub(in crate::exposition) fn child(&self) -> Option<Arc<Child>> {
        match &self.place {
            Place::Cell(child, _) => child.upgrade(),
            Place::Stored(_) => None,
        }
    }

    /// Says whether a row of values is one that is shown.
    pub(in crate::exposition) fn is_shown(row: &[f64]) -> bool {
        row.first().is_some_and(|value| !is_stale(*value))
    }
}

/// Says whether a metric may have series without a cell that make a whole:
/// those of the other kinds have several parts, which records cannot set.
fn has_stored(definition: &MetricDefinition) -> bool {
    matches!(definition.kind(), MetricKind::Counter | MetricKind::Gauge | MetricKind::Info)
}

/// Returns the metric's series in the store, sorted.
fn known(
    metric: &Metric,
    before: Option<&Block>,
    new: &[&Arc<Series>],
    roster: &Roster,
) -> Vec<[u32; 2]> {
    if !has_stored(metric.definition()) {
        return Vec::new();
    }
    let before = before.map_or(&[][..], |block| &block.known);
    let is_there = |series: &&[u32; 2]| roster.get(SeriesRef::from_parts(**series)).is_some();
    let mut known: Vec<_> = before.iter().filter(is_there).copied().collect();
    known.extend(new.iter().map(|series| series.reference().to_parts()));
    known.sort_unstable();
    known.dedup();
    known
}

/// Replaces `key` by that of a child with these labels.
fn push_key(definition: &MetricDefinition, labels: &Labels, key: &mut Vec<u8>) {
    key.clear();
    for name in definition.label_names() {
        Metric::push_key(labels.get(name).unwrap_or_default(), key);
    }
}

/// Sorts members by their labels. Those that were there before come in their
/// order, so that few new ones among many cost no more than a merge.
fn sorted(mut members: Vec<Member>, before: Option<&Block>) -> Vec<Member> {
    let address = |member: &Member| member.labels().pairs().as_ptr().addr();
    let before = before.map_or(&[][..], Block::members);
    let places: HashMap<usize, usize, RandomState> =
        before.iter().enumerate().map(|(place, member)| (address(member), place)).collect();
    members
        .sort_by_cached_key(|member| places.get(&address(member)).copied().unwrap_or(usize::MAX));
    members.sort_by(|a, b| a.labels().cmp(b.labels()));
    members
}
