//! What one run of a check found.

use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;

/// The longest message that is kept, in characters; what is longer is cut.
pub const MESSAGE_CHARS_MAX: usize = 1_024;

/// What one run of a check found.
///
/// Made from what checks naturally return: `()`, `bool`, or a `Result` whose
/// error is the message.
///
/// ```
/// use keepwatch_engine::health::{Outcome, Verdict};
///
/// let outcome: Outcome = Err::<(), _>("connection refused").into();
/// assert_eq!(outcome.verdict, Verdict::Failed("connection refused".into()));
/// let outcome = Outcome::degraded("slow").observed(250.0, "ms");
/// assert_eq!(outcome.observed.map(|o| o.value), Some(250.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The finding itself.
    pub verdict: Verdict,
    /// What was measured, if anything was.
    pub observed: Option<Observed>,
}

/// The finding of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Healthy,
    /// It works, with the restriction that the message names.
    Degraded(Arc<str>),
    /// It does not work, for the reason that the message names.
    Failed(Arc<str>),
}

/// A measurement that a check made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observed {
    /// The value, in `unit`.
    pub value: f64,
    /// The unit, such as `ms` or `%`; may be empty.
    pub unit: Arc<str>,
}

impl Outcome {
    /// All is well.
    #[must_use]
    pub const fn healthy() -> Self {
        Self { verdict: Verdict::Healthy, observed: None }
    }

    /// It works, with a restriction.
    #[must_use]
    pub fn degraded(message: impl Display) -> Self {
        Self { verdict: Verdict::Degraded(cut(&message)), observed: None }
    }

    /// It does not work.
    #[must_use]
    pub fn failed(message: impl Display) -> Self {
        Self { verdict: Verdict::Failed(cut(&message)), observed: None }
    }

    /// Adds what was measured.
    #[must_use]
    pub fn observed(mut self, value: f64, unit: impl Into<Arc<str>>) -> Self {
        self.observed = Some(Observed { value, unit: unit.into() });
        self
    }

    /// Says whether the run found a failure.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed(_))
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::healthy()
    }
}

impl From<bool> for Outcome {
    fn from(healthy: bool) -> Self {
        if healthy { Self::healthy() } else { Self::failed("the check returned false") }
    }
}

impl<T: Into<Self>, E: Display> From<Result<T, E>> for Outcome {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(found) => found.into(),
            // The alternate form has error types with a chain write all of it.
            Err(error) => Self::failed(format_args!("{error:#}")),
        }
    }
}

fn cut(message: &impl Display) -> Arc<str> {
    let text = format!("{message:#}");
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => text.get(..end).unwrap_or_default().into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn natural_returns_become_outcomes() {
        assert_eq!(Outcome::from(()), Outcome::healthy());
        assert_eq!(Outcome::from(true), Outcome::healthy());
        assert!(Outcome::from(false).is_failed());
        assert_eq!(Outcome::from(Err::<(), _>("no route")), Outcome::failed("no route"));
        assert_eq!(
            Outcome::from(Ok::<_, String>(Outcome::degraded("slow"))),
            Outcome::degraded("slow")
        );
        assert!(Outcome::from(Ok::<_, String>(false)).is_failed());
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let Verdict::Failed(message) = Outcome::failed("é".repeat(5_000)).verdict else {
            panic!("not a failure");
        };
        assert_eq!(message.chars().count(), MESSAGE_CHARS_MAX);
    }
}
