//! Spreads runs over time without a random number generator.

use std::time::Duration;

/// Returns `base` changed by at most `fraction` of itself, up or down; the
/// same for the same name and run, spread evenly over names and runs.
///
/// `fraction` lies between 0 and 1.
pub(super) fn jittered(base: Duration, fraction: f64, name: &str, run: u64) -> Duration {
    base.mul_f64(1.0 + fraction * (2.0 * unit(name, run) - 1.0))
}

/// Returns a number from 0 up to 1: FNV-1a of the name, then the finaliser of
/// SplitMix64 over name and run, of which 53 bits make the fraction.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
fn unit(name: &str, run: u64) -> f64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = hash.wrapping_add(run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ (hash >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_its_fraction_and_spreads() {
        let base = Duration::from_secs(10);
        let mut least = Duration::MAX;
        let mut most = Duration::ZERO;
        for run in 0..1_000 {
            let delay = jittered(base, 0.1, "db", run);
            assert!(
                delay >= Duration::from_secs(9) && delay <= Duration::from_secs(11),
                "{delay:?}"
            );
            (least, most) = (least.min(delay), most.max(delay));
        }
        assert!(most - least > Duration::from_millis(1_900), "{least:?} to {most:?}");
        assert_eq!(jittered(base, 0.0, "db", 7), base);
        assert_eq!(jittered(base, 0.1, "db", 7), jittered(base, 0.1, "db", 7));
        assert_ne!(jittered(base, 0.1, "db", 7), jittered(base, 0.1, "cache", 7));
    }
}
