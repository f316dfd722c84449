//! What the commands read of a data folder.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use keepwatch::model::{
    Labels, Matcher, MetricDefinition, MetricKind, Sample, TimeRange, Timestamp,
};
use keepwatch::storage::folder::FolderView;
use keepwatch::storage::segment::{Segment, SegmentKind};
use keepwatch::storage::{SampleReader, Selector, SeriesView, Store};

use super::checks::{CheckedFile, Checks};
use super::definitions::{Defined, Definitions};
use super::export::{Found, Source};
use super::state;
use super::survey::{Kind, LabelUsage, MetricUsage, Survey, Window};

/// Says what is in a folder.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn survey(path: &Path, top: usize, now: Timestamp) -> anyhow::Result<Survey> {
    let view = FolderView::open(path, now)?;
    let store = view.store();
    let segments = view.segments();
    let mut survey = Survey { folder: path.to_owned(), ..Survey::default() };
    survey.kinds = kinds(path, &view, &segments)?;
    survey.windows = segments.iter().map(window).collect();
    survey.samples = view.report.sealed_samples + view.report.logged_samples;
    let definitions = Definitions::read(path);
    usage(&store, &segments, &definitions, &mut survey)?;
    survey.metrics.sort_by(|a, b| b.series.cmp(&a.series).then_with(|| a.metric.cmp(&b.metric)));
    survey.labels.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.label.cmp(&b.label)));
    survey.metrics.truncate(top);
    survey.labels.truncate(top);
    let log = &view.log;
    survey.damage.extend(log.damage.iter().map(|place| {
        format!("log file {} is damaged at byte {}: {}", place.file, place.offset, place.why)
    }));
    survey.damage.extend(damaged(&view));
    survey.damage.extend(definitions.trouble);
    Ok(survey)
}

fn damaged(view: &FolderView) -> impl Iterator<Item = String> {
    let files = view.report.damaged.iter().chain(&view.report.unopened);
    files.map(|file| format!("{} cannot be read: {}", file.path.display(), file.reason))
}

/// Adds up the files by what their place says they are.
fn kinds(path: &Path, view: &FolderView, segments: &[Segment]) -> anyhow::Result<Vec<Kind>> {
    let mut kinds: BTreeMap<usize, Kind> = BTreeMap::new();
    for (file, bytes) in files(path)? {
        let (rank, name) = place(&file);
        let kind = kinds.entry(rank).or_insert_with(|| Kind { kind: name, ..Kind::default() });
        kind.files += 1;
        kind.bytes += bytes;
    }
    for segment in segments {
        let file = segment.path().strip_prefix(path).unwrap_or(segment.path());
        if let Some(kind) = kinds.get_mut(&place(file).0) {
            *kind.samples.get_or_insert_default() += segment.samples();
        }
    }
    if let Some(log) = kinds.get_mut(&0) {
        log.samples = Some(view.report.logged_samples);
    }
    Ok(kinds.into_values().collect())
}

/// Says what a file of the folder holds, and where it stands among others.
fn place(file: &Path) -> (usize, String) {
    let (rank, name) = match file.iter().next().and_then(|part| part.to_str()) {
        Some("wal") => (0, "log"),
        Some("segments") => (1, "samples"),
        Some("rollups") if file.starts_with("rollups/5m") => (2, "rollups of 5m"),
        Some("rollups") => (3, "rollups of 1h"),
        Some("state.redb") => (4, "state"),
        _ => (5, "other"),
    };
    (rank, name.to_owned())
}

