//! Answers as lines over time, in the dots of Braille characters.

use std::fmt::Write as _;

use chrono::DateTime;
use console::Term;
use keepwatch::promql::EvaluationTimes;

use super::answer::{Answer, Series};

/// How many lines can be told apart.
const LINES_MAX: usize = 8;
/// The height of the canvas in characters.
const ROWS: usize = 16;
/// The width of a chart that is not on a terminal.
const COLUMNS: usize = 100;
/// The narrowest canvas.
const COLUMNS_MIN: usize = 20;
/// The colours of the lines (SGR).
const COLOURS: [u8; LINES_MAX] = [36, 33, 35, 32, 34, 31, 96, 93];

/// What a chart is drawn on.
pub(super) struct Canvas {
    /// In characters, the axis included.
    pub(super) columns: usize,
    pub(super) coloured: bool,
    /// The first and the last time, in seconds.
    pub(super) span: (f64, f64),
    /// The time from one point to the next.
    pub(super) step: f64,
}

impl Canvas {
    /// Returns a canvas as wide as the terminal.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of any year fit a double")]
    pub(super) fn fitting(times: EvaluationTimes, coloured: bool) -> Self {
        let size = Term::stdout().size_checked();
        let columns = size.map_or(COLUMNS, |(_, columns)| usize::from(columns));
        let span = (times.start_ms as f64 / 1e3, times.end_ms as f64 / 1e3);
        Self { columns, coloured, span, step: times.step_ms as f64 / 1e3 }
    }
}

/// Draws the series of an answer, the first few if there are many.
pub(super) fn written(answer: &Answer, canvas: &Canvas) -> String {
    let shown = answer.series.get(..LINES_MAX).unwrap_or(&answer.series);
    let drawn = shown.iter().flat_map(values).map(|(_, value)| value);
    let Some((least, greatest)) = drawn.filter(|value| value.is_finite()).fold(None, widen) else {
        return "no points to draw\n".to_owned();
    };
    let (least, greatest) = if least < greatest {
        (least, greatest)
    } else {
        // A flat line lies in the middle.
        let margin = if least == 0.0 { 1.0 } else { least.abs() * 0.1 };
        (least - margin, greatest + margin)
    };
    let value_of = |row: usize| greatest - (greatest - least) * row as f64 / (ROWS - 1) as f64;
    let marks: Vec<String> = (0..ROWS)
        .map(
            |row| if row % 5 == 0 { short(value_of(row), greatest - least) } else { String::new() },
        )
        .collect();
    let margin = marks.iter().map(String::len).max().unwrap_or(0);
    let width = canvas.columns.saturating_sub(margin + 3).max(COLUMNS_MIN);
    let mut dots = Dots::new(width);
    for (line, series) in shown.iter().enumerate() {
        let mut before = None;
        for (at, value) in values(series) {
            let length = (canvas.span.1 - canvas.span.0).max(f64::MIN_POSITIVE);
            let x = (at - canvas.span.0) / length;
            let y = (greatest - value) / (greatest - least);
            let here = value.is_finite().then(|| (at, dots.place(x, y)));
            if let Some((at, here)) = here {
                // What was not there for a step is a gap.
                let linked = before.filter(|(then, _)| at - then <= canvas.step * 1.5);
                dots.line(linked.map_or(here, |(_, place)| place), here, line);
            }
            before = here;
        }
    }
    let mut text = String::new();
    for (row, mark) in marks.iter().enumerate() {
        let tick = if mark.is_empty() { '│' } else { '┤' };
        let _ = writeln!(text, "{mark:>margin$} {tick}{}", dots.row(row, canvas.coloured));
    }
    let _ = writeln!(text, "{:>margin$} └{}", "", "─".repeat(width));
    text += &time_axis(canvas, margin + 2, width);
    text += &legend(answer, shown, canvas.coloured);
    text
}

fn values(series: &Series) -> impl Iterator<Item = (f64, f64)> {
    series.points.iter().filter_map(|point| Some((point.at, point.value.parse().ok()?)))
}

fn widen(range: Option<(f64, f64)>, value: f64) -> Option<(f64, f64)> {
    let (least, greatest) = range.unwrap_or((value, value));
    Some((least.min(value), greatest.max(value)))
}

