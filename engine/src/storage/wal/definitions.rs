//! The payloads of frames of definitions and removals.

use std::sync::Arc;

use super::cursor::{Cursor, put_varint, unzigzag, zigzag};
use super::fault::Fault;
use super::serials;
use crate::model::Labels;
use crate::storage::{Identity, Serial};

/// How many removals a frame has at most.
pub(super) const REMOVED_MAX: usize = 4_096;

/// The most bytes of text that a payload's definitions may come to: what each
/// shares with the one before takes no room in the payload, and so a foreign
/// one could come to many times its size.
const TEXTS_MAX: usize = 64 << 20;
/// A payload is ended before its texts come to more than this.
const TEXTS_FULL: usize = 16 << 20;

/// Appends definitions until `room` is taken, and returns how many.
///
/// A text is written as what it shares with the text in its place before.
pub(super) fn write(out: &mut Vec<u8>, definitions: &[(Serial, Identity)], room: usize) -> usize {
    let start = out.len();
    let mut before: Option<&Identity> = None;
    let mut serial_before = 0;
    let (mut written, mut texts) = (0, 0);
    for (serial, identity) in definitions {
        if out.len() - start >= room || texts >= TEXTS_FULL {
            break;
        }
        texts += size_max(identity);
        put_varint(out, zigzag(i64::from(serial.0) - serial_before));
        serial_before = i64::from(serial.0) + 1;
        put_text(out, before.map_or("", |before| &before.metric), &identity.metric);
        put_text(out, &identity.metric, &identity.name);
        put_varint(out, identity.labels.len() as u64);
        let mut others = before.map(|before| before.labels.iter()).into_iter().flatten();
        for (name, value) in identity.labels.iter() {
            let (other_name, other_value) = others.next().unwrap_or_default();
            put_text(out, other_name, name);
            put_text(out, other_value, value);
        }
        before = Some(identity);
        written += 1;
    }
    written
}

/// Returns how many bytes a definition takes at most.
pub(super) fn size_max(identity: &Identity) -> usize {
    let labels = identity.labels.iter().map(|(name, value)| name.len() + value.len() + 12);
    identity.metric.len() + identity.name.len() + 32 + labels.sum::<usize>()
}

fn put_text(out: &mut Vec<u8>, before: &str, text: &str) {
    let same = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    // Back to where both have a whole character.
    let shared =
        (0..=same).rev().find(|&end| text.is_char_boundary(end) && before.is_char_boundary(end));
    let shared = shared.unwrap_or(0);
    let rest = text.get(shared..).unwrap_or_default();
    put_varint(out, shared as u64);
    put_varint(out, rest.len() as u64);
    out.extend_from_slice(rest.as_bytes());
}

/// Reads definitions; what one shares with the one before it is kept here.
#[derive(Default)]
pub(super) struct Definitions {
    metric: String,
    name: String,
    labels: Vec<(String, String)>,
    /// The last identity that was made, to share its texts.
    last: Option<Identity>,
}

