//! Silences: when subscribers are not told of alerts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Labels, Matcher, Timestamp};
use crate::storage::state::{Batch, Table, sequence_key};

use super::AlertError;

/// The most silences kept at a time, expired ones included.
pub const SILENCES_MAX: usize = 1_000;

/// How long an expired silence is kept, so that history can be explained.
const EXPIRED_KEPT: Duration = Duration::from_secs(5 * 24 * 3_600);

/// What tells one silence from all others; counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SilenceId(u64);

impl SilenceId {
    /// Creates the identifier with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for SilenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A silence that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceRequest {
    /// Which alerts: those whose labels pass all of these.
    pub matchers: Vec<Matcher>,
    /// From when; a time that has passed means at once.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who asks.
    pub created_by: Arc<str>,
    /// Why; may be empty.
    pub comment: Arc<str>,
}

/// A silence: alerts that match are evaluated as ever, and their transitions
/// are marked and kept from subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// What tells it from all others.
    pub id: SilenceId,
    /// Which alerts: those whose labels pass all of these.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when, that point excluded.
    pub ends_at: Timestamp,
    /// Who asked for it.
    pub created_by: Arc<str>,
    /// Why.
    pub comment: Arc<str>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// Where a silence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilenceState {
    /// It has not begun.
    Pending,
    /// It holds.
    Active,
    /// It is over.
    Expired,
}

impl Silence {
    /// Returns where the silence stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SilenceState {
        if now >= self.ends_at {
            SilenceState::Expired
        } else if now >= self.starts_at {
            SilenceState::Active
        } else {
            SilenceState::Pending
        }
    }

    fn covers(&self, labels: &Labels, now: Timestamp) -> bool {
        self.state(now) == SilenceState::Active
            && self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

/// All silences there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Silences {
    by_id: BTreeMap<SilenceId, Arc<Silence>>,
    last: u64,
}

impl Silences {
    pub(super) fn add(
        &mut self,
        request: SilenceRequest,
        now: Timestamp,
    ) -> Result<Arc<Silence>, AlertError> {
        check(&request, now)?;
        self.by_id.retain(|_, silence| silence.ends_at + EXPIRED_KEPT > now);
        if self.by_id.len() >= SILENCES_MAX {
            return Err(AlertError::TooManySilences { max: SILENCES_MAX });
        }
        self.last += 1;
        let silence = Arc::new(Silence {
            id: SilenceId(self.last),
            matchers: request.matchers,
            starts_at: request.starts_at.max(now),
            ends_at: request.ends_at,
            created_by: request.created_by,
            comment: request.comment,
            created_at: now,
        });
        self.by_id.insert(silence.id, Arc::clone(&silence));
        Ok(silence)
    }

    /// Ends a silence now; one that has ended already stays as it is.
    pub(super) fn expire(
        &mut self,
        id: SilenceId,
        now: Timestamp,
    ) -> Result<Arc<Silence>, AlertError> {
        let silence = self.by_id.get_mut(&id).ok_or(AlertError::UnknownSilence { id: id.0 })?;
        if silence.state(now) != SilenceState::Expired {
            let silence = Arc::make_mut(silence);
            silence.starts_at = silence.starts_at.min(now);
            silence.ends_at = now;
        }
        Ok(Arc::clone(silence))
    }

    /// Creates the silences that were kept.
    pub(super) fn restore(kept: Vec<Silence>) -> Self {
        let last = kept.iter().map(|silence| silence.id.0).max().unwrap_or(0);
        let by_id = kept.into_iter().map(|silence| (silence.id, Arc::new(silence))).collect();
        Self { by_id, last }
    }

    /// Puts what is new or changed since `saved`, and removes what is gone.
    pub(super) fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        for (id, silence) in &self.by_id {
            if !saved.by_id.get(id).is_some_and(|before| Arc::ptr_eq(before, silence)) {
                batch.put(Table::Silences, sequence_key(id.0), silence);
            }
        }
        for id in saved.by_id.keys().filter(|id| !self.by_id.contains_key(id)) {
            batch.remove(Table::Silences, sequence_key(id.0));
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.by_id.values()
    }

