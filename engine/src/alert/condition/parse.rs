//! The text form of a condition, coming in.
//!
//! ```text
//! any     = all { "or" all }
//! all     = one { "and" one }
//! one     = "not" one | "(" any ")" | "absent" | "present" | subject op number
//! subject = "value" | "change"
//! op      = ">" | ">=" | "<" | "<=" | "==" | "!="
//! number  = [ "+" | "-" ] ( digits [ "." digits ] [ exponent ] | "inf" )
//! ```
//!
//! Words are in lower case; white space separates and is otherwise free.

use thiserror::Error;

use super::{Condition, DEPTH_MAX, Node, Op, Subject, TERMS_MAX};

/// The longest text of a condition in bytes.
pub const TEXT_BYTES_MAX: usize = 8_192;

/// The deepest nesting of brackets and `not` while reading: the normal form
/// of the deepest condition needs two for each of its levels.
const NESTING_MAX: usize = 2 * DEPTH_MAX;

/// Why a text is no condition. Lines and columns count from 1, columns in
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// Something else was expected.
    #[error("line {line}, column {column}: expected {expected}, found {found}")]
    Unexpected {
        /// The line of the offending piece.
        line: usize,
        /// Its column.
        column: usize,
        /// Where it starts in the text, in bytes.
        offset: usize,
        /// What may stand there.
        expected: &'static str,
        /// The offending piece, in quotes, or `the end`.
        found: String,
    },
    /// Brackets and `not` are nested too deep.
    #[error("line {line}, column {column}: nested deeper than {NESTING_MAX}")]
    TooDeep {
        /// The line of the bracket or `not` that is one too many.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// The text is longer than [`TEXT_BYTES_MAX`].
    #[error("a condition of {bytes} bytes is longer than {TEXT_BYTES_MAX}")]
    TooLong {
        /// The text's length.
        bytes: usize,
    },
    /// There are more than [`TERMS_MAX`] comparisons, or more than
    /// [`DEPTH_MAX`] levels.
    #[error("a condition has at most {TERMS_MAX} comparisons on {DEPTH_MAX} levels")]
    TooLarge,
}

/// The start of a comparison, as error messages name it.
const TERM: &str = "\"value\", \"change\", \"absent\", \"not\" or \"(\"";
const OPERATOR: &str = "\">\", \">=\", \"<\", \"<=\", \"==\" or \"!=\"";
const NUMBER: &str = "a number";

impl Condition {
    /// Reads the text form, such as `value > 90 and value < 99`,
    /// `value < 10 or value > 90`, `not (change > 0.5)` or `absent`. `not`
    /// binds tighter than `and`, which binds tighter than `or`.
    ///
    /// # Errors
    /// Says where the text went wrong and what was expected there.
    ///
    /// ```
    /// use keepwatch_engine::alert::Condition;
    ///
    /// assert_eq!(Condition::parse("value>90")?, Condition::above(90.0));
    /// let error = Condition::parse("value > high").unwrap_err();
    /// assert_eq!(error.to_string(), "line 1, column 9: expected a number, found \"high\"");
    /// # Ok::<(), keepwatch_engine::alert::ConditionError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ConditionError::TooLong { bytes: text.len() });
        }
        let mut parser = Parser { text, token: Token { start: 0, end: 0 }, depth: 0 };
        parser.advance();
        let condition = parser.any()?;
        if !parser.piece().is_empty() {
            return Err(parser.unexpected("\"and\", \"or\" or the end"));
        }
        if condition.0 == Node::Oversized {
            return Err(ConditionError::TooLarge);
        }
        Ok(condition)
    }
}

/// The span of a token in bytes; empty at the end of the text.
#[derive(Clone, Copy)]
struct Token {
    start: usize,
    end: usize,
}

