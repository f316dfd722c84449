//! From events to a tree.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::offsets::Offsets;
use super::{BYTES_MAX, Content, DEPTH_MAX, Document, EXPANDED_BYTES_MAX, Entry, Node};
use crate::promql::syntax::Span;
use crate::rules::fault::{FaultKind, FaultList};

/// What a node counts beside its text.
const NODE_BYTES: usize = 32;

/// Reads the first document of a text. A fault that leaves no tree to look at
/// is the end; others are noted.
pub(in crate::rules) fn read(text: &str, faults: &mut FaultList<'_>) -> Option<Document> {
    if text.len() > BYTES_MAX {
        let kind = FaultKind::FileTooLong { bytes: text.len(), max: BYTES_MAX };
        faults.error(Span::NOWHERE, kind);
        return None;
    }
    let offsets = Offsets::new(text);
    let mut builder = Builder { faults, open: Vec::new(), anchors: HashMap::new(), root: None };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok((event, span)) => (event, offsets.span(span)),
            Err(error) => {
                let at = offsets.byte(error.marker().index());
                let kind = FaultKind::Syntax { message: error.info().to_owned() };
                builder.faults.error(Span::new(at, at), kind);
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Some(Document { root: builder.root, second: Some(span) });
            }
        }
        builder.take(event, span)?;
    }
    Some(Document { root: builder.root, second: None })
}

struct Builder<'a, 'b> {
    faults: &'a mut FaultList<'b>,
    /// The lists and mappings that have not ended, the outermost first.
    open: Vec<Open>,
    /// What has an anchor, by its number; nothing while it has not ended.
    anchors: HashMap<usize, Option<Weighed>>,
    root: Option<Rc<Node>>,
}

/// A node, and what it comes to with all that is in it.
#[derive(Clone)]
struct Weighed {
    node: Rc<Node>,
    weight: usize,
}

struct Open {
    anchor: usize,
    span: Span,
    weight: usize,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<Rc<Node>>),
    Mapping { pairs: Vec<(Rc<Node>, Rc<Node>)>, key: Option<Rc<Node>> },
}

impl Builder<'_, '_> {
    /// Takes an event; `None` ends the reading.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let weight = NODE_BYTES + text.len();
                let content = Content::Scalar { text: text.into_owned(), style };
                self.put(anchor, Weighed { node: Rc::new(Node { span, content }), weight })
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(anchor, span, OpenContent::List(Vec::new()))
            }
            Event::MappingStart(anchor, _) => {
                self.begin(anchor, span, OpenContent::Mapping { pairs: Vec::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { anchor, span: start, weight, content } = self.open.pop()?;
                let content = match content {
                    OpenContent::List(entries) => Content::List(entries),
                    OpenContent::Mapping { pairs, .. } => Content::Mapping(self.entries(pairs)),
                };
                let end = Span::new(start.start(), span.end().max(start.end()));
                self.put(anchor, Weighed { node: Rc::new(Node { span: end, content }), weight })
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned().flatten() {
                Some(weighed) => self.put(0, weighed),
                None => {
                    self.faults.error(span, FaultKind::AliasOfItself);
                    None
                }
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Some(()),
        }
    }

    fn begin(&mut self, anchor: usize, span: Span, content: OpenContent) -> Option<()> {
        if self.open.len() >= DEPTH_MAX {
            self.faults.error(span, FaultKind::TooDeep { max: DEPTH_MAX });
            return None;
        }
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.open.push(Open { anchor, span, weight: NODE_BYTES, content });
        Some(())
    }

    /// Puts a node where it belongs.
    fn put(&mut self, anchor: usize, weighed: Weighed) -> Option<()> {
        if anchor > 0 {
            self.anchors.insert(anchor, Some(weighed.clone()));
        }
        let Weighed { node, weight } = weighed;
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Some(());
        };
        parent.weight += weight;
        if parent.weight > EXPANDED_BYTES_MAX {
            self.faults.error(node.span, FaultKind::AliasesTooLarge { max: EXPANDED_BYTES_MAX });
            return None;
        }
        match &mut parent.content {
            OpenContent::List(entries) => entries.push(node),
            OpenContent::Mapping { pairs, key } => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
        }
        Some(())
    }

    /// Makes the entries of a mapping: `<<` takes in the entries of others,
    /// where the mapping has none of its own.
    fn entries(&mut self, pairs: Vec<(Rc<Node>, Rc<Node>)>) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(pairs.len());
        let mut seen: HashMap<String, Span> = HashMap::with_capacity(pairs.len());
        let mut merged = Vec::new();
        for (key, value) in pairs {
            let Content::Scalar { text, style } = &key.content else {
                let (expected, found) = ("a text as the name of an entry", key.describe());
                self.faults.error(key.span, FaultKind::WrongType { expected, found });
                continue;
            };
            if text == "<<" && *style == ScalarStyle::Plain {
                merged.push(value);
                continue;
            }
            if let Some(first) = seen.get(text) {
                let first = self.faults.position(*first);
                let kind = FaultKind::DuplicateKey { key: text.clone(), first };
                self.faults.error(key.span, kind);
                continue;
            }
            seen.insert(text.clone(), key.span);
            entries.push(Entry { key: text.clone(), key_span: key.span, value });
        }
        for value in merged {
            let parts = match &value.content {
                Content::List(parts) => parts.as_slice(),
                _ => std::slice::from_ref(&value),
            };
            for part in parts {
                let Content::Mapping(others) = &part.content else {
                    let (expected, found) = ("a mapping to merge", part.describe());
                    self.faults.error(part.span, FaultKind::WrongType { expected, found });
                    continue;
                };
                for Entry { key, key_span, value } in others {
                    if !seen.contains_key(key) {
                        seen.insert(key.clone(), *key_span);
                        let (key, value) = (key.clone(), Rc::clone(value));
                        entries.push(Entry { key, key_span: *key_span, value });
                    }
                }
            }
        }
        entries
    }
}