impl Definitions {
    /// Reads a payload and hands over the series of which `wanted` says so.
    pub(super) fn read(
        &mut self,
        payload: &[u8],
        mut visit: impl FnMut(Serial, &mut dyn FnMut() -> Result<Identity, Fault>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.metric.clear();
        self.labels.clear();
        let mut cursor = Cursor::new(payload);
        let (mut expected, mut texts) = (0_i64, 0_usize);
        while !cursor.is_empty() {
            let serial = expected.checked_add(unzigzag(cursor.varint()?));
            let serial = serial.and_then(|serial| u32::try_from(serial).ok());
            let serial = serial.ok_or(Fault::Number)?;
            expected = i64::from(serial) + 1;
            take_text(&mut cursor, &mut self.metric)?;
            self.name.clone_from(&self.metric);
            take_text(&mut cursor, &mut self.name)?;
            // A label takes four bytes or more.
            let count = cursor.count(cursor.rest().len() / 4)?;
            self.labels.resize_with(count, Default::default);
            let mut size = self.metric.len() + self.name.len();
            for (name, value) in &mut self.labels {
                take_text(&mut cursor, name)?;
                take_text(&mut cursor, value)?;
                size = size.saturating_add(name.len() + value.len());
            }
            texts = texts.saturating_add(size);
            if texts > TEXTS_MAX {
                return Err(Fault::Texts { max: TEXTS_MAX });
            }
            visit(Serial(serial), &mut || self.identity(serial))?;
        }
        Ok(())
    }

    fn identity(&mut self, serial: u32) -> Result<Identity, Fault> {
        let last = self.last.as_ref();
        let metric = shared(&self.metric, last.map(|last| &last.metric));
        let name = if self.name == self.metric {
            Arc::clone(&metric)
        } else {
            shared(&self.name, last.map(|last| &last.name))
        };
        let mut others = last.map_or(&[][..], |last| last.labels.pairs()).iter();
        let pairs = self.labels.iter().map(|(name, value)| {
            let other = others.next();
            (
                shared(name, other.map(|(name, _)| name)),
                shared(value, other.map(|(_, value)| value)),
            )
        });
        let labels = Labels::foreign(pairs)
            .map_err(|error| Fault::Labels { serial, why: error.to_string() })?;
        let identity = Identity { metric, name, labels };
        self.last = Some(identity.clone());
        Ok(identity)
    }
}

/// Returns the text, the one before if it is the same.
fn shared(text: &str, before: Option<&Arc<str>>) -> Arc<str> {
    match before {
        Some(before) if before.as_ref() == text => Arc::clone(before),
        _ => text.into(),
    }
}

/// Turns the text before into the one that follows.
fn take_text(cursor: &mut Cursor<'_>, text: &mut String) -> Result<(), Fault> {
    let shared = cursor.count(text.len())?;
    let length = cursor.count(cursor.rest().len())?;
    let rest = std::str::from_utf8(cursor.take(length)?).map_err(|_| Fault::Text)?;
    if !text.is_char_boundary(shared) {
        return Err(Fault::Text);
    }
    text.truncate(shared);
    text.push_str(rest);
    Ok(())
}

/// Appends the payload of removals.
pub(super) fn write_removed(out: &mut Vec<u8>, removed: &[Serial]) {
    put_varint(out, removed.len() as u64);
    serials::write(out, removed);
}

/// Reads the payload of removals and appends them.
pub(super) fn read_removed(payload: &[u8], removed: &mut Vec<Serial>) -> Result<(), Fault> {
    let mut cursor = Cursor::new(payload);
    let count = cursor.count(REMOVED_MAX)?;
    serials::read(&mut cursor, count, removed)?;
    if cursor.is_empty() { Ok(()) } else { Err(Fault::Long(cursor.rest().len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_does_not_come_to_more_than_is_taken() {
        let name: Arc<str> = "m".repeat(500_000).into();
        let (metric, labels) = (Arc::clone(&name), Labels::EMPTY);
        let mut payload = Vec::new();
        write(&mut payload, &[(Serial(1), Identity { metric, name, labels })], 1 << 20);
        let mut read = 0;
        let mut count = |payload: &[u8]| {
            read = 0;
            Definitions::default().read(payload, |_, identity| {
                read += identity().map(|_| 1)?;
                Ok(())
            })
        };
        assert_eq!(count(&payload), Ok(()));
        for _ in 0..1_000 {
            // The next serial, the same metric and name, no label.
            put_varint(&mut payload, 0);
            for _ in 0..2 {
                put_varint(&mut payload, 500_000);
                put_varint(&mut payload, 0);
            }
            put_varint(&mut payload, 0);
        }
        assert_eq!(count(&payload), Err(Fault::Texts { max: TEXTS_MAX }));
        assert!((60..70).contains(&read), "{read}");
    }
}
