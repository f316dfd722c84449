//! Metrics of libraries, which know no monitor.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::catalogue::CatalogueLimits;
use super::family::{Family, Handle};
use super::metric::Metric;
use crate::model::{MetricDefinition, MetricKind, NAME_BYTES_MAX};

/// A metric without labels that a library declares as a `static`, and that is
/// its one handle. It counts from the first use on, whether an application
/// watches it or not; one that does adopts it.
///
/// ```
/// use keepwatch_engine::instrument::{
///     Catalogue, Counter, Histogram, Static, StaticFamily, StaticMetric,
/// };
///
/// pub static PARSED: Static<Counter> =
///     Static::new("parser_documents_total", "Documents that were parsed.");
/// pub static TIME: Static<Histogram> =
///     Static::<Histogram>::new("parser_seconds", "Time to parse.").unit("seconds");
/// pub static REFUSED: StaticFamily<Counter> =
///     StaticFamily::new("parser_refused_total", "Those that were refused.", &["reason"]);
///
/// /// What an application hands to its monitor.
/// pub static METRICS: [&dyn StaticMetric; 3] = [&PARSED, &TIME, &REFUSED];
///
/// PARSED.increment();
/// REFUSED.with(&["too long"])?.increment();
///
/// let catalogue = Catalogue::new();
/// METRICS.iter().try_for_each(|metric| catalogue.adopt(*metric))?;
/// assert_eq!(catalogue.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What cannot be is refused by the compiler:
///
/// ```compile_fail
/// # use keepwatch_engine::instrument::{Counter, Static};
/// static PARSED: Static<Counter> = Static::new("parser documents", "");
/// ```
#[derive(Debug)]
pub struct Static<H: Handle> {
    family: StaticFamily<H>,
    handle: OnceLock<H>,
}

/// A metric with labels that a library declares as a `static`; otherwise as
/// [`Static`].
#[derive(Debug)]
pub struct StaticFamily<H: Handle> {
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    bounds: Option<&'static [f64]>,
    family: OnceLock<Family<H>>,
}

/// A [`Static`] or [`StaticFamily`] of any kind: what a library hands to an
/// application, which hands it to [`Catalogue::adopt`](super::Catalogue::adopt).
pub trait StaticMetric: Sync {
    /// Returns the metric, which is made if this is its first use.
    fn metric(&self) -> &Arc<Metric>;
}

impl<H: Handle> Static<H> {
    /// Declares a metric: a counter, gauge, histogram or summary.
    ///
    /// # Panics
    /// On a name that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str) -> Self {
        Self { family: StaticFamily::new(name, help, &[]), handle: OnceLock::new() }
    }

    /// Sets the base unit, such as `seconds`; none by default.
    ///
    /// # Panics
    /// On a unit that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        check_unit(unit);
        self.family.unit = unit;
        self
    }

    /// Sets the upper bounds of a histogram's buckets.
    ///
    /// # Panics
    /// On bounds that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Self {
        check_bounds(H::KIND, bounds);
        self.family.bounds = Some(bounds);
        self
    }
}

impl<H: Handle> Deref for Static<H> {
    type Target = H;

    #[inline]
    fn deref(&self) -> &H {
        self.handle.get_or_init(|| self.family.with(&[]).expect("a metric without labels"))
    }
}

impl<H: Handle> StaticMetric for Static<H> {
    fn metric(&self) -> &Arc<Metric> {
        self.family.metric()
    }
}

impl<H: Handle> StaticFamily<H> {
    /// Declares a metric: a counter, gauge, histogram or summary.
    ///
    /// # Panics
    /// On a name or labels that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn new(
        name: &'static str,
        help: &'static str,
        labels: &'static [&'static str],
    ) -> Self {
        let is_declared = !matches!(H::KIND, MetricKind::Info | MetricKind::StateSet);
        assert!(is_declared, "infos and sets of states are an application's to make");
        assert!(is_name(name, true), "a metric's name has letters, digits, '_' and ':'");
        let mut index = 0;
        while index < labels.len() {
            assert!(is_label(labels[index], H::KIND), "a label's name has letters, digits and '_'");
            let mut other = 0;
            while other < index {
                assert!(!is_same(labels[index], labels[other]), "a label is named twice");
                other += 1;
            }
            index += 1;
        }
        Self { name, help, unit: "", labels, bounds: None, family: OnceLock::new() }
    }

    /// Sets the base unit, such as `seconds`; none by default.
    ///
    /// # Panics
    /// On a unit that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        check_unit(unit);
        self.unit = unit;
        self
    }

    /// Sets the upper bounds of a histogram's buckets.
    ///
    /// # Panics
    /// On bounds that cannot be; for a `static` at compile time.
    #[must_use]
    pub const fn bounds(mut self, bounds: &'static [f64]) -> Self {
        check_bounds(H::KIND, bounds);
        self.bounds = Some(bounds);
        self
    }

    fn make(&self) -> Family<H> {
        let definition = MetricDefinition::of_kind(H::KIND, self.name)
            .help(self.help)
            .unit(self.unit)
            .labels(self.labels.iter().copied());
        let definition = match self.bounds {
            Some(bounds) => definition.bounds(bounds.iter().copied()),
            None => definition,
        };
        let definition = definition.build().expect("it was checked when it was declared");
        let metric = Metric::new(Arc::new(definition), CatalogueLimits::default());
        Family::of(Arc::new(metric)).expect("it was made of the handle's kind")
    }
}

impl<H: Handle> Deref for StaticFamily<H> {
    type Target = Family<H>;

