//! What is scraped.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::scrape::{Intake, IntakeError, SampleLimits};
use thiserror::Error;

use super::board::ScrapedTarget;

/// What an interval may be.
const INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(24 * 3_600);

/// Targets that are scraped alike.
///
/// Intervals and timeouts are Prometheus' own by default. Limits of samples
/// and labels make a whole scrape fail, as there; by default there are none
/// but that of the body.
///
/// ```
/// use std::time::Duration;
/// use keepwatch::scrape::Job;
///
/// let job = Job::new("node")
///     .target("db-1:9100")
///     .target("https://db-2:9100/node/metrics")
///     .interval(Duration::from_secs(30))
///     .label("zone", "eu");
/// assert_eq!(job.targets()?.len(), 2);
/// assert_eq!(job.targets()?[0].url, "http://db-1:9100/metrics");
/// # Ok::<(), keepwatch::scrape::JobError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Job {
    name: Arc<str>,
    targets: Vec<String>,
    interval: Duration,
    timeout: Option<Duration>,
    path: String,
    scheme: Scheme,
    labels: Vec<(String, String)>,
    honor_labels: bool,
    honor_timestamps: bool,
    body_bytes_max: usize,
    limits: SampleLimits,
}

/// How a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// In the clear.
    #[default]
    Http,
    /// Over TLS, with certificates checked against Mozilla's roots.
    Https,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// Why a job was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JobError {
    /// A target is neither a host with a port nor a URL.
    #[error("job {job:?}: expected a target such as \"localhost:9100\" or a URL, got {target:?}")]
    Target {
        /// The job.
        job: Arc<str>,
        /// The target as given.
        target: String,
    },
    /// The same URL is given twice.
    #[error("job {job:?}: target {url:?} is given twice")]
    Twice {
        /// The job.
        job: Arc<str>,
        /// The URL.
        url: String,
    },
    /// Another job has the name.
    #[error("job {job:?} is given twice")]
    JobTwice {
        /// The job.
        job: Arc<str>,
    },
    /// The interval is out of its range.
    #[error("job {job:?}: interval must be 100ms to 1d, got {interval:?}")]
    Interval {
        /// The job.
        job: Arc<str>,
        /// The interval as given.
        interval: Duration,
    },
    /// The timeout is zero or longer than the interval.
    #[error(
        "job {job:?}: timeout must be above zero and at most the interval of {interval:?}, got {timeout:?}"
    )]
    Timeout {
        /// The job.
        job: Arc<str>,
        /// The timeout as given.
        timeout: Duration,
        /// The interval.
        interval: Duration,
    },
    /// The labels cannot be.
    #[error("job {job:?}: {source}")]
    Labels {
        /// The job.
        job: Arc<str>,
        /// What is wrong.
        source: IntakeError,
    },
}

