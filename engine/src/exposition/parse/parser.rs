//! Reading a text line by line.

use std::collections::VecDeque;
use std::io::BufRead;

use super::Dialect;
use super::error::{ParseError, Problem};
use super::event::Event;
use super::lenient::Lenient;
use super::limits::Limits;
use super::line::{self, Statement};
use super::source::{Read, Source};
use super::strict::Strict;

/// Reads a text from a source and gives its families and samples one by one.
///
/// An iterator. A line that is refused gives an error, and the next call goes
/// on behind it: stop at the first one to take a text as a whole or not at
/// all, or count them. A source that fails gives its error and then the end.
///
/// Rules that span lines, such as those of histograms, are checked when the
/// lines that they span have been given out.
#[derive(Debug)]
pub struct Parser<R> {
    dialect: Dialect,
    source: Source<R>,
    limits: Limits,
    families: Families,
    events: VecDeque<Event>,
    line: u64,
    /// The last line that was not refused, which is where points and families
    /// end.
    taken_line: u64,
    /// What was found wrong with a point or family that had ended, to be told
    /// of after the events.
    late: Option<ParseError>,
    progress: Progress,
}

#[derive(Debug)]
enum Families {
    OpenMetrics(Box<Strict>),
    Prometheus(Lenient),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Reading,
    /// `# EOF` was read.
    Ended,
    /// Nothing more is read.
    Done,
}

impl<R: BufRead> Parser<R> {
    /// Reads OpenMetrics 1.0, refusing what breaks its rules.
    pub fn open_metrics(source: R, limits: Limits) -> Self {
        Self::new(source, limits, Dialect::OpenMetrics)
    }

    /// Reads OpenMetrics 1.0 with names of any characters in quotes, as
    /// `escaping=allow-utf-8` announces them; the rest is as strict.
    pub fn open_metrics_utf8(source: R, limits: Limits) -> Self {
        Self::new(source, limits, Dialect::OpenMetricsUtf8)
    }

    /// Reads the Prometheus text format 0.0.4, with the quoted names of
    /// 1.0.0, as scrapers do.
    pub fn prometheus(source: R, limits: Limits) -> Self {
        Self::new(source, limits, Dialect::Prometheus)
    }

    fn new(reader: R, limits: Limits, dialect: Dialect) -> Self {
        let families = if dialect.is_strict() {
            Families::OpenMetrics(Box::default())
        } else {
            Families::Prometheus(Lenient::default())
        };
        Self {
            dialect,
            source: Source::new(reader, limits.line_bytes_max),
            limits,
            families,
            events: VecDeque::new(),
            line: 0,
            taken_line: 0,
            late: None,
            progress: Progress::Reading,
        }
    }

    /// Returns the number of lines read so far.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.line
    }

    fn error(&self, column: usize, problem: Problem) -> ParseError {
        ParseError { line: self.line, column, problem }
    }

    /// Reads a line, which may give any number of events.
    fn read(&mut self) -> Result<(), ParseError> {
        let read = match self.source.read() {
            Ok(read) => read,
            Err(error) => {
                self.progress = Progress::Done;
                self.line += 1;
                return Err(self.error(1, error.into()));
            }
        };
        if read == Read::End {
            return self.end();
        }
        self.line += 1;
        if self.progress == Progress::Ended {
            self.progress = Progress::Done;
            return Err(self.error(1, Problem::AfterEof));
        }
        if read == Read::TooLong {
            let limit = self.limits.line_bytes_max;
            return Err(self.error(1, Problem::Limit { what: "bytes in a line", limit }));
        }
        let line = self.line;
        let located = |column, problem| ParseError { line, column, problem };
        let text = utf8(self.source.line()).map_err(|(column, p)| located(column, p))?;
        let statement = line::statement(text, self.dialect, &self.limits)
            .map_err(|refusal| located(refusal.column, refusal.problem))?;
        let columns = Columns::of(&statement);
        let taken = self.take(statement);
        self.note_late();
        if taken.is_ok() {
            self.taken_line = line;
        }
        taken.map_err(|problem| located(columns.column(&problem), problem))
    }

    /// Sets aside what was found wrong with a point or family that ended
    /// before this line.
    fn note_late(&mut self) {
        if let Families::OpenMetrics(families) = &mut self.families
            && let Some(problem) = families.take_late()
        {
            self.late = Some(ParseError { line: self.taken_line, column: 1, problem });
        }
    }

    fn take(&mut self, statement: Statement) -> Result<(), Problem> {
        let (limits, events) = (&self.limits, &mut self.events);
        match (statement, &mut self.families) {
            (Statement::Nothing, _) => Ok(()),
            (Statement::Eof, _) => {
                self.progress = Progress::Ended;
                self.close();
                Ok(())
            }
            (Statement::Metadata(line), Families::OpenMetrics(families)) => {
                families.describe(line, limits, events)
            }
            (Statement::Metadata(line), Families::Prometheus(families)) => {
                families.describe(line, limits)
            }
            (Statement::Sample(sample), Families::OpenMetrics(families)) => {
                families.add(sample, limits, events)
            }
            (Statement::Sample(sample), Families::Prometheus(families)) => {
                families.add(sample, limits, events)
            }
        }
    }

    fn end(&mut self) -> Result<(), ParseError> {
        let is_missing =
            self.progress == Progress::Reading && matches!(self.families, Families::OpenMetrics(_));
        self.progress = Progress::Done;
        self.close();
        self.note_late();
        if is_missing {
            self.line += 1;
            return Err(self.error(1, Problem::MissingEof));
        }
        Ok(())
    }

    fn close(&mut self) {
        match &mut self.families {
            Families::OpenMetrics(families) => families.close(&mut self.events),
            Families::Prometheus(families) => families.close(&mut self.events),
        }
    }
}

impl<R: BufRead> Iterator for Parser<R> {
    type Item = Result<Event, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            if let Some(error) = self.late.take() {
                return Some(Err(error));
            }
            if self.progress == Progress::Done {
                return None;
            }
            if let Err(error) = self.read() {
                return Some(Err(error));
            }
        }
    }
}

/// Where the pieces of a sample stand.
#[derive(Debug, Clone, Copy)]
struct Columns {
    value: usize,
    exemplar: usize,
}

impl Columns {
    const fn of(statement: &Statement) -> Self {
        match statement {
            Statement::Sample(sample) => {
                Self { value: sample.value_column, exemplar: sample.exemplar_column }
            }
            _ => Self { value: 1, exemplar: 1 },
        }
    }

    const fn column(self, problem: &Problem) -> usize {
        match problem {
            Problem::Value { .. } => self.value,
            Problem::ExemplarPlace { .. } => self.exemplar,
            _ => 1,
        }
    }
}

/// Takes a line as text, or says where it isn't.
fn utf8(line: &[u8]) -> Result<&str, (usize, Problem)> {
    std::str::from_utf8(line).map_err(|error| {
        let (text, rest) = line.split_at_checked(error.valid_up_to()).unwrap_or((line, &[]));
        let column = String::from_utf8_lossy(text).chars().count() + 1;
        (column, Problem::Encoding { byte: rest.first().copied().unwrap_or_default() })
    })
}
