//! Results against what is expected of them.

use std::fmt::Write as _;

use keepwatch_engine::promql::{EvaluationTimes, LabelSet, Point, PointSeries, Value};

use super::case::{Case, Values};
use super::points::Slot;

/// By how much a value may differ, relative to it.
const EPSILON: f64 = 1e-6;

/// Says whether two values are the same but for rounding.
pub(super) fn almost_equal(a: f64, b: f64) -> bool {
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let (difference, sum) = ((a - b).abs(), a.abs() + b.abs());
    if sum < f64::MIN_POSITIVE || difference < f64::MIN_POSITIVE {
        return difference < EPSILON * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < EPSILON
}

/// Compares a result with what a case expects.
pub(super) fn check(case: &Case, found: &Value) -> Result<(), String> {
    match (&case.values, found) {
        (Values::Scalar(expected), Value::Scalar(Point { value, .. })) => {
            let is_same = value.float().is_some_and(|value| almost_equal(*expected, value));
            if is_same { Ok(()) } else { Err(differing(expected, &text(found))) }
        }
        (Values::Text(expected), Value::String(value)) => {
            if expected == value {
                Ok(())
            } else {
                Err(differing(expected, value))
            }
        }
        (Values::Series { series, range_vector: None }, Value::Vector(vector)) => {
            let found = vector.iter().map(|(labels, point)| (labels, vec![*point]));
            let times = EvaluationTimes::instant(case.times.start_ms);
            check_series(series, &found.collect::<Vec<_>>(), times, case.expectation.ordered)
        }
        (Values::Series { series, range_vector }, Value::Matrix(matrix)) => {
            let is_range = !case.times.is_instant();
            if is_range != range_vector.is_none() {
                return Err(format!("expected no range vector, found {}", text(found)));
            }
            if is_range {
                check_sorted(matrix)?;
            }
            let found: Vec<_> =
                matrix.iter().map(|series| (&series.labels, series.points.clone())).collect();
            check_series(series, &found, range_vector.unwrap_or(case.times), false)
        }
        (expected, found) => Err(differing(&format!("{expected:?}"), &text(found))),
    }
}

type Found<'a> = (&'a LabelSet, Vec<Point>);

fn check_series(
    expected: &[(LabelSet, Vec<Slot>)],
    found: &[Found<'_>],
    times: EvaluationTimes,
    ordered: bool,
) -> Result<(), String> {
    for (index, (labels, _)) in found.iter().enumerate() {
        if found[..index].iter().any(|(before, _)| before == labels) {
            return Err(format!("{labels} is there twice"));
        }
    }
    let mut left: Vec<&Found<'_>> = found.iter().collect();
    let mut problems = String::new();
    for (place, (labels, slots)) in expected.iter().enumerate() {
        let at = left.iter().position(|(found, _)| *found == labels);
        let Some(at) = at else {
            let _ = writeln!(problems, "missing: {labels} {}", slots_text(slots));
            continue;
        };
        let series = left.remove(at);
        if ordered && found.get(place).is_none_or(|(found, _)| *found != labels) {
            let _ = writeln!(problems, "{labels} is not at place {place}");
        }
        if !has_slots(&series.1, slots, times) {
            let found = points_text(&series.1);
            let _ = writeln!(problems, "{labels} expected {}, found {found}", slots_text(slots));
        }
    }
    for (labels, points) in left {
        let _ = writeln!(problems, "not expected: {labels} {}", points_text(points));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.trim_end().to_owned()) }
}

/// Says whether points are those of the slots at these times.
fn has_slots(points: &[Point], slots: &[Slot], times: EvaluationTimes) -> bool {
    let at_ms = (0..).map(|index: i64| times.start_ms + index * times.step_ms);
    let expected = at_ms.zip(slots).filter_map(|(at_ms, slot)| match slot {
        Slot::Float(value) => Some((at_ms, *value)),
        // Cases with native histograms do not come here.
        Slot::Nothing | Slot::Histogram => None,
    });
    let expected: Vec<(i64, f64)> = expected.collect();
    let is_same = |(point, (at_ms, value)): (&Point, &(i64, f64))| {
        let found = point.value.float();
        point.at_ms == *at_ms && found.is_some_and(|found| almost_equal(*value, found))
    };
    points.len() == expected.len() && points.iter().zip(&expected).all(is_same)
}

/// Checks that the series of a range query come in the order of their labels.
pub(super) fn check_sorted(matrix: &[PointSeries]) -> Result<(), String> {
    let is_sorted = |pair: &[PointSeries]| pair[0].labels.iter().le(pair[1].labels.iter());
    match matrix.windows(2).find(|pair| !is_sorted(pair)) {
        Some(pair) => Err(format!("{} comes before {}", pair[0].labels, pair[1].labels)),
        None => Ok(()),
    }
}

fn differing(expected: &(impl ToString + ?Sized), found: &str) -> String {
    format!("expected {}, found {found}", expected.to_string())
}

