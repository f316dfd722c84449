//! YAML as a tree in which everything has its place.
//!
//! What an alias repeats is shared, not copied, and counted each time: a
//! document that would be larger than [`EXPANDED_BYTES_MAX`] if it were
//! written out is refused. No node is deeper than [`DEPTH_MAX`], so walks over
//! a tree, its destructor included, may recurse.

mod build;
mod offsets;
#[cfg(test)]
mod tests;

use std::rc::Rc;

pub(super) use build::read;
pub(super) use offsets::source_offset;
use saphyr_parser::ScalarStyle;

use crate::promql::syntax::Span;

/// The longest file that is read.
pub const BYTES_MAX: usize = 4 << 20;
/// The most levels of lists and mappings in one another.
pub const DEPTH_MAX: usize = 32;
/// The most that a file may come to when its aliases are written out.
pub const EXPANDED_BYTES_MAX: usize = 16 << 20;

/// The first document of a file.
#[derive(Debug)]
pub(super) struct Document {
    /// What is in it; nothing if the file is empty.
    pub(super) root: Option<Rc<Node>>,
    /// Where a second document begins, which is not read.
    pub(super) second: Option<Span>,
}

/// A part of a document.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it is: a scalar from its first to its last byte, a list or a
    /// mapping from its first byte to where its last entry ends.
    pub(super) span: Span,
    pub(super) content: Content,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Content {
    Scalar { text: String, style: ScalarStyle },
    List(Vec<Rc<Node>>),
    Mapping(Vec<Entry>),
}

/// An entry of a mapping. Keys are texts, each once.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: Rc<Node>,
}

impl Node {
    /// Says whether there is nothing: no text at all, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        match &self.content {
            Content::Scalar { text, style: ScalarStyle::Plain } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// Returns what it is, for messages.
    pub(super) fn describe(&self) -> String {
        match &self.content {
            _ if self.is_null() => "nothing".to_owned(),
            Content::Scalar { text, .. } => excerpt(text),
            Content::List(_) => "a list".to_owned(),
            Content::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

/// Quotes a text for a message; of a long one, its beginning.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
