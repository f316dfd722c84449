//! From labels to series.

use std::collections::HashMap;
use std::sync::Arc;

use super::Selector;
use crate::model::{Labels, MatchOp, Matcher};

/// The label under which a series' own name is indexed.
const NAME: &str = "__name__";

/// The series of every metric by identity and by label value.
///
/// A series is known by its id, its place in the store.
#[derive(Debug, Default)]
pub(super) struct Index {
    metrics: HashMap<Arc<str>, Group>,
}

/// The series of one metric.
#[derive(Debug, Default)]
struct Group {
    ids: HashMap<(Arc<str>, Labels), u32>,
    /// Label name → value → ids, sorted.
    postings: HashMap<Arc<str>, HashMap<Arc<str>, Vec<u32>>>,
}

impl Index {
    pub(super) fn get(&self, metric: &str, name: &Arc<str>, labels: &Labels) -> Option<u32> {
        self.metrics.get(metric)?.ids.get(&(Arc::clone(name), labels.clone())).copied()
    }

    pub(super) fn insert(&mut self, metric: &Arc<str>, name: &Arc<str>, labels: &Labels, id: u32) {
        let group = self.metrics.entry(Arc::clone(metric)).or_default();
        group.ids.insert((Arc::clone(name), labels.clone()), id);
        group.post(NAME.into(), name, id);
        for (label, value) in labels.pairs() {
            group.post(Arc::clone(label), value, id);
        }
    }

    pub(super) fn remove(&mut self, metric: &str, name: &Arc<str>, labels: &Labels, id: u32) {
        let Some(group) = self.metrics.get_mut(metric) else { return };
        group.ids.remove(&(Arc::clone(name), labels.clone()));
        group.unpost(NAME, name, id);
        for (label, value) in labels.pairs() {
            group.unpost(label, value, id);
        }
        if group.ids.is_empty() {
            self.metrics.remove(metric);
        }
    }

    /// Returns how many series the metric has.
    pub(super) fn series_of(&self, metric: &str) -> usize {
        self.metrics.get(metric).map_or(0, |group| group.ids.len())
    }

    /// Returns the ids that the selector's indexed conditions leave, and the
    /// conditions that are still to be checked on each series' labels.
    pub(super) fn candidates<'s>(&self, selector: &'s Selector) -> (Vec<u32>, Vec<&'s Matcher>) {
        let Some(group) = self.metrics.get(&selector.metric) else { return Default::default() };
        let mut ids: Option<Vec<u32>> = None;
        let mut rest = Vec::new();
        for matcher in &selector.matchers {
            // What lets an absent label pass would need every series without
            // the label: cheaper to look at those that are left.
            if matcher.matches_value("") {
                rest.push(matcher);
                continue;
            }
            let found = group.matching(matcher);
            ids = Some(match ids {
                None => found,
                Some(ids) => ids.into_iter().filter(|id| found.binary_search(id).is_ok()).collect(),
            });
        }
        (ids.unwrap_or_else(|| group.ids.values().copied().collect()), rest)
    }
}

/// Says whether a series passes a matcher, which may be on its name.
pub(super) fn passes(matcher: &Matcher, name: &str, labels: &Labels) -> bool {
    if matcher.name() == NAME { matcher.matches_value(name) } else { matcher.matches(labels) }
}

impl Group {
    fn post(&mut self, label: Arc<str>, value: &Arc<str>, id: u32) {
        let ids = self.postings.entry(label).or_default().entry(Arc::clone(value)).or_default();
        if let Err(place) = ids.binary_search(&id) {
            ids.insert(place, id);
        }
    }

    fn unpost(&mut self, label: &str, value: &str, id: u32) {
        let Some(values) = self.postings.get_mut(label) else { return };
        let Some(ids) = values.get_mut(value) else { return };
        if let Ok(place) = ids.binary_search(&id) {
            ids.remove(place);
        }
        if ids.is_empty() {
            values.remove(value);
        }
        if values.is_empty() {
            self.postings.remove(label);
        }
    }

    /// Returns the ids of the series whose label is there and passes, sorted.
    fn matching(&self, matcher: &Matcher) -> Vec<u32> {
        let Some(values) = self.postings.get(matcher.name()) else { return Vec::new() };
        if matcher.op() == MatchOp::Equal {
            return values.get(matcher.value()).cloned().unwrap_or_default();
        }
        // Values are distinct, so an expression runs once a value and not
        // once a series, and no id comes twice.
        let passing = values.iter().filter(|(value, _)| matcher.matches_value(value));
        let mut ids: Vec<u32> = passing.flat_map(|(_, ids)| ids.iter().copied()).collect();
        ids.sort_unstable();
        ids
    }
}
