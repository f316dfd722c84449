//! The families of a text.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::Block;
use super::lines::push_name;
use crate::exposition::escape::push_escaped;
use crate::exposition::name::Escaping;
use crate::exposition::openmetrics::{Typing, plan};
use crate::exposition::parse::{Family, FamilyKind, Role};
use crate::model::MetricKind;

/// A family of a text: its header, and the parts of a metric that belong to
/// it.
#[derive(Debug)]
pub(in crate::exposition) struct Section {
    block: Arc<Block>,
    header: Box<[u8]>,
    parts: Range<usize>,
    /// The type and what each part is in OpenMetrics, whose values must fit;
    /// `None` in the Prometheus format, which takes any.
    rules: Option<(FamilyKind, Box<[Role]>)>,
}

impl Section {
    pub(in crate::exposition) const fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// Returns the metadata, in lines.
    pub(in crate::exposition) const fn header(&self) -> &[u8] {
        &self.header
    }

    /// Returns the places of the metric's parts that belong to the family.
    pub(in crate::exposition) fn parts(&self) -> Range<usize> {
        self.parts.clone()
    }

    /// Returns what the values of the family must be.
    pub(in crate::exposition) fn rules(&self) -> Option<(FamilyKind, &[Role])> {
        self.rules.as_ref().map(|(kind, roles)| (*kind, &**roles))
    }
}

/// Returns the families of the Prometheus format, one a metric. Infos and sets
/// of states, which it does not know, are gauges.
pub(super) fn text(blocks: &[Arc<Block>], escaping: Escaping) -> Arc<[Section]> {
    let section = |block: &Arc<Block>| {
        let definition = block.definition();
        let name = escaping.escape(definition.name());
        let mut header = Vec::new();
        if !definition.help().is_empty() {
            begin("# HELP ", &name, &mut header);
            push_escaped(definition.help(), false, &mut header);
            header.push(b'\n');
        }
        begin("# TYPE ", &name, &mut header);
        let kind = match definition.kind() {
            MetricKind::Info | MetricKind::StateSet => MetricKind::Gauge,
            other => other,
        };
        header.extend_from_slice(kind.as_str().as_bytes());
        header.push(b'\n');
        Section {
            block: Arc::clone(block),
            header: header.into(),
            parts: 0..block.metric().parts().len(),
            rules: None,
        }
    };
    blocks.iter().map(section).collect()
}

/// Returns the families of OpenMetrics: one a metric where the format can say
/// its kind, else one of type unknown for each of its names.
pub(super) fn open_metrics(blocks: &[Arc<Block>], escaping: Escaping) -> Arc<[Section]> {
    let mut taken = HashSet::new();
    let mut sections = Vec::with_capacity(blocks.len());
    for block in blocks {
        // A metric whose names all belong to others cannot be said.
        let Ok(families) = plan(block.definition(), Typing::Kept, &mut taken) else { continue };
        for written in families {
            let family = written.family();
            let parts = block.metric().parts();
            let places =
                parts.iter().enumerate().filter(|(_, part)| written.has_series(&part.name));
            let roles: Vec<_> = places
                .filter_map(|(place, part)| Some((place, family.role(&part.name)?)))
                .collect();
            let (Some((first, _)), Some((last, _))) = (roles.first(), roles.last()) else {
                continue;
            };
            let (first, behind) = (*first, last + 1);
            let mut header = Vec::new();
            push_family(family, escaping, &mut header);
            sections.push(Section {
                block: Arc::clone(block),
                header: header.into(),
                parts: first..behind,
                rules: Some((family.kind, roles.into_iter().map(|(_, role)| role).collect())),
            });
        }
    }
    sections.into()
}

/// Appends the metadata of an OpenMetrics family.
pub(in crate::exposition) fn push_family(family: &Family, escaping: Escaping, out: &mut Vec<u8>) {
    let suffix = match family.kind {
        FamilyKind::Counter => "_total",
        FamilyKind::Info => "_info",
        _ => "",
    };
    let name = escaping.escape_stem(&family.name, suffix);
    begin("# TYPE ", &name, out);
    out.extend_from_slice(family.kind.as_str().as_bytes());
    out.push(b'\n');
    for (keyword, text) in [("# UNIT ", &family.unit), ("# HELP ", &family.help)] {
        if !text.is_empty() {
            begin(keyword, &name, out);
            push_escaped(text, true, out);
            out.push(b'\n');
        }
    }
}

fn begin(keyword: &str, name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(keyword.as_bytes());
    push_name(name, out);
    out.push(b' ');
}