    /// Returns the first silence that covers an alert with these labels.
    pub(super) fn covering(&self, labels: &Labels, now: Timestamp) -> Option<SilenceId> {
        self.by_id.values().find(|silence| silence.covers(labels, now)).map(|silence| silence.id)
    }
}

fn check(request: &SilenceRequest, now: Timestamp) -> Result<(), AlertError> {
    if request.created_by.trim().is_empty() {
        return Err(AlertError::Nobody { what: "a silence" });
    }
    // As in Alertmanager: a silence that any alert passes is a mistake.
    if request.matchers.iter().all(|matcher| matcher.matches_value("")) {
        return Err(AlertError::SilenceMatchesAll);
    }
    for (what, text) in [("author", &request.created_by), ("comment", &request.comment)] {
        super::check_text("a silence", what, text)?;
    }
    let SilenceRequest { starts_at, ends_at, .. } = *request;
    if ends_at <= starts_at || ends_at <= now {
        return Err(AlertError::SilenceTime { starts_at, ends_at, now });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::model::MatchOp;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn second(number: u64) -> Timestamp {
        NOW + Duration::from_secs(number)
    }

    fn request(from: u64, to: u64) -> SilenceRequest {
        SilenceRequest {
            matchers: vec![Matcher::equal("host", "a")],
            starts_at: second(from),
            ends_at: second(to),
            created_by: "ann".into(),
            comment: "".into(),
        }
    }

    #[test]
    fn a_silence_holds_from_its_start_until_its_end() {
        let mut silences = Silences::default();
        let silence = silences.add(request(10, 20), NOW).unwrap();
        let host = |name: &str| Labels::new([("host", name)]).unwrap();
        for (at, covered) in [(9, None), (10, Some(silence.id)), (20, None)] {
            assert_eq!(silences.covering(&host("a"), second(at)), covered, "{at}");
        }
        assert_eq!(silences.covering(&host("b"), second(15)), None);
        assert_eq!(silence.state(second(9)), SilenceState::Pending);
        silences.expire(silence.id, second(12)).unwrap();
        assert_eq!(silences.covering(&host("a"), second(12)), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let mut silences = Silences::default();
        let mut refused = |request| silences.add(request, NOW).unwrap_err().to_string();
        assert_eq!(
            refused(request(20, 10)),
            "a silence from 1970-01-01T00:17:00.000Z to 1970-01-01T00:16:50.000Z must end after it starts and after 1970-01-01T00:16:40.000Z"
        );
        let nobody = SilenceRequest { created_by: "".into(), ..request(0, 1) };
        assert_eq!(refused(nobody), "a silence must name who makes it");
        let all = Matcher::new("host", MatchOp::Regex, ".*").unwrap();
        for matchers in [vec![], vec![all]] {
            let request = SilenceRequest { matchers, ..request(0, 1) };
            assert_eq!(
                refused(request),
                "a silence needs at least one matcher that an alert without the label would fail"
            );
        }
        assert_eq!(
            silences.expire(SilenceId(7), NOW).unwrap_err().to_string(),
            "there is no silence 7"
        );
    }

    #[test]
    fn expired_silences_make_room() {
        let mut silences = Silences::default();
        for _ in 0..SILENCES_MAX {
            silences.add(request(0, 1), NOW).unwrap();
        }
        assert!(silences.add(request(0, 1), NOW).is_err());
        let later = NOW + EXPIRED_KEPT + Duration::from_secs(1);
        let later_request =
            SilenceRequest { ends_at: later + Duration::from_secs(1), ..request(0, 1) };
        let silence = silences.add(later_request, later).unwrap();
        assert_eq!(silence.id, SilenceId(1_001));
    }
}
