//! Is a component keeping up with its mailbox?

use std::fmt::{self, Display};
use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use keepwatch_engine::health::Outcome;

use super::Probe;
use crate::supervisor::{ComponentState, ComponentStatus};

type Reading = BoxFuture<'static, Result<Vec<ComponentStatus>, String>>;

/// Looks at a component as the supervisor sees it: fails when it does not
/// run or its mailbox is nearly full, degrades when the mailbox is half full.
#[derive(Clone)]
pub struct MailboxProbe {
    component: Arc<str>,
    read: Arc<dyn Fn() -> Reading + Send + Sync>,
}

impl MailboxProbe {
    /// Creates a probe of the component of that name; `read` asks the
    /// supervisor for its status.
    pub fn new<F, E>(
        component: impl Into<Arc<str>>,
        read: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<ComponentStatus>, E>> + Send + 'static,
        E: Display,
    {
        let read = move || -> Reading {
            read().map(|read| read.map_err(|error| format!("{error:#}"))).boxed()
        };
        Self { component: component.into(), read: Arc::new(read) }
    }
}

impl Probe for MailboxProbe {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        let (component, reading) = (Arc::clone(&self.component), Arc::clone(&self.read));
        let look = async move {
            match reading().await {
                Ok(all) => match all.iter().find(|one| one.component == component.as_ref()) {
                    Some(status) => judge(status),
                    None => Outcome::failed(format_args!("there is no component {component:?}")),
                },
                Err(error) => Outcome::failed(format_args!("the supervisor is silent: {error}")),
            }
        };
        look.boxed()
    }
}

fn judge(status: &ComponentStatus) -> Outcome {
    let (queued, bound) = (status.queued, status.queue_bound);
    let full = format!("{queued} of {bound} messages wait");
    let outcome = match status.state {
        ComponentState::Running if queued.saturating_mul(10) >= bound.saturating_mul(9) => {
            Outcome::failed(full)
        }
        ComponentState::Running if queued.saturating_mul(2) >= bound => Outcome::degraded(full),
        ComponentState::Running => Outcome::healthy(),
        ComponentState::Starting => Outcome::degraded("starting"),
        state => match &status.last_fault {
            Some(fault) => Outcome::failed(format_args!("{state} since it failed: {fault}")),
            None => Outcome::failed(state),
        },
    };
    #[expect(clippy::cast_precision_loss, reason = "series hold doubles")]
    outcome.observed(queued as f64, "messages")
}

impl fmt::Debug for MailboxProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MailboxProbe").field(&self.component).finish()
    }
}

#[cfg(test)]
mod tests {
    use keepwatch_engine::health::Verdict;
    use keepwatch_engine::model::Timestamp;

    use super::*;

    fn check(state: ComponentState, queued: usize, expected: &Verdict) {
        let status = ComponentStatus {
            component: "registry",
            state,
            since: Timestamp::from_millis(0),
            queued,
            queue_bound: 100,
            handled: 0,
            refused: 0,
            timeouts: 0,
            dead_letters: 0,
            unheard_errors: 0,
            faults: 1,
            restarts: 0,
            replacements: 0,
            last_fault: Some("out of luck".to_owned()),
        };
        assert_eq!(judge(&status).verdict, *expected);
    }

    #[test]
    fn judges_state_and_depth() {
        check(ComponentState::Running, 49, &Verdict::Healthy);
        check(ComponentState::Running, 50, &Verdict::Degraded("50 of 100 messages wait".into()));
        check(ComponentState::Running, 90, &Verdict::Failed("90 of 100 messages wait".into()));
        check(ComponentState::Starting, 0, &Verdict::Degraded("starting".into()));
        check(
            ComponentState::Down,
            0,
            &Verdict::Failed("down since it failed: out of luck".into()),
        );
    }

    #[tokio::test]
    async fn a_component_that_is_not_there_fails() {
        let probe = MailboxProbe::new("nobody", || async { Ok::<_, String>(Vec::new()) });
        assert_eq!(probe.run().await, Outcome::failed("there is no component \"nobody\""));
    }
}
