//! The series of each value of one label.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use roaring::RoaringBitmap;

use super::ids::Ids;
use crate::model::Matcher;

/// The values of one label and their series.
#[derive(Debug, Default)]
pub(super) struct Postings {
    values: HashMap<Arc<str>, Ids, RandomState>,
}

impl Postings {
    /// Returns the text of a value that is there already.
    pub(super) fn shared(&self, value: &str) -> Option<Arc<str>> {
        self.values.get_key_value(value).map(|(value, _)| Arc::clone(value))
    }

    pub(super) fn insert(&mut self, value: &Arc<str>, id: u32) {
        match self.values.get_mut(value) {
            Some(ids) => ids.insert(id),
            None => {
                self.values.insert(Arc::clone(value), Ids::One(id));
            }
        }
    }

    pub(super) fn remove(&mut self, value: &str, id: u32) {
        if self.values.get_mut(value).is_some_and(|ids| ids.remove(id)) {
            self.values.remove(value);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn get(&self, value: &str) -> Option<&Ids> {
        self.values.get(value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Ids)> {
        self.values.iter()
    }

    /// Returns the series whose value passes (`pass`) or fails the matcher.
    pub(super) fn matching(&self, matcher: &Matcher, pass: bool) -> RoaringBitmap {
        let mut sum = RoaringBitmap::new();
        match matcher.named_values().filter(|_| matcher.op().is_negative() != pass) {
            // What the matcher names, instead of a look at every value.
            Some(named) => {
                let known = named.iter().filter_map(|value| self.values.get(value.as_str()));
                known.for_each(|ids| ids.add_to(&mut sum));
            }
            None => {
                for (value, ids) in &self.values {
                    if matcher.matches_value(value) == pass {
                        ids.add_to(&mut sum);
                    }
                }
            }
        }
        sum
    }
}
