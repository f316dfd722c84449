//! What an expression of a template gives.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::float::General;
use super::time;
use super::{TemplateData, TemplateSample};
use crate::model::Labels;

/// A value, by the types that Prometheus' templates have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// No value: an argument that is not there.
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Labels(Labels),
    /// What `args` gives: `arg0`, `arg1` and so on.
    Arguments(Arc<[(String, Value)]>),
    Sample(Arc<TemplateSample>),
    Samples(Arc<[Arc<TemplateSample>]>),
    /// A time in milliseconds since the epoch.
    Time(i64),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A number with a name: a month or a day of the week.
    Named(&'static str, i64),
    /// What the template is given.
    Root(Arc<Root>),
}

/// What the template is given, shared.
#[derive(Debug, PartialEq)]
pub(super) struct Root {
    pub(super) labels: Labels,
    pub(super) external_labels: Labels,
    pub(super) external_url: Arc<str>,
    pub(super) value: f64,
}

impl Root {
    pub(super) fn new(data: &TemplateData<'_>) -> Self {
        Self {
            labels: data.labels.clone(),
            external_labels: data.external_labels.clone(),
            external_url: data.external_url.into(),
            value: data.value,
        }
    }
}

impl Value {
    pub(super) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Says whether `if` and `with` take it for true: what is not empty.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Arguments(arguments) => !arguments.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            Self::Named(_, number) => *number != 0,
            Self::Sample(_) | Self::Time(_) | Self::Duration(_) | Self::Root(_) => true,
        }
    }

    /// Returns the name of the type in Prometheus.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Arguments(_) => "map[string]interface {}",
            Self::Sample(_) => "*template.sample",
            Self::Samples(_) => "template.queryResult",
            Self::Time(_) => "*time.Time",
            Self::Duration(_) => "*time.Duration",
            Self::Named(..) => "time.Month",
            Self::Root(_) => "struct of the alert's data",
        }
    }

    /// Returns the bytes of a text: what copying it costs.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Samples(samples) => samples.len(),
            _ => 0,
        }
    }
}

impl fmt::Display for Value {
    /// Writes it as Go's `%v` does: labels as `map[a:1 b:2]`, a sample as
    /// `{map[a:1] 2}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("<nil>"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{}", General(*value)),
            Self::Text(text) => f.write_str(text),
            Self::Labels(labels) => write_map(f, labels.iter()),
            Self::Arguments(arguments) => {
                let mut sorted: Vec<_> = arguments.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(&b.0));
                write_map(f, sorted.iter().map(|(name, value)| (name, value)))
            }
            Self::Sample(sample) => write_sample(f, sample),
            Self::Samples(samples) => {
                f.write_char('[')?;
                for (index, sample) in samples.iter().enumerate() {
                    f.write_str(if index > 0 { " " } else { "" })?;
                    write_sample(f, sample)?;
                }
                f.write_char(']')
            }
            Self::Time(millis) => f.write_str(&time::text(*millis)),
            Self::Duration(nanos) => f.write_str(&time::duration(*nanos)),
            Self::Named(name, _) => f.write_str(name),
            Self::Root(root) => {
                f.write_char('{')?;
                write_map(f, root.labels.iter())?;
                f.write_char(' ')?;
                write_map(f, root.external_labels.iter())?;
                write!(f, " {} {}}}", root.external_url, General(root.value))
            }
        }
    }
}

fn write_sample(f: &mut fmt::Formatter<'_>, sample: &TemplateSample) -> fmt::Result {
    f.write_char('{')?;
    write_map(f, sample.labels.iter())?;
    write!(f, " {}}}", General(sample.value))
}

fn write_map<K: fmt::Display, V: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    entries: impl Iterator<Item = (K, V)>,
) -> fmt::Result {
    f.write_str("map[")?;
    for (index, (key, value)) in entries.enumerate() {
        write!(f, "{}{key}:{value}", if index > 0 { " " } else { "" })?;
    }
    f.write_char(']')
}
