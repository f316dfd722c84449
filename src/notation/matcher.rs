//! Label matchers such as `mountpoint="/", device=~"sd.*"`.

use keepwatch_engine::model::{MatchOp, Matcher, MatcherError, NameError, check_label_name};
use thiserror::Error;

/// Why a text is no list of matchers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MatchersError {
    /// The text does not have the form; the position counts characters from 1.
    #[error("expected {expected} at position {position} of {text:?}")]
    Form {
        /// The text as given.
        text: String,
        /// Where reading stopped.
        position: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The label's name is not valid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The regular expression is not valid.
    #[error(transparent)]
    Matcher(#[from] MatcherError),
}

/// Reads label matchers: `name="value"` with the operators `=`, `!=`, `=~`
/// and `!~`, separated by commas, braces around the list allowed. Values
/// stand in double, single or back quotes; inside the first two `\\`, `\n`,
/// `\t` and an escaped quote are read as in PromQL. An empty list matches all.
///
/// # Errors
/// What stands where instead of what; a bad label name; a bad regular
/// expression.
///
/// ```
/// use keepwatch::notation::parse_matchers;
///
/// let matchers = parse_matchers(r#"{route="/cart", status!~"5.."}"#)?;
/// assert_eq!(matchers.len(), 2);
/// assert_eq!(matchers[0].value(), "/cart");
/// # Ok::<(), keepwatch::notation::MatchersError>(())
/// ```
pub fn parse_matchers(text: &str) -> Result<Vec<Matcher>, MatchersError> {
    let mut cursor = Cursor { text, rest: text };
    let braced = cursor.take("{");
    let mut matchers = Vec::new();
    while !cursor.at_end() && !cursor.rest.starts_with('}') {
        matchers.push(cursor.matcher()?);
        if !cursor.take(",") {
            break;
        }
    }
    if braced && !cursor.take("}") {
        return Err(cursor.expected("',' or '}'"));
    }
    if !cursor.at_end() {
        return Err(cursor.expected("',' or the end"));
    }
    Ok(matchers)
}

struct Cursor<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn matcher(&mut self) -> Result<Matcher, MatchersError> {
        let name = self.name()?;
        check_label_name(name)?;
        let op = self.op()?;
        let value = self.value()?;
        Ok(Matcher::new(name, op, value)?)
    }

    fn name(&mut self) -> Result<&'a str, MatchersError> {
        self.skip_space();
        let end = self
            .rest
            .find(|c: char| c.is_whitespace() || "=!~,{}\"'`".contains(c))
            .unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.expected("a label name"));
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(name)
    }

    fn op(&mut self) -> Result<MatchOp, MatchersError> {
        let two_first = [MatchOp::Regex, MatchOp::NotRegex, MatchOp::NotEqual, MatchOp::Equal];
        match two_first.into_iter().find(|op| self.take(op.symbol())) {
            Some(op) => Ok(op),
            None => Err(self.expected("'=', '!=', '=~' or '!~'")),
        }
    }

    fn value(&mut self) -> Result<String, MatchersError> {
        self.skip_space();
        let Some(quote) = ['"', '\'', '`'].into_iter().find(|quote| self.rest.starts_with(*quote))
        else {
            return Err(self.expected("a value in quotes"));
        };
        let start = self.rest;
        let mut chars = self.rest.char_indices().skip(1);
        let mut value = String::new();
        while let Some((index, character)) = chars.next() {
            if character == quote {
                self.rest = &start[index + character.len_utf8()..];
                return Ok(value);
            }
            if character != '\\' || quote == '`' {
                value.push(character);
                continue;
            }
            match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('\\' | '"' | '\''))) => value.push(escaped),
                // Regular expressions are full of backslashes: keep what is no escape.
                Some((_, other)) => value.extend(['\\', other]),
                None => break,
            }
        }
        self.rest = "";
        Err(self.expected("a closing quote"))
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn at_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn expected(&self, expected: &'static str) -> MatchersError {
        let read = self.text.len() - self.rest.len();
        let position = self.text.get(..read).map_or(1, |read| read.chars().count() + 1);
        MatchersError::Form { text: self.text.to_owned(), position, expected }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let matchers = parse_matchers(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let read: Vec<_> =
            matchers.iter().map(|m| (m.name(), m.op().symbol(), m.value())).collect();
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn good() {
        check("", &[]);
        check(" { } ", &[]);
        check("a=\"b\"", &[("a", "=", "b")]);
        check("a != 'b' , c =~ `d\\.e`,", &[("a", "!=", "b"), ("c", "=~", "d\\.e")]);
        check("{a!~\"x,}\"}", &[("a", "!~", "x,}")]);
        check(r#"a="q\"\\\n\t\d""#, &[("a", "=", "q\"\\\n\t\\d")]);
        check("a=\"\"", &[("a", "=", "")]);
    }

    #[test]
    fn bad() {
        for (text, message) in [
            ("a", "expected '=', '!=', '=~' or '!~' at position 2 of \"a\""),
            ("a=b", "expected a value in quotes at position 3 of \"a=b\""),
            ("a='b", "expected a closing quote at position 5 of \"a='b\""),
            ("a='b' c='d'", "expected ',' or the end at position 7 of \"a='b' c='d'\""),
            ("{a='b'", "expected ',' or '}' at position 7 of \"{a='b'\""),
            ("=\"b\"", "expected a label name at position 1 of \"=\\\"b\\\"\""),
            ("é='b'", "label name \"é\" has 'é' at position 1; expected a letter or '_'"),
        ] {
            assert_eq!(parse_matchers(text).unwrap_err().to_string(), message, "{text:?}");
        }
        assert!(matches!(parse_matchers("a=~'('"), Err(MatchersError::Matcher(_))));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = parse_matchers(&text);
        }

        #[test]
        fn any_value_can_be_written(value in "\\PC{0,12}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let matchers = parse_matchers(&format!("a=\"{quoted}\"")).expect("a valid list");
            prop_assert_eq!(matchers[0].value(), value);
        }
    }
}
