//! Reading typed values out of a tree, with a fault for each that is none.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{FaultKind, FaultList};
use super::file::LABELS_MAX;
use super::yaml::{Content, Entry, Node, excerpt, source_offset};
use crate::model::NAME_BYTES_MAX;
use crate::promql::syntax::{DurationFault, Span, parse_duration};
use crate::promql::{Expression, NAME};

/// What becomes of fields that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownFields {
    /// They are errors.
    #[default]
    Refused,
    /// They are passed over, as `promtool --ignore-unknown-fields` does.
    Ignored,
}

/// A text and where it is.
#[derive(Clone, Copy)]
pub(super) struct Scalar<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
    node: &'a Node,
}

/// Reads values and notes what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) faults: FaultList<'a>,
    unknown: UnknownFields,
}

/// The entries of a mapping whose names are known.
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    entries: BTreeMap<&'n str, &'n Entry>,
}

impl<'n> Fields<'n> {
    /// Returns the value of a field, if it is there and not null.
    pub(super) fn get(&self, field: &str) -> Option<&'n Node> {
        self.entry(field).map(|entry| &*entry.value)
    }

    /// Returns a field, if it is there and not null.
    pub(super) fn entry(&self, field: &str) -> Option<&'n Entry> {
        self.entries.get(field).copied().filter(|entry| !entry.value.is_null())
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(faults: FaultList<'a>, unknown: UnknownFields) -> Self {
        Self { faults, unknown }
    }

    /// Reads a mapping with these fields.
    pub(super) fn fields<'n>(
        &mut self,
        node: &'n Node,
        owner: &'static str,
        known: &[&str],
    ) -> Option<Fields<'n>> {
        let Content::Mapping(entries) = &node.content else {
            self.wrong_type(node, owner);
            return None;
        };
        let mut fields = BTreeMap::new();
        for entry in entries {
            if known.contains(&entry.key.as_str()) {
                fields.insert(entry.key.as_str(), entry);
            } else if self.unknown == UnknownFields::Refused {
                let (field, expected) = (entry.key.clone(), known.join(", "));
                let kind = FaultKind::UnknownField { field, owner, expected };
                self.faults.error(entry.key_span, kind);
            }
        }
        Some(Fields { span: Span::new(node.span.start(), node.span.start()), entries: fields })
    }

    /// Reads a list; what is absent is an empty one.
    pub(super) fn list<'n>(
        &mut self,
        node: Option<&'n Node>,
        expected: &'static str,
    ) -> &'n [Rc<Node>] {
        match node {
            Some(Node { content: Content::List(nodes), .. }) => nodes,
            Some(node) => {
                self.wrong_type(node, expected);
                &[]
            }
            None => &[],
        }
    }

    /// Reads a scalar that is there.
    pub(super) fn scalar<'n>(
        &mut self,
        node: &'n Node,
        expected: &'static str,
    ) -> Option<Scalar<'n>> {
        match &node.content {
            Content::Scalar { text, .. } if !node.is_null() => {
                Some(Scalar { text, span: node.span, node })
            }
            _ => {
                self.wrong_type(node, expected);
                None
            }
        }
    }

    /// Reads a text; what is absent is empty.
    pub(super) fn text<'n>(&mut self, node: Option<&'n Node>) -> &'n str {
        node.and_then(|node| self.scalar(node, "a text")).map_or("", |scalar| scalar.text)
    }

    /// Reads a text that has to be there.
    pub(super) fn required<'n>(
        &mut self,
        fields: &Fields<'n>,
        field: &'static str,
        owner: &'static str,
    ) -> Option<Scalar<'n>> {
        let scalar = match fields.get(field) {
            Some(node) => self.scalar(node, "a text")?,
            None => {
                self.faults.error(fields.span, FaultKind::Missing { field, owner });
                return None;
            }
        };
        if scalar.text.is_empty() {
            self.faults.error(scalar.span, FaultKind::Missing { field, owner });
            return None;
        }
        Some(scalar)
    }

    /// Reads a duration; `0` is one.
    pub(super) fn duration(&mut self, node: Option<&Node>) -> Option<Duration> {
        let Scalar { text, span, .. } = self.scalar(node?, "a duration such as \"5m\"")?;
        if text == "0" {
            return Some(Duration::ZERO);
        }
        match parse_duration(text) {
            Ok(ms) => Some(Duration::from_millis(ms.unsigned_abs())),
            Err(fault) => {
                let text = text.chars().take(60).collect();
                let kind = match fault {
                    DurationFault::Form => FaultKind::Duration { text },
                    DurationFault::Range => FaultKind::DurationRange { text },
                };
                self.faults.error(span, kind);
                None
            }
        }
    }

    /// Reads a count; one below 0 counts as 0.
    pub(super) fn count(&mut self, node: Option<&Node>) -> usize {
        let expected = "a whole number";
        let Some(scalar) = node.and_then(|node| self.scalar(node, expected)) else { return 0 };
        match scalar.text.parse::<i64>() {
            Ok(count) => usize::try_from(count.max(0)).unwrap_or(usize::MAX),
            Err(_) => {
                let found = excerpt(scalar.text);
                self.faults.error(scalar.span, FaultKind::WrongType { expected, found });
                0
            }
        }
    }

    /// Reads a mapping of names to texts, in its order, with each value and
    /// its place. `what` is named: `label` or `annotation`.
    pub(super) fn texts<'n>(
        &mut self,
        node: Option<&'n Node>,
        what: &'static str,
        expected: &'static str,
    ) -> Vec<(Arc<str>, Scalar<'n>)> {
        let entries = match node {
            Some(Node { content: Content::Mapping(entries), .. }) => entries.as_slice(),
            Some(node) => {
                self.wrong_type(node, expected);
                &[]
            }
            None => &[],
        };
        let mut texts = Vec::with_capacity(entries.len());
        for (index, Entry { key, key_span, value }) in entries.iter().enumerate() {
            if index >= LABELS_MAX {
                let kind = FaultKind::TooMany { what: "entries", owner: expected, max: LABELS_MAX };
                self.faults.error(*key_span, kind);
                break;
            }
            let too_long = key.len() > NAME_BYTES_MAX;
            if key.is_empty() || key == NAME || too_long {
                let reason = match (key.is_empty(), too_long) {
                    (true, _) => "",
                    (_, true) => "it is longer than 256 bytes",
                    _ => "it is the name of the series",
                };
                let kind = FaultKind::Name { what, name: key.clone(), reason };
                self.faults.error(*key_span, kind);
            }
            let scalar = if value.is_null() {
                Some(Scalar { text: "", span: value.span, node: value })
            } else {
                self.scalar(value, "a text")
            };
            texts.extend(scalar.map(|scalar| (Arc::from(key.as_str()), scalar)));
        }
        texts
    }

    /// Reads a PromQL expression.
    pub(super) fn expression(&mut self, scalar: Scalar<'_>) -> Option<Expression> {
        match Expression::parse(scalar.text) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let span = self.within(scalar, error.span());
                self.faults.error(span, FaultKind::Expression { error });
                None
            }
        }
    }

    /// Returns where in the file a piece of a scalar's text is.
    pub(super) fn within(&self, scalar: Scalar<'_>, piece: Span) -> Span {
        let Content::Scalar { text, style } = &scalar.node.content else { return scalar.span };
        let source = scalar.span.text(self.faults.text());
        let place = |offset| scalar.span.start() + source_offset(source, *style, text, offset);
        let start = place(piece.start());
        Span::new(start, place(piece.end()).max(start))
    }

    fn wrong_type(&mut self, node: &Node, expected: &'static str) {
        let kind = FaultKind::WrongType { expected, found: node.describe() };
        self.faults.error(node.span, kind);
    }
}
