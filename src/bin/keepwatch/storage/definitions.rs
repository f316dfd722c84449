//! What is known of the metrics in a data folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use keepwatch::model::{DefinitionError, Labels, MetricDefinition, MetricKind};
use keepwatch::storage::state::StateStore;
use keepwatch_engine::instrument::KeptMetrics;

use super::{guess, state};

/// The definitions that the state file of a folder has.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    kept: BTreeMap<Arc<str>, Arc<MetricDefinition>>,
    /// Why the file has none to give; a file that is not there is no trouble.
    pub(crate) trouble: Option<String>,
}

/// A definition and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Defined {
    pub(crate) definition: MetricDefinition,
    /// Whether it was made from the series, as none was kept.
    pub(crate) guessed: bool,
}

impl Definitions {
    /// Reads the definitions that a folder keeps.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut contents = match StateStore::read(&folder.join(state::FILE)) {
            Ok(contents) => contents,
            Err(error) if state::is_missing(&error) => return Self::default(),
            Err(error) => {
                let trouble = Some(format!("kinds and help of metrics are not known: {error}"));
                return Self { trouble, ..Self::default() };
            }
        };
        let metrics = KeptMetrics::restore(&mut contents);
        Self::from_iter(metrics.definitions().cloned())
    }

    /// Returns the definition of a metric that has these series: the one that
    /// was kept, or one that is guessed if there is none, or if the series
    /// are of another kind's time.
    ///
    /// # Errors
    /// A name that no metric can have.
    pub(crate) fn define(
        &self,
        metric: &Arc<str>,
        series: &[(Arc<str>, Labels)],
    ) -> Result<Defined, DefinitionError> {
        let fits = |kept: &&Arc<MetricDefinition>| series.iter().all(|(name, _)| has(kept, name));
        if let Some(kept) = self.kept.get(metric).filter(fits) {
            return Ok(Defined { definition: MetricDefinition::clone(kept), guessed: false });
        }
        guess::definition(metric, series).map(|definition| Defined { definition, guessed: true })
    }
}

impl FromIterator<Arc<MetricDefinition>> for Definitions {
    fn from_iter<I: IntoIterator<Item = Arc<MetricDefinition>>>(definitions: I) -> Self {
        let by_name =
            |definition: Arc<MetricDefinition>| (Arc::clone(definition.name()), definition);
        Self { kept: definitions.into_iter().map(by_name).collect(), trouble: None }
    }
}

/// Says whether a metric has series of this name.
pub(crate) fn has(metric: &MetricDefinition, series: &str) -> bool {
    let Some(suffix) = series.strip_prefix(&**metric.name()) else { return false };
    match metric.kind() {
        MetricKind::Histogram => ["_bucket", "_sum", "_count"].contains(&suffix),
        MetricKind::Summary => ["", "_sum", "_count"].contains(&suffix),
        _ => suffix.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_goes_before_a_guess_unless_it_is_of_another_kind() {
        let kept = MetricDefinition::counter("done").help("Jobs.").build().unwrap();
        let definitions = Definitions::from_iter([Arc::new(kept.clone())]);
        let define = |metric: &str, series: &[&str]| {
            let series: Vec<_> = series.iter().map(|&name| (name.into(), Labels::EMPTY)).collect();
            definitions.define(&metric.into(), &series).unwrap()
        };
        assert_eq!(define("done", &["done"]), Defined { definition: kept, guessed: false });
        let histogram = define("done", &["done", "done_bucket"]);
        assert!(histogram.guessed && histogram.definition.kind() == MetricKind::Histogram);
        let other = define("other", &["other"]);
        assert!(other.guessed && other.definition.kind() == MetricKind::Gauge);
    }
}
