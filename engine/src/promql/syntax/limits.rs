//! How much of a query is read.

/// Bounds on the text and the tree of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest query in bytes. 1 MiB by default.
    pub bytes_max: usize,
    /// The most levels of the tree, and the most brackets that may be open at
    /// once. 256 by default. Durations have no more than 64 levels.
    pub depth_max: usize,
    /// The most regular expressions in matchers. 500 by default.
    pub regexes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 1 << 20, depth_max: 256, regexes_max: 500 }
    }
}
