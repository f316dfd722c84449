//! How late an arbiter gets to its work.
//!
//! A probe spawns a task that tells when it ran; what lies between is how long
//! everything on that arbiter waits for its turn. While a probe is out, no
//! other follows: an arbiter that is stuck is told by a lag that grows.

use std::sync::Arc;
use std::time::Duration;

use actix_rt::ArbiterHandle;
use keepwatch_engine::clock::Clock;
use keepwatch_engine::instrument::Histogram;
use keepwatch_engine::model::{MetricDefinition, Record};
use tokio::runtime::Handle;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::gauge;

/// How late each probe ran.
pub(crate) const LAG: &str = "actix_arbiter_lag_seconds";

/// The longest lag since the last collection, that of a probe that has not
/// run yet included.
const LAG_MAX: &str = "actix_arbiter_lag_max_seconds";

/// From a switch of threads to a service that everybody has given up.
const BOUNDS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

/// Returns the metrics of all probes.
pub(crate) fn definitions() -> Vec<MetricDefinition> {
    let lag = MetricDefinition::histogram(LAG)
        .unit("seconds")
        .labels(["arbiter"])
        .bounds(BOUNDS)
        .help("How late tasks that were spawned on the arbiter ran.")
        .build()
        .expect("constant definitions are valid; a test builds each of them");
    let help = "The longest lag since the last collection, also while the arbiter is stuck.";
    vec![lag, gauge(LAG_MAX, "seconds", &["arbiter"], help)]
}

/// One arbiter that is probed.
#[derive(Debug)]
pub(crate) struct LagProbe {
    name: Arc<str>,
    arbiter: ArbiterHandle,
    lags: Option<Histogram>,
    /// When the probe that is out was sent, and where it answers.
    out: Option<(Duration, oneshot::Receiver<Landing>)>,
    /// The longest lag since the last collection.
    longest: Option<Duration>,
    runtime: Option<Handle>,
}

/// What a probe tells: when it ran, and in which runtime.
#[derive(Debug)]
struct Landing {
    at: Duration,
    runtime: Handle,
}

impl LagProbe {
    /// Creates a probe; `lags` has each lag, if there is room for its series.
    pub(crate) fn new(
        name: impl Into<Arc<str>>,
        arbiter: ArbiterHandle,
        lags: Option<Histogram>,
    ) -> Self {
        Self { name: name.into(), arbiter, lags, out: None, longest: None, runtime: None }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The runtime that the arbiter turned out to run in.
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.runtime.as_ref()
    }

    /// Looks after the probe that is out, and sends another once it is back.
    /// Returns false when the arbiter has ended.
    pub(crate) fn look(&mut self, clock: &Arc<dyn Clock>) -> bool {
        let now = clock.monotonic();
        if let Some((sent, answer)) = &mut self.out {
            let sent = *sent;
            match answer.try_recv() {
                Ok(landing) => {
                    let lag = landing.at.saturating_sub(sent);
                    self.runtime = Some(landing.runtime);
                    self.out = None;
                    if let Some(lags) = &self.lags {
                        lags.observe(lag.as_secs_f64());
                    }
                    self.note(lag);
                }
                Err(TryRecvError::Empty) => {
                    self.note(now.saturating_sub(sent));
                    return true;
                }
                Err(TryRecvError::Closed) => return false,
            }
        }
        let (landed, answer) = oneshot::channel();
        let time = Arc::clone(clock);
        let sent = self.arbiter.spawn_fn(move || {
            let landing = Landing { at: time.monotonic(), runtime: Handle::current() };
            // The probe may be gone with the engine.
            let _ = landed.send(landing);
        });
        self.out = Some((now, answer));
        sent
    }

    /// Returns the longest lag since the last call; none before the first
    /// probe was looked after.
    pub(crate) fn take_record(&mut self) -> Option<Record> {
        let lag = self.longest.take()?;
        Some(Record::set(LAG_MAX, lag.as_secs_f64()).label("arbiter", Arc::clone(&self.name)))
    }

    fn note(&mut self, lag: Duration) {
        self.longest = Some(self.longest.map_or(lag, |longest| longest.max(lag)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use actix_rt::Arbiter;
    use keepwatch_engine::clock::ManualClock;
    use keepwatch_engine::instrument::{Catalogue, HistogramFamily};
    use keepwatch_engine::model::Timestamp;

    use super::*;

    fn lag(probe: &mut LagProbe) -> Option<f64> {
        match probe.take_record()?.observation {
            keepwatch_engine::model::Observation::Set { value, .. } => Some(value),
            other => panic!("{other:?} is not a reading"),
        }
    }

    /// Waits until all that was spawned before on the arbiter has run.
    async fn caught_up(arbiter: &Arbiter) {
        let (done, ran) = oneshot::channel();
        assert!(arbiter.spawn_fn(move || done.send(()).unwrap()));
        ran.await.unwrap();
    }

    #[actix_web::test]
    async fn a_stuck_arbiter_has_a_lag_that_grows() {
        let hands = ManualClock::new(Timestamp::from_millis(0));
        let clock: Arc<dyn Clock> = Arc::new(hands.clone());
        let catalogue = Catalogue::new();
        let lags = catalogue.get_or_register(definitions().remove(0)).unwrap();
        let lags = HistogramFamily::of(lags).unwrap().with(&["web"]).unwrap();
        let arbiter = Arbiter::new();
        let mut probe = LagProbe::new("web", arbiter.handle(), Some(lags.clone()));
        assert!(probe.look(&clock));
        caught_up(&arbiter).await;
        assert!(probe.runtime().is_none());
        assert!(probe.look(&clock));
        assert_eq!((lag(&mut probe), lags.count()), (Some(0.0), 1));
        assert!(probe.runtime().is_some());
        caught_up(&arbiter).await;
        assert!(probe.look(&clock));
        caught_up(&arbiter).await;

        let (release, held) = mpsc::channel::<()>();
        assert!(arbiter.spawn_fn(move || held.recv().unwrap()));
        // The first look finds the probe that ran before the arbiter stuck.
        for (seconds, expected) in [(0, 0.0), (3, 3.0), (4, 7.0)] {
            hands.advance(Duration::from_secs(seconds));
            assert!(probe.look(&clock));
            assert_eq!(lag(&mut probe), Some(expected));
        }
        assert_eq!(lags.count(), 3);
        assert_eq!(lag(&mut probe), None, "one look, one lag");
        release.send(()).unwrap();
        caught_up(&arbiter).await;
        assert!(probe.look(&clock));
        assert_eq!((lag(&mut probe), lags.count()), (Some(7.0), 4));

        assert!(arbiter.stop());
        arbiter.join().unwrap();
        assert!(!probe.look(&clock), "an arbiter that ended is not stuck");
    }
}
