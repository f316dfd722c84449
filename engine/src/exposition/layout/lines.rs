//! What stands before the values of a text, made once.

use std::sync::Arc;

use super::texts::Texts;
use super::{Block, Member};
use crate::exposition::escape::push_escaped;
use crate::exposition::name::{Escaping, is_legacy, is_legacy_label};
use crate::instrument::Part;
use crate::model::{Labels, MetricKind};

/// The beginnings of the lines of a block.
///
/// A metric with one value for each set of labels keeps them whole,
/// `name{labels} `, to be copied at once. Of the others, which have many values
/// for a set of labels, the labels are kept once and the rest once a part.
#[derive(Debug)]
pub(in crate::exposition) struct Lines {
    parts: Box<[Frame]>,
    created: Frame,
    members: Texts,
    is_whole: bool,
}

/// What stands around the labels of a line.
#[derive(Debug, Default)]
struct Frame {
    lead: Box<[u8]>,
    trail: Box<[u8]>,
    /// Both of a line without labels.
    bare: Box<[u8]>,
}

impl Lines {
    pub(super) fn new(block: &Block, escaping: Escaping) -> Self {
        let definition = block.definition();
        let own = definition.name();
        let parts = block.metric().parts();
        let frame = |part: &Part| {
            let label = part.label.as_ref().map(|(name, value)| (&**name, &**value));
            Frame::new(&part_name(own, &part.name, escaping), label, escaping)
        };
        let parts: Box<[Frame]> = parts.iter().map(frame).collect();
        let stem = match (definition.kind(), own.strip_suffix("_total")) {
            (MetricKind::Counter, Some(stem)) => escaping.escape_stem(stem, "_total"),
            _ => escaping.escape(own).into_owned(),
        };
        let created = format!("{stem}_created");
        let created = Frame::new(&created, None, escaping);
        let members = block.members();
        let mut bytes = Vec::with_capacity(members.len() * 32);
        let mut ends = Vec::with_capacity(members.len());
        let whole = match &*parts {
            [only] => Some(only),
            _ => None,
        };
        for labels in members.iter().map(Member::labels) {
            match whole {
                Some(frame) => frame.push(labels.is_empty(), &mut bytes, |out| {
                    push_labels(labels, escaping, out);
                }),
                None => push_labels(labels, escaping, &mut bytes),
            }
            ends.push(bytes.len());
        }
        let members = Texts::new(bytes, ends);
        let is_whole = whole.is_some();
        Self { parts, created, members, is_whole }
    }

    /// Returns whole beginnings from the member `first` on, if they are kept.
    pub(in crate::exposition) fn whole(&self, first: usize) -> Option<impl Iterator<Item = &[u8]>> {
        self.is_whole.then(|| self.members.from(first))
    }

    /// Appends the beginning of a member's line of a part.
    pub(in crate::exposition) fn push(&self, member: usize, part: usize, out: &mut Vec<u8>) {
        let text = self.members.get(member);
        match self.parts.get(part) {
            Some(_) if self.is_whole => out.extend_from_slice(text),
            Some(frame) => {
                frame.push(text.is_empty(), out, |out| out.extend_from_slice(text));
            }
            None => {}
        }
    }

    /// Appends the beginning of the line that says when a member was created.
    pub(in crate::exposition) fn push_created(&self, member: usize, out: &mut Vec<u8>) {
        let mut labels = self.members.get(member);
        if let (true, Some(frame)) = (self.is_whole, self.parts.first()) {
            let labelled = labels.strip_prefix(&*frame.lead);
            let labelled = labelled.and_then(|rest| rest.strip_suffix(&*frame.trail));
            // The beginning of a line without labels is the bare one.
            labels = labelled.unwrap_or_default();
        }
        self.created.push(labels.is_empty(), out, |out| out.extend_from_slice(labels));
    }
}

impl Frame {
    fn new(name: &str, label: Option<(&str, &str)>, escaping: Escaping) -> Self {
        let mut lead = Vec::new();
        let quoted = !is_legacy(name);
        if quoted {
            lead.push(b'{');
        }
        push_name(name, &mut lead);
        let mut bare = lead.clone();
        lead.push(if quoted { b',' } else { b'{' });
        let mut trail = Vec::new();
        if let Some((name, value)) = label {
            let mut pair = Vec::new();
            push_label(name, value, escaping, &mut pair);
            bare.push(if quoted { b',' } else { b'{' });
            bare.extend_from_slice(&pair);
            trail.push(b',');
            trail.extend_from_slice(&pair);
        }
        trail.extend_from_slice(b"} ");
        bare.extend_from_slice(if quoted || label.is_some() { b"} " } else { b" " });
        Self { lead: lead.into(), trail: trail.into(), bare: bare.into() }
    }

    fn push(&self, is_bare: bool, out: &mut Vec<u8>, labels: impl FnOnce(&mut Vec<u8>)) {
        if is_bare {
            return out.extend_from_slice(&self.bare);
        }
        out.extend_from_slice(&self.lead);
        labels(out);
        out.extend_from_slice(&self.trail);
    }
}

/// Returns the name of a part of a metric, whose suffix no scheme changes.
fn part_name(own: &Arc<str>, part: &str, escaping: Escaping) -> String {
    let suffix = part.strip_prefix(&**own).unwrap_or_default();
    format!("{}{suffix}", escaping.escape(own))
}

/// Appends a metric's name, in quotes if it is not legacy.
pub(in crate::exposition) fn push_name(name: &str, out: &mut Vec<u8>) {
    if is_legacy(name) {
        return out.extend_from_slice(name.as_bytes());
    }
    out.push(b'"');
    push_escaped(name, true, out);
    out.push(b'"');
}

/// Appends the beginning of a line, `name{labels} `.
pub(in crate::exposition) fn push_series(
    name: &str,
    labels: &Labels,
    escaping: Escaping,
    out: &mut Vec<u8>,
) {
    let frame = Frame::new(&escaping.escape(name), None, escaping);
    frame.push(labels.is_empty(), out, |out| push_labels(labels, escaping, out));
}

/// Appends `name="value",…`.
pub(in crate::exposition) fn push_labels(labels: &Labels, escaping: Escaping, out: &mut Vec<u8>) {
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_label(name, value, escaping, out);
    }
}

fn push_label(name: &str, value: &str, escaping: Escaping, out: &mut Vec<u8>) {
    let name = escaping.escape_label(name);
    if is_legacy_label(&name) {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'"');
        push_escaped(&name, true, out);
        out.push(b'"');
    }
    out.extend_from_slice(b"=\"");
    push_escaped(value, true, out);
    out.push(b'"');
}
