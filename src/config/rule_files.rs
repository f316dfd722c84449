//! `[rule_files]` and `[external]`: rule files of Prometheus, and what their
//! templates know of this server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::alert::Surroundings;
use keepwatch_engine::model::Labels;
use keepwatch_engine::rules::file::RuleFile;
use keepwatch_engine::rules::group::GroupDefaults;

use super::document::Table;
use super::error::{ConfigError, FaultyFile};
use super::section::{DAY, HOUR, seconds};

/// `[rule_files]`: Prometheus' rule files and what holds for groups that say
/// nothing else.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RuleFiles {
    /// Files, or patterns of such as `rules/*.yml`. Relative ones are beside
    /// the configuration file.
    pub paths: Vec<String>,
    /// The interval and the offset of groups that say nothing else.
    pub defaults: GroupDefaults,
    /// What was read: each file by its path, sorted within a pattern.
    pub files: Vec<(Arc<str>, RuleFile)>,
}

impl RuleFiles {
    pub(super) fn read(&mut self, table: Table<'_>) {
        self.paths = table.list("paths", |text| match glob::Pattern::new(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(format!("not a pattern of paths: {text:?}: {error}")),
        });
        if let Some(interval) = table.duration("interval", seconds(1..=DAY)) {
            self.defaults.interval = interval;
        }
        let offsets = Duration::ZERO..=Duration::from_secs(HOUR);
        if let Some(offset) = table.duration("query_offset", offsets) {
            self.defaults.query_offset = offset;
        }
        table.finish();
    }

    /// Reads the files that the paths name, relative ones in `folder`. A
    /// pattern may match none; a file that two patterns match is read once.
    ///
    /// # Errors
    /// A file that cannot be read, or everything that is wrong in the files.
    pub(super) fn load(&mut self, folder: &Path) -> Result<(), ConfigError> {
        let mut known = BTreeSet::new();
        let mut faulty = Vec::new();
        for path in &self.paths {
            for file in matching(folder, path)? {
                let unreadable = |source| ConfigError::Read { file: file.clone(), source };
                if !known.insert(file.canonicalize().map_err(unreadable)?) {
                    continue;
                }
                let text = std::fs::read_to_string(&file).map_err(unreadable)?;
                let name = file.display().to_string();
                match RuleFile::parse(&text) {
                    Ok(content) => self.files.push((name.into(), content)),
                    Err(faults) => faulty.push(FaultyFile { file: name, faults }),
                }
            }
        }
        if faulty.is_empty() { Ok(()) } else { Err(ConfigError::RuleFiles { faulty }) }
    }
}

/// Returns the files that a pattern matches, or the one that it names.
fn matching(folder: &Path, path: &str) -> Result<Vec<PathBuf>, ConfigError> {
    let is_pattern = path.contains(['*', '?', '[']);
    if !is_pattern {
        return Ok(vec![folder.join(path)]);
    }
    // What the folder is called is no pattern.
    let beside = if Path::new(path).is_absolute() {
        String::new()
    } else {
        let folder = glob::Pattern::escape(&folder.display().to_string());
        if folder.is_empty() { folder } else { format!("{folder}/") }
    };
    let Ok(found) = glob::glob(&format!("{beside}{path}")) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for entry in found {
        files.push(entry.map_err(|error| ConfigError::Read {
            file: error.path().to_owned(),
            source: error.into(),
        })?);
    }
    Ok(files)
}

/// Reads `[external]`: what templates know of this server.
pub(super) fn read_external(table: Table<'_>) -> Surroundings {
    let labels = Labels::foreign(table.texts("labels"));
    let external_labels = labels.unwrap_or_else(|error| {
        table.refuse_value("labels", error);
        Labels::EMPTY
    });
    let external_url = table.text("url").unwrap_or_default().into();
    table.finish();
    Surroundings { external_labels, external_url }
}
