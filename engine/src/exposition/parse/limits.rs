//! How much a text may hold.

/// The caps of a parser. What is beyond them is refused with the cap's
/// name, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line in bytes, without its line feed; 1 MiB by default.
    pub line_bytes_max: usize,
    /// The most labels of a sample or exemplar; 128 by default.
    pub labels_max: usize,
    /// The most families of a text; a million by default. Their names are
    /// held until the end, which is what bounds a parser's memory.
    pub families_max: usize,
    /// The most label sets of one OpenMetrics family, whose fingerprints of
    /// 16 bytes are held until the family ends; ten million by default.
    pub groups_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_bytes_max: 1 << 20,
            labels_max: 128,
            families_max: 1_000_000,
            groups_max: 10_000_000,
        }
    }
}
