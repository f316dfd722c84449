//! Alert rules and the state machine behind them.
//!
//! A [`Rule`] asks a [`Question`], of the series of a metric or in PromQL, and
//! judges each series of the answer, a [`Reading`], by a [`Condition`].
//! [`Rule::find`] puts readings under the labels and annotations of their
//! alerts. The [`Evaluator`] holds every rule with its alerts, one **for each
//! series**, and takes what each evaluation found with [`Evaluator::step`];
//! what changed comes back as [`Transition`]s. It reads no samples and no
//! clock: findings and times come in as arguments.
//!
//! Invariants, which the tests hold it to:
//! - an alert is known by its labels, under those of the rule; two series that
//!   become the same alert make the evaluation fail;
//! - nothing fires before its condition is known to have held for `for`, and
//!   time without evaluations does not count;
//! - an evaluation that fails changes no alert;
//! - an episode keeps one `active_at`, and fires once;
//! - subscribers who were told that an alert fires are told of its end,
//!   whatever silence has begun since.
//!
//! Sources: Prometheus' alerting rules (states, `for`, `keep_firing_for`),
//! Alertmanager (silences), Grafana (no-data policies), Netdata (clear
//! conditions).

mod builder;
mod compile;
mod condition;
mod error;
mod evaluator;
mod history;
mod instance;
mod kept;
mod membership;
mod policy;
mod query;
mod question;
mod reading;
mod rule;
mod series;
mod severity;
mod silence;
#[cfg(test)]
mod tests;
mod texts;
mod track;
mod transition;
mod wire;

pub use builder::{CAP_DEFAULT, CAP_MAX, RuleBuilder, WINDOW_DEFAULT};
pub use compile::{MetricQueries, MetricQuery, Wanted};
pub use condition::{Condition, ConditionError, DEPTH_MAX, TERMS_MAX, TEXT_BYTES_MAX};
pub use error::{AlertError, EvaluationError};
pub use evaluator::{Due, Evaluator, HISTORY_MAX, INTERVAL_DEFAULT, RULES_MAX};
pub use history::HistoryFilter;
pub use membership::Membership;
pub use policy::{ErrorPolicy, NoDataPolicy};
pub use query::{AlertFilter, AlertKey, RuleStatus};
pub use question::{MetricQuestion, Question};
pub use reading::{Reading, relative_change};
pub use rule::{ALERT_NAME, Rule, SEVERITY};
pub use series::{ALERTS, ALERTS_FOR_STATE};
pub use severity::Severity;
pub use silence::{SILENCES_MAX, Silence, SilenceId, SilenceRequest, SilenceState};
pub use texts::{Annotations, Finding, Surroundings, TemplateQuery, template_sample};
pub use transition::{Acknowledgement, Alert, AlertState, Cause, Fingerprint, Transition};

/// The longest comment, and the longest name of a person, in bytes.
const TEXT_MAX: usize = 4_096;

fn check_text(owner: &str, what: &'static str, text: &str) -> Result<(), AlertError> {
    if text.len() <= TEXT_MAX {
        return Ok(());
    }
    let (owner, bytes) = (owner.to_owned(), text.len());
    Err(AlertError::TextTooLong { owner, what, bytes, max: TEXT_MAX })
}
