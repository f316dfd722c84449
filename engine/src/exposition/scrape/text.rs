//! Writing text, of Prometheus and of OpenMetrics.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Filter, Points};
use crate::exposition::escape::push_seconds;
use crate::exposition::layout::{Lines, Member, Section, push_labels};
use crate::exposition::name::Escaping;
use crate::exposition::number::push_number;
use crate::exposition::parse::{FamilyKind, Role, misfit};
use crate::instrument::{Child, Exemplar};
use crate::model::is_stale;

/// A scrape as text, at a place between two batches of members.
#[derive(Debug)]
pub(super) struct TextScrape {
    sections: Arc<[Section]>,
    escaping: Escaping,
    filter: Filter,
    points: Points,
    /// What stands at the end.
    end: &'static str,
    section: usize,
    member: usize,
    /// Whether a line of the section was written.
    has_begun: bool,
}

impl TextScrape {
    pub(super) fn new(
        sections: &Arc<[Section]>,
        escaping: Escaping,
        filter: Filter,
        points: Points,
    ) -> Self {
        Self {
            sections: Arc::clone(sections),
            escaping,
            filter,
            points,
            end: "",
            section: 0,
            member: 0,
            has_begun: false,
        }
    }

    pub(super) fn ended_by(self, end: &'static str) -> Self {
        Self { end, ..self }
    }

    /// Writes a batch of lines; breaks after the last.
    pub(super) fn step(&mut self, out: &mut Vec<u8>) -> ControlFlow<()> {
        let Some(section) = self.sections.get(self.section) else {
            out.extend_from_slice(self.end.as_bytes());
            return ControlFlow::Break(());
        };
        let block = section.block();
        let read = if self.member > 0 || self.filter.shows(block) {
            self.points.read(block, self.member)
        } else {
            0..0
        };
        if read.is_empty() {
            (self.section, self.member, self.has_begun) = (self.section + 1, 0, false);
            return ControlFlow::Continue(());
        }
        self.member = read.end;
        if !self.has_begun {
            if !self.points.rows().any(Member::is_shown) {
                return ControlFlow::Continue(());
            }
            self.has_begun = true;
            out.extend_from_slice(section.header());
        }
        let lines = block.lines(self.escaping);
        match (section.rules(), lines.whole(read.start)) {
            (None, Some(beginnings)) => {
                for (beginning, &value) in beginnings.zip(self.points.single()) {
                    if !is_stale(value) {
                        out.extend_from_slice(beginning);
                        push_number(value, out);
                        out.push(b'\n');
                    }
                }
            }
            (rules, _) => {
                let member = |index: usize| block.members().get(index).and_then(Member::child);
                for (index, row) in read.zip(self.points.rows()) {
                    if Member::is_shown(row) {
                        let row = Row { lines, section, member: index, values: row };
                        match rules {
                            None => row.write(out),
                            Some(rules) => {
                                row.write_open(rules, member(index).as_deref(), self.escaping, out);
                            }
                        }
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The values of a member that is shown.
struct Row<'a> {
    lines: &'a Lines,
    section: &'a Section,
    member: usize,
    values: &'a [f64],
}

impl Row<'_> {
    fn parts(&self) -> impl Iterator<Item = (usize, f64)> {
        let parts = self.section.parts();
        let values = self.values.get(parts.clone()).unwrap_or_default();
        parts.zip(values.iter().copied())
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (part, value) in self.parts() {
            self.lines.push(self.member, part, out);
            push_number(value, out);
            out.push(b'\n');
        }
    }

    /// Writes the row as OpenMetrics: what the format allows, exemplars and
    /// when the totals began.
    fn write_open(
        &self,
        (kind, roles): (FamilyKind, &[Role]),
        child: Option<&Child>,
        escaping: Escaping,
        out: &mut Vec<u8>,
    ) {
        let has_exemplars = matches!(kind, FamilyKind::Counter | FamilyKind::Histogram);
        let exemplars = match child {
            Some(child) if has_exemplars => child.exemplars(),
            _ => Vec::new(),
        };
        let fits = |role: Role, value: f64| misfit(kind, role, value).is_none();
        let mut has_sum = true;
        for ((part, value), &role) in self.parts().zip(roles) {
            has_sum &= role != Role::Sum || fits(role, value);
            // A histogram whose measurements were negative has no sum, and
            // without one no count.
            let is_left = role == Role::Count && kind == FamilyKind::Histogram && !has_sum;
            if is_left || !fits(role, value) {
                continue;
            }
            self.lines.push(self.member, part, out);
            push_number(value, out);
            if let Some((_, exemplar)) = exemplars.iter().find(|(place, _)| *place == part) {
                push_exemplar(exemplar, escaping, out);
            }
            out.push(b'\n');
        }
        let began =
            matches!(kind, FamilyKind::Counter | FamilyKind::Histogram | FamilyKind::Summary);
        if let Some(at) = child.and_then(Child::created).filter(|_| began) {
            self.lines.push_created(self.member, out);
            push_seconds(at, out);
            out.push(b'\n');
        }
    }
}

fn push_exemplar(exemplar: &Exemplar, escaping: Escaping, out: &mut Vec<u8>) {
    out.extend_from_slice(b" # {");
    push_labels(&exemplar.labels, escaping, out);
    out.extend_from_slice(b"} ");
    push_number(exemplar.value, out);
    if let Some(at) = exemplar.at {
        out.push(b' ');
        push_seconds(at, out);
    }
}