/// Lists all files of a folder with their sizes, by paths from the folder.
/// One that goes while this is under way is left out.
fn files(root: &Path) -> anyhow::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {folder:?}"))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {folder:?}"))?;
            let Ok(metadata) = entry.metadata() else { continue };
            let path = entry.path();
            if metadata.is_dir() {
                folders.push(path);
            } else if let Ok(file) = path.strip_prefix(root) {
                found.push((file.to_owned(), metadata.len()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn window(segment: &Segment) -> Window {
    let TimeRange { start, end } = segment.window();
    Window {
        kind: segment.kind().to_string(),
        start,
        end,
        series: segment.series() as u64,
        samples: segment.samples(),
        bytes: segment.bytes(),
    }
}

/// Counts series by metric and by label.
fn usage(
    store: &Store,
    segments: &[Segment],
    definitions: &Definitions,
    survey: &mut Survey,
) -> anyhow::Result<()> {
    let mut sealed: HashMap<Arc<str>, (u64, u64)> = HashMap::new();
    for segment in segments.iter().filter(|segment| segment.kind() == SegmentKind::Raw) {
        segment.identities(&mut |entry| {
            let (samples, bytes) = sealed.entry(Arc::clone(&entry.identity.metric)).or_default();
            *samples += entry.samples;
            *bytes += entry.bytes;
        })?;
    }
    let mut labels: HashMap<Arc<str>, (HashSet<Arc<str>>, u64)> = HashMap::new();
    for metric in store.statistics().by_metric.into_keys() {
        let snapshot = store.snapshot(&Selector::metric(Arc::clone(&metric)), TimeRange::ALL);
        let (samples, sealed_bytes) = sealed.get(&metric).copied().unwrap_or_default();
        let mut usage = MetricUsage {
            metric: metric.to_string(),
            samples,
            sealed_bytes,
            ..MetricUsage::default()
        };
        let mut identities = Vec::new();
        for series in snapshot.iter() {
            identities.push((Arc::clone(series.name()), series.labels().clone()));
            usage.series += 1;
            usage.samples += series.samples() as u64;
            for (name, value) in series.labels().pairs() {
                let (values, count) = labels.entry(Arc::clone(name)).or_default();
                values.insert(Arc::clone(value));
                *count += 1;
            }
        }
        match definitions.define(&metric, &identities) {
            Ok(Defined { definition, guessed }) => {
                usage.kind = definition.kind().to_string();
                usage.kind_guessed = guessed;
                definition.unit().clone_into(&mut usage.unit);
                definition.help().clone_into(&mut usage.help);
            }
            // What rules make may have names that no definition has.
            Err(_) => {
                usage.kind = MetricKind::Gauge.to_string();
                usage.kind_guessed = true;
            }
        }
        survey.series += usage.series;
        survey.metrics.push(usage);
    }
    survey.metrics_total = survey.metrics.len() as u64;
    survey.labels_total = labels.len() as u64;
    survey.labels.extend(labels.into_iter().map(|(label, (values, series))| LabelUsage {
        label: label.to_string(),
        values: values.len() as u64,
        series,
    }));
    Ok(())
}

/// Reads and checks every byte of a folder.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn checks(path: &Path, now: Timestamp) -> anyhow::Result<Checks> {
    let view = FolderView::open(path, now)?;
    let mut checks = Checks { folder: path.to_owned(), ..Checks::default() };
    for file in &view.log.files {
        let mut checked = CheckedFile {
            file: PathBuf::from("wal").join(format!("{:020}.wal", file.number)),
            bytes: file.bytes,
            ..CheckedFile::default()
        };
        let places = view.log.damage.iter().filter(|place| place.file == file.number);
        checked.problems.extend(places.map(|place| {
            format!(
                "{} bytes at byte {} are lost with {} frames: {}",
                place.bytes, place.offset, place.frames, place.why
            )
        }));
        if checked.problems.is_empty() && (file.frames_lost > 0 || file.unreadable) {
            checked.problems.push(format!("{} frames are lost", file.frames_lost));
        }
        if file.torn_bytes > 0 {
            checked
                .notes
                .push(format!("{} bytes of an unfinished write at its end", file.torn_bytes));
        }
        checks.files.push(checked);
    }
    for segment in view.segments() {
        let verification = segment.verify()?;
        checks.files.push(CheckedFile {
            file: segment.path().strip_prefix(path).unwrap_or(segment.path()).to_owned(),
            bytes: verification.bytes,
            samples: Some(verification.samples),
            problems: verification.problems.iter().map(ToString::to_string).collect(),
            notes: Vec::new(),
        });
    }
    if view.log.samples_unknown > 0 {
        let unknown = view.log.samples_unknown;
        checks.others.push(format!("{unknown} samples of the log belong to no series"));
    }
    checks.others.extend(damaged(&view));
    checks.files.push(state::check(path, now));
    Ok(checks)
}

/// A folder to export from.
pub(crate) struct View {
    store: Store,
    definitions: Definitions,
}

impl View {
    /// Reads a folder that another process may be using.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(crate) fn open(path: &Path, now: Timestamp) -> anyhow::Result<Self> {
        let store = FolderView::open(path, now)?.store();
        Ok(Self { store, definitions: Definitions::read(path) })
    }

    /// Says why the definitions of metrics cannot be read, if they cannot.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.definitions.trouble.as_deref()
    }

    fn views(&self, metric: &Arc<str>, matchers: &[Matcher], range: TimeRange) -> Reader {
        let mut selector = Selector::metric(Arc::clone(metric));
        selector.matchers.extend_from_slice(matchers);
        let snapshot = self.store.snapshot(&selector, range);
        Reader { reader: snapshot.reader(range), views: snapshot.iter().cloned().collect() }
    }
}

impl Source for View {
    fn metrics(&self) -> anyhow::Result<(Vec<MetricDefinition>, Vec<String>)> {
        let names: BTreeSet<Arc<str>> = self.store.statistics().by_metric.into_keys().collect();
        let (mut metrics, mut unnamable) = (Vec::new(), Vec::new());
        for metric in names {
            let series = self.views(&metric, &[], TimeRange::ALL).identities();
            match self.definitions.define(&metric, &series) {
                Ok(defined) => metrics.push(defined.definition),
                Err(error) => unnamable.push(format!("metric {metric:?}: {error}")),
            }
        }
        Ok((metrics, unnamable))
    }

    fn select(
        &self,
        metric: &Arc<str>,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> anyhow::Result<Box<dyn Found + '_>> {
        Ok(Box::new(self.views(metric, matchers, range)))
    }
}

struct Reader {
    reader: SampleReader,
    views: Vec<SeriesView>,
}

impl Found for Reader {
    fn identities(&self) -> Vec<(Arc<str>, Labels)> {
        self.views.iter().map(|view| (Arc::clone(view.name()), view.labels().clone())).collect()
    }

    fn read(&mut self, index: usize) -> anyhow::Result<Vec<Sample>> {
        let mut samples = Vec::new();
        if let Some(view) = self.views.get(index) {
            self.reader.read(view, &mut samples);
        }
        Ok(samples)
    }
}
