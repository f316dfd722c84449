//! The families of a Prometheus text.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::Problem;
use super::event::{Event, Family, FamilyKind, Role, SampleLine};
use super::limits::Limits;
use super::line::{Description, Metadata, Sample};

/// Puts lines together to families as scrapers do: lines of several families
/// may alternate, and nothing is asked of values or their order.
#[derive(Debug, Default)]
pub(super) struct Lenient {
    families: HashMap<Arc<str>, State>,
    /// The families that were described and have no sample yet.
    waiting: Vec<Arc<str>>,
}

#[derive(Debug)]
struct State {
    family: Arc<Family>,
    has_kind: bool,
    announced: bool,
}

impl Lenient {
    /// Takes a line of metadata. A second help or unit is passed over; the
    /// first one stands.
    pub(super) fn describe(&mut self, line: Metadata, limits: &Limits) -> Result<(), Problem> {
        let keyword = line.what.keyword();
        let Metadata { family: name, what } = line;
        let state = self.state(&name, limits)?;
        if let Description::Type(kind) = what {
            if state.has_kind {
                return Err(Problem::RepeatedMetadata { family: name, keyword });
            }
            if state.announced {
                return Err(Problem::LateMetadata { family: name, keyword });
            }
            state.has_kind = true;
            Arc::make_mut(&mut state.family).kind = kind;
            return Ok(());
        }
        if state.announced {
            return Ok(());
        }
        let family = Arc::make_mut(&mut state.family);
        match what {
            Description::Help(help) if family.help.is_empty() => family.help = help,
            Description::Unit(unit) if family.unit.is_empty() => family.unit = unit,
            _ => {}
        }
        Ok(())
    }

    /// Takes a sample.
    pub(super) fn add(
        &mut self,
        sample: Sample,
        limits: &Limits,
        events: &mut impl Extend<Event>,
    ) -> Result<(), Problem> {
        let Sample { name, labels, value, at, exemplar, .. } = sample;
        let (family, role) = match self.role(&name) {
            Some((family, role)) => (Arc::clone(family), role),
            None => (Arc::from(name.as_str()), Role::Value),
        };
        let state = self.state(&family, limits)?;
        if !std::mem::replace(&mut state.announced, true) {
            events.extend([Event::Family(Arc::clone(&state.family))]);
        }
        let family = Arc::clone(&state.family);
        events.extend([Event::Sample(SampleLine {
            family,
            role,
            name,
            labels,
            value,
            at,
            exemplar,
        })]);
        Ok(())
    }

    /// Gives out the families without a sample, in the order of the text.
    pub(super) fn close(&mut self, events: &mut impl Extend<Event>) {
        for name in std::mem::take(&mut self.waiting) {
            if let Some(state) = self.families.get_mut(&name)
                && !std::mem::replace(&mut state.announced, true)
            {
                events.extend([Event::Family(Arc::clone(&state.family))]);
            }
        }
    }

    /// Finds the family that a sample belongs to: one of its own name, or
    /// one whose type has the name's suffix.
    fn role(&self, sample: &str) -> Option<(&Arc<str>, Role)> {
        if let Some((name, state)) = self.families.get_key_value(sample) {
            return Some((name, own_role(state.family.kind)));
        }
        const SUFFIXES: [&str; 8] =
            ["_bucket", "_sum", "_count", "_created", "_gsum", "_gcount", "_total", "_info"];
        SUFFIXES.into_iter().find_map(|suffix| {
            let stem = sample.strip_suffix(suffix)?;
            let (name, state) = self.families.get_key_value(stem)?;
            Some((name, state.family.role(sample)?))
        })
    }

    fn state(&mut self, name: &str, limits: &Limits) -> Result<&mut State, Problem> {
        if !self.families.contains_key(name) && self.families.len() >= limits.families_max {
            let (what, limit) = ("families", limits.families_max);
            return Err(Problem::Limit { what, limit });
        }
        let name: Arc<str> = name.into();
        let waiting = &mut self.waiting;
        Ok(self.families.entry(Arc::clone(&name)).or_insert_with(|| {
            waiting.push(Arc::clone(&name));
            let (unit, help) = (String::new(), String::new());
            let family = Family { name, kind: FamilyKind::Unknown, unit, help };
            State { family: Arc::new(family), has_kind: false, announced: false }
        }))
    }
}

/// Returns what a sample with the family's own name is. In this format a
/// counter's samples have no suffix of their own.
const fn own_role(kind: FamilyKind) -> Role {
    match kind {
        FamilyKind::Counter => Role::Total,
        FamilyKind::Summary => Role::Quantile,
        FamilyKind::Info => Role::Info,
        FamilyKind::StateSet => Role::State,
        _ => Role::Value,
    }
}
