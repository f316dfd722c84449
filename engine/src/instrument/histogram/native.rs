//! Counts in exponential buckets.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::scale::Scale;
use crate::instrument::cells::Words;
use crate::model::NativeBuckets;

/// The buckets that are made together when the first of them is needed.
const GROUP: usize = 64;
/// The groups that are found together.
const PAGE: usize = 16;
/// The coarsest schema.
const SCHEMA_MIN: i8 = -4;

/// What a histogram's exponential buckets have counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NativeCounts {
    /// The resolution, -4 to 8: a bucket's upper bound is `2^(2^-schema)`
    /// times its lower one.
    pub schema: i8,
    /// The magnitude up to which a measurement counts as zero.
    pub zero_threshold: f64,
    /// How many measurements count as zero.
    pub zeros: u64,
    /// The counts of positive measurements by bucket, of which `i` reaches
    /// from `2^((i-1)/2^schema)`, not included, to `2^(i/2^schema)`. Buckets
    /// without a count are left out.
    pub positive: Vec<(i32, u64)>,
    /// The same of negative measurements, by their magnitude.
    pub negative: Vec<(i32, u64)>,
    /// How many measurements there were.
    pub count: u64,
    /// The sum of the finite measurements; may be ahead or behind by what is
    /// being observed meanwhile.
    pub sum: f64,
}

impl NativeCounts {
    /// Makes every two neighbours one, so that the buckets are those of the
    /// schema below.
    fn coarsen(&mut self) {
        self.schema -= 1;
        for side in [&mut self.positive, &mut self.negative] {
            let mut coarse = BTreeMap::new();
            for (bucket, count) in side.iter() {
                *coarse.entry((bucket + 1) >> 1).or_insert(0) += count;
            }
            *side = coarse.into_iter().collect();
        }
    }
}

/// The counts of a histogram.
#[derive(Debug)]
pub(super) struct NativeCell {
    buckets: NativeBuckets,
    scale: Scale,
    zeros: Words,
    positive: Side,
    negative: OnceLock<Side>,
}

impl NativeCell {
    pub(super) fn new(buckets: NativeBuckets) -> Self {
        let scale = Scale::new(buckets.schema);
        let (zeros, positive) = (Words::new(1), Side::new(scale));
        Self { buckets, scale, zeros, positive, negative: OnceLock::new() }
    }

    /// Counts measurements of the same number.
    #[inline]
    pub(super) fn observe(&self, value: f64, count: u64) {
        let magnitude = value.abs();
        if magnitude <= self.buckets.zero_threshold {
            self.zeros.add(0, count);
        } else if value > 0.0 {
            self.positive.count(self.scale.bucket(magnitude), count);
        } else {
            let negative = self.negative.get_or_init(|| Side::new(self.scale));
            negative.count(self.scale.bucket(magnitude), count);
        }
    }

    /// Returns the counts, in buckets so wide that there are not too many.
    pub(super) fn read(&self, sum: f64) -> NativeCounts {
        let mut counts = NativeCounts {
            schema: self.buckets.schema,
            zero_threshold: self.buckets.zero_threshold,
            zeros: self.zeros.sum(0),
            positive: self.positive.read(),
            negative: self.negative.get().map(Side::read).unwrap_or_default(),
            count: 0,
            sum,
        };
        let sides = counts.positive.iter().chain(&counts.negative);
        counts.count = counts.zeros + sides.map(|(_, count)| count).sum::<u64>();
        let max = usize::from(self.buckets.buckets_max);
        while counts.positive.len() + counts.negative.len() > max && counts.schema > SCHEMA_MIN {
            counts.coarsen();
        }
        counts
    }
}

type Page = [OnceLock<Words>; PAGE];

/// The buckets of one sign. Words are made for those that are near to one in
/// use, as most histograms see a few powers of two.
#[derive(Debug)]
struct Side {
    /// The lowest bucket that a number can have.
    first: i32,
    pages: Box<[OnceLock<Box<Page>>]>,
}

impl Side {
    fn new(scale: Scale) -> Self {
        let first = scale.bucket(f64::from_bits(1));
        let buckets = usize::try_from(scale.bucket(f64::INFINITY) - first).unwrap_or(0) + 1;
        let pages = buckets.div_ceil(GROUP * PAGE);
        Self { first, pages: (0..pages).map(|_| OnceLock::new()).collect() }
    }

    #[inline]
    fn count(&self, bucket: i32, count: u64) {
        let place = usize::try_from(bucket - self.first).unwrap_or(0);
        let (group, word) = (place / GROUP, place % GROUP);
        let Some(page) = self.pages.get(group / PAGE) else { return };
        let page = page.get_or_init(|| Box::new([const { OnceLock::new() }; PAGE]));
        page[group % PAGE].get_or_init(|| Words::new(GROUP)).add(word, count);
    }

    /// Returns the buckets that have a count, from the lowest on.
    fn read(&self) -> Vec<(i32, u64)> {
        let mut counts = Vec::new();
        let mut first = self.first;
        for page in &self.pages {
            let groups = page.get().map_or(&[][..], |page| page.as_slice());
            for (group, first) in groups.iter().zip((first..).step_by(GROUP)) {
                let Some(words) = group.get() else { continue };
                let buckets = (first..).zip(0..GROUP);
                let all = buckets.map(|(bucket, word)| (bucket, words.sum(word)));
                counts.extend(all.filter(|(_, count)| *count > 0));
            }
            first += (GROUP * PAGE) as i32;
        }
        counts
    }
}