/// Writes the first, the middle and the last time below the canvas.
fn time_axis(canvas: &Canvas, indent: usize, width: usize) -> String {
    let (start, end) = canvas.span;
    let pattern = if end - start >= 86_400.0 { "%m-%d %H:%M" } else { "%H:%M:%S" };
    let written = |seconds: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "times come as milliseconds")]
        let at = DateTime::from_timestamp_millis((seconds * 1e3) as i64);
        at.map_or_else(String::new, |at| at.format(pattern).to_string())
    };
    let (first, middle, last) = (written(start), written(f64::midpoint(start, end)), written(end));
    let gap = width.saturating_sub(first.len() + middle.len() + last.len());
    let (left, right) = (gap / 2, gap - gap / 2);
    format!("{:indent$}{first}{:left$}{middle}{:right$}{last}\n", "", "", "")
}

/// Writes which line is which, and how many are left out.
fn legend(answer: &Answer, shown: &[Series], coloured: bool) -> String {
    let mut text = String::new();
    for (series, colour) in shown.iter().zip(COLOURS) {
        let last = series.points.last().map_or("", |point| point.value.as_str());
        let mark =
            if coloured { format!("\x1b[{colour}m━━\x1b[0m") } else { "━━".to_owned() };
        let _ = writeln!(text, "  {mark} {} {last}", name(answer, series));
    }
    let left_out = answer.series.len() - shown.len();
    if left_out > 0 {
        let _ = writeln!(text, "  and {left_out} more series, which are not drawn");
    }
    text
}

/// Writes the labels by which a series differs from the others; all of them if
/// it is alone.
fn name(answer: &Answer, series: &Series) -> String {
    let differs = |label: &str| {
        answer.series.len() == 1
            || answer.series.iter().any(|other| other.label(label) != series.label(label))
    };
    let labels: Vec<String> = series
        .labels
        .iter()
        .filter(|(label, _)| *label != "__name__" && differs(label))
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    let metric = if differs("__name__") { series.label("__name__") } else { "" };
    if labels.is_empty() && !metric.is_empty() {
        return metric.to_owned();
    }
    format!("{metric}{{{}}}", labels.join(","))
}

/// Writes a number in as many digits as tell it from its neighbours.
fn short(value: f64, range: f64) -> String {
    let size = value.abs().max(range);
    if !(1e-3..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 6")]
    let decimals = (2.0 - range.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.decimals$}")
}

/// A field of Braille characters, each of two by four dots.
struct Dots {
    width: usize,
    /// The dots of each character, and the line that set one last.
    cells: Vec<(u8, usize)>,
}

/// The bits of a character's dots, row by row.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Dots {
    fn new(width: usize) -> Self {
        Self { width, cells: vec![(0, 0); width * ROWS] }
    }

    /// Returns the dot at these fractions of width and height.
    #[expect(clippy::cast_possible_truncation, reason = "a terminal has fewer dots")]
    fn place(&self, x: f64, y: f64) -> (i64, i64) {
        let dot = |fraction: f64, dots: usize| {
            (fraction.clamp(0.0, 1.0) * (dots - 1) as f64).round() as i64
        };
        (dot(x, self.width * 2), dot(y, ROWS * 4))
    }

    /// Draws a line from dot to dot (Bresenham).
    fn line(&mut self, from: (i64, i64), to: (i64, i64), line: usize) {
        let (dx, dy) = ((to.0 - from.0).abs(), -(to.1 - from.1).abs());
        let (step_x, step_y) = ((to.0 - from.0).signum(), (to.1 - from.1).signum());
        let (mut at, mut error) = (from, dx + dy);
        loop {
            self.set(at, line);
            if at == to {
                return;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                at.0 += step_x;
            }
            if twice <= dx {
                error += dx;
                at.1 += step_y;
            }
        }
    }

    fn set(&mut self, (x, y): (i64, i64), line: usize) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        let bit = BITS.get(y % 4).and_then(|row| row.get(x % 2));
        if let (Some(cell), Some(bit)) = (self.cells.get_mut(y / 4 * self.width + x / 2), bit) {
            *cell = (cell.0 | bit, line);
        }
    }

    fn row(&self, row: usize, coloured: bool) -> String {
        let mut text = String::new();
        let cells = self.cells.get(row * self.width..(row + 1) * self.width).unwrap_or_default();
        for &(dots, line) in cells {
            let character = char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ');
            match COLOURS.get(line) {
                _ if dots == 0 => text.push(' '),
                Some(colour) if coloured => {
                    let _ = write!(text, "\x1b[{colour}m{character}\x1b[0m");
                }
                _ => text.push(character),
            }
        }
        text.trim_end().to_owned()
    }
}
