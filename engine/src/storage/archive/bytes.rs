//! Reading and writing the parts of a frame.

/// Reads from bytes that may be damaged: whatever is not there is `None`.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        Some(i64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn data(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.data()?).ok()
    }
}

/// Appends data with its length before it; `None` if it is over 4 GiB.
pub(super) fn put_data(frame: &mut Vec<u8>, data: &[u8]) -> Option<()> {
    put_count(frame, data.len())?;
    frame.extend_from_slice(data);
    Some(())
}

/// Appends a count; `None` if it is over 2^32.
pub(super) fn put_count(frame: &mut Vec<u8>, count: usize) -> Option<()> {
    frame.extend_from_slice(&u32::try_from(count).ok()?.to_le_bytes());
    Some(())
}
