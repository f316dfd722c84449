//! Templates in the labels and annotations of Prometheus' alerting rules.
//!
//! The language is Go's `text/template` with the functions of Prometheus 3.14,
//! rendered byte for byte as Prometheus renders it: [`Template::parse`] reads
//! a text, [`Template::expand`] fills it for one alert.
//!
//! Text goes through `lex` (texts and tokens), `parse` (a tree with the
//! position of every node) and `machine` (expansion, with the functions of
//! `functions`). Templates come from outside: nesting, output and work are
//! bounded, and no template makes the expansion panic or run on. No clock is
//! read; `now` is the time of the evaluation.
//!
//! `tmpl` is only in Prometheus' consoles and is not known here, as there.
//!
//! ```
//! use keepwatch_engine::model::{Labels, Timestamp};
//! use keepwatch_engine::template::{Template, TemplateData};
//!
//! let template = Template::parse("{{ $labels.host }} is down for {{ $value | humanizeDuration }}");
//! let labels = Labels::new([("host", "db-1")]).unwrap();
//! let data = TemplateData {
//!     labels: &labels,
//!     external_labels: &Labels::EMPTY,
//!     external_url: "",
//!     value: 90.0,
//!     now: Timestamp::from_millis(0),
//! };
//! let text = template.unwrap().expand(&data, &mut |_| Ok(Vec::new()));
//! assert_eq!(text.unwrap(), "db-1 is down for 1m 30s");
//! ```

mod bounded;
mod builtins;
mod compare;
mod error;
mod escape;
mod field;
mod float;
mod functions;
mod humanize;
mod lex;
mod literal;
mod machine;
mod network;
mod parse;
mod pipeline;
mod printf;
mod regex;
mod time;
mod tree;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use error::TemplateError;

use crate::model::{Labels, Timestamp};

/// A parsed template, cheap to clone. Two are equal if their texts are.
/// Serialises as its text.
#[derive(Clone)]
pub struct Template {
    text: Arc<str>,
    tree: Arc<tree::Tree>,
}

/// The names of labels or annotations and their templates, in their order.
pub type TemplateTexts = Vec<(Arc<str>, Template)>;

/// What a template is expanded for: `.` of the template.
#[derive(Debug, Clone, Copy)]
pub struct TemplateData<'a> {
    /// The labels of the alert: `$labels`.
    pub labels: &'a Labels,
    /// The labels that the server adds: `$externalLabels`.
    pub external_labels: &'a Labels,
    /// Where the server is reached: `$externalURL`.
    pub external_url: &'a str,
    /// The value of the alert's expression: `$value`.
    pub value: f64,
    /// The time of the evaluation: `now`.
    pub now: Timestamp,
}

/// A sample that a template's `query` found.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateSample {
    /// The labels, with `__name__` if there is a name.
    pub labels: Labels,
    /// The value.
    pub value: f64,
    /// The time of the value.
    pub at: Timestamp,
}

impl Template {
    /// Parses a template. `$labels`, `$externalLabels`, `$externalURL` and
    /// `$value` are known.
    ///
    /// # Errors
    /// What is wrong and where: a form that Go's `text/template` refuses, a
    /// function or variable that is not known, a text of more than 64 KiB, or
    /// nesting deeper than 64.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let tree = parse::parse(text).map_err(|fault| TemplateError::new(text, fault))?;
        Ok(Self { text: text.into(), tree: Arc::new(tree) })
    }

    /// Returns the text of the template.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Says whether it has no actions: the text is its own expansion.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.text.contains("{{")
    }

    /// Expands the template. `query` evaluates a query of the template at
    /// `data.now` and returns its samples in the order of the result.
    ///
    /// # Errors
    /// What Go or a function of Prometheus refuses (a value of the wrong type,
    /// `first` of nothing, a query's error), an output or a text of more than
    /// 1 MiB, or too much work.
    pub fn expand(
        &self,
        data: &TemplateData<'_>,
        query: &mut dyn FnMut(&str) -> Result<Vec<TemplateSample>, String>,
    ) -> Result<String, TemplateError> {
        machine::expand(&self.tree, data, query)
            .map_err(|fault| TemplateError::new(&self.text, fault))
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl std::fmt::Display for Template {
    /// Writes the text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.text)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Template {}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}
