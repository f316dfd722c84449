//! The order of a family's samples.

use std::collections::HashSet;

use super::error::Problem;
use super::event::{Family, FamilyKind, Role};
use super::fingerprint::{Fingerprint, Fingerprints};
use super::histogram::Point;
use super::limits::Limits;
use super::line::Sample;

/// The label sets of a family: each one's samples stand together, with
/// timestamps that do not fall.
#[derive(Debug, Default)]
pub(super) struct Groups {
    seen: HashSet<Fingerprint>,
    current: Option<Group>,
    late: Option<Problem>,
}

#[derive(Debug)]
struct Group {
    key: Fingerprint,
    seconds: Option<f64>,
    /// The series of the group so far where nothing but the labels tells one
    /// sample from the next.
    series: HashSet<Fingerprint>,
    point: Option<Point>,
}

/// What the groups of all families share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) prints: &'a Fingerprints,
    pub(super) limits: &'a Limits,
}

impl Groups {
    /// Takes the next sample of the family.
    pub(super) fn add(
        &mut self,
        family: &Family,
        role: Role,
        sample: &Sample,
        context: Context<'_>,
    ) -> Result<(), Problem> {
        let key = key(family, role, sample, context.prints);
        if self.current.as_ref().is_none_or(|group| group.key != key) {
            self.finish(&family.name);
            self.open(key, sample, context.limits)?;
        }
        let Some(group) = &mut self.current else { return Ok(()) };
        let name = || sample.name.clone();
        match (group.seconds, sample.seconds) {
            (Some(_), None) | (None, Some(_)) => {
                return Err(Problem::MixedTimestamps { name: name() });
            }
            (Some(before), Some(found)) if found < before && family.kind != FamilyKind::Info => {
                return Err(Problem::TimeOrder { name: name(), found, before });
            }
            (Some(before), Some(found)) if found > before => {
                let point = group.point.take();
                note(&mut self.late, point, &family.name);
            }
            (Some(_), Some(_)) => {}
            (None, None) => {
                let series = context.prints.of(&sample.name, &sample.labels, None);
                if !group.series.insert(series) {
                    return Err(Problem::DuplicateSample { name: name() });
                }
            }
        }
        group.seconds = sample.seconds;
        if matches!(family.kind, FamilyKind::Histogram | FamilyKind::GaugeHistogram) {
            group.point.get_or_insert_default().add(family, role, sample)?;
        }
        Ok(())
    }

    /// Ends the last label set.
    pub(super) fn finish(&mut self, family: &str) {
        let point = self.current.take().and_then(|group| group.point);
        note(&mut self.late, point, family);
    }

    /// Takes what was found wrong with a point after its last line.
    pub(super) const fn take_late(&mut self) -> Option<Problem> {
        self.late.take()
    }

    fn open(&mut self, key: Fingerprint, sample: &Sample, limits: &Limits) -> Result<(), Problem> {
        if self.seen.contains(&key) {
            return Err(Problem::Grouping { name: sample.name.clone() });
        }
        if self.seen.len() >= limits.groups_max {
            let (what, limit) = ("label sets in a family", limits.groups_max);
            return Err(Problem::Limit { what, limit });
        }
        self.seen.insert(key);
        let (seconds, series) = (sample.seconds, HashSet::new());
        self.current = Some(Group { key, seconds, series, point: None });
        Ok(())
    }
}

/// Returns what the samples of one group share.
fn key(family: &Family, role: Role, sample: &Sample, prints: &Fingerprints) -> Fingerprint {
    let without = match role {
        // An info's labels are its value, so all of them are one group.
        Role::Info => return prints.of("", &[], None),
        Role::Bucket => Some("le"),
        Role::Quantile => Some("quantile"),
        Role::State => Some(&*family.name),
        _ => None,
    };
    prints.of("", &sample.labels, without)
}

fn note(late: &mut Option<Problem>, point: Option<Point>, family: &str) {
    if let Some(problem) = point.and_then(|point| point.finish(family).err()) {
        late.get_or_insert(problem);
    }
}
