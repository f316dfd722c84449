//! The functions of a range vector by name.

use super::extended::{check_extension, extended};
use super::extremes::{Extreme, Queue, is_short, scan};
use super::layout::Layout;
use super::parameter::Parameter;
use super::rate::{Difference, extrapolated, extrapolated_with_starts, instantaneous};
use super::regression::{predicted, slope, smoothed};
use super::resets::{Resets, is_reset};
use super::window::{Reach, Samples, Steps, Window, seconds};
use crate::promql::functions::absence::ABSENT;
use crate::promql::functions::error::FunctionError;
use crate::promql::functions::quantile::{median_deviation, quantile};
use crate::promql::functions::signature::Function;
use crate::promql::functions::sum::{Compensated, Mean, PrefixSums};
use crate::promql::functions::variance::variance;
use crate::promql::syntax::Extension;

/// With fewer steps than this, windows are summed one by one.
const PREFIX_STEPS_MIN: usize = 8;

/// What was seen in a series that people should know of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observed {
    /// A sample counts from before the sample in front of it, so that both
    /// count the same.
    pub overlapping_starts: bool,
}

/// A function of a range vector, with what it keeps between steps and the
/// memory that it uses again for the next series.
#[derive(Debug)]
pub struct RangeKernel {
    function: Function,
    layout: Layout,
    resets: Resets,
    queue: Queue,
    sums: PrefixSums,
    counts: Vec<u32>,
    scratch: Vec<f64>,
}

