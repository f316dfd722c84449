//! Texts that lie side by side.

/// Many texts in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Box<[u8]>,
    /// Where each text ends.
    ends: Box<[usize]>,
}

impl Texts {
    pub(super) fn new(bytes: Vec<u8>, ends: Vec<usize>) -> Self {
        Self { bytes: bytes.into(), ends: ends.into() }
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        self.from(index).next().unwrap_or_default()
    }

    pub(super) fn from(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        let ends = self.ends.get(first..).unwrap_or_default();
        let mut start = first.checked_sub(1).and_then(|before| self.ends.get(before).copied());
        ends.iter().map(move |&end| {
            let text = self.bytes.get(start.unwrap_or(0)..end).unwrap_or_default();
            start = Some(end);
            text
        })
    }
}
