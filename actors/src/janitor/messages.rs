//! What the janitor is asked.

use keepwatch_engine::retention::{CleaningReport, Policy};

use super::Janitor;
use crate::request;

request! {
    Clean => CleaningReport, owner Janitor;
    LastCleaning => Option<CleaningReport>, owner Janitor;
    SetPolicy => (), owner Janitor;
    CurrentPolicy => Policy, owner Janitor;
}

/// Cleans now, besides the regular passes; answers once the pass is over.
///
/// Refused while another pass is under way. Over a large store a pass may
/// take longer than an ask waits: it goes on, and [`LastCleaning`] tells how
/// it ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clean {
    /// Remove nothing, and report what would go.
    pub dry_run: bool,
}

/// Asks for the report of the last pass that ended, dry runs left out.
#[derive(Debug, Clone, Copy)]
pub struct LastCleaning;

/// Replaces the policy; a pass that is under way keeps its own.
#[derive(Debug, Clone)]
pub struct SetPolicy(pub Policy);

/// Asks for the policy.
#[derive(Debug, Clone, Copy)]
pub struct CurrentPolicy;
