//! What the janitor is asked.

use keepwatch_engine::retention::{CleaningReport, Policy};

use super::Janitor;
use crate::durability::UpkeepReport;
use crate::request;

request! {
    Clean => CleaningReport, owner Janitor;
    LastCleaning => Option<CleaningReport>, owner Janitor;
    SetPolicy => (), owner Janitor;
    CurrentPolicy => Policy, owner Janitor;
    KeepUp => UpkeepReport, owner Janitor;
    LastUpkeep => Option<UpkeepReport>, owner Janitor;
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

/// Keeps the data folder up now, besides the regular rounds: retention,
/// sealing, rollups. Answers once it is done; at once and with nothing done
/// without a data folder, and while a round is under way.
#[derive(Debug, Clone, Copy)]
pub struct KeepUp;

/// Asks for the report of the last round of upkeep.
#[derive(Debug, Clone, Copy)]
pub struct LastUpkeep;
