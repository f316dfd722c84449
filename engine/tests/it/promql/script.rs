//! The commands of a file, in order.
//!
//! A command is a line that begins with its word, and what belongs to it
//! follows on lines of its own up to a blank line. A comment counts as a blank
//! line.

use super::case::Case;
use super::duration::milliseconds;
use super::points::{Slot, slots, start_offsets};
use super::series::series_line;
use keepwatch_engine::promql::LabelSet;

/// A command and where it stands.
#[derive(Debug)]
pub(super) struct Command {
    /// Its first line, from 1.
    pub(super) line: usize,
    /// Its last line.
    pub(super) last_line: usize,
    /// What it says, if that can be understood.
    pub(super) action: Result<Action, String>,
}

#[derive(Debug)]
pub(super) enum Action {
    /// Removes all series.
    Clear,
    /// Adds samples.
    Load(Load),
    /// Evaluates an expression.
    Evaluate(Box<Case>),
}

/// Series to be added.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// The time between two values, in milliseconds; the first is at 0.
    pub(super) step_ms: i64,
    /// Whether classic histograms are to be there as native ones, too.
    pub(super) with_native: bool,
    /// Values of series.
    pub(super) values: Vec<(LabelSet, Vec<Slot>)>,
    /// How much later than its sample the start timestamp of each is.
    pub(super) starts: Vec<(LabelSet, Vec<Option<i64>>)>,
}

/// A line and its number.
pub(super) type Line<'a> = (usize, &'a str);

/// Reads the commands of a file.
pub(super) fn commands(text: &str) -> Vec<Command> {
    let lines: Vec<Line<'_>> = (1..).zip(text.lines().map(str::trim)).collect();
    let blocks = lines.split(|(_, line)| line.is_empty() || line.starts_with('#'));
    let blocks = blocks.filter(|block| !block.is_empty());
    blocks.flat_map(block_commands).collect()
}

/// Reads the commands of lines without a blank one in between: one, but that
/// nothing belongs to `clear`.
fn block_commands(block: &[Line<'_>]) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut rest = block;
    while let Some((&(line, first), behind)) = rest.split_first() {
        let (lines, action) = if first == "clear" {
            (&behind[..0], Ok(Action::Clear))
        } else {
            (behind, action(first, behind))
        };
        let last_line = lines.last().map_or(line, |(line, _)| *line);
        commands.push(Command { line, last_line, action });
        rest = &behind[lines.len()..];
    }
    commands
}

fn action(first: &str, lines: &[Line<'_>]) -> Result<Action, String> {
    let word = first.split_whitespace().next().unwrap_or_default();
    match word {
        "load" | "load_with_nhcb" => load(first, lines).map(Action::Load),
        word if word == "eval" || word.starts_with("eval_") => {
            Case::read(first, lines).map(Box::new).map(Action::Evaluate)
        }
        _ => Err(format!("{word:?} is no command")),
    }
}

fn load(first: &str, lines: &[Line<'_>]) -> Result<Load, String> {
    let (word, step) = first.split_once(char::is_whitespace).ok_or("expected a step")?;
    let step_ms = milliseconds(step.trim())?;
    let mut load = Load { step_ms, with_native: word == "load_with_nhcb", ..Load::default() };
    for (number, line) in lines {
        let in_line = |error| format!("line {number}: {error}");
        let series = series_line(line).map_err(in_line)?;
        if series.are_starts {
            let offsets = start_offsets(series.values).map_err(in_line)?;
            set(&mut load.starts, series.labels, offsets);
        } else {
            set(&mut load.values, series.labels, slots(series.values).map_err(in_line)?);
        }
    }
    Ok(load)
}

/// Adds a series, in place of the same one on a line before.
fn set<T>(all: &mut Vec<(LabelSet, T)>, labels: LabelSet, values: T) {
    all.retain(|(known, _)| *known != labels);
    all.push((labels, values));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_end_at_blank_lines_and_comments() {
        let text = "load 1m\n  a 5\n  a 1 2\n\tb@st -1m\n# c\nclear\nload_with_nhcb 5s\n\neval instant at 1m a\n  a 1\n\nwhat";
        let commands = commands(text);
        let lines: Vec<_> = commands.iter().map(|c| (c.line, c.last_line)).collect();
        assert_eq!(lines, [(1, 4), (6, 6), (7, 7), (9, 10), (12, 12)]);
        let Ok(Action::Load(first)) = &commands[0].action else { panic!("{commands:?}") };
        assert_eq!((first.step_ms, first.with_native), (60_000, false));
        assert_eq!(first.values.len(), 1);
        assert_eq!(first.values[0].1, [Slot::Float(1.0), Slot::Float(2.0)]);
        assert_eq!(first.starts[0].1, [Some(-60_000)]);
        assert!(matches!(commands[1].action, Ok(Action::Clear)));
        assert!(matches!(&commands[2].action, Ok(Action::Load(load)) if load.with_native));
        assert!(matches!(commands[3].action, Ok(Action::Evaluate(_))));
        assert_eq!(commands[4].action.as_ref().unwrap_err(), "\"what\" is no command");
    }
}
