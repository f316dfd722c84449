//! The messages of `io.prometheus.client`.
//!
//! A number that is absent is 0 and a text that is absent is empty, as the
//! schema has it; what it tells apart from absence is an [`Option`].

use prost::{Enumeration, Message};

/// A label of a metric or exemplar.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LabelPair {
    /// The label's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The label's value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum MetricType {
    /// A running total, in [`Metric::counter`].
    Counter = 0,
    /// A value that goes up and down, in [`Metric::gauge`].
    Gauge = 1,
    /// Quantiles, a sum and a count, in [`Metric::summary`].
    Summary = 2,
    /// A value of which nothing is known, in [`Metric::untyped`].
    Untyped = 3,
    /// Buckets, a sum and a count, in [`Metric::histogram`].
    Histogram = 4,
    /// Buckets, a sum and a count that also fall, in [`Metric::histogram`].
    GaugeHistogram = 5,
}

/// A point in time, `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Timestamp {
    /// Seconds since the beginning of 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds from there, 0 to 999,999,999, also before 1970.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// A gauge's value.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Gauge {
    /// The value.
    #[prost(double, tag = "1")]
    pub value: f64,
}

/// A counter's value.
#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    /// The running total.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Something that was counted last.
    #[prost(message, optional, tag = "2")]
    pub exemplar: Option<Exemplar>,
    /// When the total was 0.
    #[prost(message, optional, tag = "3")]
    pub created_timestamp: Option<Timestamp>,
}

/// A quantile of a summary.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Quantile {
    /// Which one, 0 to 1.
    #[prost(double, tag = "1")]
    pub quantile: f64,
    /// Its value; NaN if nothing was measured.
    #[prost(double, tag = "2")]
    pub value: f64,
}

/// A summary's parts.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The number of measurements.
    #[prost(uint64, tag = "1")]
    pub sample_count: u64,
    /// The sum of the measurements.
    #[prost(double, tag = "2")]
    pub sample_sum: f64,
    /// The quantiles, in their order.
    #[prost(message, repeated, tag = "3")]
    pub quantile: Vec<Quantile>,
    /// When the count was 0.
    #[prost(message, optional, tag = "4")]
    pub created_timestamp: Option<Timestamp>,
}

/// A value of unknown type.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Untyped {
    /// The value.
    #[prost(double, tag = "1")]
    pub value: f64,
}

/// A histogram: classic buckets, native ones, or both.
///
/// Counts are whole numbers, or floats in the fields named so, never both. A
/// native histogram has at least one span, or a threshold or count of zeros;
/// one without measurements says so by a span of offset and length 0.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// The number of measurements.
    #[prost(uint64, tag = "1")]
    pub sample_count: u64,
    /// The number of measurements of a histogram of floats.
    #[prost(double, tag = "4")]
    pub sample_count_float: f64,
    /// The sum of the measurements.
    #[prost(double, tag = "2")]
    pub sample_sum: f64,
    /// The classic buckets by their upper bounds; the one of `+Inf` may be
    /// left out.
    #[prost(message, repeated, tag = "3")]
    pub bucket: Vec<Bucket>,
    /// When the count was 0.
    #[prost(message, optional, tag = "15")]
    pub created_timestamp: Option<Timestamp>,
    /// The resolution of the native buckets: each is `2^(2^-schema)` times as
    /// wide as the one before it; -4 to 8.
    #[prost(sint32, tag = "5")]
    pub schema: i32,
    /// The measurements up to this distance from 0 are counted as zeros.
    #[prost(double, tag = "6")]
    pub zero_threshold: f64,
    /// The number of zeros.
    #[prost(uint64, tag = "7")]
    pub zero_count: u64,
    /// The number of zeros of a histogram of floats.
    #[prost(double, tag = "8")]
    pub zero_count_float: f64,
    /// Where the native buckets of negative measurements are.
    #[prost(message, repeated, tag = "9")]
    pub negative_span: Vec<BucketSpan>,
    /// Their counts, each as the difference to the one before it.
    #[prost(sint64, repeated, packed = "false", tag = "10")]
    pub negative_delta: Vec<i64>,
    /// Their counts in a histogram of floats.
    #[prost(double, repeated, packed = "false", tag = "11")]
    pub negative_count: Vec<f64>,
    /// Where the native buckets of positive measurements are.
    #[prost(message, repeated, tag = "12")]
    pub positive_span: Vec<BucketSpan>,
    /// Their counts, each as the difference to the one before it.
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    pub positive_delta: Vec<i64>,
    /// Their counts in a histogram of floats.
    #[prost(double, repeated, packed = "false", tag = "14")]
    pub positive_count: Vec<f64>,
    /// Exemplars of native buckets, each with its time.
    #[prost(message, repeated, tag = "16")]
    pub exemplars: Vec<Exemplar>,
}

/// A classic bucket of a histogram.
#[derive(Clone, PartialEq, Message)]
pub struct Bucket {
    /// The number of measurements up to the bound.
    #[prost(uint64, tag = "1")]
    pub cumulative_count: u64,
    /// The number of measurements of a histogram of floats.
    #[prost(double, tag = "4")]
    pub cumulative_count_float: f64,
    /// The bound, which belongs to the bucket.
    #[prost(double, tag = "2")]
    pub upper_bound: f64,
    /// A measurement that this bucket is the first to hold.
    #[prost(message, optional, tag = "3")]
    pub exemplar: Option<Exemplar>,
}

/// A run of native buckets without a gap.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct BucketSpan {
    /// The buckets between the end of the span before it and its first one;
    /// of the first span the index of its first bucket.
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    /// How many buckets it has.
    #[prost(uint32, tag = "2")]
    pub length: u32,
}

/// An event that was counted, with a reference such as a trace.
#[derive(Clone, PartialEq, Message)]
pub struct Exemplar {
    /// The labels of the reference.
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    /// The measured value.
    #[prost(double, tag = "2")]
    pub value: f64,
    /// When it was measured.
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
}

/// One metric of a family: a label set with the value of the family's type.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// The labels.
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    /// The value of a gauge.
    #[prost(message, optional, tag = "2")]
    pub gauge: Option<Gauge>,
    /// The value of a counter.
    #[prost(message, optional, tag = "3")]
    pub counter: Option<Counter>,
    /// The parts of a summary.
    #[prost(message, optional, tag = "4")]
    pub summary: Option<Summary>,
    /// The value of a metric of unknown type.
    #[prost(message, optional, tag = "5")]
    pub untyped: Option<Untyped>,
    /// The parts of a histogram or gauge histogram.
    #[prost(message, optional, tag = "7")]
    pub histogram: Option<Histogram>,
    /// When the value held, in milliseconds of Unix time.
    #[prost(int64, optional, tag = "6")]
    pub timestamp_ms: Option<i64>,
}

/// The metrics that share a name, type, unit and help.
#[derive(Clone, PartialEq, Message)]
pub struct MetricFamily {
    /// The name; of a counter with its `_total`, unlike OpenMetrics.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The help text.
    #[prost(string, tag = "2")]
    pub help: String,
    /// The type.
    #[prost(enumeration = "MetricType", tag = "3")]
    pub r#type: i32,
    /// The metrics.
    #[prost(message, repeated, tag = "4")]
    pub metric: Vec<Metric>,
    /// The unit, which the name has, too.
    #[prost(string, tag = "5")]
    pub unit: String,
}
