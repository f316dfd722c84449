use super::*;

/// How many mutations of each target are read.
const ROUNDS: u32 = 1_500;

/// Numbers of which nothing is asked but that they are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    /// Changes bytes in a way in which readers of lengths go wrong.
    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (self.0 % 8)),
            2 => {
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            3 => {
                let piece = bytes[at..].iter().take(1 + self.below(40)).copied();
                let piece: Vec<u8> = piece.collect();
                bytes.splice(at..at, piece);
            }
            4 => {
                let length = [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
                let size = [1, 2, 4, 8, 10][self.below(5)];
                let end = (at + size).min(bytes.len());
                bytes.splice(at..end, length[10 - size..].iter().copied());
            }
            _ => {
                let end = (at + self.below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

fn check(target: Target) {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| (target.check)(seed));
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..ROUNDS {
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        let other = &seeds[numbers.below(seeds.len())];
        for _ in 0..=numbers.below(4) {
            numbers.mutate(&mut bytes, other);
        }
        (target.check)(&bytes);
    }
}

#[test]
fn any_bytes_are_a_log_or_none() {
    check(TARGETS[0]);
}

#[test]
fn any_bytes_are_a_segment_or_none() {
    check(TARGETS[1]);
}

#[test]
fn any_bytes_are_columns_or_none() {
    check(TARGETS[2]);
}

#[test]
fn any_bytes_are_metrics_or_an_error() {
    check(TARGETS[3]);
}

#[test]
fn any_bytes_are_families_or_an_error() {
    check(TARGETS[4]);
}

#[test]
fn any_bytes_are_a_query_or_an_error() {
    check(TARGETS[5]);
}

#[test]
fn any_bytes_are_rules_or_errors() {
    check(TARGETS[6]);
}
