//! Which families a metric becomes.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::WriteError;
use crate::exposition::parse::{Family, FamilyKind};
use crate::model::{Labels, MetricDefinition, MetricKind};

/// Whether metrics keep their kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Typing {
    /// A metric keeps its kind where the format can say it.
    #[default]
    Kept,
    /// Every series is of type unknown, which takes any value.
    Unknown,
}

/// A family of the text and the series that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFamily {
    pub(super) family: Family,
    series: Vec<Arc<str>>,
}

impl WrittenFamily {
    /// Returns the family as the text has it.
    #[must_use]
    pub const fn family(&self) -> &Family {
        &self.family
    }

    /// Says whether series of this name belong to the family.
    #[must_use]
    pub fn has_series(&self, name: &str) -> bool {
        self.series.iter().any(|own| **own == *name)
    }

    /// Returns what the series of one child share: the labels without the one
    /// that tells the parts of a child apart, such as `le` or `quantile`.
    #[must_use]
    pub fn child_labels(&self, labels: &Labels) -> Labels {
        match self.part_label() {
            Some(label) => labels.without(label),
            None => labels.clone(),
        }
    }

    pub(super) fn part_label(&self) -> Option<&str> {
        match self.family.kind {
            FamilyKind::Histogram => Some("le"),
            FamilyKind::Summary => Some("quantile"),
            FamilyKind::StateSet => Some(&self.family.name),
            _ => None,
        }
    }
}

/// Chooses families whose names are free, and takes the names.
pub(in crate::exposition) fn plan(
    definition: &MetricDefinition,
    typing: Typing,
    taken: &mut HashSet<Box<str>>,
) -> Result<Vec<WrittenFamily>, WriteError> {
    let typed = match typing {
        Typing::Kept => typed(definition),
        Typing::Unknown => None,
    };
    if let Some(family) = typed
        && first_taken(std::slice::from_ref(&family), taken).is_none()
    {
        take(std::slice::from_ref(&family), taken);
        return Ok(vec![family]);
    }
    let families = untyped(definition);
    if let Some(name) = first_taken(&families, taken) {
        return Err(WriteError::Clash { metric: definition.name().to_string(), name });
    }
    take(&families, taken);
    Ok(families)
}

/// Returns the one family that keeps the metric's kind, if the format has it.
fn typed(definition: &MetricDefinition) -> Option<WrittenFamily> {
    let name = definition.name();
    let (stem, kind): (&str, _) = match definition.kind() {
        MetricKind::Counter => {
            (name.strip_suffix("_total").filter(|stem| !stem.is_empty())?, FamilyKind::Counter)
        }
        MetricKind::Gauge => (name, FamilyKind::Gauge),
        MetricKind::Histogram if definition.bounds().iter().any(|bound| *bound < 0.0) => {
            return None;
        }
        MetricKind::Histogram => (name, FamilyKind::Histogram),
        MetricKind::Summary => (name, FamilyKind::Summary),
        MetricKind::Info => (name.strip_suffix("_info")?, FamilyKind::Info),
        MetricKind::StateSet => (name, FamilyKind::StateSet),
    };
    Some(family(definition, stem.into(), kind, series_names(definition)))
}

/// Returns a family of type unknown for each name of the metric's series.
fn untyped(definition: &MetricDefinition) -> Vec<WrittenFamily> {
    let names = series_names(definition).into_iter();
    names
        .map(|name| family(definition, Arc::clone(&name), FamilyKind::Unknown, vec![name]))
        .collect()
}

fn family(
    definition: &MetricDefinition,
    name: Arc<str>,
    kind: FamilyKind,
    series: Vec<Arc<str>>,
) -> WrittenFamily {
    // The format asks that a name end with its unit.
    let unit = definition.unit();
    let ends = name.strip_suffix(unit).is_some_and(|stem| stem.ends_with('_'));
    let unit = if ends { unit.to_owned() } else { String::new() };
    let help = definition.help().to_owned();
    WrittenFamily { family: Family { name, kind, unit, help }, series }
}

fn series_names(definition: &MetricDefinition) -> Vec<Arc<str>> {
    let name = definition.name();
    let suffixed = |suffix: &str| format!("{name}{suffix}").into();
    match definition.kind() {
        MetricKind::Counter | MetricKind::Gauge | MetricKind::Info | MetricKind::StateSet => {
            vec![Arc::clone(name)]
        }
        MetricKind::Histogram => vec![suffixed("_bucket"), suffixed("_sum"), suffixed("_count")],
        MetricKind::Summary => vec![Arc::clone(name), suffixed("_sum"), suffixed("_count")],
    }
}

fn first_taken(families: &[WrittenFamily], taken: &HashSet<Box<str>>) -> Option<String> {
    families.iter().flat_map(|family| family.family.names()).find(|name| taken.contains(&**name))
}

fn take(families: &[WrittenFamily], taken: &mut HashSet<Box<str>>) {
    taken.extend(families.iter().flat_map(|family| family.family.names()).map(Box::from));
}