    #[inline]
    fn deref(&self) -> &Family<H> {
        self.family.get_or_init(|| self.make())
    }
}

impl<H: Handle> StaticMetric for StaticFamily<H> {
    fn metric(&self) -> &Arc<Metric> {
        Family::metric(self)
    }
}

/// Says whether this is a name: the compiler's twin of what a definition
/// checks.
const fn is_name(name: &str, is_metric: bool) -> bool {
    let bytes = name.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        let letter = bytes[index].is_ascii_alphabetic() || bytes[index] == b'_';
        let digit = bytes[index].is_ascii_digit() && index > 0;
        if !(letter || digit || (is_metric && bytes[index] == b':')) {
            return false;
        }
        index += 1;
    }
    !bytes.is_empty() && bytes.len() <= NAME_BYTES_MAX
}

const fn is_label(name: &str, kind: MetricKind) -> bool {
    let own = match kind {
        MetricKind::Histogram => "le",
        MetricKind::Summary => "quantile",
        _ => "",
    };
    let bytes = name.as_bytes();
    let is_reserved = bytes.len() >= 2 && bytes[0] == b'_' && bytes[1] == b'_';
    is_name(name, false) && !is_reserved && !is_same(name, own)
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

const fn check_unit(unit: &str) {
    let mut index = 0;
    while index < unit.len() {
        let byte = unit.as_bytes()[index];
        assert!(byte.is_ascii_alphanumeric() || byte == b'_', "a unit has letters and digits");
        index += 1;
    }
}

const fn check_bounds(kind: MetricKind, bounds: &[f64]) {
    assert!(matches!(kind, MetricKind::Histogram), "only a histogram has bounds");
    let mut index = 0;
    while index < bounds.len() {
        assert!(bounds[index].is_finite(), "bounds are finite");
        assert!(index == 0 || bounds[index - 1] < bounds[index], "bounds grow");
        index += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;
    use crate::instrument::{Catalogue, Counter, Gauge, Histogram, Summary};

    static COUNT: Static<Counter> = Static::<Counter>::new("lib_total", "How many.").unit("bytes");
    static TIME: StaticFamily<Histogram> =
        StaticFamily::<Histogram>::new("lib_seconds", "How long.", &["step"])
            .unit("seconds")
            .bounds(&[0.1, 1.0]);

    #[test]
    fn what_was_counted_before_it_was_adopted_is_there() {
        COUNT.increment_by(3);
        TIME.with(&["read"]).unwrap().observe(0.5);
        for catalogue in [Catalogue::new(), Catalogue::new()] {
            catalogue.adopt(&COUNT).unwrap();
            catalogue.adopt(&TIME).unwrap();
            catalogue.adopt(&COUNT).unwrap();
            assert_eq!(catalogue.len(), 2);
            let count = catalogue.get("lib_total").unwrap();
            assert!(Arc::ptr_eq(&count, COUNT.metric()));
            assert_eq!(count.all_children()[0].counter().unwrap().value(), 3.0);
            let time = catalogue.get("lib_seconds").unwrap();
            assert_eq!(time.definition().bounds(), [0.1, 1.0]);
            assert_eq!(time.all_children()[0].histogram().unwrap().count(), 1);
        }
        let taken = Catalogue::new();
        taken.register(MetricDefinition::gauge("lib_total").build().unwrap()).unwrap();
        assert!(taken.adopt(&COUNT).is_err());
    }

    #[test]
    fn a_declaration_is_refused_as_a_definition_is() {
        let names = ["", "a", "a:b", "_a", "1a", "a-b", "ä", "le", "quantile", "__a", "a1"];
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for name in names.into_iter().chain([&*long]) {
            let name: &'static str = String::leak(name.to_owned());
            let labels: &'static [&'static str] = Vec::leak(vec![name]);
            let declared =
                |work: &(dyn Fn() + std::panic::RefUnwindSafe)| catch_unwind(work).is_ok();
            let defined = |builder: crate::model::DefinitionBuilder| builder.build().is_ok();
            assert_eq!(
                declared(&|| drop(Static::<Gauge>::new(name, ""))),
                defined(MetricDefinition::gauge(name)),
                "{name:?} as a metric"
            );
            assert_eq!(
                declared(&|| drop(StaticFamily::<Histogram>::new("h", "", labels))),
                defined(MetricDefinition::histogram("h").labels([name])),
                "{name:?} as a histogram's label"
            );
            assert_eq!(
                declared(&|| drop(StaticFamily::<Summary>::new("s", "", labels))),
                defined(MetricDefinition::summary("s").labels([name])),
                "{name:?} as a summary's label"
            );
            let unit = || drop(Static::<Gauge>::new("g", "").unit(name));
            assert_eq!(
                declared(&unit),
                defined(MetricDefinition::gauge("g").unit(name)),
                "{name:?}"
            );
        }
        for bounds in [&[1.0, 2.0][..], &[], &[1.0, 1.0], &[f64::INFINITY], &[f64::NAN]] {
            let declared = catch_unwind(|| drop(Static::<Histogram>::new("h", "").bounds(bounds)));
            let defined = MetricDefinition::histogram("h").bounds(bounds.iter().copied()).build();
            assert_eq!(declared.is_ok(), defined.is_ok(), "{bounds:?}");
        }
        assert!(catch_unwind(|| Static::<Gauge>::new("g", "").bounds(&[])).is_err());
        assert!(catch_unwind(|| StaticFamily::<Gauge>::new("g", "", &["a", "a"])).is_err());
    }
}