struct Parser<'a> {
    text: &'a str,
    token: Token,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Returns the text of the current token.
    fn piece(&self) -> &'a str {
        self.text.get(self.token.start..self.token.end).unwrap_or("")
    }

    /// Moves to the next token.
    fn advance(&mut self) {
        let rest = self.text.get(self.token.end..).unwrap_or("");
        let start = self.token.end + (rest.len() - rest.trim_start().len());
        let length = token_length(rest.trim_start());
        self.token = Token { start, end: start + length };
    }

    /// Takes the current token if it is `piece`.
    fn take(&mut self, piece: &str) -> bool {
        let taken = self.piece() == piece;
        if taken {
            self.advance();
        }
        taken
    }

    fn any(&mut self) -> Result<Condition, ConditionError> {
        let mut condition = self.all()?;
        while self.take("or") {
            condition = condition.or(self.all()?);
        }
        Ok(condition)
    }

    fn all(&mut self) -> Result<Condition, ConditionError> {
        let mut condition = self.one()?;
        while self.take("and") {
            condition = condition.and(self.one()?);
        }
        Ok(condition)
    }

    fn one(&mut self) -> Result<Condition, ConditionError> {
        if matches!(self.piece(), "not" | "(") {
            if self.depth == NESTING_MAX {
                let (line, column) = self.position();
                return Err(ConditionError::TooDeep { line, column });
            }
            self.depth += 1;
            let nested = self.nested()?;
            self.depth -= 1;
            return Ok(nested);
        }
        if self.take("absent") {
            return Ok(Condition::absent());
        }
        if self.take("present") {
            return Ok(Condition::present());
        }
        self.comparison()
    }

    fn nested(&mut self) -> Result<Condition, ConditionError> {
        if self.take("not") {
            return Ok(!self.one()?);
        }
        self.advance();
        let inner = self.any()?;
        if self.take(")") { Ok(inner) } else { Err(self.unexpected("\"and\", \"or\" or \")\"")) }
    }

    fn comparison(&mut self) -> Result<Condition, ConditionError> {
        let subject = match self.piece() {
            "value" => Subject::Value,
            "change" => Subject::Change,
            _ => return Err(self.unexpected(TERM)),
        };
        self.advance();
        let op = match self.piece() {
            ">" => Op::Above,
            ">=" => Op::AtLeast,
            "<" => Op::Below,
            "<=" => Op::AtMost,
            "==" => Op::Equal,
            "!=" => Op::NotEqual,
            _ => return Err(self.unexpected(OPERATOR)),
        };
        self.advance();
        let bound = number(self.piece()).ok_or_else(|| self.unexpected(NUMBER))?;
        self.advance();
        Ok(Condition(Node::Compare(subject, op, bound)))
    }

    fn unexpected(&self, expected: &'static str) -> ConditionError {
        let (line, column) = self.position();
        let found = match self.piece() {
            "" => "the end".to_owned(),
            piece if piece.chars().count() <= 32 => format!("{piece:?}"),
            piece => format!("{:?}…", piece.chars().take(32).collect::<String>()),
        };
        ConditionError::Unexpected { line, column, offset: self.token.start, expected, found }
    }

    fn position(&self) -> (usize, usize) {
        let before = self.text.get(..self.token.start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }
}

