//! One look at the current values, in chunks.

mod points;
mod text;

use std::ops::ControlFlow;
use std::sync::Arc;

pub(super) use self::points::Points;
use self::text::TextScrape;
use super::layout::{Block, Layout};
use super::negotiate::Syntax;
use super::protobuf::ProtobufScrape;
use super::show::Wanted;
use crate::model::Timestamp;

/// About how many bytes a chunk of a [`Scrape`] has; only the last is smaller.
pub const CHUNK_BYTES: usize = 64 << 10;

/// How far a chunk may go beyond: a line, in most cases.
const SLACK_BYTES: usize = 4 << 10;

/// The encoded values, chunk by chunk. A chunk is encoded when it is asked
/// for, so whoever reads slowly holds one chunk and no thread.
#[derive(Debug)]
pub struct Scrape {
    form: Form,
    is_done: bool,
}

#[derive(Debug)]
enum Form {
    Text(TextScrape),
    Protobuf(ProtobufScrape),
}

/// Which metrics are shown.
#[derive(Debug, Clone)]
pub(super) struct Filter(Vec<String>);

impl Scrape {
    pub(super) fn new(layout: Arc<Layout>, wanted: &Wanted, times: (Timestamp, Timestamp)) -> Self {
        let escaping = wanted.format.escaping();
        let filter = Filter(wanted.names.clone());
        let points = Points::new(times);
        let form = match wanted.format.syntax {
            Syntax::Text(_) => {
                Form::Text(TextScrape::new(layout.text(escaping), escaping, filter, points))
            }
            Syntax::OpenMetrics(_) => {
                let sections = layout.open_metrics(escaping);
                Form::Text(TextScrape::new(sections, escaping, filter, points).ended_by("# EOF\n"))
            }
            Syntax::Protobuf => {
                let blocks = Arc::clone(layout.blocks());
                Form::Protobuf(ProtobufScrape::new(blocks, escaping, filter, points))
            }
        };
        Self { form, is_done: false }
    }
}

impl Iterator for Scrape {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_done {
            return None;
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + SLACK_BYTES);
        while chunk.len() < CHUNK_BYTES {
            let step = match &mut self.form {
                Form::Text(scrape) => scrape.step(&mut chunk),
                Form::Protobuf(scrape) => scrape.step(&mut chunk),
            };
            if step == ControlFlow::Break(()) {
                self.is_done = true;
                break;
            }
        }
        (!chunk.is_empty()).then_some(chunk)
    }
}

impl Filter {
    pub(super) fn shows(&self, block: &Block) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| block.answers_to(name))
    }
}
