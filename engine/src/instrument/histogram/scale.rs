//! Exponential buckets: which one a value is in.
//!
//! The bucket `i` of a schema `s` has the values from `2^((i-1)/2^s)`, not
//! included, to `2^(i/2^s)`. Source: Prometheus, "Native Histograms".

use std::sync::LazyLock;

/// The bits of a float's mantissa.
const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const BIAS: i32 = 1_023;

/// The finest schema.
const SCHEMA_MAX: usize = 8;

/// The tables of the schemas that divide powers of two: made once, as all
/// histograms share them.
static OCTAVES: [LazyLock<Octave>; SCHEMA_MAX + 1] = [
    LazyLock::new(|| Octave::new(0)),
    LazyLock::new(|| Octave::new(1)),
    LazyLock::new(|| Octave::new(2)),
    LazyLock::new(|| Octave::new(3)),
    LazyLock::new(|| Octave::new(4)),
    LazyLock::new(|| Octave::new(5)),
    LazyLock::new(|| Octave::new(6)),
    LazyLock::new(|| Octave::new(7)),
    LazyLock::new(|| Octave::new(8)),
];

/// How the values from 1 to 2 are divided.
#[derive(Debug)]
struct Octave {
    /// How many of the mantissa's last bits do not lead to a run.
    shift: u32,
    /// Of each run of mantissas with the same first bits, how many bounds are
    /// below it, and the next one: two bounds never share a run.
    runs: Box<[(i32, u64)]>,
}

impl Octave {
    fn new(schema: u32) -> Self {
        let steps = 1_u64 << schema;
        let bounds: Vec<u64> = (0..steps).map(|step| bound(schema, step) & MANTISSA).collect();
        let shift = MANTISSA_BITS - schema - 1;
        let runs = (0..steps * 2).map(|run| {
            let below = bounds.partition_point(|bound| bound >> shift < run);
            // After the last bound comes that of the next octave.
            let next = bounds.get(below).copied().unwrap_or(u64::MAX);
            (i32::try_from(below).unwrap_or(i32::MAX), next)
        });
        Self { shift, runs: runs.collect() }
    }

    #[inline]
    fn place(&self, mantissa: u64) -> i32 {
        let run = usize::try_from(mantissa >> self.shift).unwrap_or(usize::MAX);
        let Some(&(below, next)) = self.runs.get(run) else { return 0 };
        below + i32::from(next < mantissa)
    }
}

/// Returns the bits of `2^(step/2^schema)`, which is at most 2.
#[expect(clippy::cast_precision_loss, reason = "both are at most 256")]
fn bound(schema: u32, step: u64) -> u64 {
    f64::exp2(step as f64 / (1_u64 << schema) as f64).to_bits()
}

/// The buckets of a schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    schema: i8,
    octave: Option<&'static Octave>,
}

impl Scale {
    /// Takes a schema of -4 to 8.
    pub(super) fn new(schema: i8) -> Self {
        let octave = usize::try_from(schema).ok().and_then(|schema| OCTAVES.get(schema));
        Self { schema, octave: octave.map(|octave| &**octave) }
    }

    /// Returns the bucket of a positive value; an infinite one has the bucket
    /// after that of the largest number.
    #[inline]
    pub(super) fn bucket(self, value: f64) -> i32 {
        if !value.is_normal() {
            return self.bucket_of_odd(value);
        }
        self.place(value.to_bits(), 0)
    }

    #[cold]
    fn bucket_of_odd(self, value: f64) -> i32 {
        if value.is_infinite() {
            return self.place(f64::MAX.to_bits(), 0) + 1;
        }
        // Below the smallest normal number: made one.
        self.place((value * f64::exp2(64.0)).to_bits(), 64)
    }

    /// Returns the bucket of the float with these bits, divided by
    /// `2^smaller`.
    #[inline]
    fn place(self, bits: u64, smaller: i32) -> i32 {
        let exponent = i32::try_from(bits >> MANTISSA_BITS & 0x7ff).unwrap_or(0) - BIAS - smaller;
        let mantissa = bits & MANTISSA;
        match self.octave {
            Some(octave) => (exponent << self.schema) + octave.place(mantissa),
            None => {
                let above = exponent + i32::from(mantissa > 0);
                let width = -i32::from(self.schema);
                (above + (1 << width) - 1) >> width
            }
        }
    }
}
