//! Programs that the tests start, and what they print.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// A running program; killed if the test ends before it does.
pub(crate) struct Program {
    child: Child,
    lines: BufReader<ChildStdout>,
    seen: String,
}

impl Program {
    /// Starts a program; its standard output is read by the test.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Self { child, lines, seen: String::new() }
    }

    /// Reads lines until one has `text`, and returns it.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("a line of text");
            assert!(read > 0, "the program ended before it printed {text:?}:\n{}", self.seen);
            self.seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Asks the program to end.
    #[cfg(unix)]
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(status.success(), "kill -TERM {pid}: {status}");
    }

    /// Kills the program and returns all that it had printed.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().expect("the program was running");
        self.lines.read_to_string(&mut self.seen).expect("text until the end");
        self.child.wait().expect("the program ends");
        std::mem::take(&mut self.seen)
    }

    /// Waits for the end and returns all that was printed; the program must
    /// have succeeded.
    pub(crate) fn finish(mut self) -> String {
        self.lines.read_to_string(&mut self.seen).expect("text until the end");
        let status = self.child.wait().expect("the program ends");
        assert!(status.success(), "{status}:\n{}", self.seen);
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail once the program has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
