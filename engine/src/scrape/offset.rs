//! When within its interval a target is scraped.

use std::time::Duration;

/// Returns how long after the beginning of each interval a target is scraped,
/// by its identity alone: many targets spread over the interval, and one keeps
/// its place when the program starts again.
#[must_use]
pub fn offset(identity: &str, interval: Duration) -> Duration {
    // FNV-1a, then a finishing mix of splitmix64: fixed across versions.
    let hash = identity.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ (mixed >> 31);
    let nanos = (interval.as_nanos() * u128::from(mixed)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_spread_and_stay() {
        let interval = Duration::from_secs(60);
        let mut tenths = [0; 10];
        for index in 0..1_000 {
            let at = offset(&format!("http://10.0.0.{index}:9100/metrics"), interval);
            assert!(at < interval);
            tenths[usize::try_from(at.as_secs() / 6).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|&count| (60..140).contains(&count)), "{tenths:?}");
        assert_eq!(offset("a", interval), offset("a", interval));
    }
}
