//! The grammar of a line.

use super::Dialect;
use super::cursor::{Cursor, Refusal, unescaped};
use super::error::Problem;
use super::event::{Exemplar, FamilyKind};
use super::limits::Limits;
use crate::model::Timestamp;

/// The most characters of an exemplar's label names and values together.
const EXEMPLAR_CHARACTERS_MAX: usize = 128;

/// What a line says.
#[derive(Debug)]
pub(super) enum Statement {
    Metadata(Metadata),
    Sample(Sample),
    /// The end of an OpenMetrics text.
    Eof,
    /// A comment or blank line of the Prometheus format.
    Nothing,
}

/// A line that describes a family.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) family: String,
    pub(super) what: Description,
}

/// What is said of the family.
#[derive(Debug)]
pub(super) enum Description {
    Type(FamilyKind),
    Help(String),
    Unit(String),
}

impl Description {
    pub(super) const fn keyword(&self) -> &'static str {
        match self {
            Self::Type(_) => "TYPE",
            Self::Help(_) => "HELP",
            Self::Unit(_) => "UNIT",
        }
    }
}

/// A sample before it is known which family it belongs to.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) at: Option<Timestamp>,
    /// The timestamp as it stands there, for the order of finer ones.
    pub(super) seconds: Option<f64>,
    pub(super) exemplar: Option<Exemplar>,
    pub(super) value_column: usize,
    pub(super) exemplar_column: usize,
}

/// Reads one line.
pub(super) fn statement(
    line: &str,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Statement, Refusal> {
    let mut cursor = Cursor::new(line, dialect);
    cursor.blanks();
    if cursor.is_at_end() && dialect == Dialect::Prometheus {
        return Ok(Statement::Nothing);
    }
    if cursor.peek() == Some('#') {
        return if dialect.is_strict() { descriptor(cursor) } else { comment(cursor) };
    }
    sample(cursor, limits).map(Statement::Sample)
}

/// A `#` line of OpenMetrics, which has no comments.
fn descriptor(mut cursor: Cursor<'_>) -> Result<Statement, Refusal> {
    let start = cursor;
    if cursor.rest() == "# EOF" {
        return Ok(Statement::Eof);
    }
    let keyword = ["# TYPE ", "# HELP ", "# UNIT "].into_iter().find(|text| cursor.take(text));
    let Some(keyword) = keyword else {
        return Err(start.expected("\"# TYPE \", \"# HELP \", \"# UNIT \" or \"# EOF\""));
    };
    let family = cursor.name(true, "the name of a metric family")?;
    cursor.space()?;
    let what = match keyword {
        "# TYPE " => match FamilyKind::named(cursor.rest()) {
            Some(kind) => Description::Type(kind),
            None => return Err(cursor.expected("a type of OpenMetrics")),
        },
        "# UNIT " => {
            let start = cursor;
            let unit = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
            if !cursor.is_at_end() {
                return Err(start.expected("a unit of letters, digits and '_'"));
            }
            Description::Unit(unit.to_owned())
        }
        _ => Description::Help(unescaped(cursor.rest(), true)),
    };
    Ok(Statement::Metadata(Metadata { family, what }))
}

/// A `#` line of the Prometheus format: what is no metadata is a comment.
fn comment(mut cursor: Cursor<'_>) -> Result<Statement, Refusal> {
    cursor.take("#");
    cursor.blanks();
    let keyword = cursor.word();
    if !matches!(keyword, "TYPE" | "HELP" | "UNIT") {
        return Ok(Statement::Nothing);
    }
    cursor.space()?;
    let family = cursor.name(true, "the name of a metric family")?;
    if !cursor.is_at_end() {
        cursor.space()?;
    }
    let what = match keyword {
        "TYPE" => {
            let start = cursor;
            let kind = match cursor.word() {
                "untyped" => Some(FamilyKind::Unknown),
                word => FamilyKind::named(word),
            };
            cursor.blanks();
            match kind {
                Some(kind) if cursor.is_at_end() => Description::Type(kind),
                _ => return Err(start.expected("a type")),
            }
        }
        "UNIT" => Description::Unit(cursor.word().to_owned()),
        _ => Description::Help(unescaped(cursor.rest(), false)),
    };
    Ok(Statement::Metadata(Metadata { family, what }))
}

fn sample(mut cursor: Cursor<'_>, limits: &Limits) -> Result<Sample, Refusal> {
    let quotes = cursor.dialect.quotes_names();
    let (name, labels) = if quotes && cursor.peek() == Some('{') {
        name_in_braces(&mut cursor, limits)?
    } else {
        let name = cursor.name(true, "the name of a metric")?;
        let spaced = cursor.blanks();
        let labels = if cursor.take("{") {
            let labels = labels(&mut cursor, limits)?;
            cursor.space_before_value()?;
            labels
        } else {
            if !spaced {
                cursor.space()?;
            }
            Vec::new()
        };
        (name, labels)
    };
    let value_column = cursor.column();
    let value = cursor.value()?;
    let mut sample = Sample {
        name,
        labels,
        value,
        at: None,
        seconds: None,
        exemplar: None,
        value_column,
        exemplar_column: 1,
    };
    if cursor.dialect == Dialect::Prometheus {
        if cursor.blanks() && !cursor.is_at_end() {
            let (at, seconds) = cursor.timestamp()?;
            (sample.at, sample.seconds) = (Some(at), Some(seconds));
            cursor.blanks();
        }
    } else if !cursor.is_at_end() {
        if !cursor.rest().starts_with(" #") {
            cursor.space()?;
            let (at, seconds) = cursor.timestamp()?;
            (sample.at, sample.seconds) = (Some(at), Some(seconds));
        }
        if !cursor.is_at_end() {
            sample.exemplar_column = cursor.column() + 1;
            sample.exemplar = Some(exemplar(&mut cursor, limits)?);
        }
    }
    if cursor.is_at_end() { Ok(sample) } else { Err(cursor.expected("the end of the line")) }
}

impl Cursor<'_> {
    /// The space behind labels, which the Prometheus format may leave out.
    fn space_before_value(&mut self) -> Result<(), Refusal> {
        if self.dialect == Dialect::Prometheus {
            self.blanks();
            return Ok(());
        }
        self.space()
    }
}

