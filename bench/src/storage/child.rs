//! Processes of this program, each with one turn.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::turn::{ACKNOWLEDGED, FIGURE, Part, Turn};

/// One number that a turn came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) unit: String,
}

/// Measures one turn of an engine, and if it is `killed` besides what it takes
/// to come back.
///
/// # Errors
/// Which process failed; what it said is on the standard error.
pub(super) fn measure(turn: &Turn, killed: bool) -> Result<Vec<Figure>, String> {
    let mut figures = figures_of(&Turn { part: Part::Measure, ..turn.clone() });
    remove(turn);
    if killed && let Ok(figures) = &mut figures {
        fill_and_kill(&Turn { part: Part::Fill, ..turn.clone() })?;
        figures.extend(figures_of(&Turn { part: Part::Reopen, ..turn.clone() })?);
        remove(turn);
    }
    figures
}

/// Runs a turn to its end and reads its figures.
fn figures_of(turn: &Turn) -> Result<Vec<Figure>, String> {
    let mut child = start(turn);
    let figures = lines(&mut child).filter_map(|line| parse(&line)).collect();
    let status = child.wait().expect("the process was started");
    if status.success() { Ok(figures) } else { Err(failure(turn, &status.to_string())) }
}

/// Runs a turn until everything is acknowledged, and kills it with SIGKILL.
fn fill_and_kill(turn: &Turn) -> Result<(), String> {
    let mut child = start(turn);
    let acknowledged = lines(&mut child).any(|line| line == ACKNOWLEDGED);
    child.kill().expect("the process was started");
    let status = child.wait().expect("the process was started");
    if acknowledged { Ok(()) } else { Err(failure(turn, &status.to_string())) }
}

fn failure(turn: &Turn, status: &str) -> String {
    let Turn { part, kind, dataset, series, .. } = turn;
    format!("{part:?} of {kind} with {series} series of {dataset} ended early: {status}")
}

fn start(turn: &Turn) -> Child {
    std::fs::create_dir_all(&turn.folder).expect("the folder is writable");
    let program = std::env::current_exe().expect("the program has a path");
    Command::new(program)
        .args(["storage", "--turn"])
        .args(turn.arguments())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be started")
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> {
    let output = child.stdout.take().expect("the output is a pipe");
    BufReader::new(output).lines().map_while(Result::ok)
}

/// Removes the folder of a turn, if it has made one.
fn remove(turn: &Turn) {
    match std::fs::remove_dir_all(&turn.folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            eprintln!("cannot remove {}: {error}", turn.folder.display());
        }
        _ => {}
    }
}

fn parse(line: &str) -> Option<Figure> {
    let mut words = line.strip_prefix(FIGURE)?.split(' ');
    let (name, value, unit) = (words.next()?, words.next()?, words.next()?);
    Some(Figure { name: name.to_owned(), value: value.parse().ok()?, unit: unit.to_owned() })
}
