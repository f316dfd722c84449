//! A file of tests with its rule files.

use std::sync::Arc;

use super::{LoadError, UnitTestFile};
use crate::rules::file::{RuleFile, RuleGroup};
use crate::rules::reader::UnknownFields;

/// The most evaluations of its groups that a test has.
pub const EVALUATIONS_MAX: u64 = 1_000_000;

/// A rule file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// The name of the file, for messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A file of tests and the groups that they are about.
#[derive(Debug, Clone)]
pub struct Suite<'a> {
    pub(super) file: &'a UnitTestFile,
    /// The groups with their files, in the order of evaluation.
    pub(super) groups: Vec<(Arc<str>, Arc<RuleGroup>)>,
    /// The patterns that no file matches.
    pub unmatched: Vec<Arc<str>>,
}

impl UnitTestFile {
    /// Gets the rule files. `read` is asked for each that is named, and gives
    /// those that match, of which there may be none.
    ///
    /// # Errors
    /// Each file that is not there or has errors.
    pub fn load(
        &self,
        unknown: UnknownFields,
        read: &mut dyn FnMut(&str) -> Result<Vec<RuleText>, String>,
    ) -> Result<Suite<'_>, Vec<LoadError>> {
        let mut suite = Suite { file: self, groups: Vec::new(), unmatched: Vec::new() };
        let mut errors = Vec::new();
        for named in &self.rule_files {
            let files = match read(named) {
                Ok(files) => files,
                Err(message) => {
                    errors.push(LoadError::Read { file: Arc::clone(named), message });
                    continue;
                }
            };
            if files.is_empty() {
                suite.unmatched.push(Arc::clone(named));
            }
            for RuleText { name, text } in files {
                let name: Arc<str> = name.into();
                match RuleFile::parse_with(&text, unknown) {
                    Ok(file) => {
                        let groups = file.groups.into_iter().map(Arc::new);
                        suite.groups.extend(groups.map(|group| (Arc::clone(&name), group)));
                    }
                    Err(faults) => errors.push(LoadError::Faults { file: name, faults }),
                }
            }
        }
        let place = |name: &Arc<str>| self.group_eval_order.iter().position(|other| other == name);
        suite.groups.sort_by_key(|(_, group)| place(&group.name).unwrap_or(usize::MAX));
        if errors.is_empty() { Ok(suite) } else { Err(errors) }
    }
}
