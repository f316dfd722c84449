//! Which rules a request wants to see.

use std::collections::BTreeMap;

use keepwatch_engine::model::Matcher;

use super::envelope::Failure;
use super::form::Form;

/// What kinds of rules there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Alerting,
    Recording,
}

/// The rules that a request wants to see; all of them by default.
pub(super) struct RuleSelection {
    kind: Option<RuleKind>,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    /// One of these lists has to match the labels of a rule.
    labels: Vec<Vec<Matcher>>,
    /// Whether active alerts are left out.
    pub(super) exclude_alerts: bool,
    page: Option<Page>,
}

/// So many groups.
struct Page {
    limit: usize,
    /// The token of the first one.
    from: Option<String>,
}

impl RuleSelection {
    pub(super) fn read(form: &Form) -> Result<Self, Failure> {
        let kind = match form.text("type").map(str::to_lowercase).as_deref() {
            None => None,
            Some("alert") => Some(RuleKind::Alerting),
            Some("record") => Some(RuleKind::Recording),
            Some(other) => {
                return Err(Failure::parameter("type", format!("not supported value {other:?}")));
            }
        };
        let from = form.text("group_next_token").map(str::to_owned);
        let page = match (form.count("group_limit")?, from) {
            (Some(0), _) => {
                let message = "group_limit must be greater than 0";
                return Err(Failure::parameter("group_limit", message));
            }
            (Some(limit), from) => Some(Page { limit, from }),
            (None, Some(_)) => {
                let message = "group_limit needs to be set with it";
                return Err(Failure::parameter("group_next_token", message));
            }
            (None, None) => None,
        };
        let all = |name| form.all(name).map(str::to_owned).collect();
        Ok(Self {
            kind,
            names: all("rule_name[]"),
            groups: all("rule_group[]"),
            files: all("file[]"),
            labels: form.selectors()?,
            exclude_alerts: form.flag("exclude_alerts")?,
            page,
        })
    }

    pub(super) fn wants_group(&self, name: &str, file: &str) -> bool {
        let is_in = |wanted: &[String], found| {
            wanted.is_empty() || wanted.iter().any(|wanted| wanted == found)
        };
        is_in(&self.groups, name) && is_in(&self.files, file)
    }

    pub(super) fn wants_rule(
        &self,
        kind: RuleKind,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> bool {
        let value = |label: &str| labels.get(label).map_or("", String::as_str);
        let matches = |matchers: &Vec<Matcher>| {
            matchers.iter().all(|matcher| matcher.matches_value(value(matcher.name())))
        };
        self.kind.is_none_or(|wanted| wanted == kind)
            && (self.names.is_empty() || self.names.iter().any(|wanted| wanted == name))
            && (self.labels.is_empty() || self.labels.iter().any(matches))
    }

    /// Returns the groups of the page that is wanted, and the token of the
    /// group after them.
    pub(super) fn page<T>(
        &self,
        mut groups: Vec<T>,
        token: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>), Failure> {
        let Some(Page { limit, from }) = &self.page else { return Ok((groups, None)) };
        if let Some(from) = from {
            let Some(first) = groups.iter().position(|group| token(group) == *from) else {
                let message = format!("there is no group {from:?}; were rule groups changed?");
                return Err(Failure::parameter("group_next_token", message));
            };
            groups.drain(..first);
        }
        let next = groups.get(*limit).map(&token);
        groups.truncate(*limit);
        Ok((groups, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<RuleSelection, Failure> {
        RuleSelection::read(&Form::of(query))
    }

    #[test]
    fn rules_are_chosen() {
        let labels = BTreeMap::from([("severity".to_owned(), "error".to_owned())]);
        for (query, wanted) in [
            ("", true),
            ("type=alert", true),
            ("type=record", false),
            ("rule_name[]=Other&rule_name[]=Up", true),
            ("rule_name[]=up", false),
            ("rule_group[]=g&file[]=f", true),
            ("rule_group[]=f", false),
            ("file[]=g", false),
            ("match[]={severity='error'}", true),
            ("match[]={severity='info'}&match[]={severity=~'e.*'}", true),
            ("match[]={severity='info'}", false),
            ("match[]={severity='error',team!=''}", false),
        ] {
            let selection = read(query).unwrap();
            let found = selection.wants_group("g", "f")
                && selection.wants_rule(RuleKind::Alerting, "Up", &labels);
            assert_eq!(found, wanted, "{query}");
        }
    }

    #[test]
    fn groups_come_in_pages() {
        let page = |query: &str| {
            let selection = read(query).unwrap();
            let (groups, next) = selection.page(vec!["a", "b", "c"], ToString::to_string)?;
            Ok::<_, Failure>((groups.concat(), next.unwrap_or_default()))
        };
        let check = |query: &str, groups: &str, next: &str| {
            assert_eq!(page(query).unwrap(), (groups.to_owned(), next.to_owned()), "{query}");
        };
        check("", "abc", "");
        check("group_limit=2", "ab", "c");
        check("group_limit=1&group_next_token=b", "b", "c");
        check("group_limit=2&group_next_token=b", "bc", "");
        let gone = page("group_limit=2&group_next_token=d").unwrap_err().to_string();
        assert!(gone.contains("there is no group \"d\""), "{gone}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (query, message) in [
            ("type=both", "invalid parameter \"type\": not supported value \"both\""),
            (
                "group_next_token=a",
                "invalid parameter \"group_next_token\": group_limit needs to be set with it",
            ),
            (
                "group_limit=0",
                "invalid parameter \"group_limit\": group_limit must be greater than 0",
            ),
            (
                "group_limit=-1",
                "invalid parameter \"group_limit\": group_limit must be non-negative",
            ),
            (
                "exclude_alerts=maybe",
                "invalid parameter \"exclude_alerts\": cannot parse \"maybe\": expected true or false",
            ),
        ] {
            let Err(error) = read(query) else { panic!("{query} is taken") };
            assert_eq!(error.to_string(), message, "{query}");
        }
    }
}
