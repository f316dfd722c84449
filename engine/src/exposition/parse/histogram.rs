//! One point of a histogram.

use super::cursor::number;
use super::error::Problem;
use super::event::{Family, FamilyKind, Role};
use super::line::Sample;

/// What was seen of the buckets, sum and count of one label set at one time.
#[derive(Debug, Default)]
pub(super) struct Point {
    /// The last bucket's bound and value.
    bucket: Option<(f64, f64)>,
    count: Option<f64>,
    sum: Option<f64>,
    has_negative_bound: bool,
    is_gauge: bool,
}

impl Point {
    pub(super) fn add(
        &mut self,
        family: &Family,
        role: Role,
        sample: &Sample,
    ) -> Result<(), Problem> {
        self.is_gauge = family.kind == FamilyKind::GaugeHistogram;
        match role {
            Role::Sum => self.sum = Some(sample.value),
            Role::Count => self.count = Some(sample.value),
            Role::Bucket => {
                let le = sample.labels.iter().find(|(name, _)| name == "le");
                let bound = le.and_then(|(_, text)| number(text)).unwrap_or(f64::NAN);
                if let Some((bound_before, value_before)) = self.bucket {
                    if bound <= bound_before {
                        return Err(disordered(sample, "bounds of buckets grow"));
                    }
                    if sample.value < value_before {
                        return Err(disordered(sample, "values of buckets never fall"));
                    }
                }
                self.has_negative_bound |= bound < 0.0;
                self.bucket = Some((bound, sample.value));
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks the point when nothing more of it comes.
    pub(super) fn finish(self, family: &str) -> Result<(), Problem> {
        let total = match self.bucket {
            Some((bound, value)) if bound == f64::INFINITY => value,
            _ => return Err(refused(family, "the last bucket must be le=\"+Inf\"")),
        };
        if self.count.is_some_and(|count| count != total) {
            return Err(refused(family, "the count must be the value of bucket le=\"+Inf\""));
        }
        match (self.sum, self.count) {
            (Some(_), None) => return Err(refused(family, "a sum needs a count")),
            (None, Some(_)) => return Err(refused(family, "a count needs a sum")),
            _ => {}
        }
        let Some(sum) = self.sum else { return Ok(()) };
        if self.has_negative_bound && !self.is_gauge {
            return Err(refused(family, "buckets with negative bounds must not have a sum"));
        }
        if sum < 0.0 && !self.has_negative_bound {
            return Err(refused(family, "a negative sum needs a bucket with a negative bound"));
        }
        Ok(())
    }
}

fn refused(family: &str, what: &'static str) -> Problem {
    Problem::Histogram { family: family.to_owned(), what }
}

fn disordered(sample: &Sample, what: &'static str) -> Problem {
    Problem::BucketOrder { name: sample.name.clone(), what }
}
