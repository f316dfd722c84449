//! The few forms of the protobuf encoding that are written.
//!
//! Source: Protocol Buffers documentation, "Encoding".

/// Values that are preceded by their length.
const LENGTH: u32 = 2;
/// Values of eight bytes.
const FIXED_64: u32 = 1;
/// Numbers of as many bytes as they need.
const VARINT: u32 = 0;

/// Appends a number of as many bytes as it needs.
pub(in crate::exposition) fn push_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Returns how many bytes [`push_varint`] appends.
pub(super) const fn varint_bytes(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Appends a number as a field.
pub(super) fn push_uint(field: u32, value: u64, out: &mut Vec<u8>) {
    push_tag(field, VARINT, out);
    push_varint(value, out);
}

/// Appends a number with a sign as a field.
pub(super) fn push_sint(field: u32, value: i64, out: &mut Vec<u8>) {
    push_uint(field, zigzag(value), out);
}

/// Appends a float as a field.
pub(super) fn push_double(field: u32, value: f64, out: &mut Vec<u8>) {
    push_tag(field, FIXED_64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a text or message as a field.
pub(super) fn push_bytes(field: u32, bytes: &[u8], out: &mut Vec<u8>) {
    push_length(field, bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Appends the beginning of a field that has `bytes` bytes.
pub(super) fn push_length(field: u32, bytes: usize, out: &mut Vec<u8>) {
    push_tag(field, LENGTH, out);
    push_varint(bytes as u64, out);
}

/// Appends a message as a field.
pub(super) fn push_message(field: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    push_tag(field, LENGTH, out);
    // One byte is enough for most.
    let at = out.len();
    out.push(0);
    write(out);
    let bytes = out.len().saturating_sub(at + 1);
    if bytes < 0x80 {
        if let Some(length) = out.get_mut(at) {
            *length = bytes.to_le_bytes()[0];
        }
        return;
    }
    let mut length = Vec::with_capacity(4);
    push_varint(bytes as u64, &mut length);
    out.splice(at..=at, length);
}

/// Appends a `LabelPair` as field 1, which it is of metrics and exemplars.
pub(in crate::exposition) fn push_label(name: &str, value: &str, out: &mut Vec<u8>) {
    push_message(1, out, |out| {
        push_bytes(1, name.as_bytes(), out);
        push_bytes(2, value.as_bytes(), out);
    });
}

/// Makes a small number of one near zero, whatever its sign.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn push_tag(field: u32, form: u32, out: &mut Vec<u8>) {
    push_varint(u64::from(field << 3 | form), out);
}