/// What stands before the value: the metric's name and labels.
type Series = (String, Vec<(String, String)>);

/// `{"name", label="value"}`: the name is the first element, in quotes.
fn name_in_braces(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Series, Refusal> {
    cursor.take("{");
    cursor.blanks();
    if cursor.peek() != Some('"') {
        return Err(cursor.expected("the name of a metric in quotes"));
    }
    let name = cursor.name(true, "the name of a metric in quotes")?;
    cursor.blanks();
    let labels = if cursor.take(",") {
        if cursor.dialect.is_strict() && cursor.peek() == Some('}') {
            return Err(cursor.expected("the name of a label"));
        }
        labels(cursor, limits)?
    } else if cursor.take("}") {
        Vec::new()
    } else {
        return Err(cursor.expected("',' or '}'"));
    };
    cursor.space_before_value()?;
    Ok((name, labels))
}

/// Labels behind their opening brace, up to and with the closing one.
fn labels(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Vec<(String, String)>, Refusal> {
    let mut labels: Vec<(String, String)> = Vec::new();
    cursor.blanks();
    if cursor.take("}") {
        return Ok(labels);
    }
    loop {
        let start = *cursor;
        let name = cursor.name(false, "the name of a label")?;
        if labels.len() >= limits.labels_max {
            let (what, limit) = ("labels", limits.labels_max);
            return Err(start.refuse(Problem::Limit { what, limit }));
        }
        if labels.iter().any(|(earlier, _)| *earlier == name) {
            return Err(start.refuse(Problem::DuplicateLabel { label: name }));
        }
        cursor.blanks();
        if !cursor.take("=") {
            return Err(cursor.expected("'='"));
        }
        cursor.blanks();
        let value = cursor.quoted()?;
        labels.push((name, value));
        cursor.blanks();
        if cursor.take("}") {
            return Ok(labels);
        }
        if !cursor.take(",") {
            return Err(cursor.expected("',' or '}'"));
        }
        cursor.blanks();
        // The Prometheus format allows a comma behind the last label.
        if cursor.dialect == Dialect::Prometheus && cursor.take("}") {
            return Ok(labels);
        }
    }
}

fn exemplar(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<Exemplar, Refusal> {
    if !cursor.take(" # {") {
        return Err(cursor.expected("an exemplar, \" # {\""));
    }
    let start = *cursor;
    let labels = labels(cursor, limits)?;
    let characters =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if characters > EXEMPLAR_CHARACTERS_MAX {
        return Err(start.refuse(Problem::ExemplarLength { characters }));
    }
    cursor.space()?;
    let value = cursor.value()?;
    let mut exemplar = Exemplar { labels, value, at: None };
    if !cursor.is_at_end() {
        cursor.space()?;
        exemplar.at = Some(cursor.timestamp()?.0);
    }
    Ok(exemplar)
}
