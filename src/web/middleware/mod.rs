//! Counts and times the requests of an actix-web application.
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use keepwatch::Monitor;
//! use keepwatch::web::{self, RequestMetrics};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder().start()?;
//! let requests = RequestMetrics::builder(&monitor).exclude_prefix("/monitor").build()?;
//! let served = monitor.clone();
//! HttpServer::new(move || {
//!     App::new().wrap(requests.clone()).service(web::scope("/monitor", &served))
//! })
//! .bind("127.0.0.1:8080")?
//! .run()
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `http_requests_total` | `method`, `route`, `status` | requests that have been answered |
//! | `http_request_duration_seconds` | the same | from the call to the end of the answer's body; histogram |
//! | `http_request_size_bytes` | the same | the body as far as it was read; histogram |
//! | `http_response_size_bytes` | the same | the body as far as it was sent; histogram |
//! | `http_requests_in_flight` | `method` | requests under way; gauge |
//!
//! The names are those that most dashboards of Prometheus know. `route` is the
//! pattern that the request was routed by, such as `/users/{id}`, and
//! `unmatched` if there is none: whoever tries paths makes no series. Where a
//! request ends before its answer, or a middleware inside answers with an
//! error, it is the first pattern for the path, as guards were not asked. `method` is one of the
//! nine of HTTP, or `other`. `status` is the class, such as `2xx`, or the code;
//! it is `aborted` for a request whose future was dropped before it had an
//! answer, by a client that went away or a panic.
//!
//! A worker finds the handles in a table of its own, so that a request costs
//! two readings of a clock, a text for the pattern, and some additions.

mod body;
mod labels;
mod service;
mod table;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt;
use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use keepwatch_engine::instrument::{
    Catalogue, CounterFamily, Exemplar, GaugeFamily, HistogramFamily, MetricBuilder, MetricError,
};
use keepwatch_engine::model::NativeBuckets;

pub use self::body::Measured;
pub use self::service::{Answering, RequestMetricsService};
use crate::Monitor;