/// Writes a result in short.
fn text(value: &Value) -> String {
    match value {
        Value::Scalar(point) => format!("the scalar {}", points_text(&[*point])),
        Value::String(text) => format!("the text {text:?}"),
        Value::Vector(vector) => {
            let elements = vector
                .iter()
                .map(|(labels, point)| format!("\n{labels} {}", points_text(&[*point])));
            format!("the vector{}", elements.collect::<String>())
        }
        Value::Matrix(matrix) => {
            let series = matrix
                .iter()
                .map(|series| format!("\n{} {}", series.labels, points_text(&series.points)));
            format!("the matrix{}", series.collect::<String>())
        }
    }
}

/// Writes points with their times where they are not steps of one length.
fn points_text(points: &[Point]) -> String {
    let texts: Vec<String> = points
        .iter()
        .map(|point| match point.value.float() {
            Some(value) => format!("{value}@{}ms", point.at_ms),
            None => format!("?@{}ms", point.at_ms),
        })
        .collect();
    texts.join(" ")
}

fn slots_text(slots: &[Slot]) -> String {
    let texts: Vec<String> = slots
        .iter()
        .map(|slot| match slot {
            Slot::Nothing => "_".to_owned(),
            Slot::Float(value) => value.to_string(),
            Slot::Histogram => "{{…}}".to_owned(),
        })
        .collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::script::Line;
    use keepwatch_engine::promql::{NAME, PointValue};

    #[test]
    fn rounding_is_no_difference() {
        let check = |a, b, expected| assert_eq!(almost_equal(a, b), expected, "{a} {b}");
        check(1.0, 1.000_001, true);
        check(1.0, 1.000_003, false);
        check(0.0, -0.0, true);
        check(0.0, 1e-300, false);
        check(f64::NAN, f64::NAN, true);
        check(f64::NAN, 0.0, false);
        check(f64::INFINITY, f64::INFINITY, true);
        check(f64::INFINITY, f64::NEG_INFINITY, false);
        check(f64::INFINITY, 1.0, false);
        check(f64::MAX, f64::MAX / 2.0, false);
    }

    fn case(text: &str) -> Case {
        let lines: Vec<Line<'_>> = (1..).zip(text.lines().map(str::trim)).collect();
        Case::read(lines[0].1, &lines[1..]).unwrap()
    }

    fn point(at_ms: i64, value: f64) -> Point {
        Point { at_ms, value: PointValue::Float(value) }
    }

    fn named(name: &str) -> LabelSet {
        LabelSet::default().with(NAME, name)
    }

    #[test]
    fn vectors() {
        let vector = |elements: &[(&str, f64)]| {
            let element = |(name, value): &(&str, f64)| (named(name), point(1_000, *value));
            Value::Vector(elements.iter().map(element).collect())
        };
        let found = |text: &str, elements: &[(&str, f64)]| check(&case(text), &vector(elements));
        let both = "eval instant at 1s x\na 1\nb 2";
        assert_eq!(found(both, &[("b", 2.0), ("a", 1.0)]), Ok(()));
        assert!(found(both, &[("a", 1.0)]).unwrap_err().contains("missing: b 2"));
        assert!(found(both, &[("a", 1.0), ("b", 3.0)]).unwrap_err().contains("found 3"));
        assert!(found(both, &[("a", 1.0), ("b", 2.0), ("c", 3.0)]).is_err());
        assert!(found(both, &[("a", 1.0), ("b", 2.0), ("a", 1.0)]).unwrap_err().contains("twice"));
        let ordered = "eval instant at 1s x\nexpect ordered\na 1\nb 2";
        assert!(found(ordered, &[("a", 1.0), ("b", 2.0)]).is_ok());
        assert!(found(ordered, &[("b", 2.0), ("a", 1.0)]).is_err());
        assert!(found("eval instant at 1s x\n 1", &[("", 1.0)]).is_err());
        assert!(check(&case("eval instant at 1s x\n 1"), &Value::Scalar(point(0, 1.0))).is_ok());
        assert!(check(&case(both), &Value::Scalar(point(0, 1.0))).is_err());
    }

    #[test]
    fn matrices() {
        let matrix = |series: &[(&str, &[(i64, f64)])]| {
            let series = series.iter().map(|(name, points)| PointSeries {
                labels: named(name),
                points: points.iter().map(|(at_ms, value)| point(*at_ms, *value)).collect(),
            });
            Value::Matrix(series.collect())
        };
        let steps = case("eval range from 0 to 2s step 1s x\na 1 _ 3\nb _ 2");
        let (a, b): (&[_], &[_]) = (&[(0, 1.0), (2_000, 3.0)], &[(1_000, 2.0)]);
        assert_eq!(check(&steps, &matrix(&[("a", a), ("b", b)])), Ok(()));
        assert!(check(&steps, &matrix(&[("b", b), ("a", a)])).unwrap_err().contains("before"));
        assert!(check(&steps, &matrix(&[("a", a), ("b", a)])).is_err());
        let text = "eval instant at 3s x[2s]\nexpect range vector from 1s to 3s step 1s\na _ 2 _";
        let single: &[_] = &[(2_000, 2.0)];
        assert_eq!(check(&case(text), &matrix(&[("a", single)])), Ok(()));
        assert!(check(&case("eval instant at 3s x[2s]\na 2"), &matrix(&[("a", single)])).is_err());
    }
}
