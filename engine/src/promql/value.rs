//! What a query comes to.

use super::annotation::Annotations;
use super::label_set::LabelSet;
use super::syntax::ValueType;

/// The value of one sample. Native histograms will be another form.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum PointValue {
    /// A float.
    Float(f64),
}

impl PointValue {
    /// Returns the float; `None` for a histogram.
    #[must_use]
    pub const fn float(self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(value),
        }
    }
}

/// A value and its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// In milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// What was there.
    pub value: PointValue,
}

/// A series and its points in time order; never empty in a result.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSeries {
    /// Which series.
    pub labels: LabelSet,
    /// Its points.
    pub points: Vec<Point>,
}

/// The result of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// One number, at the time of an instant query.
    Scalar(Point),
    /// A text.
    String(String),
    /// One point of each series, in the order of the result.
    Vector(Vec<(LabelSet, Point)>),
    /// The points of each series over a range: for a range query sorted by
    /// labels.
    Matrix(Vec<PointSeries>),
}

impl Value {
    /// Returns the type, as results name it.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Scalar(_) => ValueType::Scalar,
            Self::String(_) => ValueType::String,
            Self::Vector(_) => ValueType::Vector,
            Self::Matrix(_) => ValueType::Matrix,
        }
    }
}

/// The result of a query, and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The result.
    pub value: Value,
    /// Warnings and infos.
    pub annotations: Annotations,
    /// How many samples were read.
    pub samples_read: usize,
}