impl Job {
    /// Starts the description of a job; its name becomes the label `job`.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            targets: Vec::new(),
            interval: Duration::from_secs(60),
            timeout: None,
            path: "/metrics".to_owned(),
            scheme: Scheme::Http,
            labels: Vec::new(),
            honor_labels: false,
            honor_timestamps: true,
            body_bytes_max: 64 << 20,
            limits: SampleLimits::default(),
        }
    }

    /// Adds a target: `host:port`, which gets the job's scheme and path, or a
    /// URL that has its own. Host and port become the label `instance`.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// Sets how often targets are scraped: 1 min by default, 100 ms to 1 day.
    #[must_use]
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how long a scrape may take: 10 s by default, or the interval if it
    /// is shorter, which is the most.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the path of targets that say none: `/metrics` by default.
    #[must_use]
    pub fn metrics_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the scheme of targets that say none: `http` by default.
    #[must_use]
    pub const fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Adds a label that every series of the job gets. `job` and `instance` may
    /// be replaced so.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Sets whether labels of a series stay where the target's have the same
    /// name: false by default, when they become `exported_<name>`.
    #[must_use]
    pub const fn honor_labels(mut self, honor: bool) -> Self {
        self.honor_labels = honor;
        self
    }

    /// Sets whether times that a body gives count: true by default.
    #[must_use]
    pub const fn honor_timestamps(mut self, honor: bool) -> Self {
        self.honor_timestamps = honor;
        self
    }

    /// Sets the largest body in bytes, compressed and decompressed: 64 MiB by
    /// default.
    #[must_use]
    pub const fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = bytes;
        self
    }

    /// Sets what a body may hold: no limits by default.
    #[must_use]
    pub const fn limits(mut self, limits: SampleLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the job's name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Checks the job and returns its targets.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub fn targets(&self) -> Result<Vec<ScrapedTarget>, JobError> {
        let (job, interval) = (|| Arc::clone(&self.name), self.interval);
        if !INTERVALS.contains(&interval) {
            return Err(JobError::Interval { job: job(), interval });
        }
        let timeout = self.timeout.unwrap_or(Duration::from_secs(10).min(interval));
        if timeout.is_zero() || timeout > interval {
            return Err(JobError::Timeout { job: job(), timeout, interval });
        }
        let mut targets: Vec<ScrapedTarget> = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            let (address, url) = self
                .locate(target)
                .ok_or_else(|| JobError::Target { job: job(), target: target.clone() })?;
            if targets.iter().any(|other| other.url == url) {
                return Err(JobError::Twice { job: job(), url });
            }
            let labels = self.labels.iter().map(|(name, value)| (name, value));
            let mut intake = Intake::new(&self.name, &address, labels)
                .map_err(|source| JobError::Labels { job: job(), source })?;
            intake.honor_labels = self.honor_labels;
            intake.honor_timestamps = self.honor_timestamps;
            intake.limits = self.limits;
            let (place, times) = ((address, url), (interval, timeout));
            targets.push(ScrapedTarget::new(job(), place, times, self.body_bytes_max, intake));
        }
        Ok(targets)
    }

    /// Returns the host with its port, and the URL, of a target.
    fn locate(&self, target: &str) -> Option<(String, String)> {
        let (scheme, rest) = match target.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(_) => return None,
            None => (self.scheme, target),
        };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (address, path) = rest.split_at_checked(at)?;
        if rest.contains(['#', ' ']) || (at < rest.len() && !target.contains("://")) {
            return None;
        }
        // Behind the last bracket of an IPv6 address.
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().ok()?),
            _ => (address, if scheme == Scheme::Https { 443 } else { 80 }),
        };
        let is_bracketed = host.starts_with('[') && host.ends_with(']');
        if host.is_empty() || host.contains('@') || (host.contains(':') && !is_bracketed) {
            return None;
        }
        let address = format!("{host}:{port}");
        let path = if path.is_empty() { &self.path } else { path };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Some((address.clone(), format!("{scheme}://{address}{slash}{path}")))
    }
}

/// Makes the targets of all jobs.
///
/// # Errors
/// What is wrong with one, or two of the same name.
pub(crate) fn all_targets(jobs: &[Job]) -> Result<Vec<Arc<ScrapedTarget>>, JobError> {
    let mut targets = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let before = jobs.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.name == job.name) {
            return Err(JobError::JobTwice { job: Arc::clone(&job.name) });
        }
        targets.extend(job.targets()?.into_iter().map(Arc::new));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_an_address_and_a_url() {
        let check = |target: &str, expected: Option<(&str, &str)>| {
            let job = Job::new("j").scheme(Scheme::Https).metrics_path("stats").target(target);
            let found = job.targets().ok().and_then(|mut targets| targets.pop());
            let found = found.map(|one| (one.address, one.url));
            let expected = expected.map(|(address, url)| (address.to_owned(), url.to_owned()));
            assert_eq!(found, expected, "{target}");
        };
        check("a:1", Some(("a:1", "https://a:1/stats")));
        check("a", Some(("a:443", "https://a:443/stats")));
        check("http://a", Some(("a:80", "http://a:80/stats")));
        check("http://a/", Some(("a:80", "http://a:80/")));
        check("http://a:9/x?y=z", Some(("a:9", "http://a:9/x?y=z")));
        check("http://a:9?y=z", Some(("a:9", "http://a:9/?y=z")));
        check("[::1]:9100", Some(("[::1]:9100", "https://[::1]:9100/stats")));
        check("[::1]", Some(("[::1]:443", "https://[::1]:443/stats")));
        for bad in ["", ":1", "a:x", "a:70000", "ftp://a", "a/x", "http://", "::1", "u@a:1", "a b"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn jobs_that_cannot_be() {
        let check = |job: Job, expected: &str| {
            let error = job.targets().unwrap_err().to_string();
            assert_eq!(error, expected);
        };
        let job = || Job::new("j").target("a:1");
        check(job().target("a:1"), "job \"j\": target \"http://a:1/metrics\" is given twice");
        let second = Duration::from_secs(1);
        check(
            job().interval(second).timeout(second * 2),
            "job \"j\": timeout must be above zero and at most the interval of 1s, got 2s",
        );
        check(job().interval(Duration::ZERO), "job \"j\": interval must be 100ms to 1d, got 0ns");
        check(
            Job::new("").target("a:1"),
            "job \"\": expected the name of a job, got an empty text",
        );
        let twice = all_targets(&[job(), job()]).unwrap_err();
        assert_eq!(twice.to_string(), "job \"j\" is given twice");
        assert_eq!(job().interval(second).targets().unwrap()[0].timeout, second);
    }
}
