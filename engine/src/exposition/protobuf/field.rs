//! The fields of an encoded message.
//!
//! Source: Protocol Buffers documentation, "Encoding".

/// What a field holds, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    /// Four bytes, which no field of interest has.
    Fixed32,
}

impl<'a> Content<'a> {
    pub(super) const fn double(self) -> Option<f64> {
        match self {
            Self::Fixed64(bytes) => Some(f64::from_le_bytes(bytes)),
            _ => None,
        }
    }

    pub(super) const fn uint(self) -> Option<u64> {
        match self {
            Self::Varint(value) => Some(value),
            _ => None,
        }
    }

    pub(super) const fn int(self) -> Option<i64> {
        match self {
            Self::Varint(value) => Some(value.cast_signed()),
            _ => None,
        }
    }

    pub(super) const fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// The fields of a message in their order: each one's number and content.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// Reads the next field: `None` at the end, and an error where the bytes
    /// are no message.
    pub(super) fn next(&mut self) -> Option<Result<(u64, Content<'a>), NoMessage>> {
        if self.0.is_empty() {
            return None;
        }
        Some(self.read().ok_or(NoMessage))
    }

    fn read(&mut self) -> Option<(u64, Content<'a>)> {
        let key = varint(&mut self.0)?;
        let content = match key & 7 {
            0 => Content::Varint(varint(&mut self.0)?),
            1 => Content::Fixed64(*split_array(&mut self.0)?),
            2 => Content::Bytes(delimited(&mut self.0)?),
            5 => {
                split_array::<4>(&mut self.0)?;
                Content::Fixed32
            }
            // Groups are of a time before these messages.
            _ => return None,
        };
        Some((key >> 3, content))
    }
}

/// Bytes that are not what the encoding has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMessage;

/// Takes a number of up to ten bytes.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            return (shift < 63 || byte <= 1).then_some(value);
        }
    }
    None
}

/// Takes bytes behind their length.
fn delimited<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn split_array<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::wire::push_varint;
    use super::*;

    #[test]
    fn numbers_that_are_too_long_or_cut() {
        let check = |bytes: &[u8]| varint(&mut &bytes[..]);
        assert_eq!(check(&[0x96, 1]), Some(150));
        assert_eq!(check(&[]), None);
        assert_eq!(check(&[0x80]), None);
        assert_eq!(check(&[0xff; 11]), None);
        let largest = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(check(&largest), Some(u64::MAX));
        let beyond = [&[0xff; 9][..], &[2]].concat();
        assert_eq!(check(&beyond), None);
    }

    proptest! {
        #[test]
        fn numbers_read_back(value: u64) {
            let mut bytes = Vec::new();
            push_varint(value, &mut bytes);
            prop_assert_eq!(varint(&mut &bytes[..]), Some(value));
        }
    }
}
