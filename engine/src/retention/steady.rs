//! The time by which things may be removed.

use std::time::Duration;

use crate::model::Timestamp;

/// A wall clock that differs more than this from what the monotonic one says
/// has jumped; less is how clocks are kept right.
const JUMP: Duration = Duration::from_secs(60);
/// So long a new time has to hold before anything is removed by it.
const TRUSTED_AFTER: Duration = Duration::from_secs(10 * 60);

/// Tells the time by which things may be removed: that of the wall clock, but
/// after a jump ahead, for ten minutes, what it would be without the jump. A
/// clock that is wrong for a while removes nothing that is not old.
#[derive(Debug, Clone, Default)]
pub struct SteadyTime {
    /// How far the wall clock is ahead of the monotonic one, in milliseconds.
    offset_ms: Option<i64>,
    /// Another offset, and since when it holds.
    jumped: Option<(i64, Duration)>,
}

impl SteadyTime {
    /// Takes note of both clocks and returns the time.
    pub fn at(&mut self, wall: Timestamp, monotonic: Duration) -> Timestamp {
        let since_start = i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX);
        let offset = wall.millis().saturating_sub(since_start);
        let known = *self.offset_ms.get_or_insert(offset);
        if is_near(offset, known) {
            (self.offset_ms, self.jumped) = (Some(offset), None);
            return wall;
        }
        match self.jumped {
            Some((jumped, since)) if is_near(offset, jumped) => {
                if monotonic.saturating_sub(since) >= TRUSTED_AFTER {
                    (self.offset_ms, self.jumped) = (Some(offset), None);
                    return wall;
                }
            }
            _ => self.jumped = Some((offset, monotonic)),
        }
        wall.min(Timestamp::from_millis(known.saturating_add(since_start)))
    }

    /// Says whether the clock has jumped and is not trusted yet.
    #[must_use]
    pub const fn has_jumped(&self) -> bool {
        self.jumped.is_some()
    }
}

fn is_near(a: i64, b: i64) -> bool {
    u128::from(a.abs_diff(b)) <= JUMP.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_S: i64 = 1_700_000_000;
    const DAY_S: i64 = 86_400;

    /// Tells the time at pairs of the monotonic clock and how far the wall
    /// clock is off, and compares it with how far the time is off, in seconds.
    fn check(steps: &[(u64, i64, i64)]) {
        let mut steady = SteadyTime::default();
        for &(since_start, off, expected) in steps {
            let right = START_S + since_start as i64;
            let wall = Timestamp::from_millis((right + off) * 1_000);
            let told = steady.at(wall, Duration::from_secs(since_start));
            assert_eq!(told.millis() / 1_000 - right, expected, "at {since_start} s");
            assert_eq!(steady.has_jumped(), off != expected || (off - expected).abs() > 60);
        }
    }

    #[test]
    fn a_jump_ahead_is_trusted_once_it_holds() {
        check(&[(0, 0, 0), (60, 5, 5), (120, DAY_S, 5), (700, DAY_S, 5), (720, DAY_S, DAY_S)]);
        // It drifts on from there.
        check(&[(0, 0, 0), (1, DAY_S, 0), (601, DAY_S, DAY_S), (660, DAY_S + 30, DAY_S + 30)]);
    }

    #[test]
    fn a_jump_that_is_taken_back_has_removed_nothing() {
        check(&[(0, 0, 0), (60, 30 * DAY_S, 0), (180, 0, 0), (900, 30 * DAY_S, 0)]);
    }

    #[test]
    fn a_clock_that_jumps_about_is_not_trusted() {
        check(&[(0, 0, 0), (300, DAY_S, 0), (700, 2 * DAY_S, 0), (1_200, DAY_S, 0)]);
    }

    #[test]
    fn a_clock_set_back_is_the_earlier_of_both() {
        let mut steady = SteadyTime::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        steady.at(at(START_S), Duration::ZERO);
        let told = steady.at(at(START_S - DAY_S), Duration::from_secs(60));
        assert_eq!(told, at(START_S - DAY_S));
    }
}
