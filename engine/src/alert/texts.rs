//! The labels and annotations of alerts, from templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::{Labels, Timestamp};
use crate::promql::{LabelSet, NAME};
use crate::template::{Template, TemplateData, TemplateSample};

use super::{Reading, Rule};

/// What templates know beside the alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The labels that tell this server from others: `$externalLabels`.
    pub external_labels: Labels,
    /// Where the server is reached: `$externalURL`.
    pub external_url: Arc<str>,
}

/// Answers the queries of templates, at the time of the evaluation.
pub type TemplateQuery<'a> = dyn FnMut(&str) -> Result<Vec<TemplateSample>, String> + 'a;

/// The annotations of an alert: names and texts in the order of the rule.
/// Serialises as a map; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "BTreeMap<Arc<str>, Arc<str>>")]
pub struct Annotations(Arc<[(Arc<str>, Arc<str>)]>);

/// What an evaluation found of one alert that is or might be: a reading under
/// the labels and annotations of its alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What is judged.
    pub reading: Reading,
    /// The labels of the alert.
    pub labels: Labels,
    /// Its annotations; `None` where nothing can fire, so that those of before
    /// stay.
    pub annotations: Option<Annotations>,
}

impl Annotations {
    /// Returns the names and texts.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(name, text)| (name, text))
    }

    /// Returns the text of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| **other == *name);
        found.map(|(_, text)| &**text)
    }
}

impl Default for Annotations {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl FromIterator<(Arc<str>, Arc<str>)> for Annotations {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<str>)>>(texts: I) -> Self {
        Self(texts.into_iter().collect())
    }
}

impl From<BTreeMap<Arc<str>, Arc<str>>> for Annotations {
    fn from(texts: BTreeMap<Arc<str>, Arc<str>>) -> Self {
        texts.into_iter().collect()
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// What a template is expanded for.
struct Subject<'a> {
    labels: Labels,
    value: Option<f64>,
    at: Timestamp,
    surroundings: &'a Surroundings,
}

impl Subject<'_> {
    /// Expands a template. One that fails says so in its place, so that the
    /// alert is not lost with it.
    fn expand(&self, template: &Template, query: &mut TemplateQuery<'_>) -> Arc<str> {
        if template.is_plain() {
            return Arc::clone(template.text());
        }
        let data = TemplateData {
            labels: &self.labels,
            external_labels: &self.surroundings.external_labels,
            external_url: &self.surroundings.external_url,
            value: self.value.unwrap_or(f64::NAN),
            now: self.at,
        };
        let text = template.expand(&data, query);
        text.unwrap_or_else(|error| format!("<error expanding template: {error}>")).into()
    }
}

/// Writes a sample of an answer as templates have it.
#[must_use]
pub fn template_sample(series: &LabelSet, value: f64, at: Timestamp) -> TemplateSample {
    TemplateSample { labels: series.labels.with(NAME, &series.name), value, at }
}

/// Refuses the queries of templates where there is nobody to ask.
fn no_query(_: &str) -> Result<Vec<TemplateSample>, String> {
    Err("nothing can be asked for an alert without a series".to_owned())
}

impl Rule {
    /// Puts readings of an evaluation at `at` under the labels and annotations
    /// of their alerts. In templates, `$labels` are those of the series, its
    /// name included, and a value that is missing is NaN; `query` answers what
    /// templates ask. A template that fails leaves its error in its place.
    pub fn find(
        &self,
        readings: impl IntoIterator<Item = Reading>,
        at: Timestamp,
        surroundings: &Surroundings,
        query: &mut TemplateQuery<'_>,
    ) -> Vec<Finding> {
        let mut find = |reading: Reading| {
            let LabelSet { name, labels } = &reading.series;
            let (labels, value) = (labels.with(NAME, name), reading.value);
            let subject = Subject { labels, value, at, surroundings };
            let labels = self
                .alert_labels(&reading.series.labels, |template| subject.expand(template, query));
            // What cannot fire needs no words, unless a clear condition keeps
            // it firing.
            let may_fire = self.clear.is_some() || self.condition.judge(&reading) != Some(false);
            let annotations = may_fire.then(|| self.annotate(&subject, query));
            Finding { reading, labels, annotations }
        };
        readings.into_iter().map(&mut find).collect()
    }

    /// Returns the annotations of an alert for want of its series: `$labels`
    /// are those of the alert.
    pub(super) fn annotations_of(
        &self,
        labels: &Labels,
        value: Option<f64>,
        at: Timestamp,
        surroundings: &Surroundings,
    ) -> Annotations {
        self.annotate(&Subject { labels: labels.clone(), value, at, surroundings }, &mut no_query)
    }

    /// Returns the labels of the alert of the rule itself, for want of a
    /// series.
    pub(super) fn own_labels(&self, at: Timestamp, surroundings: &Surroundings) -> Labels {
        let known = self.question.known_labels();
        let subject = Subject { labels: known.clone(), value: None, at, surroundings };
        self.alert_labels(&known, |template| subject.expand(template, &mut no_query))
    }

    fn annotate(&self, subject: &Subject<'_>, query: &mut TemplateQuery<'_>) -> Annotations {
        let text = |(name, template): &(Arc<str>, Template)| {
            (Arc::clone(name), subject.expand(template, query))
        };
        self.annotations.iter().map(text).collect()
    }
}
