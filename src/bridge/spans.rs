//! Counts the events of `tracing`, and times its spans.
//!
//! ```
//! use keepwatch::Monitor;
//! use keepwatch::bridge::spans::TracingLayer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! # fn main() -> anyhow::Result<()> {
//! let monitor = Monitor::builder().start()?;
//! let layer = TracingLayer::new(monitor.catalogue())?;
//! let subscriber = tracing_subscriber::registry().with(layer);
//! tracing::subscriber::with_default(subscriber, || {
//!     let _span = tracing::info_span!("checkout", trace_id = "4bf92f3577b34da6").entered();
//!     tracing::warn!("counted in tracing_events_total");
//! });
//! # Ok(())
//! # }
//! ```
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `tracing_events_total` | `level`, `target` | events |
//! | `tracing_span_duration_seconds` | `span`, `target` | from the making of a span to its closing; histogram |
//! | `tracing_span_busy_seconds` | `span`, `target` | how long threads were in it, all together; histogram |
//!
//! A span that has the fields `trace_id` and `span_id`, or is within one that
//! has, gives exemplars: to its own durations, and to whoever asks
//! [`current_exemplar`] while it is entered.

use std::cell::RefCell;
use std::fmt::Debug;
use std::time::Duration;

use keepwatch_engine::clock::{Clock, Stopwatch, SystemClock};
use keepwatch_engine::instrument::{
    Catalogue, Counter, CounterFamily, Exemplar, Histogram, HistogramFamily, MetricError,
};
use keepwatch_engine::model::Labels;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

thread_local! {
    /// The spans that the thread has entered, the last one last.
    static ENTERED: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// A span that a thread has entered. Spans are not always left in the order in
/// which they were entered, and a thread may be in one twice.
struct Entry {
    span: Id,
    ids: Ids,
    since: Stopwatch,
}

/// Counts events and times spans; see the [module](self).
#[derive(Debug)]
pub struct TracingLayer {
    events: CounterFamily,
    durations: HistogramFamily,
    busy: HistogramFamily,
}

/// What leads to a trace, as the fields say.
#[derive(Debug, Clone, Default)]
struct Ids {
    trace: Option<String>,
    span: Option<String>,
}

/// What is kept with a span.
struct Timing {
    since: Stopwatch,
    busy: Duration,
    /// What the span's own fields say.
    own: Ids,
    /// What those of the spans around it say.
    inherited: Ids,
}

/// Returns the ids of the trace that the thread is in, as an exemplar: for
/// [`RequestMetricsBuilder::exemplars`], and for measurements of one's own.
///
/// [`RequestMetricsBuilder::exemplars`]: ../../web/middleware/struct.RequestMetricsBuilder.html#method.exemplars
#[must_use]
pub fn current_exemplar() -> Option<Exemplar> {
    // A thread that ends is in no span.
    ENTERED.try_with(|entered| entered.borrow().last()?.ids.exemplar()).ok().flatten()
}

impl TracingLayer {
    /// Makes the layer.
    ///
    /// # Errors
    /// Metrics of the same names that are defined otherwise.
    pub fn new(catalogue: &Catalogue) -> Result<Self, MetricError> {
        let spans = |name: &'static str, help: &'static str| {
            let spans = catalogue.histogram(name).help(help).unit("seconds");
            spans.labels(["span", "target"]).get_or_register()
        };
        Ok(Self {
            events: catalogue
                .counter("tracing_events_total")
                .help("Events of tracing.")
                .labels(["level", "target"])
                .get_or_register()?,
            durations: spans(
                "tracing_span_duration_seconds",
                "Time from the making of a span to its closing.",
            )?,
            busy: spans("tracing_span_busy_seconds", "Time for which a span was entered.")?,
        })
    }
}

impl<S> Layer<S> for TracingLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (level, target) = (level(event.metadata().level()), event.metadata().target());
        // A refusal is counted by the metric.
        let _ = self.events.on(&[level, target], Counter::increment);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let parent = span.parent();
        let inherited = parent.and_then(|parent| Some(parent.extensions().get::<Timing>()?.ids()));
        let inherited = inherited.unwrap_or_default();
        let mut own = Ids::default();
        attributes.record(&mut own);
        let timing = Timing { since: Stopwatch::start(), busy: Duration::ZERO, own, inherited };
        span.extensions_mut().replace(timing);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(timing) = extensions.get_mut::<Timing>() else { return };
        values.record(&mut timing.own);
        let ids = timing.ids();
        let _ = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let entries = entered.iter_mut().filter(|entry| entry.span == *id);
            entries.for_each(|entry| entry.ids = ids.clone());
        });
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let ids = span.extensions().get::<Timing>().map(Timing::ids).unwrap_or_default();
        let entry = Entry { span: id.clone(), ids, since: Stopwatch::start() };
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(entry));
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let left = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let place = entered.iter().rposition(|entry| entry.span == *id)?;
            let entry = entered.remove(place);
            // Whoever is in it twice has been busy with it since the first time.
            let is_still_in = entered.iter().any(|entry| entry.span == *id);
            (!is_still_in).then_some(entry)
        });
        let (Ok(Some(entry)), Some(span)) = (left, context.span(id)) else { return };
        if let Some(timing) = span.extensions_mut().get_mut::<Timing>() {
            timing.busy += entry.since.elapsed();
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(timing) = span.extensions_mut().remove::<Timing>() else { return };
        let labels = [span.name(), span.metadata().target()];
        let (seconds, exemplar) =
            (timing.since.elapsed().as_secs_f64(), || timing.ids().exemplar());
        let durations = |durations: &Histogram| durations.observe_with(seconds, exemplar);
        let _ = self.durations.on(&labels, durations);
        let _ = self.busy.on(&labels, |busy| busy.observe(timing.busy.as_secs_f64()));
    }
}

