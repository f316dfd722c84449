//! Label sets as fixed-size keys.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::RandomState;

/// A label set's key: two hashes with seeds of their own, so that texts can't
/// be made to collide and chance needs about 2^64 sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u64; 2]);

/// Makes keys that are comparable with each other.
#[derive(Debug, Default)]
pub(super) struct Fingerprints([RandomState; 2]);

impl Fingerprints {
    /// Returns the key of a name and a label set in any order, where one
    /// label and those with empty values, which are as good as absent, do
    /// not count.
    pub(super) fn of(
        &self,
        name: &str,
        labels: &[(String, String)],
        without: Option<&str>,
    ) -> Fingerprint {
        let mut sorted: Vec<&(String, String)> = labels
            .iter()
            .filter(|(label, value)| !value.is_empty() && without != Some(label.as_str()))
            .collect();
        sorted.sort_unstable();
        let [first, second] = &self.0;
        Fingerprint([first, second].map(|state| {
            let mut hasher = state.build_hasher();
            name.hash(&mut hasher);
            sorted.hash(&mut hasher);
            hasher.finish()
        }))
    }
}
