//! What is allowed and most likely not meant.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use super::{LabelTexts, RuleDefinition};
use crate::promql::syntax::Span;

/// What two rules have in common that do the same work: what they are, their
/// name, their expression in normal form and their labels by name.
type Work = (Discriminant<RuleDefinition>, Arc<str>, String, LabelTexts);

/// Finds rules that do what another does.
#[derive(Debug, Default)]
pub(super) struct Lint {
    seen: HashMap<Work, Span>,
}

impl Lint {
    /// Notes a rule, and returns where the first one is that does the same.
    pub(super) fn note(&mut self, rule: &RuleDefinition, span: Span) -> Option<Span> {
        let mut labels = rule.labels();
        labels.sort();
        let kind = discriminant(rule);
        let expression = rule.expression().to_string();
        match self.seen.entry((kind, Arc::clone(rule.name()), expression, labels)) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(span);
                None
            }
        }
    }
}
