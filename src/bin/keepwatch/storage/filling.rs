//! A data folder that takes an import.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keepwatch::instrument::{Catalogue, KeptMetrics};
use keepwatch::model::{MetricDefinition, MetricKind, Timestamp};
use keepwatch::storage::AppendError;
use keepwatch::storage::folder::{ImportError, Importer, WINDOW};
use keepwatch::storage::state::{Batch, StateStore, Stored as _};

use super::import::{Incoming, Sink};

/// A folder that is being filled, and what its metrics are.
pub(crate) struct Filling {
    importer: Option<Importer>,
    metrics: BTreeMap<Arc<str>, Description>,
    state: std::path::PathBuf,
    now: Timestamp,
}

/// What the dump tells of a metric.
struct Description {
    kind: MetricKind,
    help: String,
    unit: String,
    labels: BTreeSet<Arc<str>>,
    /// The bounds or quantiles that its series name.
    parts: BTreeSet<Arc<str>>,
}

impl Filling {
    /// Takes hold of a folder, creating it if it is not there.
    ///
    /// # Errors
    /// A folder that another process holds, or that cannot be used.
    pub(crate) fn open(path: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let importer = Importer::open(path, WINDOW, now)?;
        let state = path.join("state.redb");
        Ok(Self { importer: Some(importer), metrics: BTreeMap::new(), state, now })
    }

    fn describe(&mut self, incoming: &Incoming) {
        let description = self.metrics.entry(Arc::clone(&incoming.metric)).or_insert_with(|| {
            let (help, unit) = (incoming.family.help.clone(), incoming.family.unit.clone());
            let (labels, parts) = Default::default();
            Description { kind: incoming.kind, help, unit, labels, parts }
        });
        let part = match description.kind {
            MetricKind::Histogram => "le",
            MetricKind::Summary => "quantile",
            _ => "",
        };
        for (name, value) in incoming.labels.pairs() {
            if **name == *part {
                description.parts.insert(Arc::clone(value));
            } else if !description.labels.contains(name) {
                description.labels.insert(Arc::clone(name));
            }
        }
    }

    /// Adds the definitions to those that the folder keeps; what it has
    /// already goes before.
    fn keep_definitions(&self) -> anyhow::Result<()> {
        let mut opened = StateStore::open(&self.state)?;
        let before = KeptMetrics::restore(&mut opened.contents);
        let catalogue = Catalogue::new();
        catalogue.restore(&before, self.now, |_| Duration::MAX);
        for (metric, description) in &self.metrics {
            // A metric that is defined otherwise, or cannot be, is read all
            // the same once a program registers it.
            if let Ok(definition) = description.definition(metric) {
                let _ = catalogue.get_or_register(definition);
            }
        }
        let mut batch = Batch::new();
        catalogue.kept(&before, self.now).changes_since(&before, &mut batch);
        opened.store.write(&batch)?;
        Ok(())
    }
}

impl Description {
    fn definition(
        &self,
        metric: &Arc<str>,
    ) -> Result<MetricDefinition, keepwatch::model::DefinitionError> {
        let numbers: Vec<f64> = self.parts.iter().filter_map(|part| part.parse().ok()).collect();
        let mut finite: Vec<f64> = numbers.into_iter().filter(|part| part.is_finite()).collect();
        finite.sort_by(f64::total_cmp);
        let builder = MetricDefinition::of_kind(self.kind, Arc::clone(metric))
            .help(self.help.as_str())
            .unit(self.unit.as_str())
            .labels(self.labels.iter().cloned());
        match self.kind {
            MetricKind::Histogram => builder.bounds(finite),
            MetricKind::Summary => builder.quantiles(finite),
            _ => builder,
        }
        .build()
    }
}

impl Sink for Filling {
    fn take(&mut self, batch: Vec<Incoming>) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut refused = BTreeMap::new();
        for one in batch {
            self.describe(&one);
            let Some(importer) = &mut self.importer else { continue };
            if let Err(error) = importer.add(&one.metric, &one.name, &one.labels, one.sample) {
                *refused.entry(reason(&error).to_owned()).or_default() += 1;
            }
            importer.flush_if_full()?;
        }
        Ok(refused)
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        // The folder is held until its definitions are in it as well.
        if let Some(importer) = self.importer.take() {
            self.keep_definitions()?;
            importer.finish()?;
        }
        Ok(())
    }
}

/// Returns why a sample was refused, without what is its own.
fn reason(error: &ImportError) -> &'static str {
    match error {
        ImportError::Refused(AppendError::Duplicate { .. }) => {
            "another value at a time that is taken"
        }
        ImportError::Refused(AppendError::TooFarInFuture { .. }) => "a time that lies ahead",
        ImportError::Refused(AppendError::TooOld { .. }) => {
            "a time of the current window that is too far behind"
        }
        _ => "no room for more series",
    }
}
