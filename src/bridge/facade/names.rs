//! Names that a definition takes.

use keepwatch_engine::model::{MetricKind, NAME_BYTES_MAX};

/// Returns the name of a metric: what it may not have is `_`, and what is too
/// long is cut.
pub(super) fn metric(name: &str) -> String {
    sanitized(name, true)
}

/// Returns the name of a label of a metric of this kind.
pub(super) fn label(name: &str, kind: MetricKind) -> String {
    let name = sanitized(name, false);
    let is_own = kind == MetricKind::Histogram && name == "le";
    // Names that begin so belong to the engine.
    if is_own || name.starts_with("__") { format!("label_{name}") } else { name }
}

/// Returns a suffix that tells names apart: the FNV-1a hash of the letters.
pub(super) fn suffix(name: &str) -> String {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("_{:08x}", name.bytes().fold(0x811c_9dc5, mix))
}

fn sanitized(name: &str, is_metric: bool) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_metric && c == ':');
    let mut name: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    // Room for suffixes.
    name.truncate(NAME_BYTES_MAX / 2);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_valid() {
        assert_eq!(metric("http.requests-total"), "http_requests_total");
        assert_eq!(
            (metric(""), metric("5xx"), metric("a:b")),
            ("_".into(), "_5xx".into(), "a:b".into())
        );
        assert_eq!(metric("größe"), "gr__e");
        assert_eq!(metric(&"x".repeat(1_000)).len(), 128);
        let label = |name| label(name, MetricKind::Histogram);
        assert_eq!(
            (label("a:b"), label("le"), label("__a")),
            ("a_b".into(), "label_le".into(), "label___a".into())
        );
        assert_ne!(suffix("a.b"), suffix("a_b"));
    }
}
