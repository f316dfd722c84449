//! What an exposition shows, before any value is read.
//!
//! A [`Layout`] is immutable and shared by all scrapes: a [`Block`] for each
//! registered metric, sorted by name, which knows where the values of its
//! series are and keeps the text that stands before them. It is renewed when
//! the set of metrics or series has changed, and then only the blocks of those
//! metrics are made again.
//!
//! Values are in two places. A cell that handles or records write is read
//! itself. A counter, gauge or info that is only set by records is read from
//! the store, newest sample first; it is left out once it is stale or older
//! than the lookback.

mod block;
mod lines;
mod pairs;
mod section;
mod texts;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

pub(super) use self::block::{Block, Member};
pub(super) use self::lines::{Lines, push_labels, push_series};
pub(super) use self::pairs::Pairs;
pub(super) use self::section::{Section, push_family};
use super::name::Escaping;
use crate::instrument::{Catalogue, Metric};
use crate::storage::{Ledger, Roster, Series};

/// Sections of a text, made when they are first asked for.
type Sections = OnceLock<Arc<[Section]>>;

/// What an exposition shows; see the [module](self).
#[derive(Default)]
pub(super) struct Layout {
    roster: Roster,
    blocks: Arc<[Arc<Block>]>,
    text: [Sections; Escaping::ALL.len()],
    open_metrics: [Sections; Escaping::ALL.len()],
}

impl Layout {
    /// Returns the layout as it has to be now; `None` if it is as it was.
    pub(super) fn renewed(&self, catalogue: &Catalogue, ledger: &Ledger) -> Option<Self> {
        let renewed = self.roster.renewed(ledger);
        let metrics = catalogue.metrics();
        let found: Vec<Option<&Arc<Block>>> =
            metrics.iter().map(|metric| self.block(metric)).collect();
        let is_same = |(metric, block): (&Arc<Metric>, &Option<&Arc<Block>>)| {
            block.is_some_and(|block| block.version() == metric.version())
        };
        let all_same =
            metrics.len() == self.blocks.len() && metrics.iter().zip(&found).all(is_same);
        if renewed.is_none() && all_same {
            return None;
        }
        let is_known = found.iter().all(Option::is_some);
        let (roster, new) = match renewed {
            Some((roster, new)) if is_known => (roster, new),
            // A metric that is new may have series that are not.
            Some((roster, _)) => {
                let all = roster.series();
                (roster, all)
            }
            None if is_known => (self.roster.clone(), Vec::new()),
            None => (self.roster.clone(), self.roster.series()),
        };
        let mut series: HashMap<&str, Vec<&Arc<Series>>, RandomState> = HashMap::default();
        for one in &new {
            series.entry(one.metric()).or_default().push(one);
        }
        let blocks = metrics.iter().zip(&found).map(|(metric, block)| {
            let new = series.get(&**metric.definition().name()).map_or(&[][..], Vec::as_slice);
            match block {
                Some(block) if block.is_current(new, &roster) => Arc::clone(block),
                block => Arc::new(Block::new(metric, block.map(Arc::as_ref), new, &roster)),
            }
        });
        let blocks: Arc<[Arc<Block>]> = blocks.collect();
        let same = |(one, other): (&Arc<Block>, &Arc<Block>)| Arc::ptr_eq(one, other);
        if blocks.len() == self.blocks.len() && blocks.iter().zip(self.blocks.iter()).all(same) {
            let (text, open_metrics) = (self.text.clone(), self.open_metrics.clone());
            return Some(Self { roster, blocks, text, open_metrics });
        }
        Some(Self { roster, blocks, ..Self::default() })
    }

    /// Returns the blocks, sorted by the names of their metrics.
    pub(super) const fn blocks(&self) -> &Arc<[Arc<Block>]> {
        &self.blocks
    }

    /// Returns the sections of the Prometheus text format.
    pub(super) fn text(&self, escaping: Escaping) -> &Arc<[Section]> {
        self.text[escaping as usize].get_or_init(|| section::text(&self.blocks, escaping))
    }

    /// Returns the sections of OpenMetrics.
    pub(super) fn open_metrics(&self, escaping: Escaping) -> &Arc<[Section]> {
        let sections = &self.open_metrics[escaping as usize];
        sections.get_or_init(|| section::open_metrics(&self.blocks, escaping))
    }

    /// Returns the block of this very metric.
    fn block(&self, metric: &Arc<Metric>) -> Option<&Arc<Block>> {
        let name = metric.definition().name();
        let at = self.blocks.binary_search_by(|block| block.definition().name().cmp(name)).ok()?;
        self.blocks.get(at).filter(|block| block.is_of(metric))
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layout").field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}
