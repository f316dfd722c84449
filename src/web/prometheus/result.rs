//! Results of queries as JSON.

use std::time::Duration;

use keepwatch_engine::promql::functions::number::plain;
use keepwatch_engine::promql::{LabelSet, Point, PointSeries, PointValue, Value};
use serde::ser::{SerializeMap as _, SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

/// The result of a query, no more than so many series of it.
pub(super) struct Written<'a> {
    pub(super) value: &'a Value,
    /// The time of a result that is a text.
    pub(super) at_ms: i64,
    pub(super) limit: usize,
    /// Written beside the result where it was asked for.
    pub(super) statistics: Option<Statistics>,
}

/// What a query cost.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Statistics {
    timings: Timings,
    samples: Samples,
}

/// In seconds.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Timings {
    exec_total_time: f64,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Samples {
    total_queryable_samples: usize,
    samples_read: usize,
}

impl Statistics {
    pub(super) fn new(samples_read: usize, took: Duration) -> Self {
        Self {
            timings: Timings { exec_total_time: took.as_secs_f64() },
            samples: Samples { total_queryable_samples: samples_read, samples_read },
        }
    }
}

impl Written<'_> {
    /// Says whether series are left out.
    pub(super) fn is_cut(&self) -> bool {
        match self.value {
            Value::Vector(vector) => vector.len() > self.limit,
            Value::Matrix(matrix) => matrix.len() > self.limit,
            Value::Scalar(_) | Value::String(_) => false,
        }
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut data = serializer.serialize_struct("data", 3)?;
        data.serialize_field("resultType", self.value.value_type().result_name())?;
        match self.value {
            Value::Scalar(point) => data.serialize_field("result", &Pair(point))?,
            Value::String(text) => {
                data.serialize_field("result", &(Seconds(self.at_ms), text))?;
            }
            Value::Vector(vector) => {
                let vector = vector.get(..self.limit).unwrap_or(vector);
                data.serialize_field("result", &Vector(vector))?;
            }
            Value::Matrix(matrix) => {
                let matrix = matrix.get(..self.limit).unwrap_or(matrix);
                data.serialize_field("result", &Matrix(matrix))?;
            }
        }
        if let Some(statistics) = self.statistics {
            data.serialize_field("stats", &statistics)?;
        }
        data.end()
    }
}

struct Vector<'a>(&'a [(LabelSet, Point)]);

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Element<'a> {
            metric: Metric<'a>,
            value: Pair<'a>,
        }
        let elements = self.0.iter();
        serializer.collect_seq(
            elements.map(|(labels, point)| Element { metric: Metric(labels), value: Pair(point) }),
        )
    }
}

struct Matrix<'a>(&'a [PointSeries]);

impl Serialize for Matrix<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Element<'a> {
            metric: Metric<'a>,
            values: Vec<Pair<'a>>,
        }
        serializer.collect_seq(self.0.iter().map(|series| Element {
            metric: Metric(&series.labels),
            values: series.points.iter().map(Pair).collect(),
        }))
    }
}

/// A label set as a map.
pub(super) struct Metric<'a>(pub(super) &'a LabelSet);

impl Serialize for Metric<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (label, value) in self.0.iter() {
            map.serialize_entry(label, value)?;
        }
        map.end()
    }
}

/// A time in seconds and a value as text.
struct Pair<'a>(&'a Point);

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_seq(Some(2))?;
        pair.serialize_element(&Seconds(self.0.at_ms))?;
        match self.0.value {
            PointValue::Float(value) => pair.serialize_element(&plain(value))?,
            // Another form of sample has another shape.
            _ => pair.serialize_element("NaN")?,
        }
        pair.end()
    }
}

/// Milliseconds as seconds, whole ones without a fraction.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub(super) i64);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1_000 == 0 {
            return serializer.serialize_i64(self.0 / 1_000);
        }
        #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
        serializer.serialize_f64(self.0 as f64 / 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use keepwatch_engine::model::Labels;

    use super::*;

    #[test]
    fn results_have_the_shapes_of_prometheus() {
        let labels = LabelSet {
            name: "up".into(),
            labels: Labels::new([("Zone", "a"), ("job", "j")]).unwrap(),
        };
        let point = |at_ms, value| Point { at_ms, value: PointValue::Float(value) };
        let check = |value: &Value, expected: expect_test::Expect| {
            let written = Written { value, at_ms: 0, limit: 1, statistics: None };
            expected.assert_eq(&serde_json::to_string(&written).unwrap());
        };
        check(
            &Value::Scalar(point(1_500, f64::INFINITY)),
            expect![[r#"{"resultType":"scalar","result":[1.5,"+Inf"]}"#]],
        );
        let vector = vec![(labels.clone(), point(2_000, 1e21)), (labels.clone(), point(0, 0.0))];
        check(
            &Value::Vector(vector),
            expect![[
                r#"{"resultType":"vector","result":[{"metric":{"Zone":"a","__name__":"up","job":"j"},"value":[2,"1000000000000000000000"]}]}"#
            ]],
        );
        let points = vec![point(0, f64::NAN), point(15_000, -0.5)];
        check(
            &Value::Matrix(vec![PointSeries { labels, points }]),
            expect![[
                r#"{"resultType":"matrix","result":[{"metric":{"Zone":"a","__name__":"up","job":"j"},"values":[[0,"NaN"],[15,"-0.5"]]}]}"#
            ]],
        );
    }
}
