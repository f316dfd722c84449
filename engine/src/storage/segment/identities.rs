//! Blocks of identities, each readable alone.
//!
//! Neighbours in the order of identities share most of their text, so an
//! identity is written as the parts in which it differs from the one before,
//! and a text as its number in the block or, if it is new, as what it has
//! beyond the new text before it.

use std::collections::HashMap;
use std::sync::Arc;

use super::wire::{self, Reader};
use crate::model::Labels;
use crate::storage::Identity;

/// How many parts share a mask of what has changed.
const MASK_PARTS: usize = 32;

/// The most bytes of text that a block may come to: what a text shares with
/// the one before takes no room in the block.
const TEXTS_MAX: usize = 64 << 20;

/// A block that is being written.
#[derive(Debug, Default)]
pub(super) struct IdentityBlock {
    out: Vec<u8>,
    series: usize,
    numbers: HashMap<Arc<str>, u64, foldhash::fast::FixedState>,
    newest: Arc<str>,
    parts: Vec<u64>,
}

impl IdentityBlock {
    pub(super) const fn series(&self) -> usize {
        self.series
    }

    pub(super) fn push(&mut self, identity: &Identity) {
        let labels = identity.labels.pairs().iter().flat_map(|(name, value)| [name, value]);
        let parts: Vec<&Arc<str>> =
            [&identity.metric, &identity.name].into_iter().chain(labels).collect();
        wire::put_number(&mut self.out, parts.len() as u64);
        let mut numbers = Vec::with_capacity(parts.len());
        for (group, texts) in parts.chunks(MASK_PARTS).enumerate() {
            let known = |(index, text): (usize, &&Arc<str>)| {
                let number = self.numbers.get(&***text).copied();
                let same = number.is_some()
                    && number.as_ref() == self.parts.get(group * MASK_PARTS + index);
                u64::from(!same) << index
            };
            let mask = texts.iter().enumerate().map(known).fold(0, |mask, bit| mask | bit);
            wire::put_number(&mut self.out, mask);
            for (index, text) in texts.iter().enumerate() {
                numbers.push(self.number(text, mask >> index & 1 == 1));
            }
        }
        self.parts = numbers;
        self.series += 1;
    }

    /// Returns the number of a text in the block, and writes it if `changed`.
    fn number(&mut self, text: &Arc<str>, changed: bool) -> u64 {
        if let Some(&number) = self.numbers.get(&**text) {
            if changed {
                wire::put_number(&mut self.out, number + 1);
            }
            return number;
        }
        let number = self.numbers.len() as u64;
        let same = |(a, b): &(u8, u8)| a == b;
        let shared = self.newest.bytes().zip(text.bytes()).take_while(same).count();
        wire::put_number(&mut self.out, 0);
        wire::put_number(&mut self.out, shared as u64);
        wire::put_text(&mut self.out, text.as_bytes().get(shared..).unwrap_or_default());
        self.numbers.insert(Arc::clone(text), number);
        self.newest = Arc::clone(text);
        number
    }

    /// Returns the block with its checksum and begins the next.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut block = Vec::with_capacity(self.out.len() + 8);
        wire::put_number(&mut block, self.series as u64);
        block.append(&mut self.out);
        wire::seal(&mut block, 0);
        *self = Self::default();
        block
    }
}

/// Reads a block and hands each identity to `visit`; `None` if the block is
/// damaged.
pub(super) fn decode(block: &[u8], mut visit: impl FnMut(Identity)) -> Option<()> {
    let mut reader = Reader::new(wire::unseal(block)?);
    let mut texts: Vec<Arc<str>> = Vec::new();
    let mut parts: Vec<usize> = Vec::new();
    let mut room = TEXTS_MAX;
    for _ in 0..reader.count()? {
        // Parts that are as before take no bytes of their own.
        let count = usize::try_from(reader.number()?).ok()?;
        if count > block.len() {
            return None;
        }
        parts.resize(count, usize::MAX);
        for group in parts.chunks_mut(MASK_PARTS) {
            let mask = reader.number()?;
            for (index, part) in group.iter_mut().enumerate() {
                if mask >> index & 1 == 1 {
                    *part = text(&mut reader, &mut texts, &mut room)?;
                }
            }
        }
        visit(identity(&texts, &parts)?);
    }
    Some(())
}

/// Reads one text, for which there must be room, and returns its number.
fn text(reader: &mut Reader<'_>, texts: &mut Vec<Arc<str>>, room: &mut usize) -> Option<usize> {
    if let Some(number) = reader.number()?.checked_sub(1) {
        return usize::try_from(number).ok();
    }
    let shared = usize::try_from(reader.number()?).ok()?;
    let suffix = reader.text()?;
    let mut bytes = Vec::new();
    if shared > 0 {
        bytes.extend_from_slice(texts.last()?.as_bytes().get(..shared)?);
    }
    bytes.extend_from_slice(suffix);
    *room = room.checked_sub(bytes.len())?;
    texts.push(String::from_utf8(bytes).ok()?.into());
    texts.len().checked_sub(1)
}

fn identity(texts: &[Arc<str>], parts: &[usize]) -> Option<Identity> {
    let text = |number: &usize| texts.get(*number).cloned();
    let (names, labels) = parts.split_first_chunk::<2>()?;
    let mut pairs = Vec::with_capacity(labels.len() / 2);
    for pair in labels.chunks(2) {
        let [name, value] = pair else { return None };
        pairs.push((text(name)?, text(value)?));
    }
    let [metric, name] = names;
    Some(Identity {
        metric: text(metric)?,
        name: text(name)?,
        labels: Labels::foreign(pairs).ok()?,
    })
}
