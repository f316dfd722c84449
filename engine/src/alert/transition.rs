//! Alerts and their changes of state, as the world sees them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::model::{Labels, Timestamp};

use super::{AlertError, Annotations, Severity, SilenceId, wire};

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertState {
    /// The condition does not hold. Alerts in this state are not kept.
    Inactive,
    /// The condition holds, but not yet for as long as the rule asks.
    Pending,
    /// The alert is raised.
    Firing,
    /// The alert is raised, and its series has stopped speaking.
    NoData,
    /// The alert was raised and is over. Alerts in this state are not kept.
    Resolved,
}

impl AlertState {
    /// Returns the state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::NoData => "no_data",
            Self::Resolved => "resolved",
        }
    }

    /// Says whether an alert in this state has fired and is not over.
    #[must_use]
    pub const fn is_raised(self) -> bool {
        matches!(self, Self::Firing | Self::NoData)
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What tells one alert from all others: a hash of its labels, the same in
/// every process. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Returns the fingerprint of an alert's labels: FNV-1a, 64 bits, over
    /// names and values, each closed by the byte 255, which no UTF-8 has.
    #[must_use]
    pub fn of(labels: &Labels) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for (name, value) in labels.iter() {
            for byte in name.bytes().chain([255]).chain(value.bytes()).chain([255]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Self(hash)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = AlertError;

    fn from_str(text: &str) -> Result<Self, AlertError> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(hash) if digits => Ok(Self(hash)),
            _ => Err(AlertError::Fingerprint { given: text.chars().take(32).collect() }),
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// That somebody has taken notice of an alert; lasts until its episode ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: Arc<str>,
    /// What they said; may be empty.
    pub comment: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// One alert, at one point of an episode. An episode begins when the
/// condition first holds and ends when the alert is resolved, or when it
/// stops pending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What tells it from all others, across episodes.
    pub fingerprint: Fingerprint,
    /// The rule.
    pub rule: Arc<str>,
    /// The metric that the rule asks of; `None` if it asks in PromQL.
    pub metric: Option<Arc<str>>,
    /// The series' labels under the rule's own, `alertname` and, for rules
    /// that are not from a rule file, `severity`.
    pub labels: Labels,
    /// How grave it is.
    pub severity: Severity,
    /// Where it stands.
    pub state: AlertState,
    /// The last value that was judged; `None` for want of one. Serialises as
    /// a number, or as `"NaN"`, `"+Inf"`, `"-Inf"`.
    #[serde(with = "wire", default)]
    pub value: Option<f64>,
    /// What the rule says of it, filled when it was last found.
    pub annotations: Annotations,
    /// When the condition first held in this episode.
    pub active_at: Timestamp,
    /// When it fired in this episode.
    pub fired_at: Option<Timestamp>,
    /// Who has taken notice.
    pub acknowledged: Option<Acknowledgement>,
    /// The silence that kept the episode's last notification back.
    pub silenced_by: Option<SilenceId>,
}

impl Alert {
    /// Returns what it is about in words: the annotation `description`, or
    /// else `summary`; empty if there is neither.
    #[must_use]
    pub fn description(&self) -> &str {
        let texts = ["description", "summary"].into_iter();
        texts.filter_map(|name| self.annotations.get(name)).next().unwrap_or_default()
    }
}

/// Why an alert changed its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// The condition began to hold, held long enough, or stopped holding.
    Condition,
    /// The series fell silent.
    NoData,
    /// The rule could not be evaluated.
    Error,
    /// The rule was taken away.
    RuleRemoved,
    /// The rule was switched off.
    RuleDisabled,
    /// The silence that had kept the alert back is over.
    SilenceEnded,
}

/// One change of an alert's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// The alert as it is after the change.
    pub alert: Alert,
    /// The state before.
    pub from: AlertState,
    /// The state after.
    pub to: AlertState,
    /// Why.
    pub cause: Cause,
    /// The time of the evaluation that found it.
    pub at: Timestamp,
    /// The silence that keeps it from subscribers. What resolves an alert
    /// that subscribers were told of is never suppressed.
    pub suppressed_by: Option<SilenceId>,
}

impl Transition {
    /// Says whether the alert is raised by this change, or is told of for
    /// the first time after a silence.
    #[must_use]
    pub fn fires(&self) -> bool {
        self.to.is_raised() && (!self.from.is_raised() || self.cause == Cause::SilenceEnded)
    }

    /// Says whether a raised alert is over by this change.
    #[must_use]
    pub fn resolves(&self) -> bool {
        self.to == AlertState::Resolved
    }

    /// Says whether subscribers are told: of what raises an alert, ends it,
    /// or makes it lose or find its data, unless a silence keeps it back.
    /// Pending alerts can be asked for.
    #[must_use]
    pub fn notifies(&self) -> bool {
        self.suppressed_by.is_none() && (self.to.is_raised() || self.resolves())
    }

    /// Returns a text that is the same for the same change of the same
    /// episode, so that receivers can drop what they got twice.
    #[must_use]
    pub fn key(&self) -> String {
        let Alert { fingerprint, active_at, .. } = self.alert;
        format!("{fingerprint}-{}-{}-{}", active_at.millis(), self.to, self.at.millis())
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} -> {}", self.at, self.alert.labels, self.from, self.to)?;
        if let Some(value) = self.alert.value {
            write!(f, " at {value}")?;
        }
        if let Some(silence) = self.suppressed_by {
            write!(f, " (silence {silence})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_label_sets_apart_and_round_trip() {
        let labels = |name: &str, value: &str| Labels::new([(name, value)]).unwrap();
        let one = Fingerprint::of(&labels("ab", "c"));
        assert_ne!(one, Fingerprint::of(&labels("a", "bc")));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!(Fingerprint::of(&Labels::EMPTY).to_string(), "cbf29ce484222325");
        for bad in ["", "+bf29ce484222325", "cbf29ce48422232", "cbf29ce4842223255"] {
            assert_eq!(
                bad.parse::<Fingerprint>().unwrap_err().to_string(),
                format!("fingerprint {bad:?} must be 16 hexadecimal digits")
            );
        }
    }
}
