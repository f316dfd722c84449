//! What is made of a target's series.

use thiserror::Error;

use crate::model::{Labels, LabelsError};

/// The labels and limits that a target's samples come under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    pub(super) labels: Labels,
    /// Keep the labels of a series where the target's have the same name;
    /// false by default, when they are kept as `exported_<name>`.
    pub honor_labels: bool,
    /// Take the times that the body gives; true by default. Otherwise all
    /// samples have the time of the scrape.
    pub honor_timestamps: bool,
    /// What a body may hold.
    pub limits: SampleLimits,
}

/// What a body may hold; what is beyond makes the whole scrape fail. `None` is
/// no limit, and the default; the registry's own limits hold besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampleLimits {
    /// The most samples.
    pub samples: Option<usize>,
    /// The most labels of a series, those of the target and the name included.
    pub labels: Option<usize>,
    /// The longest name of a label in bytes.
    pub label_name_bytes: Option<usize>,
    /// The longest value of a label in bytes.
    pub label_value_bytes: Option<usize>,
}

/// Why the labels of a target were refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// A name cannot be, or is given twice.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// The job has no name.
    #[error("expected the name of a job, got an empty text")]
    NoJob,
}

impl Intake {
    /// Takes samples under the labels `job` and `instance` and these, which
    /// may replace those two.
    ///
    /// # Errors
    /// An empty job; a label that cannot be, or is given twice.
    pub fn new<K: AsRef<str>, V: AsRef<str>>(
        job: &str,
        instance: &str,
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, IntakeError> {
        if job.is_empty() {
            return Err(IntakeError::NoJob);
        }
        let own = Labels::foreign([("job", job), ("instance", instance)])?;
        let labels = labels.into_iter().map(|(name, value)| {
            let pair: (Box<str>, Box<str>) = (name.as_ref().into(), value.as_ref().into());
            pair
        });
        let labels = own.merged(&Labels::foreign(labels)?);
        let limits = SampleLimits::default();
        Ok(Self { labels, honor_labels: false, honor_timestamps: true, limits })
    }

    /// Returns the labels that every series of the target gets.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Returns the labels of a series as they are stored.
    ///
    /// # Errors
    /// A name that cannot be, or is given twice.
    pub fn label_set(&self, scraped: &[(String, String)]) -> Result<Labels, LabelsError> {
        let is_own = |name: &str| self.labels.get(name).is_some();
        let mut pairs: Vec<(String, &str)> = Vec::with_capacity(scraped.len() + self.labels.len());
        for (name, value) in scraped {
            // An empty value is no label.
            if value.is_empty() {
                continue;
            }
            let mut name = name.clone();
            if is_own(&name) && !self.honor_labels {
                while is_own(&name) || scraped.iter().any(|(other, _)| *other == name) {
                    name.insert_str(0, "exported_");
                }
            }
            pairs.push((name, value));
        }
        for (name, value) in self.labels.iter() {
            if !pairs.iter().any(|(other, _)| other == name) {
                pairs.push((name.to_owned(), value));
            }
        }
        Labels::foreign(pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intake(honor_labels: bool) -> Intake {
        let intake = Intake::new("node", "a:9100", [("zone", "eu")]).unwrap();
        Intake { honor_labels, ..intake }
    }

    #[track_caller]
    fn check(honor_labels: bool, scraped: &[(&str, &str)], expected: &str) {
        let scraped: Vec<_> = scraped.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let set = intake(honor_labels).label_set(&scraped).unwrap();
        assert_eq!(set.to_string(), expected);
    }

    #[test]
    fn labels_that_clash() {
        check(false, &[], r#"{instance="a:9100",job="node",zone="eu"}"#);
        check(
            false,
            &[("cpu", "0"), ("job", "x")],
            r#"{cpu="0",exported_job="x",instance="a:9100",job="node",zone="eu"}"#,
        );
        check(
            false,
            &[("exported_job", "y"), ("job", "x"), ("zone", "")],
            r#"{exported_exported_job="x",exported_job="y",instance="a:9100",job="node",zone="eu"}"#,
        );
        check(true, &[("job", "x")], r#"{instance="a:9100",job="x",zone="eu"}"#);
    }

    #[test]
    fn labels_of_a_target() {
        let moved = Intake::new("node", "a:9100", [("instance", "db")]).unwrap();
        assert_eq!(moved.labels().to_string(), r#"{instance="db",job="node"}"#);
        assert_eq!(Intake::new("", "a", [("b", "c")]), Err(IntakeError::NoJob));
        assert!(Intake::new("j", "a", [("", "c")]).is_err());
    }
}
