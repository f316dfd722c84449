//! What functions there are: names, arguments and results.

use std::fmt;
use std::ops::RangeInclusive;

use crate::promql::syntax::ValueType;

/// The most arguments of a function that takes any number of them.
const ANY: usize = usize::MAX;

/// How a function is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name, as it is written.
    pub name: &'static str,
    /// The types of the arguments; the last one is that of all further ones.
    arguments: &'static [ValueType],
    /// How many arguments a call may have.
    count: RangeInclusive<usize>,
    /// The type of the result.
    pub returns: ValueType,
    /// Whether Prometheus hides the function behind
    /// `promql-experimental-functions`.
    pub experimental: bool,
}

impl Signature {
    /// Returns the fewest arguments of a call.
    #[must_use]
    pub fn arguments_min(&self) -> usize {
        *self.count.start()
    }

    /// Returns the most arguments of a call; `None` if any number will do.
    #[must_use]
    pub fn arguments_max(&self) -> Option<usize> {
        Some(*self.count.end()).filter(|&most| most != ANY)
    }

    /// Says whether a call may leave arguments out or add some.
    #[must_use]
    pub fn is_variadic(&self) -> bool {
        self.count.start() != self.count.end()
    }

    /// Returns the types of the arguments in order; where further ones may
    /// follow, they are of the last type.
    #[must_use]
    pub const fn argument_types(&self) -> &'static [ValueType] {
        self.arguments
    }

    /// Returns the type of the argument at `index`, from 0; `None` if a call
    /// cannot have that many.
    #[must_use]
    pub fn argument(&self, index: usize) -> Option<ValueType> {
        if index >= *self.count.end() {
            return None;
        }
        self.arguments.get(index).or(self.arguments.last()).copied()
    }
}

