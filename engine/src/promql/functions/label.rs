//! `label_replace` and `label_join`: one label made from others.

use regex::{Captures, Regex, RegexBuilder};

use super::Function;
use super::error::FunctionError;

/// The largest compiled regular expression in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// `label_replace`, ready for any number of series.
#[derive(Debug, Clone)]
pub struct LabelReplace {
    regex: Regex,
    template: Vec<Piece>,
}

/// A piece of the replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `$1` or `${1}`
    Index(usize),
    /// `$name` or `${name}`
    Name(String),
}

impl LabelReplace {
    /// Prepares a replacement. The expression has to match the whole value;
    /// `.` matches line feeds. In `replacement`, `$1`, `${1}`, `$name` and
    /// `${name}` stand for groups of it and `$$` for `$`; a name is as long as
    /// it can be, and a group that is not there is empty, as in Go's
    /// `Regexp.Expand`.
    ///
    /// # Errors
    /// An expression that does not compile within 1 MiB.
    pub fn new(replacement: &str, expression: &str) -> Result<Self, FunctionError> {
        let refused =
            |reason: String| FunctionError::Regex { pattern: expression.to_owned(), reason };
        // On its own first: `a)(b` is no expression, although it fits between
        // parentheses.
        regex_syntax::parse(expression).map_err(|error| refused(error.to_string()))?;
        let regex = RegexBuilder::new(&format!("^(?s:{expression})$"))
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self { regex, template: template(replacement) })
    }

    /// Returns the destination's new value for a value of the source, which
    /// is empty where the label is absent; `None` if it does not match, and
    /// the series stays as it is. An empty result removes the label.
    #[must_use]
    pub fn apply(&self, source: &str) -> Option<String> {
        let captures = self.regex.captures(source)?;
        let mut value = String::new();
        for piece in &self.template {
            value.push_str(piece.expand(&captures));
        }
        Some(value)
    }
}

impl Piece {
    fn expand<'a>(&'a self, captures: &Captures<'a>) -> &'a str {
        let group = match self {
            Self::Text(text) => return text,
            Self::Index(index) => captures.get(*index),
            Self::Name(name) => captures.name(name),
        };
        group.map_or("", |group| group.as_str())
    }
}

fn template(replacement: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((piece, after)) = reference(after) {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(piece);
            rest = after;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// Reads what follows a `$`: the group that it names, and the rest.
fn reference(text: &str) -> Option<(Piece, &str)> {
    let braced = text.strip_prefix('{');
    let named = braced.unwrap_or(text);
    let end = named
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(named.len());
    let (name, mut rest) = named.split_at(end);
    if braced.is_some() {
        rest = rest.strip_prefix('}')?;
    }
    if name.is_empty() {
        return None;
    }
    let leading_zero = name.len() > 1 && name.starts_with('0');
    let index = name.bytes().all(|byte| byte.is_ascii_digit()) && !leading_zero;
    let piece = match name.parse() {
        Ok(number) if index => Piece::Index(number),
        _ => Piece::Name(name.to_owned()),
    };
    Some((piece, rest))
}

/// Returns bytes as the name of a label: any UTF-8 text but the empty one.
///
/// # Errors
/// [`FunctionError::LabelName`] for others.
pub fn label_name(name: &[u8]) -> Result<&str, FunctionError> {
    valid_name(name).ok_or_else(|| FunctionError::LabelName(name.to_vec()))
}

/// Returns bytes as the name of the label that `function` makes.
///
/// # Errors
/// [`FunctionError::DestinationLabel`] for what [`label_name`] refuses.
pub fn destination_name(function: Function, name: &[u8]) -> Result<&str, FunctionError> {
    let refused = || FunctionError::DestinationLabel { function, name: name.to_vec() };
    valid_name(name).ok_or_else(refused)
}

/// Returns bytes as the name of a label that `function` reads.
///
/// # Errors
/// [`FunctionError::SourceLabel`] for what [`label_name`] refuses.
pub fn source_name(function: Function, name: &[u8]) -> Result<&str, FunctionError> {
    let refused = || FunctionError::SourceLabel { function, name: name.to_vec() };
    valid_name(name).ok_or_else(refused)
}

fn valid_name(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
}

/// Returns the value of `label_join`: the values of the sources, which are
/// empty where a label is absent, with `separator` between them. An empty one
/// removes the label.
#[must_use]
pub fn label_join<'a>(separator: &str, sources: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for (index, source) in sources.into_iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(source);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, replacement: &str, source: &str, expected: Option<&str>) {
        let replace = LabelReplace::new(replacement, expression).unwrap();
        assert_eq!(replace.apply(source).as_deref(), expected, "{expression} {replacement}");
    }

    #[test]
    fn the_whole_value_is_replaced_by_groups() {
        check("source-value-(.*)", "v-$1", "source-value-10", Some("v-10"));
        check("value-(.*)", "v-$1", "source-value-10", None);
        check("(.*)-value-(.*)", "$1-value-$2", "a-value-b", Some("a-value-b"));
        check("(.*)", "value-$1", "", Some("value-"));
        check(".*", "", "x", Some(""));
        check("(.*)", "$1", "a\nb", Some("a\nb"));
        check("a|b", "x", "ab", None);
    }

    #[test]
    fn references_are_read_as_in_go() {
        check("(?P<first>a)(b)", "${first}$2", "ab", Some("ab"));
        check("(a)(b)", "$1x", "ab", Some(""));
        check("(a)(b)", "${1}x", "ab", Some("ax"));
        check("(a)(b)", "$$1", "ab", Some("$1"));
        check("(a)(b)", "$", "ab", Some("$"));
        check("(a)(b)", "${", "ab", Some("${"));
        check("(a)(b)", "${1", "ab", Some("${1"));
        check("(a)(b)", "$-$3$01", "ab", Some("$-"));
        check("(a)|(b)", "<$2>", "a", Some("<>"));
        check("a", "$0!", "a", Some("a!"));
    }

    #[test]
    fn bad_expressions_and_names_are_refused() {
        for expression in ["(.*", "a)(b", "[", "(a{1000}){1000}"] {
            let error = LabelReplace::new("", expression).unwrap_err();
            assert!(matches!(error, FunctionError::Regex { .. }), "{expression}: {error}");
        }
        assert_eq!(label_name("é.b".as_bytes()), Ok("é.b"));
        assert_eq!(
            label_name(b"a\xc5z").unwrap_err().to_string(),
            r#"invalid label name "a\xc5z""#
        );
        assert_eq!(
            destination_name(Function::LabelReplace, b"\xff").unwrap_err().to_string(),
            r#"invalid destination label name in label_replace(): "\xff""#
        );
        assert_eq!(
            source_name(Function::LabelJoin, b"").unwrap_err().to_string(),
            r#"invalid source label name in label_join(): """#
        );
    }

    #[test]
    fn values_are_joined() {
        assert_eq!(label_join("-", ["a", "b", "c"]), "a-b-c");
        assert_eq!(label_join("-", ["a", "", "b"]), "a--b");
        assert_eq!(label_join("-", []), "");
    }
}
