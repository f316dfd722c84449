//! What rules take from a query.

use super::RuleError;
use crate::promql::{LabelSet, Value};

/// Series with one value each.
pub type InstantVector = Vec<(LabelSet, f64)>;

/// Returns the series of a result, as rules take them: a number is a series
/// without labels.
///
/// # Errors
/// [`RuleError::NotVector`] for texts and range vectors.
pub fn vector_of(value: Value) -> Result<InstantVector, RuleError> {
    match value {
        Value::Vector(vector) => Ok(vector
            .into_iter()
            .filter_map(|(labels, point)| Some((labels, point.value.float()?)))
            .collect()),
        Value::Scalar(point) => {
            Ok(point.value.float().map(|value| (LabelSet::default(), value)).into_iter().collect())
        }
        other => Err(RuleError::NotVector { found: other.value_type() }),
    }
}