impl RangeKernel {
    /// Creates the kernel of a function; `None` if it is not one of a range
    /// vector. `absent_over_time` is not here, as it looks at all series
    /// together: it is the absence of `present_over_time`.
    #[must_use]
    pub fn new(function: Function) -> Option<Self> {
        use Function as F;
        let known = matches!(
            function,
            F::AvgOverTime
                | F::Changes
                | F::CountOverTime
                | F::Delta
                | F::Deriv
                | F::DoubleExponentialSmoothing
                | F::FirstOverTime
                | F::Idelta
                | F::Increase
                | F::Irate
                | F::LastOverTime
                | F::MadOverTime
                | F::MaxOverTime
                | F::MinOverTime
                | F::PredictLinear
                | F::PresentOverTime
                | F::QuantileOverTime
                | F::Rate
                | F::Resets
                | F::StddevOverTime
                | F::StdvarOverTime
                | F::SumOverTime
                | F::TsOfFirstOverTime
                | F::TsOfLastOverTime
                | F::TsOfMaxOverTime
                | F::TsOfMinOverTime
        );
        known.then(|| Self {
            function,
            layout: Layout::default(),
            resets: Resets::default(),
            queue: Queue::default(),
            sums: PrefixSums::default(),
            counts: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Fills `out` with one value a step, absent where the function has none.
    ///
    /// `samples` are those within [`Reach::bounds`]; more do no harm.
    /// `parameters` are the scalar arguments in the order of the signature;
    /// one that is missing is NaN. Steps after the end of `out` are left out.
    ///
    /// # Errors
    /// A smoothing or trend factor out of bounds, for a series with samples;
    /// an extension that the function does not know.
    pub fn evaluate(
        &mut self,
        samples: &Samples<'_>,
        reach: &Reach,
        steps: &Steps,
        parameters: &[Parameter<'_>],
        out: &mut [f64],
    ) -> Result<Observed, FunctionError> {
        if let Some(extension) = reach.extension {
            check_extension(self.function, extension)?;
        }
        let steps = Steps { count: steps.count.min(out.len()), ..*steps };
        let mut layout = std::mem::take(&mut self.layout);
        layout.prepare(samples, reach, &steps);
        let observed = self.fill(samples, reach, &steps, &mut layout, parameters, out);
        self.layout = layout;
        observed
    }

    fn fill(
        &mut self,
        samples: &Samples<'_>,
        reach: &Reach,
        steps: &Steps,
        layout: &mut Layout,
        parameters: &[Parameter<'_>],
        out: &mut [f64],
    ) -> Result<Observed, FunctionError> {
        let parameter = |index: usize, step: usize| {
            parameters.get(index).map_or(f64::NAN, |parameter| parameter.at(step))
        };
        if let Some(difference) = Difference::of(self.function) {
            return Ok(self.difference(samples, reach, layout, difference, out));
        }
        let windows = &layout.windows[..];
        match self.function {
            Function::Irate => fill(windows, out, |_, w| instantaneous(samples, w, true)),
            Function::Idelta => fill(windows, out, |_, w| instantaneous(samples, w, false)),
            Function::Changes => {
                self.pairs(samples, reach, windows, out, |index| {
                    let (a, b) = (samples.values[index - 1], samples.values[index]);
                    a != b && !(a.is_nan() && b.is_nan())
                });
            }
            Function::Resets => {
                self.pairs(samples, reach, windows, out, |index| is_reset(samples, index));
            }
            Function::SumOverTime => self.sum(samples, windows, steps, out),
            Function::AvgOverTime => self.mean(samples, windows, steps, out),
            Function::MinOverTime => self.extreme(samples, reach, windows, Extreme::Min, out),
            Function::MaxOverTime => self.extreme(samples, reach, windows, Extreme::Max, out),
            Function::TsOfMinOverTime => self.time_of(samples, windows, Extreme::Min, out),
            Function::TsOfMaxOverTime => self.time_of(samples, windows, Extreme::Max, out),
            Function::TsOfFirstOverTime => {
                fill(windows, out, |_, w| time(samples, (w.len() > 0).then_some(w.lo)));
            }
            Function::TsOfLastOverTime => {
                fill(windows, out, |_, w| time(samples, (w.len() > 0).then(|| w.hi - 1)));
            }
            Function::FirstOverTime => {
                fill(windows, out, |_, w| w.values(samples).first().copied().unwrap_or(ABSENT))
            }
            Function::LastOverTime => {
                fill(windows, out, |_, w| w.values(samples).last().copied().unwrap_or(ABSENT))
            }
            Function::PresentOverTime => {
                fill(windows, out, |_, w| if w.len() > 0 { 1.0 } else { ABSENT });
            }
            Function::CountOverTime => {
                fill(windows, out, |_, w| if w.len() > 0 { count(w.len()) } else { ABSENT });
            }
            Function::StdvarOverTime => {
                fill(windows, out, |_, w| of_values(samples, w, variance));
            }
            Function::StddevOverTime => {
                fill(windows, out, |_, w| of_values(samples, w, |values| variance(values).sqrt()));
            }
            Function::QuantileOverTime => fill(windows, out, |step, w| {
                of_values(samples, w, |values| {
                    quantile(parameter(0, step), copied(&mut self.scratch, values))
                })
            }),
            Function::MadOverTime => fill(windows, out, |_, w| {
                of_values(samples, w, |values| median_deviation(copied(&mut self.scratch, values)))
            }),
            Function::Deriv => fill(windows, out, |_, w| slope(samples, w)),
            Function::PredictLinear => {
                fill(windows, out, |step, w| predicted(samples, w, parameter(0, step)));
            }
            Function::DoubleExponentialSmoothing => {
                for (step, (window, out)) in windows.iter().zip(out).enumerate() {
                    let factors = (parameter(0, step), parameter(1, step));
                    *out = double_smoothed(samples, window, factors)?;
                }
            }
            // Nothing else has a kernel.
            _ => out.fill(ABSENT),
        }
        Ok(Observed::default())
    }

    fn difference(
        &mut self,
        samples: &Samples<'_>,
        reach: &Reach,
        layout: &mut Layout,
        difference: Difference,
        out: &mut [f64],
    ) -> Observed {
        if let Some(extension) = reach.extension {
            let windows = &layout.windows;
            fill(windows, out, |_, w| extended(samples, w, reach, difference, extension));
            return Observed::default();
        }
        let resets = &mut self.resets;
        if difference.is_counter() {
            resets.prepare(samples);
            if samples.starts.is_some() {
                let mut overlapping_starts = false;
                fill(&layout.windows, out, |_, window| {
                    overlapping_starts |= resets.overlap(window);
                    extrapolated_with_starts(samples, window, reach, difference, resets)
                });
                return Observed { overlapping_starts };
            }
        }
        layout.prepare_edges(reach, difference);
        let edges = &layout.edges;
        fill(&layout.windows, out, |step, window| {
            let edges = edges.get(step).and_then(Option::as_ref);
            extrapolated(samples, window, edges, difference, resets)
        });
        Observed::default()
    }

    /// Counts the neighbours in each window that `differ`, by the index of
    /// the latter.
    fn pairs(
        &mut self,
        samples: &Samples<'_>,
        reach: &Reach,
        windows: &[Window],
        out: &mut [f64],
        differ: impl Fn(usize) -> bool,
    ) {
        // The number of pairs up to each sample.
        let mut seen = 0;
        self.counts.clear();
        self.counts.extend((0..samples.len()).map(|index| {
            seen += u32::from(index > 0 && differ(index));
            seen
        }));
        let counts = &self.counts;
        fill(windows, out, |_, window| {
            let Some(&last) = window.hi.checked_sub(1).and_then(|index| counts.get(index)) else {
                return ABSENT;
            };
            if window.len() == 0 {
                return ABSENT;
            }
            let anchor = match reach.extension {
                Some(Extension::Anchored) => window.anchor(samples, reach.lookback_ms),
                _ => None,
            };
            f64::from(last - counts[anchor.unwrap_or(window.lo)])
        });
    }

    fn sum(&mut self, samples: &Samples<'_>, windows: &[Window], steps: &Steps, out: &mut [f64]) {
        self.prepare_sums(samples, steps);
        fill(windows, out, |_, w| {
            of_values(samples, w, |values| {
                let sum = self.sums.between(w.lo, w.hi);
                sum.unwrap_or_else(|| values.iter().copied().collect::<Compensated>().total())
            })
        });
    }

    fn mean(&mut self, samples: &Samples<'_>, windows: &[Window], steps: &Steps, out: &mut [f64]) {
        self.prepare_sums(samples, steps);
        fill(windows, out, |_, w| {
            of_values(samples, w, |values| {
                if let Some(sum) = self.sums.between(w.lo, w.hi) {
                    return sum / count(values.len());
                }
                let mut mean = Mean::default();
                values.iter().for_each(|&value| mean.add(value));
                mean.mean()
            })
        });
    }

    fn prepare_sums(&mut self, samples: &Samples<'_>, steps: &Steps) {
        let values = if steps.count < PREFIX_STEPS_MIN { &[] } else { samples.values };
        self.sums.prepare(values.iter().copied());
    }

    fn extreme(
        &mut self,
        samples: &Samples<'_>,
        reach: &Reach,
        windows: &[Window],
        extreme: Extreme,
        out: &mut [f64],
    ) {
        if is_short(samples_in_window(samples, reach)) {
            fill(windows, out, |_, w| scan(w.values(samples), extreme));
            return;
        }
        self.queue.prepare();
        fill(windows, out, |_, w| {
            let position = self.queue.position(samples, w, extreme);
            position.map_or(ABSENT, |index| samples.values[index])
        });
    }

    fn time_of(
        &mut self,
        samples: &Samples<'_>,
        windows: &[Window],
        extreme: Extreme,
        out: &mut [f64],
    ) {
        self.queue.prepare();
        fill(windows, out, |_, w| time(samples, self.queue.position(samples, w, extreme)));
    }
}

/// Fills a column with what `f` gives for each window and its step.
#[inline]
fn fill(windows: &[Window], out: &mut [f64], mut f: impl FnMut(usize, &Window) -> f64) {
    for (step, (window, out)) in windows.iter().zip(out).enumerate() {
        *out = f(step, window);
    }
}

/// Returns `f` of the values in a window, absent if there are none.
#[inline]
fn of_values(samples: &Samples<'_>, window: &Window, f: impl FnOnce(&[f64]) -> f64) -> f64 {
    let values = window.values(samples);
    if values.is_empty() { ABSENT } else { f(values) }
}

fn copied<'a>(scratch: &'a mut Vec<f64>, values: &[f64]) -> &'a mut [f64] {
    scratch.clear();
    scratch.extend_from_slice(values);
    scratch
}

fn double_smoothed(
    samples: &Samples<'_>,
    window: &Window,
    (smoothing, trend): (f64, f64),
) -> Result<f64, FunctionError> {
    if window.len() == 0 {
        return Ok(ABSENT);
    }
    if smoothing <= 0.0 || smoothing >= 1.0 {
        return Err(FunctionError::SmoothingFactor(smoothing));
    }
    if trend <= 0.0 || trend >= 1.0 {
        return Err(FunctionError::TrendFactor(trend));
    }
    Ok(smoothed(window.values(samples), smoothing, trend))
}

/// Returns the time of a sample in seconds.
fn time(samples: &Samples<'_>, index: Option<usize>) -> f64 {
    index.and_then(|index| samples.times.get(index)).map_or(ABSENT, |&ms| seconds(ms))
}

/// Estimates how many samples lie in a window.
fn samples_in_window(samples: &Samples<'_>, reach: &Reach) -> usize {
    let (Some(first), Some(last)) = (samples.times.first(), samples.times.last()) else {
        return 0;
    };
    let share = seconds(reach.range_ms) / seconds(last.saturating_sub(*first).max(1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate; the cast saturates"
    )]
    let samples = (count(samples.len()) * share.min(1.0)) as usize;
    samples
}

#[expect(clippy::cast_precision_loss, reason = "a window holds fewer than 2^53 samples")]
fn count(samples: usize) -> f64 {
    samples as f64
}
