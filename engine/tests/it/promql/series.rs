//! Lines of series: `metric{label="value"} 1 2 3`.

use keepwatch_engine::promql::{LabelSet, NAME};

use super::cursor::Cursor;

/// A series and what follows it on its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SeriesLine<'a> {
    pub(super) labels: LabelSet,
    /// Whether the values are start timestamps: `metric{}@st`.
    pub(super) are_starts: bool,
    pub(super) values: &'a str,
}

/// Reads a line with a series.
pub(super) fn series_line(line: &str) -> Result<SeriesLine<'_>, String> {
    let mut cursor = Cursor::new(line);
    let name = cursor.take_while(|c| !c.is_whitespace() && c != '{' && c != '@');
    let mut labels = LabelSet::default().with(NAME, name);
    let mut behind = cursor;
    behind.skip_spaces();
    if behind.rest().starts_with('{') && !behind.rest().starts_with("{{") {
        cursor = behind;
        labels = in_braces(&mut cursor, labels)?;
    } else if name.is_empty() {
        return Err(format!("expected a series, found {line:?}"));
    }
    let are_starts = cursor.eat("@st");
    if !cursor.is_at_end() && !cursor.peek().is_some_and(char::is_whitespace) {
        return Err(format!("expected values behind the series, found {:?}", cursor.rest()));
    }
    Ok(SeriesLine { labels, are_starts, values: cursor.rest().trim() })
}

fn in_braces(cursor: &mut Cursor<'_>, mut labels: LabelSet) -> Result<LabelSet, String> {
    cursor.expect("{")?;
    loop {
        cursor.skip_spaces();
        if cursor.eat("}") {
            return Ok(labels);
        }
        let is_quoted = cursor.peek().is_some_and(|next| "\"'`".contains(next));
        let label = if is_quoted {
            cursor.quoted()?
        } else {
            cursor.take_while(|c| !c.is_whitespace() && c != '=' && c != '}').to_owned()
        };
        cursor.skip_spaces();
        if cursor.eat("=") {
            cursor.skip_spaces();
            labels = labels.with(&label, &cursor.quoted()?);
        } else if is_quoted {
            labels = labels.with(NAME, &label);
        } else {
            return Err(format!("expected a value of the label {label:?}"));
        }
        cursor.skip_spaces();
        if !cursor.eat(",") && cursor.peek() != Some('}') {
            return Err(format!("expected \",\" or \"}}\" at {:?}", cursor.rest()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, labels: &str, values: &str) {
        let read = series_line(line).unwrap();
        assert_eq!((read.labels.to_string().as_str(), read.values), (labels, values), "{line}");
    }

    #[test]
    fn series() {
        check("up 1 2", "up", "1 2");
        check("up{} 1", "up", "1");
        check("up {a=\"1\"}   1", "up{a=\"1\"}", "1");
        check("up {{count:1}}", "up", "{{count:1}}");
        check("{} {{}}", "{}", "{{}}");
        check("{__name__=\"up\", a='x\\ty',} 1", "up{a=\"x\\ty\"}", "1");
        check("{\"a.b\", \"l.x\"=\"} =\"} 1", "a.b{l.x=\"} =\"}", "1");
        assert!(series_line("up{a=\"1\"}@st _ -1m").unwrap().are_starts);
        for refused in ["", "up{a}", "up{a=\"1\"", "up{a=1} 2", "up{}x", "{a=\"1\" b=\"2\"} 1"] {
            assert!(series_line(refused).is_err(), "{refused}");
        }
    }
}
