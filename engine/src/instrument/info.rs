//! Facts that stand in labels.

use std::sync::Arc;

/// Shows that the facts in its label values hold: the series has the value 1
/// for as long as a handle on it exists, and until the janitor finds it idle.
#[derive(Debug, Clone)]
pub struct Info(pub(super) Arc<InfoCell>);

/// What the handles on one set of facts share: nothing but being counted.
#[derive(Debug, Default)]
pub(super) struct InfoCell;