macro_rules! functions {
    (@experimental) => { false };
    (@experimental experimental) => { true };
    ($(
        $(#[$doc:meta])+
        $function:ident = $name:literal: [$($argument:ident),*], $count:expr
            => $returns:ident $(, $experimental:ident)?;
    )+) => {
        /// A function of PromQL, in the order of the names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Function {
            $($(#[$doc])+ $function,)+
        }

        /// All functions, sorted by name.
        const FUNCTIONS: &[Function] = &[$(Function::$function),+];

        /// Their signatures, in the same order.
        static SIGNATURES: &[Signature] = &[$(Signature {
            name: $name,
            arguments: &[$(ValueType::$argument),*],
            count: $count,
            returns: ValueType::$returns,
            experimental: functions!(@experimental $($experimental)?),
        }),+];
    };
}

// Source: the functions of Prometheus 3.14.
functions! {
    /// The absolute value.
    Abs = "abs": [Vector], 1..=1 => Vector;
    /// 1 if the vector is empty, else nothing.
    Absent = "absent": [Vector], 1..=1 => Vector;
    /// 1 if the range holds no sample, else nothing.
    AbsentOverTime = "absent_over_time": [Matrix], 1..=1 => Vector;
    /// The arccosine, in radians.
    Acos = "acos": [Vector], 1..=1 => Vector;
    /// The inverse hyperbolic cosine.
    Acosh = "acosh": [Vector], 1..=1 => Vector;
    /// The arcsine, in radians.
    Asin = "asin": [Vector], 1..=1 => Vector;
    /// The inverse hyperbolic sine.
    Asinh = "asinh": [Vector], 1..=1 => Vector;
    /// The arctangent, in radians.
    Atan = "atan": [Vector], 1..=1 => Vector;
    /// The inverse hyperbolic tangent.
    Atanh = "atanh": [Vector], 1..=1 => Vector;
    /// The mean.
    AvgOverTime = "avg_over_time": [Matrix], 1..=1 => Vector;
    /// The value rounded up.
    Ceil = "ceil": [Vector], 1..=1 => Vector;
    /// How often the value changed.
    Changes = "changes": [Matrix], 1..=1 => Vector;
    /// The value within two bounds.
    Clamp = "clamp": [Vector, Scalar, Scalar], 3..=3 => Vector;
    /// The value, at most the bound.
    ClampMax = "clamp_max": [Vector, Scalar], 2..=2 => Vector;
    /// The value, at least the bound.
    ClampMin = "clamp_min": [Vector, Scalar], 2..=2 => Vector;
    /// The cosine of radians.
    Cos = "cos": [Vector], 1..=1 => Vector;
    /// The hyperbolic cosine.
    Cosh = "cosh": [Vector], 1..=1 => Vector;
    /// The number of samples.
    CountOverTime = "count_over_time": [Matrix], 1..=1 => Vector;
    /// The day of the month, 1 to 31.
    DayOfMonth = "day_of_month": [Vector], 0..=1 => Vector;
    /// The day of the week, 0 for Sunday.
    DayOfWeek = "day_of_week": [Vector], 0..=1 => Vector;
    /// The day of the year, 1 to 366.
    DayOfYear = "day_of_year": [Vector], 0..=1 => Vector;
    /// How many days the month has.
    DaysInMonth = "days_in_month": [Vector], 0..=1 => Vector;
    /// Radians as degrees.
    Deg = "deg": [Vector], 1..=1 => Vector;
    /// The difference between the ends of the range, extrapolated.
    Delta = "delta": [Matrix], 1..=1 => Vector;
    /// The slope per second by linear regression.
    Deriv = "deriv": [Matrix], 1..=1 => Vector;
    /// The value smoothed with its trend.
    DoubleExponentialSmoothing = "double_exponential_smoothing": [Matrix, Scalar, Scalar], 3..=3 => Vector, experimental;
    /// The end of the query's range, in Unix seconds.
    End = "end": [], 0..=0 => Scalar, experimental;
    /// e to the power of the value.
    Exp = "exp": [Vector], 1..=1 => Vector;
    /// The oldest sample.
    FirstOverTime = "first_over_time": [Matrix], 1..=1 => Vector;
    /// The value rounded down.
    Floor = "floor": [Vector], 1..=1 => Vector;
    /// The average observation of a native histogram.
    HistogramAvg = "histogram_avg": [Vector], 1..=1 => Vector;
    /// The observations of a native histogram.
    HistogramCount = "histogram_count": [Vector], 1..=1 => Vector;
    /// The share of observations between two bounds.
    HistogramFraction = "histogram_fraction": [Scalar, Scalar, Vector], 3..=3 => Vector;
    /// The value below which a share of the observations lies.
    HistogramQuantile = "histogram_quantile": [Scalar, Vector], 2..=2 => Vector;
    /// Up to ten quantiles at once, told apart by a label.
    HistogramQuantiles = "histogram_quantiles": [Vector, String, Scalar], 3..=12 => Vector, experimental;
    /// The estimated standard deviation of a native histogram.
    HistogramStddev = "histogram_stddev": [Vector], 1..=1 => Vector;
    /// The estimated variance of a native histogram.
    HistogramStdvar = "histogram_stdvar": [Vector], 1..=1 => Vector;
    /// The sum of the observations of a native histogram.
    HistogramSum = "histogram_sum": [Vector], 1..=1 => Vector;
    /// The hour of the day.
    Hour = "hour": [Vector], 0..=1 => Vector;
    /// The difference of the last two samples.
    Idelta = "idelta": [Matrix], 1..=1 => Vector;
    /// The increase of a counter, extrapolated.
    Increase = "increase": [Matrix], 1..=1 => Vector;
    /// The vector with the labels of its info metrics.
    Info = "info": [Vector, Vector], 1..=2 => Vector, experimental;
    /// The rate per second of a counter over its last two samples.
    Irate = "irate": [Matrix], 1..=1 => Vector;
    /// A label made of others, joined.
    LabelJoin = "label_join": [Vector, String, String, String], 3..=ANY => Vector;
    /// A label made from another by a regular expression.
    LabelReplace = "label_replace": [Vector, String, String, String, String], 5..=5 => Vector;
    /// The newest sample.
    LastOverTime = "last_over_time": [Matrix], 1..=1 => Vector;
    /// The natural logarithm.
    Ln = "ln": [Vector], 1..=1 => Vector;
    /// The decimal logarithm.
    Log10 = "log10": [Vector], 1..=1 => Vector;
    /// The binary logarithm.
    Log2 = "log2": [Vector], 1..=1 => Vector;
    /// The median absolute deviation.
    MadOverTime = "mad_over_time": [Matrix], 1..=1 => Vector, experimental;
    /// The greater of two scalars.
    MaxOf = "max_of": [Scalar, Scalar], 2..=2 => Scalar, experimental;
    /// The greatest value.
    MaxOverTime = "max_over_time": [Matrix], 1..=1 => Vector;
    /// The lesser of two scalars.
    MinOf = "min_of": [Scalar, Scalar], 2..=2 => Scalar, experimental;
    /// The least value.
    MinOverTime = "min_over_time": [Matrix], 1..=1 => Vector;
    /// The minute of the hour.
    Minute = "minute": [Vector], 0..=1 => Vector;
    /// The month, 1 to 12.
    Month = "month": [Vector], 0..=1 => Vector;
    /// π.
    Pi = "pi": [], 0..=0 => Scalar;
    /// The value some seconds from now, by linear regression.
    PredictLinear = "predict_linear": [Matrix, Scalar], 2..=2 => Vector;
    /// 1 if the range holds a sample.
    PresentOverTime = "present_over_time": [Matrix], 1..=1 => Vector;
    /// A quantile of the values.
    QuantileOverTime = "quantile_over_time": [Scalar, Matrix], 2..=2 => Vector;
    /// Degrees as radians.
    Rad = "rad": [Vector], 1..=1 => Vector;
    /// The length of the query's range, in seconds.
    Range = "range": [], 0..=0 => Scalar, experimental;
    /// The rate per second of a counter, extrapolated.
    Rate = "rate": [Matrix], 1..=1 => Vector;
    /// How often a counter was reset.
    Resets = "resets": [Matrix], 1..=1 => Vector;
    /// The value rounded to the nearest multiple, ties up.
    Round = "round": [Vector, Scalar], 1..=2 => Vector;
    /// The value of the only element, else NaN.
    Scalar = "scalar": [Vector], 1..=1 => Scalar;
    /// 1, −1 or 0: the sign.
    Sgn = "sgn": [Vector], 1..=1 => Vector;
    /// The sine of radians.
    Sin = "sin": [Vector], 1..=1 => Vector;
    /// The hyperbolic sine.
    Sinh = "sinh": [Vector], 1..=1 => Vector;
    /// The vector by ascending value, NaN last.
    Sort = "sort": [Vector], 1..=1 => Vector;
    /// The vector in the natural order of label values.
    SortByLabel = "sort_by_label": [Vector, String], 1..=ANY => Vector, experimental;
    /// The vector in the reverse natural order of label values.
    SortByLabelDesc = "sort_by_label_desc": [Vector, String], 1..=ANY => Vector, experimental;
    /// The vector by descending value, NaN last.
    SortDesc = "sort_desc": [Vector], 1..=1 => Vector;
    /// The square root.
    Sqrt = "sqrt": [Vector], 1..=1 => Vector;
    /// The start of the query's range, in Unix seconds.
    Start = "start": [], 0..=0 => Scalar, experimental;
    /// Since when each sample counts, in Unix seconds; 0 where unknown.
    StartTimestamp = "start_timestamp": [Vector], 1..=1 => Vector, experimental;
    /// The standard deviation.
    StddevOverTime = "stddev_over_time": [Matrix], 1..=1 => Vector;
    /// The variance.
    StdvarOverTime = "stdvar_over_time": [Matrix], 1..=1 => Vector;
    /// The step of the query, in seconds; 0 for an instant.
    Step = "step": [], 0..=0 => Scalar, experimental;
    /// The sum.
    SumOverTime = "sum_over_time": [Matrix], 1..=1 => Vector;
    /// The tangent of radians.
    Tan = "tan": [Vector], 1..=1 => Vector;
    /// The hyperbolic tangent.
    Tanh = "tanh": [Vector], 1..=1 => Vector;
    /// The evaluation time, in Unix seconds.
    Time = "time": [], 0..=0 => Scalar;
    /// When each sample was taken, in Unix seconds.
    Timestamp = "timestamp": [Vector], 1..=1 => Vector;
    /// When the oldest sample was taken.
    TsOfFirstOverTime = "ts_of_first_over_time": [Matrix], 1..=1 => Vector, experimental;
    /// When the newest sample was taken.
    TsOfLastOverTime = "ts_of_last_over_time": [Matrix], 1..=1 => Vector, experimental;
    /// When the greatest value was last seen.
    TsOfMaxOverTime = "ts_of_max_over_time": [Matrix], 1..=1 => Vector, experimental;
    /// When the least value was last seen.
    TsOfMinOverTime = "ts_of_min_over_time": [Matrix], 1..=1 => Vector, experimental;
    /// The scalar as a vector without labels.
    Vector = "vector": [Scalar], 1..=1 => Vector;
    /// The year.
    Year = "year": [Vector], 0..=1 => Vector;
}

impl Function {
    /// Returns the function called `name`, which is case-sensitive.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let index = SIGNATURES.binary_search_by(|signature| signature.name.cmp(name)).ok()?;
        FUNCTIONS.get(index).copied()
    }

    /// Returns all functions, sorted by name.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        FUNCTIONS
    }

    /// Returns how the function is called.
    #[must_use]
    pub fn signature(self) -> &'static Signature {
        // The table has one entry a variant, in the order of the variants.
        &SIGNATURES[self as usize]
    }

    /// Returns the function's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.signature().name
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, types: &str, returns: ValueType) {
        let function = Function::by_name(name).unwrap();
        let signature = function.signature();
        assert_eq!(signature.name, name);
        let shown: Vec<String> =
            signature.arguments.iter().map(std::string::ToString::to_string).collect();
        let most = signature.arguments_max().map_or("any".to_owned(), |most| most.to_string());
        assert_eq!(
            format!("{} ({}..{most})", shown.join(", "), signature.arguments_min()),
            types,
            "{name}"
        );
        assert_eq!(signature.returns, returns, "{name}");
    }

    #[test]
    fn signatures() {
        check("rate", "range vector (1..1)", ValueType::Vector);
        check("time", " (0..0)", ValueType::Scalar);
        check("hour", "instant vector (0..1)", ValueType::Vector);
        check("round", "instant vector, scalar (1..2)", ValueType::Vector);
        check("quantile_over_time", "scalar, range vector (2..2)", ValueType::Vector);
        check("label_join", "instant vector, string, string, string (3..any)", ValueType::Vector);
        check("sort_by_label", "instant vector, string (1..any)", ValueType::Vector);
        check("histogram_quantiles", "instant vector, string, scalar (3..12)", ValueType::Vector);
        check("info", "instant vector, instant vector (1..2)", ValueType::Vector);
        check("scalar", "instant vector (1..1)", ValueType::Scalar);
    }

    #[test]
    fn the_table_is_in_order_and_every_function_is_found() {
        assert!(SIGNATURES.is_sorted_by(|a, b| a.name < b.name));
        for &function in Function::all() {
            assert_eq!(Function::by_name(function.name()), Some(function));
        }
        for unknown in ["", "Rate", "rates", "zzz", "holt_winters"] {
            assert_eq!(Function::by_name(unknown), None);
        }
    }

    #[test]
    fn the_last_type_is_that_of_further_arguments() {
        let join = Function::LabelJoin.signature();
        assert_eq!(join.argument(0), Some(ValueType::Vector));
        assert_eq!(join.argument(99), Some(ValueType::String));
        assert!(join.is_variadic());
        let rate = Function::Rate.signature();
        assert_eq!(rate.argument(1), None);
        assert!(!rate.is_variadic() && !rate.experimental);
        assert_eq!(Function::Pi.signature().argument(0), None);
        assert!(Function::MadOverTime.signature().experimental);
        assert!(!Function::FirstOverTime.signature().experimental);
    }
}
