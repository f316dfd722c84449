//! What OpenMetrics asks of a single sample.

use super::cursor::number;
use super::error::Problem;
use super::event::{Family, FamilyKind, Role};
use super::line::Sample;

/// Checks the value, the labels of the type and the place of an exemplar.
pub(super) fn check(family: &Family, role: Role, sample: &Sample) -> Result<(), Problem> {
    let kind = family.kind;
    if let Some(expected) = misfit(kind, role, sample.value) {
        let (name, value) = (sample.name.clone(), sample.value);
        return Err(Problem::Value { name, kind, expected, value });
    }
    if sample.exemplar.is_some() && !matches!(role, Role::Bucket | Role::Total) {
        return Err(Problem::ExemplarPlace { name: sample.name.clone() });
    }
    let (label, expected) = match role {
        Role::Bucket => ("le", "a number, \"+Inf\" for the last"),
        Role::Quantile => ("quantile", "a number from 0 to 1"),
        Role::State => (&*family.name, "a state's name"),
        _ => return Ok(()),
    };
    let found = sample.labels.iter().find(|(name, _)| name == label);
    let found = found.map(|(_, value)| value.as_str());
    let fits = match (role, found) {
        (_, None) => false,
        (Role::Bucket, Some(text)) => number(text)
            .is_some_and(|bound| !bound.is_nan() && (bound != f64::INFINITY || text == "+Inf")),
        (Role::Quantile, Some(text)) => {
            number(text).is_some_and(|quantile| (0.0..=1.0).contains(&quantile))
        }
        _ => true,
    };
    if fits {
        return Ok(());
    }
    Err(Problem::Label {
        name: sample.name.clone(),
        kind,
        label: label.to_owned(),
        expected,
        found: found.unwrap_or_default().to_owned(),
    })
}

/// Says what the value must be if it isn't.
pub(in crate::exposition) fn misfit(
    kind: FamilyKind,
    role: Role,
    value: f64,
) -> Option<&'static str> {
    let (fits, expected) = match role {
        Role::Total => (value >= 0.0, "a number that is not negative"),
        Role::Sum if kind == FamilyKind::GaugeHistogram => (!value.is_nan(), "a number"),
        Role::Sum => (value >= 0.0, "a number that is not negative"),
        Role::Bucket | Role::Count => {
            (value >= 0.0 && value.fract() == 0.0, "a whole number that is not negative")
        }
        Role::Quantile => (value.is_nan() || value >= 0.0, "NaN or not negative"),
        Role::Created => (value.is_finite(), "a time in seconds"),
        Role::Info => (value == 1.0, "1"),
        Role::State => (value == 0.0 || value == 1.0, "0 or 1"),
        Role::Value => (true, ""),
    };
    (!fits).then_some(expected)
}
