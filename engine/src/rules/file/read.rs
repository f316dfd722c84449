//! From a tree to groups.

use std::collections::HashMap;
use std::sync::Arc;

use super::lint::Lint;
use super::{
    AlertingRule, GROUPS_MAX, LabelTexts, RULES_MAX, RecordingRule, RuleDefinition, RuleGroup,
};
use crate::promql::Expression;
use crate::promql::syntax::{Span, ValueType};
use crate::rules::fault::FaultKind;
use crate::rules::reader::{Fields, Reader, Scalar};
use crate::rules::yaml::{Document, Entry, Node};
use crate::template::{Template, TemplateTexts};

const GROUP_FIELDS: [&str; 6] = ["name", "interval", "query_offset", "limit", "labels", "rules"];
const RULE_FIELDS: [&str; 7] =
    ["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];
/// What recording rules have no use for.
const ALERTING_FIELDS: [&str; 3] = ["for", "keep_firing_for", "annotations"];

impl Reader<'_> {
    /// Reads a rule file.
    pub(super) fn rule_file(&mut self, document: &Document) -> Vec<RuleGroup> {
        if let Some(second) = document.second {
            self.faults.warning(second, FaultKind::SecondDocument);
        }
        let root = document.root.as_deref().filter(|root| !root.is_null());
        let fields = root.and_then(|root| self.fields(root, "a rule file", &["groups"]));
        let nodes = self
            .list(fields.as_ref().and_then(|fields| fields.get("groups")), "a list of rule groups");
        if nodes.is_empty() {
            self.faults.warning(Span::NOWHERE, FaultKind::NoGroups);
        }
        let mut names: HashMap<Arc<str>, Span> = HashMap::new();
        let mut lint = Lint::default();
        let mut groups = Vec::new();
        let mut rules_left = RULES_MAX;
        for (index, node) in nodes.iter().enumerate() {
            if index >= GROUPS_MAX {
                let kind =
                    FaultKind::TooMany { what: "groups", owner: "a rule file", max: GROUPS_MAX };
                self.faults.error(node.span, kind);
                break;
            }
            let Some((group, name_span)) = self.group(node, &mut lint, &mut rules_left) else {
                continue;
            };
            if let Some(first) = names.get(&group.name) {
                let first = self.faults.position(*first);
                let kind = FaultKind::DuplicateGroup { name: group.name.to_string(), first };
                self.faults.error(name_span, kind);
                continue;
            }
            names.insert(Arc::clone(&group.name), name_span);
            groups.push(group);
        }
        groups
    }

    /// Reads a group, and says where its name is. What is wrong with its rules
    /// is told even if it has none.
    fn group(
        &mut self,
        node: &Node,
        lint: &mut Lint,
        rules_left: &mut usize,
    ) -> Option<(RuleGroup, Span)> {
        let fields = self.fields(node, "a rule group", &GROUP_FIELDS)?;
        let name = self.required(&fields, "name", "a rule group");
        let interval = self.duration(fields.get("interval")).filter(|length| !length.is_zero());
        let query_offset = self.duration(fields.get("query_offset"));
        let limit = self.count(fields.get("limit"));
        let scalars = self.texts(fields.get("labels"), "label", "a mapping of labels");
        // Those of the group are templates if one of its rules alerts.
        let mut templates = None;
        let nodes = self.list(fields.get("rules"), "a list of rules");
        let mut rules = Vec::with_capacity(nodes.len().min(*rules_left));
        for node in nodes {
            if *rules_left == 0 {
                let kind =
                    FaultKind::TooMany { what: "rules", owner: "a rule file", max: RULES_MAX };
                self.faults.error(node.span, kind);
                break;
            }
            *rules_left -= 1;
            if let Some(rule) = self.rule(node, &scalars, &mut templates) {
                if let Some(first) = lint.note(&rule, node.span) {
                    let first = self.faults.position(first);
                    let name = rule.name().to_string();
                    self.faults.warning(node.span, FaultKind::DuplicateRule { name, first });
                }
                rules.push(rule);
            }
        }
        let (name, span) = name.map(|name| (Arc::from(name.text), name.span))?;
        let (labels, line) = (shared(&scalars), self.faults.position(node.span).line);
        Some((RuleGroup { name, interval, query_offset, limit, labels, rules, line }, span))
    }

    fn rule(
        &mut self,
        node: &Node,
        group_labels: &Texts<'_>,
        group_templates: &mut Option<TemplateTexts>,
    ) -> Option<RuleDefinition> {
        let fields = self.fields(node, "a rule", &RULE_FIELDS)?;
        let line = self.faults.position(node.span).line;
        let (record, alert) = (self.name(&fields, "record"), self.name(&fields, "alert"));
        let expression = self.rule_expression(&fields);
        let labels = self.texts(fields.get("labels"), "label", "a mapping of labels");
        match (record, alert) {
            (Some(record), None) => {
                for field in ALERTING_FIELDS {
                    if let Some(Entry { key_span, .. }) = fields.entry(field) {
                        self.faults.error(*key_span, FaultKind::OnRecording { field });
                    }
                }
                self.check_record_name(record);
                let labels = merged(&shared(group_labels), shared(&labels));
                let record = record.text.into();
                let rule = RecordingRule { record, expression: expression?, labels, line };
                Some(RuleDefinition::Recording(rule))
            }
            (None, Some(alert)) => {
                let pending_for = self.duration(fields.get("for"));
                let keep_firing_for = self.duration(fields.get("keep_firing_for"));
                let annotations =
                    self.texts(fields.get("annotations"), "annotation", "a mapping of annotations");
                let of_group = match group_templates {
                    Some(templates) => templates,
                    None => group_templates.insert(self.templates("label", group_labels)),
                };
                Some(RuleDefinition::Alerting(AlertingRule {
                    alert: alert.text.into(),
                    expression: expression?,
                    pending_for: pending_for.unwrap_or_default(),
                    keep_firing_for: keep_firing_for.unwrap_or_default(),
                    labels: merged(of_group, self.templates("label", &labels)),
                    annotations: self.templates("annotation", &annotations),
                    line,
                }))
            }
            (Some(_), Some(alert)) => {
                self.faults.error(alert.span, FaultKind::RecordAndAlert);
                None
            }
            (None, None) => {
                self.faults.error(fields.span, FaultKind::NeitherRecordNorAlert);
                None
            }
        }
    }

    /// Reads `record` or `alert`, which are absent when empty.
    fn name<'n>(&mut self, fields: &Fields<'n>, field: &str) -> Option<Scalar<'n>> {
        let scalar = self.scalar(fields.get(field)?, "a name")?;
        Some(scalar).filter(|scalar| !scalar.text.is_empty())
    }

    fn check_record_name(&mut self, name: Scalar<'_>) {
        if name.text.contains(['{', '}']) {
            let reason = "braces belong into 'expr' or 'labels'";
            let kind =
                FaultKind::Name { what: "recording rule", name: name.text.to_owned(), reason };
            self.faults.error(name.span, kind);
        }
    }

    fn rule_expression(&mut self, fields: &Fields<'_>) -> Option<Expression> {
        let scalar = self.required(fields, "expr", "a rule")?;
        let expression = self.expression(scalar)?;
        let found = expression.query().value_type();
        if !matches!(found, ValueType::Vector | ValueType::Scalar) {
            self.faults.warning(scalar.span, FaultKind::NotVector { found });
        }
        Some(expression)
    }

    /// Parses templates. Those that are none are noted and left out.
    fn templates(&mut self, what: &'static str, texts: &Texts<'_>) -> TemplateTexts {
        let mut templates = Vec::with_capacity(texts.len());
        for (name, scalar) in texts {
            match Template::parse(scalar.text) {
                Ok(template) => templates.push((Arc::clone(name), template)),
                Err(error) => {
                    let piece = error.span();
                    let span = self.within(*scalar, Span::new(piece.start, piece.end));
                    let (name, message) = (name.to_string(), error.message().to_owned());
                    self.faults.error(span, FaultKind::Template { what, name, message });
                }
            }
        }
        templates
    }
}

/// Named texts with their places.
type Texts<'n> = [(Arc<str>, Scalar<'n>)];

fn shared(texts: &Texts<'_>) -> LabelTexts {
    texts.iter().map(|(name, scalar)| (Arc::clone(name), scalar.text.into())).collect()
}

/// Lays the labels of a rule over those of its group.
fn merged<T: Clone>(group: &[(Arc<str>, T)], rule: Vec<(Arc<str>, T)>) -> Vec<(Arc<str>, T)> {
    let of_group = group.iter().filter(|(name, _)| rule.iter().all(|(other, _)| other != name));
    let mut labels: Vec<_> = of_group.cloned().collect();
    labels.extend(rule);
    labels
}
