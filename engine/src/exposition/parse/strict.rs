//! The families of an OpenMetrics text.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::Problem;
use super::event::{Event, Family, FamilyKind, Role, SampleLine};
use super::fingerprint::Fingerprints;
use super::group::{Context, Groups};
use super::limits::Limits;
use super::line::{Description, Metadata, Sample};
use super::value;

/// Puts lines together to families by the rules of OpenMetrics: a family's
/// lines stand together, its metadata first, and no name is used twice.
#[derive(Debug, Default)]
pub(super) struct Strict {
    names: HashSet<Box<str>>,
    families: usize,
    prints: Fingerprints,
    open: Option<Open>,
    late: Option<Problem>,
}

/// The family whose lines are being read.
#[derive(Debug)]
struct Open {
    family: Family,
    described: Described,
    /// The family as it was given out, when its metadata was complete.
    announced: Option<Arc<Family>>,
    groups: Groups,
}

/// Which metadata was seen.
#[derive(Debug, Default)]
struct Described {
    kind: bool,
    help: bool,
    unit: bool,
}

impl Strict {
    /// Takes a line of metadata.
    pub(super) fn describe(
        &mut self,
        line: Metadata,
        limits: &Limits,
        events: &mut impl Extend<Event>,
    ) -> Result<(), Problem> {
        let continues = self.open.as_ref().is_some_and(|open| *open.family.name == *line.family);
        if !continues {
            self.close(events);
            self.begin(&line.family, limits)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let keyword = line.what.keyword();
        if open.announced.is_some() {
            return Err(Problem::LateMetadata { family: line.family, keyword });
        }
        let seen = match line.what {
            Description::Type(_) => &mut open.described.kind,
            Description::Help(_) => &mut open.described.help,
            Description::Unit(_) => &mut open.described.unit,
        };
        if std::mem::replace(seen, true) {
            return Err(Problem::RepeatedMetadata { family: line.family, keyword });
        }
        match line.what {
            Description::Type(kind) => open.family.kind = kind,
            Description::Help(help) => open.family.help = help,
            Description::Unit(unit) => open.family.unit = unit,
        }
        let checked = check_unit(&open.family);
        if checked.is_err() {
            open.family.unit.clear();
        }
        checked
    }

    /// Takes a sample.
    pub(super) fn add(
        &mut self,
        sample: Sample,
        limits: &Limits,
        events: &mut impl Extend<Event>,
    ) -> Result<(), Problem> {
        let role = |open: &Open| open.family.role(&sample.name);
        let role = match self.open.as_ref().and_then(role) {
            Some(role) => role,
            None => {
                self.close(events);
                self.begin(&sample.name, limits)?;
                Role::Value
            }
        };
        self.announce(events)?;
        let Some(open) = &mut self.open else { return Ok(()) };
        let Some(family) = &open.announced else { return Ok(()) };
        value::check(family, role, &sample)?;
        let added =
            open.groups.add(family, role, &sample, Context { prints: &self.prints, limits });
        self.late = self.late.take().or_else(|| open.groups.take_late());
        added?;
        let Sample { name, labels, value, at, exemplar, .. } = sample;
        let family = Arc::clone(family);
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

    /// Ends the open family. What is wrong with it belongs to lines before.
    pub(super) fn close(&mut self, events: &mut impl Extend<Event>) {
        let announced = self.announce(events);
        self.late = self.late.take().or(announced.err());
        if let Some(mut open) = self.open.take() {
            open.groups.finish(&open.family.name);
            self.late = self.late.take().or_else(|| open.groups.take_late());
        }
    }

    /// Takes what was found wrong with a family or point after its last line.
    pub(super) const fn take_late(&mut self) -> Option<Problem> {
        self.late.take()
    }

    fn begin(&mut self, name: &str, limits: &Limits) -> Result<(), Problem> {
        if self.names.contains(name) {
            return Err(Problem::Clash { name: name.to_owned() });
        }
        if self.families >= limits.families_max {
            let (what, limit) = ("families", limits.families_max);
            return Err(Problem::Limit { what, limit });
        }
        self.families += 1;
        self.open = Some(Open {
            family: Family {
                name: name.into(),
                kind: FamilyKind::Unknown,
                unit: String::new(),
                help: String::new(),
            },
            described: Described::default(),
            announced: None,
            groups: Groups::default(),
        });
        Ok(())
    }

    /// Gives the family out, as its metadata ends here, and takes its name
    /// with all suffixes.
    fn announce(&mut self, events: &mut impl Extend<Event>) -> Result<(), Problem> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if open.announced.is_some() {
            return Ok(());
        }
        let family = Arc::new(open.family.clone());
        open.announced = Some(Arc::clone(&family));
        let mut clash = None;
        for name in family.names() {
            if !self.names.insert(name.clone().into()) {
                clash.get_or_insert(name);
            }
        }
        events.extend([Event::Family(family)]);
        clash.map_or(Ok(()), |name| Err(Problem::Clash { name }))
    }
}

fn check_unit(family: &Family) -> Result<(), Problem> {
    let Family { name, kind, unit, .. } = family;
    if unit.is_empty() {
        return Ok(());
    }
    if matches!(kind, FamilyKind::Info | FamilyKind::StateSet) {
        let (family, unit) = (name.to_string(), unit.clone());
        return Err(Problem::UnitOfKind { family, kind: *kind, unit });
    }
    let fits = name.strip_suffix(unit.as_str()).is_some_and(|stem| stem.ends_with('_'));
    if fits {
        return Ok(());
    }
    Err(Problem::Unit { family: name.to_string(), unit: unit.clone() })
}
