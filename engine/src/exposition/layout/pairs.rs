//! The labels of a protobuf message, made once.

use super::texts::Texts;
use super::{Block, Member};
use crate::exposition::name::Escaping;
use crate::exposition::protobuf::wire;

/// The labels of each member of a block, and of each part that adds one.
#[derive(Debug)]
pub(in crate::exposition) struct Pairs {
    members: Texts,
    parts: Box<[Box<[u8]>]>,
}

impl Pairs {
    pub(super) fn new(block: &Block, escaping: Escaping) -> Self {
        let mut bytes = Vec::with_capacity(block.members().len() * 32);
        let mut ends = Vec::with_capacity(block.members().len());
        for labels in block.members().iter().map(Member::labels) {
            for (name, value) in labels.iter() {
                wire::push_label(&escaping.escape_label(name), value, &mut bytes);
            }
            ends.push(bytes.len());
        }
        let part = |label: Option<&(_, _)>| {
            let mut bytes = Vec::new();
            if let Some((name, value)) = label {
                let (name, value): (&std::sync::Arc<str>, &std::sync::Arc<str>) = (name, value);
                wire::push_label(&escaping.escape_label(name), value, &mut bytes);
            }
            bytes.into()
        };
        let parts = block.metric().parts().iter().map(|one| part(one.label.as_ref())).collect();
        Self { members: Texts::new(bytes, ends), parts }
    }

    /// Returns the labels of a member.
    pub(in crate::exposition) fn member(&self, member: usize) -> &[u8] {
        self.members.get(member)
    }

    /// Returns the label that a part adds.
    pub(in crate::exposition) fn part(&self, part: usize) -> &[u8] {
        self.parts.get(part).map_or(&[], |label| label)
    }
}
