//! What the queries read.

/// The time of the last sample.
pub(super) const END_MS: i64 = 1_700_000_000_000;
const INTERVAL_MS: i64 = 10_000;
const SAMPLES: i64 = 360;
const BOUNDS: [&str; 10] =
    ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];

/// One series: its name and labels.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) labels: Vec<(&'static str, String)>,
    /// What a counter grows by at most.
    step: u64,
}

/// The dataset, in tenths of its full size.
pub(super) struct Data {
    pub(super) tenths: usize,
}

impl Data {
    pub(super) fn series(&self) -> Vec<Series> {
        let mut all = Vec::new();
        for number in 0..2_000 * self.tenths {
            let labels = vec![
                ("half", if number % 2 == 0 { "a" } else { "b" }.to_owned()),
                ("instance", format!("host-{}:9100", number / 20)),
                ("job", format!("job{}", number % 20)),
                ("path", format!("/api/v{}", number % 7)),
            ];
            all.push(Series { name: "x_total", labels, step: 50 });
        }
        for histogram in 0..200 * self.tenths {
            for (number, bound) in BOUNDS.into_iter().enumerate() {
                let labels = vec![
                    ("instance", format!("host-{histogram}")),
                    ("job", format!("job{}", histogram % 10)),
                    ("le", bound.to_owned()),
                ];
                all.push(Series { name: "h_bucket", labels, step: 3 * (number as u64 + 1) });
            }
        }
        for info in 0..100 * self.tenths {
            let labels = vec![
                ("instance", format!("host-{info}:9100")),
                ("version", format!("v{}", info % 5)),
            ];
            all.push(Series { name: "x_info", labels, step: 0 });
        }
        all
    }

    /// Returns how many samples there are.
    pub(super) fn samples(&self) -> u64 {
        self.series().len() as u64 * SAMPLES.cast_unsigned()
    }

    /// Hands out each tick: its time, and a value for each series.
    pub(super) fn ticks(series: &[Series], mut visit: impl FnMut(i64, &[f64])) {
        let mut values: Vec<f64> = series.iter().map(|one| f64::from(one.step == 0)).collect();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for tick in 1..=SAMPLES {
            for (value, one) in values.iter_mut().zip(series) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                match (one.step, one.name) {
                    (0, _) => {}
                    // A counter falls to zero now and then.
                    (_, "x_total") if state.is_multiple_of(5_000) => *value = 0.0,
                    (_, "x_total") => *value += (state % one.step) as f64,
                    // Each bucket holds what the smaller ones do.
                    _ => *value += one.step as f64,
                }
            }
            visit(END_MS - (SAMPLES - tick) * INTERVAL_MS, &values);
        }
    }
}