/// Returns the length in bytes of the token that `rest` starts with: a word
/// or number, an operator, or one character.
fn token_length(rest: &str) -> usize {
    let Some(first) = rest.chars().next() else { return 0 };
    if matches!(first, '<' | '>' | '=' | '!') {
        return if rest[1..].starts_with('=') { 2 } else { 1 };
    }
    if !(is_word(first) || matches!(first, '+' | '-')) {
        return first.len_utf8();
    }
    let mut before = first;
    for (index, character) in rest.char_indices().skip(1) {
        // A sign belongs to a number only at its start and after an exponent.
        let sign = matches!(character, '+' | '-')
            && matches!(before, 'e' | 'E')
            && rest.starts_with(|start: char| !start.is_ascii_alphabetic());
        if !(is_word(character) || sign) {
            return index;
        }
        before = character;
    }
    rest.len()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// Reads a number as the grammar has it: Rust's own form, without NaN and
/// without the long name of infinity.
fn number(piece: &str) -> Option<f64> {
    let digits = piece.trim_start_matches(['+', '-']);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if digits == "inf" {
        return piece.parse().ok();
    }
    // A number past the range of f64 would silently mean infinity.
    let number = piece.parse().ok().filter(|number: &f64| number.is_finite());
    number.filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let outcome = match Condition::parse(text) {
            Ok(condition) => condition.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(outcome, expected, "of {text:?}");
    }

    #[test]
    fn normal_forms() {
        check("value > 90", "value > 90");
        check(" value>=+.5e-3 ", "value >= 0.0005");
        check("value<-inf", "value < -inf");
        check("value == 1e300", "value == 1e300");
        check("value > 90 and value < 99", "value > 90 and value < 99");
        check("value < 10 or value > 90", "value < 10 or value > 90");
        check(
            "absent or value > 1 and value < 2 or change != 0",
            "absent or value > 1 and value < 2 or change != 0",
        );
        check("((value > 1 or absent)) and value < 2", "(value > 1 or absent) and value < 2");
        check("(value > 1 and (value < 2\nand absent))", "value > 1 and value < 2 and absent");
        check("not absent", "not (absent)");
        check("not (not (value > 1))", "value > 1");
    }

    #[test]
    fn errors_say_where_and_what() {
        check(
            "",
            "line 1, column 1: expected \"value\", \"change\", \"absent\", \"not\" or \"(\", found the end",
        );
        check(
            "value",
            "line 1, column 6: expected \">\", \">=\", \"<\", \"<=\", \"==\" or \"!=\", found the end",
        );
        check(
            "value = 3",
            "line 1, column 7: expected \">\", \">=\", \"<\", \"<=\", \"==\" or \"!=\", found \"=\"",
        );
        check("value >\n  high", "line 2, column 3: expected a number, found \"high\"");
        check("value > nan", "line 1, column 9: expected a number, found \"nan\"");
        check(
            "value > 1 value",
            "line 1, column 11: expected \"and\", \"or\" or the end, found \"value\"",
        );
        check("(value > 1", "line 1, column 11: expected \"and\", \"or\" or \")\", found the end");
        check(
            "prüfung > 1",
            "line 1, column 1: expected \"value\", \"change\", \"absent\", \"not\" or \"(\", found \"prüfung\"",
        );
        check(
            "value > 1 ∧ absent",
            "line 1, column 11: expected \"and\", \"or\" or the end, found \"∧\"",
        );
    }

    #[test]
    fn size_is_bounded() {
        check(&"(".repeat(100_000), "a condition of 100000 bytes is longer than 8192");
        check(&"(".repeat(8_000), "line 1, column 65: nested deeper than 64");
        check(&"not ".repeat(2_000), "line 1, column 257: nested deeper than 64");
        check(
            &vec!["absent"; 101].join(" and "),
            "a condition has at most 100 comparisons on 32 levels",
        );
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let op = prop_oneof![
            Just(Op::Above),
            Just(Op::AtLeast),
            Just(Op::Below),
            Just(Op::AtMost),
            Just(Op::Equal),
            Just(Op::NotEqual),
        ];
        let subject = prop_oneof![Just(Subject::Value), Just(Subject::Change)];
        let bound = any::<f64>().prop_filter("a bound is a number", |bound| !bound.is_nan());
        let compare =
            (subject, op, bound).prop_map(|(s, op, bound)| Condition(Node::Compare(s, op, bound)));
        let leaf = prop_oneof![4 => compare, 1 => Just(Condition::absent())];
        leaf.prop_recursive(8, 64, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
                inner.prop_map(|a| !a),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back_the_same(condition in condition()) {
            let text = condition.to_string();
            prop_assert_eq!(Condition::parse(&text), Ok(condition), "of {}", text);
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = Condition::parse(&text);
        }

        #[test]
        fn no_near_miss_panics(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just("value"), Just("change"), Just("absent"), Just("present"), Just("not"), Just("("),
                    Just(")"), Just("and"), Just("or"), Just(">"), Just("="), Just("-"),
                    Just("1e"), Just("9"), Just("é"), Just("\n"),
                ],
                0..40,
            ),
            glue in prop_oneof![Just(""), Just(" ")],
        ) {
            let text = pieces.join(glue);
            if let Ok(condition) = Condition::parse(&text) {
                prop_assert_eq!(Condition::parse(&condition.to_string()), Ok(condition));
            }
        }
    }
}
