//! What a check needs of others.

use std::sync::Arc;

use serde::Serialize;

/// What a check needs of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependency {
    /// Without it the check is blocked.
    Required(Arc<str>),
    /// Without it the check is degraded.
    Optional(Arc<str>),
    /// The check is blocked only when all of the members failed.
    AnyOf {
        /// What the members are together, such as `replicas`.
        group: Arc<str>,
        /// The checks.
        members: Vec<Arc<str>>,
    },
}

impl Dependency {
    /// Returns the names of the checks that the dependency speaks of.
    #[must_use]
    pub fn names(&self) -> &[Arc<str>] {
        match self {
            Self::Required(name) | Self::Optional(name) => std::slice::from_ref(name),
            Self::AnyOf { members, .. } => members,
        }
    }
}