/// The upper bounds of sizes, in bytes: powers of four from 64 B to 16 MiB.
const SIZE_BOUNDS: [f64; 10] = [
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

/// Returns an example of the request that is being handled.
type ExemplarSource = Arc<dyn Fn() -> Option<Exemplar> + Send + Sync>;
/// Says which requests are not measured.
type Exclusion = Arc<dyn Fn(&ServiceRequest) -> bool + Send + Sync>;

/// Middleware that counts and times requests; see the [module](self). Clones
/// write the same metrics.
#[derive(Clone)]
pub struct RequestMetrics(Arc<Shared>);

/// What all workers share.
struct Shared {
    requests: CounterFamily,
    durations: HistogramFamily,
    request_sizes: HistogramFamily,
    response_sizes: HistogramFamily,
    in_flight: GaugeFamily,
    constants: Vec<Arc<str>>,
    codes: bool,
    excluded: Vec<Arc<str>>,
    excluded_prefixes: Vec<Arc<str>>,
    excluded_if: Vec<Exclusion>,
    exemplars: Option<ExemplarSource>,
}

/// [`RequestMetrics`] in the making.
#[derive(Clone)]
#[must_use = "it measures nothing until it is built and wrapped around an application"]
pub struct RequestMetricsBuilder {
    catalogue: Catalogue,
    namespace: String,
    constants: Vec<(Arc<str>, Arc<str>)>,
    codes: bool,
    duration_bounds: Option<Vec<f64>>,
    size_bounds: Vec<f64>,
    native: Option<NativeBuckets>,
    excluded: Vec<Arc<str>>,
    excluded_prefixes: Vec<Arc<str>>,
    excluded_if: Vec<Exclusion>,
    exemplars: Option<ExemplarSource>,
}

impl RequestMetrics {
    /// Makes the middleware as it is by default.
    ///
    /// # Errors
    /// As [`RequestMetricsBuilder::build`].
    pub fn new(monitor: &Monitor) -> Result<Self, MetricError> {
        Self::builder(monitor).build()
    }

    /// Starts to describe the middleware.
    pub fn builder(monitor: &Monitor) -> RequestMetricsBuilder {
        RequestMetricsBuilder {
            catalogue: monitor.catalogue().clone(),
            namespace: String::new(),
            constants: Vec::new(),
            codes: false,
            duration_bounds: None,
            size_bounds: SIZE_BOUNDS.to_vec(),
            native: None,
            excluded: Vec::new(),
            excluded_prefixes: Vec::new(),
            excluded_if: Vec::new(),
            exemplars: None,
        }
    }
}

impl Shared {
    #[inline]
    fn excludes(&self, request: &ServiceRequest) -> bool {
        self.excluded.iter().any(|excluded| **excluded == *request.path())
            || self.excluded_prefixes.iter().any(|prefix| request.path().starts_with(&**prefix))
            || self.excluded_if.iter().any(|is_excluded| is_excluded(request))
    }
}

impl RequestMetricsBuilder {
    /// Begins the metrics' names with this and `_`; they begin with `http_` by
    /// default.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = format!("{namespace}_");
        self
    }

    /// Adds a label that has the same value in all series.
    pub fn label(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.constants.push((name.into(), value.into()));
        self
    }

    /// Gives `status` the code, such as `404`, instead of its class.
    pub fn status_codes(mut self) -> Self {
        self.codes = true;
        self
    }

    /// Sets the upper bounds of the durations, in seconds; Prometheus' default
    /// ones by default, from 5 ms to 10 s.
    pub fn duration_bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.duration_bounds = Some(bounds.into_iter().collect());
        self
    }

    /// Counts durations in exponential buckets too.
    pub fn native_durations(mut self, native: NativeBuckets) -> Self {
        self.native = Some(native);
        self
    }

    /// Sets the upper bounds of sizes, in bytes; powers of four from 64 B to
    /// 16 MiB by default.
    pub fn size_bounds(mut self, bounds: impl IntoIterator<Item = f64>) -> Self {
        self.size_bounds = bounds.into_iter().collect();
        self
    }

    /// Measures no request of this path.
    pub fn exclude(mut self, path: impl Into<Arc<str>>) -> Self {
        self.excluded.push(path.into());
        self
    }

    /// Measures no request whose path begins so.
    pub fn exclude_prefix(mut self, prefix: impl Into<Arc<str>>) -> Self {
        self.excluded_prefixes.push(prefix.into());
        self
    }

    /// Measures no request of which `is_excluded` says so.
    pub fn exclude_if(
        mut self,
        is_excluded: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.excluded_if.push(Arc::new(is_excluded));
        self
    }

    /// Asks for examples of requests, most often the ids of a trace. `source`
    /// is called where the request is handled, when its answer begins, and only
    /// if the bucket of the time until then has had none since exemplars were
    /// last shown, or if the body is a stream, which may take any time.
    ///
    /// What handles the request has returned by then: a middleware that enters
    /// a span has to be outside of this one, which is to say wrapped after it.
    pub fn exemplars(
        mut self,
        source: impl Fn() -> Option<Exemplar> + Send + Sync + 'static,
    ) -> Self {
        self.exemplars = Some(Arc::new(source));
        self
    }

    /// Registers the metrics. Building the same middleware again gives the
    /// same metrics.
    ///
    /// # Errors
    /// A name, label or bound that cannot be, and a metric of the same name
    /// that is defined otherwise.
    pub fn build(self) -> Result<RequestMetrics, MetricError> {
        let Self { catalogue, namespace, constants, .. } = &self;
        let name = |rest: &str| format!("{namespace}http_{rest}");
        let labels = || {
            let constants = constants.iter().map(|(name, _)| Arc::clone(name));
            labels::NAMES.into_iter().map(Arc::from).chain(constants)
        };
        let sizes = |rest: &str, help: &'static str| {
            let sizes = catalogue.histogram(name(rest)).help(help).unit("bytes").labels(labels());
            sizes.bounds(self.size_bounds.iter().copied()).get_or_register()
        };
        let durations = catalogue
            .histogram(name("request_duration_seconds"))
            .help("Time from the call to the end of the answer's body.")
            .unit("seconds")
            .labels(labels());
        let durations = self.native.into_iter().fold(durations, MetricBuilder::native);
        let durations =
            self.duration_bounds.clone().into_iter().fold(durations, MetricBuilder::bounds);
        let in_flight_labels = labels().filter(|name| !["route", "status"].contains(&&**name));
        Ok(RequestMetrics(Arc::new(Shared {
            requests: catalogue
                .counter(name("requests_total"))
                .help("Requests that have been answered.")
                .labels(labels())
                .get_or_register()?,
            durations: durations.get_or_register()?,
            request_sizes: sizes("request_size_bytes", "Sizes of the bodies of requests.")?,
            response_sizes: sizes("response_size_bytes", "Sizes of the bodies of answers.")?,
            in_flight: catalogue
                .gauge(name("requests_in_flight"))
                .help("Requests that are being answered.")
                .labels(in_flight_labels)
                .get_or_register()?,
            constants: constants.iter().map(|(_, value)| Arc::clone(value)).collect(),
            codes: self.codes,
            excluded: self.excluded,
            excluded_prefixes: self.excluded_prefixes,
            excluded_if: self.excluded_if,
            exemplars: self.exemplars,
        })))
    }
}

impl fmt::Debug for RequestMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestMetrics of {:?}", self.0.requests)
    }
}

impl fmt::Debug for RequestMetricsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestMetricsBuilder of {}http", self.namespace)
    }
}
