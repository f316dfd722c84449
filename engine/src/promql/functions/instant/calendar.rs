//! Parts of dates, in UTC, by the Gregorian calendar without leap seconds.
//!
//! Each takes Unix seconds, of which the fraction is cut off. A NaN or an
//! infinite time has no date: the result is NaN.

const DAY_SECONDS: i64 = 86_400;

/// The days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// The days of 400 years.
const ERA_DAYS: i64 = 146_097;

/// The days of each month, in a year without a leap day.
const MONTH_DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A day of the calendar.
struct Date {
    year: i64,
    /// 1 to 12.
    month: i64,
    /// 1 to 31.
    day: i64,
}

impl Date {
    /// Counts years from March, so that the leap day is a year's last, and
    /// takes 400 years at a time, as all of these are of the same length.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    const fn of_days(days: i64) -> Self {
        let days = days + EPOCH_DAYS;
        let era = days.div_euclid(ERA_DAYS);
        let of_era = days.rem_euclid(ERA_DAYS);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { year, month, day }
    }

    const fn is_leap(&self) -> bool {
        self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
    }

    fn days_in(&self, month: i64) -> i64 {
        let index = usize::try_from(month - 1).unwrap_or(0);
        let days = MONTH_DAYS.get(index).copied().unwrap_or(0);
        days + i64::from(month == 2 && self.is_leap())
    }
}

pub(super) fn minute(time: f64) -> f64 {
    of_seconds(time, |seconds| seconds.rem_euclid(3_600) / 60)
}

pub(super) fn hour(time: f64) -> f64 {
    of_seconds(time, |seconds| seconds.rem_euclid(DAY_SECONDS) / 3_600)
}

pub(super) fn day_of_week(time: f64) -> f64 {
    // 1970-01-01 was a Thursday.
    of_seconds(time, |seconds| (seconds.div_euclid(DAY_SECONDS) + 4).rem_euclid(7))
}

pub(super) fn day_of_month(time: f64) -> f64 {
    of_date(time, |date| date.day)
}

pub(super) fn day_of_year(time: f64) -> f64 {
    of_date(time, |date| date.day + (1..date.month).map(|month| date.days_in(month)).sum::<i64>())
}

pub(super) fn days_in_month(time: f64) -> f64 {
    of_date(time, |date| date.days_in(date.month))
}

pub(super) fn month(time: f64) -> f64 {
    of_date(time, |date| date.month)
}

pub(super) fn year(time: f64) -> f64 {
    of_date(time, |date| date.year)
}

fn of_date(time: f64, part: impl Fn(Date) -> i64) -> f64 {
    of_seconds(time, |seconds| part(Date::of_days(seconds.div_euclid(DAY_SECONDS))))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the cast to seconds saturates; parts of dates are small, and years are below 2^53"
)]
fn of_seconds(time: f64, part: impl Fn(i64) -> i64) -> f64 {
    if time.is_finite() { part(time as i64) as f64 } else { f64::NAN }
}
