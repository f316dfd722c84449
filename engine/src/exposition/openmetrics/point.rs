//! The samples of a label set at one time.

use super::plan::WrittenFamily;
use crate::exposition::parse::{FamilyKind, Role};
use crate::model::SeriesSamples;

/// A series of a child, and what it is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) series: &'a SeriesSamples,
    pub(super) role: Role,
    /// The bound or quantile.
    number: f64,
}

impl<'a> Part<'a> {
    /// Returns the series' part; `None` if the family has none like it.
    pub(super) fn of(family: &WrittenFamily, series: &'a SeriesSamples) -> Option<Self> {
        let role = family.family.role(&series.name)?;
        let number = match (role, family.part_label()) {
            (Role::Bucket | Role::Quantile, Some(label)) => {
                let number = series.labels.get(label)?.parse().ok()?;
                let fits = match role {
                    Role::Bucket => !f64::is_nan(number),
                    _ => (0.0..=1.0).contains(&number),
                };
                fits.then_some(number)?
            }
            _ => 0.0,
        };
        Some(Self { series, role, number })
    }

    /// Buckets and quantiles by number, then the sum, then the count.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |part: &Self| match part.role {
            Role::Sum => 1,
            Role::Count => 2,
            _ => 0,
        };
        rank(self)
            .cmp(&rank(other))
            .then(self.number.total_cmp(&other.number))
            .then_with(|| self.series.labels.cmp(&other.series.labels))
    }
}

/// Says whether the format allows this value for the part alone.
pub(super) fn is_allowed(kind: FamilyKind, role: Role, value: f64) -> bool {
    crate::exposition::parse::misfit(kind, role, value).is_none()
}

/// Says whether the parts of a histogram at one time, in order and each
/// allowed alone, fit each other.
pub(super) fn is_whole(point: &[(Part<'_>, f64)]) -> bool {
    let one = |role| {
        let mut found = point.iter().filter(|(part, _)| part.role == role);
        (found.next().map(|(_, value)| *value), found.next().is_none())
    };
    let ((sum, one_sum), (count, one_count)) = (one(Role::Sum), one(Role::Count));
    let buckets = || point.iter().filter(|(part, _)| part.role == Role::Bucket);
    let grows = buckets().zip(buckets().skip(1)).all(|((part, value), (next, next_value))| {
        part.number < next.number && value <= next_value
    });
    let last = buckets().next_back();
    let total = last.filter(|(part, _)| part.number == f64::INFINITY).map(|(_, value)| *value);
    one_sum && one_count && grows && total.is_some() && count == total && sum.is_some()
}
