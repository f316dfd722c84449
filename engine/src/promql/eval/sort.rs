//! The order of a vector's series.

use std::cmp::Ordering;

use super::stream::Series;
use crate::promql::functions::Function;
use crate::promql::functions::order::natural;

/// Puts the series of an instant query in order.
pub(super) fn sort(function: Function, labels: &[&str], series: &mut [Series]) {
    let value = |one: &Series| one.column.first().copied().unwrap_or(f64::NAN);
    match function {
        Function::Sort => series.sort_by(|a, b| by_value(value(a), value(b), Ordering::Less)),
        Function::SortDesc => {
            series.sort_by(|a, b| by_value(value(a), value(b), Ordering::Greater));
        }
        Function::SortByLabel => series.sort_by(|a, b| by_labels(labels, a, b)),
        _ => series.sort_by(|a, b| by_labels(labels, b, a)),
    }
}

/// Compares two values, of which the one in the given relation comes first;
/// NaN is always last.
fn by_value(a: f64, b: f64, first: Ordering) -> Ordering {
    match a.partial_cmp(&b) {
        Some(order) if first == Ordering::Greater => order.reverse(),
        Some(order) => order,
        None => a.is_nan().cmp(&b.is_nan()),
    }
}

fn by_labels(labels: &[&str], a: &Series, b: &Series) -> Ordering {
    let (a, b) = (&a.head.labels, &b.head.labels);
    let by_label = |label: &&str| natural(a.get(label), b.get(label));
    // The same order from query to query.
    labels.iter().map(by_label).find(|order| order.is_ne()).unwrap_or_else(|| a.cmp(b))
}