impl Timing {
    /// Returns the ids that hold within the span. A span that has a trace of
    /// its own has nothing to do with the spans of another.
    fn ids(&self) -> Ids {
        if self.own.trace.is_some() {
            return self.own.clone();
        }
        let span = self.own.span.as_ref().or(self.inherited.span.as_ref());
        Ids { trace: self.inherited.trace.clone(), span: span.cloned() }
    }
}

impl Ids {
    fn exemplar(&self) -> Option<Exemplar> {
        let trace = self.trace.as_ref().map(|id| ("trace_id", id.clone()));
        let span = self.span.as_ref().map(|id| ("span_id", id.clone()));
        let labels = Labels::new([Some(trace?), span].into_iter().flatten()).ok()?;
        // Native histograms are shown exemplars with a time alone.
        Some(Exemplar { labels, value: 0.0, at: Some(SystemClock::default().now()) })
    }

    fn place(&mut self, field: &Field) -> Option<&mut Option<String>> {
        match field.name() {
            "trace_id" => Some(&mut self.trace),
            "span_id" => Some(&mut self.span),
            _ => None,
        }
    }
}

impl Visit for Ids {
    fn record_str(&mut self, field: &Field, value: &str) {
        if let Some(place) = self.place(field) {
            *place = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if let Some(place) = self.place(field) {
            *place = Some(format!("{value:?}"));
        }
    }
}

fn level(level: &tracing::Level) -> &'static str {
    match *level {
        tracing::Level::ERROR => "error",
        tracing::Level::WARN => "warn",
        tracing::Level::INFO => "info",
        tracing::Level::DEBUG => "debug",
        tracing::Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use tracing::field::Empty;
    use tracing::{error, info, info_span, subscriber};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn traced(work: impl FnOnce()) -> Catalogue {
        let catalogue = Catalogue::new();
        let layer = TracingLayer::new(&catalogue).unwrap();
        subscriber::with_default(tracing_subscriber::registry().with(layer), work);
        catalogue
    }

    fn ids() -> Option<String> {
        current_exemplar().map(|exemplar| exemplar.labels.to_string())
    }

    #[test]
    fn events_are_counted_by_level_and_target() {
        let catalogue = traced(|| {
            error!(target: "shop", "one");
            info!(target: "shop", "two");
            info!(target: "shop", "three");
        });
        let events = catalogue.get("tracing_events_total").unwrap();
        let count = |level| events.child(&[level, "shop"]).unwrap().counter().unwrap().value();
        assert_eq!((count("error"), count("info"), count("warn")), (1.0, 2.0, 0.0));
    }

    #[test]
    fn spans_are_timed_when_they_close() {
        let catalogue = traced(|| {
            let span = info_span!(target: "shop", "checkout");
            span.in_scope(|| ());
            span.in_scope(|| ());
        });
        let count = |metric| {
            let child = catalogue.get(metric).unwrap().child(&["checkout", "shop"]).unwrap();
            let histogram = child.histogram().unwrap();
            (histogram.count(), histogram.sum())
        };
        let (duration, busy) =
            (count("tracing_span_duration_seconds"), count("tracing_span_busy_seconds"));
        assert_eq!((duration.0, busy.0), (1, 1));
        assert!(0.0 < busy.1 && busy.1 <= duration.1, "{busy:?} of {duration:?}");
    }

    #[test]
    fn ids_are_those_of_the_innermost_span_that_has_them() {
        let catalogue = traced(|| {
            assert_eq!(ids(), None);
            let request = info_span!(target: "t", "request", trace_id = "abc", span_id = 7);
            let _request = request.enter();
            assert_eq!(ids().unwrap(), r#"{span_id="7",trace_id="abc"}"#);
            let query = info_span!(target: "t", "query", span_id = Empty);
            query.record("span_id", "8");
            query.in_scope(|| assert_eq!(ids().unwrap(), r#"{span_id="8",trace_id="abc"}"#));
            // An id that comes late is one that holds from then on.
            let late = info_span!(target: "t", "late", span_id = Empty).entered();
            late.record("span_id", "9");
            assert_eq!(ids().unwrap(), r#"{span_id="9",trace_id="abc"}"#);
            drop(late.exit());
            let other = info_span!(target: "t", "other", trace_id = "xyz");
            other.in_scope(|| assert_eq!(ids().unwrap(), r#"{trace_id="xyz"}"#));
            info_span!(parent: None, "elsewhere").in_scope(|| assert_eq!(ids(), None));
            assert_eq!(ids().unwrap(), r#"{span_id="7",trace_id="abc"}"#);
        });
        let durations = catalogue.get("tracing_span_duration_seconds").unwrap();
        let exemplars = durations.child(&["query", "t"]).unwrap().exemplars();
        assert_eq!(exemplars[0].1.labels.get("span_id"), Some("8"));
        assert!(exemplars[0].1.at.is_some());
    }

    #[test]
    fn spans_are_left_in_any_order_and_entered_twice() {
        let catalogue = traced(|| {
            let [one, other] = ["1", "2"].map(|id| info_span!(target: "t", "s", trace_id = id));
            let (first, second) = (one.enter(), other.enter());
            drop(first);
            assert_eq!(ids().unwrap(), r#"{trace_id="2"}"#);
            drop(second);
            assert_eq!(ids(), None);
            other.in_scope(|| {
                let since = Stopwatch::start();
                other.in_scope(|| while since.elapsed() < Duration::from_millis(2) {});
                assert_eq!(ids().unwrap(), r#"{trace_id="2"}"#);
            });
        });
        let busy = catalogue.get("tracing_span_busy_seconds").unwrap().child(&["s", "t"]).unwrap();
        assert!(busy.histogram().unwrap().sum() >= 0.002);
    }
}
