//! `info`: a vector with the labels of its info metrics.

use std::collections::BTreeMap;

use super::Evaluator;
use super::context::Context;
use super::error::EvalError;
use super::select::Selected;
use super::signature::{Counting, Groups};
use super::stream::{Computed, Head, Series, Vector, collect};
use super::unify::merge;
use crate::model::{MatchOp, Matcher};
use crate::promql::functions::range::Steps;
use crate::promql::functions::{ABSENT, is_absent};
use crate::promql::label_set::{LabelSet, NAME};
use crate::promql::plan::{Info, Instant, Wanted};

/// The labels by which an info metric belongs to another.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

impl<'a> Evaluator<'a> {
    pub(super) fn info(
        &self,
        cx: &mut Context<'a>,
        info: &'a Info,
        steps: &Steps,
    ) -> Result<Vector<'a>, EvalError> {
        let vector = self.vector(cx, &info.vector, steps)?;
        let base = collect(cx, vector, steps.count)?;
        let instant = Instant { select: info.select, reach: info.reach, wanted: Wanted::Timestamp };
        let set = self.input(cx, info.select)?;
        let metrics: Vector<'a> = Box::new(Selected::new(set, &instant, steps));
        let metrics = collect(cx, metrics, steps.count)?;
        let known = InfoMetrics::new(info, metrics);
        let mut enriched = Vec::new();
        for one in base {
            if known.is_info_metric(&one.head.labels) {
                enriched.push(one);
            } else {
                cx.count(steps.count)?;
                enriched.extend(known.enrich(&one)?);
            }
        }
        merge(enriched, &EvalError::SameLabels).map(Computed::boxed)
    }
}

/// The info metrics by what they belong to.
struct InfoMetrics<'a> {
    info: &'a Info,
    /// Timestamps of samples, a value a step.
    series: Vec<Series>,
    groups: Groups,
    of_group: Vec<Vec<usize>>,
}

impl<'a> InfoMetrics<'a> {
    fn new(info: &'a Info, series: Vec<Series>) -> Self {
        let identifying = IDENTIFYING.map(ToOwned::to_owned).to_vec();
        let mut groups = Groups::new(Counting::Only(identifying));
        let mut of_group: Vec<Vec<usize>> = Vec::new();
        for (index, one) in series.iter().enumerate() {
            let group = groups.number(&one.head.labels);
            of_group.resize(groups.len(), Vec::new());
            of_group.get_mut(group).into_iter().for_each(|members| members.push(index));
        }
        Self { info, series, groups, of_group }
    }

    /// Says whether a series is itself what labels are taken from.
    fn is_info_metric(&self, labels: &LabelSet) -> bool {
        self.info.names.iter().all(|matcher| matcher.matches_value(&labels.name))
    }

    /// Says whether a series is left without labels to take.
    fn may_lack(&self) -> bool {
        self.info.labels.iter().all(|matcher| matcher.matches_value(""))
    }

    /// Returns a series with the labels that hold at each step: one series
    /// for each set of them.
    fn enrich(&self, base: &Series) -> Result<Vec<Series>, EvalError> {
        let group = self.groups.find(&base.head.labels);
        let members = group.and_then(|group| self.of_group.get(group));
        let members = members.map(Vec::as_slice).unwrap_or_default();
        let mut enriched: Vec<Series> = Vec::new();
        for (step, &value) in base.column.iter().enumerate() {
            if is_absent(value) {
                continue;
            }
            let Some(labels) = self.labels_at(&base.head.labels, members, step)? else { continue };
            let place = enriched.iter().position(|one| one.head.labels == labels);
            let place = place.unwrap_or_else(|| {
                let head = Head { labels, ..base.head.clone() };
                enriched.push(Series { head, column: vec![ABSENT; base.column.len()] });
                enriched.len() - 1
            });
            let to = enriched.get_mut(place).and_then(|one| one.column.get_mut(step));
            to.into_iter().for_each(|to| *to = value);
        }
        Ok(enriched)
    }

    /// Returns the labels of a series at a step with those of its info
    /// metrics; `None` if there are none and must be some.
    fn labels_at(
        &self,
        base: &LabelSet,
        members: &[usize],
        step: usize,
    ) -> Result<Option<LabelSet>, EvalError> {
        // Of each info metric the series that was seen last.
        let mut newest: BTreeMap<&str, (f64, &Series)> = BTreeMap::new();
        for one in members.iter().filter_map(|member| self.series.get(*member)) {
            let at = one.column.get(step).copied().unwrap_or(ABSENT);
            if is_absent(at) {
                continue;
            }
            let known = newest.entry(&one.head.labels.name).or_insert((at, one));
            if at > known.0 {
                *known = (at, one);
            }
        }
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (_, one) in newest.values() {
            for (label, value) in one.head.labels.iter() {
                if label == NAME || IDENTIFYING.contains(&label) || !self.is_wanted(label) {
                    continue;
                }
                if taken.insert(label, value).is_some_and(|other| other != value) {
                    return Err(EvalError::ConflictingInfo { label: label.to_owned() });
                }
            }
        }
        if newest.is_empty() && !self.may_lack() {
            return Ok(None);
        }
        let added = taken.into_iter().filter(|(label, _)| base.get(label).is_empty());
        Ok(Some(added.fold(base.clone(), |set, (label, value)| set.with(label, value))))
    }

    fn is_wanted(&self, label: &str) -> bool {
        let labels: &[Matcher] = &self.info.labels;
        labels.is_empty()
            || labels.iter().any(|matcher| {
                matcher.name() == label
                    && !matches!(matcher.op(), MatchOp::NotEqual if matcher.value().is_empty())
            })
    }
}
