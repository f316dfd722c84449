//! Operands and what opens one: selectors, literals, calls, aggregations.

use super::super::lexer::Token;
use super::super::{
    AggregateOp, ExprKind, Grouping, GroupingKind, Label, LabelMatcher, MetricName, Modifiers,
    Number, ParseError, ParseErrorKind, Span, UnaryOp, VectorSelector,
};
use super::combine::Tree;
use super::{Args, Frame, Parser};
use crate::model::{MatchOp, Matcher};

/// The words that are never the name of a metric.
const RESERVED: [&str; 6] = ["atan2", "bool", "group_left", "group_right", "ignoring", "on"];

impl Parser<'_> {
    /// Reads an operand; `None` if something was opened that it is in.
    pub(super) fn operand(&mut self) -> Result<Option<Tree>, ParseError> {
        let span = self.cursor.span();
        let tree = match self.cursor.token() {
            Token::ParenOpen => {
                self.cursor.advance();
                self.open(Frame::Paren { open: span }, span)?;
                return Ok(None);
            }
            Token::Plus | Token::Minus => {
                let minus = self.cursor.token() == Token::Minus;
                let op = if minus { UnaryOp::Minus } else { UnaryOp::Plus };
                self.cursor.advance();
                self.open(Frame::Sign { op, span }, span)?;
                return Ok(None);
            }
            Token::Number => {
                let number = self.cursor.number()?;
                self.tree(ExprKind::Number(number), span, 0)?
            }
            Token::Text => {
                let text = self.cursor.quoted()?;
                self.tree(ExprKind::Text(text), span, 0)?
            }
            Token::MetricWord | Token::BraceOpen => self.vector()?,
            Token::Word => return self.word(),
            _ => return Err(self.cursor.unexpected("an expression")),
        };
        Ok(Some(tree))
    }

    /// Reads an operand that begins with a word.
    fn word(&mut self) -> Result<Option<Tree>, ParseError> {
        let span = self.cursor.span();
        let name = self.cursor.text().to_ascii_lowercase();
        if let Some(value) = special_number(&name) {
            self.cursor.advance();
            return self.tree(ExprKind::Number(Number::new(value)), span, 0).map(Some);
        }
        let is_called = self.cursor.next_token() == Token::ParenOpen;
        if let Some(op) = AggregateOp::ALL.into_iter().find(|op| op.name() == name)
            && (is_called || self.cursor.is_next_word("by") || self.cursor.is_next_word("without"))
        {
            return self.aggregation_head(op).map(|()| None);
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(self.cursor.unexpected("an expression"));
        }
        if is_called { self.call_head() } else { self.vector().map(Some) }
    }

    /// Reads `sum by (job) (`.
    fn aggregation_head(&mut self, op: AggregateOp) -> Result<(), ParseError> {
        let op_span = self.cursor.advance();
        let grouping = self.grouping()?;
        let open = self.cursor.expect(Token::ParenOpen, "an opening parenthesis")?;
        if self.cursor.eat(Token::ParenClose).is_some() {
            let span = self.cursor.since(op_span);
            return Err(ParseError::new(ParseErrorKind::NoAggregateArgs, span));
        }
        let args = Args::default();
        self.open(Frame::Aggregation { op, op_span, grouping, open, args }, op_span)
    }

    /// Reads `rate(`, or all of a call without arguments.
    fn call_head(&mut self) -> Result<Option<Tree>, ParseError> {
        let name = self.cursor.text().to_owned();
        let function = Label { name, span: self.cursor.advance() };
        let open = self.cursor.advance();
        if self.cursor.eat(Token::ParenClose).is_some() {
            return self.call(function, Args::default()).map(Some);
        }
        let span = function.span;
        self.open(Frame::Call { function, open, args: Args::default() }, span)?;
        Ok(None)
    }

    /// Reads `by (…)` or `without (…)` if it is there.
    pub(super) fn grouping(&mut self) -> Result<Option<Grouping>, ParseError> {
        let kinds = [GroupingKind::By, GroupingKind::Without];
        for kind in kinds {
            if let Some(start) = self.cursor.eat_word(kind.keyword()) {
                let labels = self.labels()?;
                return Ok(Some(Grouping { kind, labels, span: self.cursor.since(start) }));
            }
        }
        Ok(None)
    }

    /// Reads labels in parentheses.
    pub(super) fn labels(&mut self) -> Result<Vec<Label>, ParseError> {
        let open = self.cursor.expect(Token::ParenOpen, "an opening parenthesis")?;
        let mut labels = Vec::new();
        loop {
            if self.cursor.eat(Token::ParenClose).is_some() {
                return Ok(labels);
            }
            labels.push(self.label().map_err(|error| error.related_to(open))?);
            if self.cursor.eat(Token::Comma).is_none() {
                let expected = "a comma or a closing parenthesis";
                self.cursor.expect_closing(Token::ParenClose, expected, open)?;
                return Ok(labels);
            }
        }
    }

    /// Reads the name of a label, in quotes or without.
    fn label(&mut self) -> Result<Label, ParseError> {
        match self.cursor.token() {
            Token::Word => {
                let name = self.cursor.text().to_owned();
                Ok(Label { name, span: self.cursor.advance() })
            }
            Token::Text => {
                let (name, span) = self.utf8("label name")?;
                if name.is_empty() {
                    return Err(ParseError::new(ParseErrorKind::EmptyLabelName, span));
                }
                Ok(Label { name, span })
            }
            _ => Err(self.cursor.unexpected("a label name")),
        }
    }

    /// Reads a text in quotes that has to be UTF-8.
    fn utf8(&mut self, what: &'static str) -> Result<(String, Span), ParseError> {
        let span = self.cursor.span();
        let text = self.cursor.quoted()?;
        match text.as_str() {
            Ok(utf8) => Ok((utf8.to_owned(), span)),
            Err(_) => Err(ParseError::new(ParseErrorKind::NotUtf8 { what, text }, span)),
        }
    }

    /// Reads a selector without its modifiers.
    fn vector(&mut self) -> Result<Tree, ParseError> {
        let start = self.cursor.span();
        let name = match self.cursor.token() {
            Token::BraceOpen => None,
            _ => {
                let name = self.cursor.text().to_owned();
                Some(MetricName { name, span: self.cursor.advance() })
            }
        };
        let mut matchers = Vec::new();
        if let Some(open) = self.cursor.eat(Token::BraceOpen) {
            self.matchers(open, &mut matchers)?;
        }
        let span = self.cursor.since(start);
        if let Some(name) = &name {
            let in_braces = matchers.iter().find(|matcher| matcher.matcher.name() == "__name__");
            if let Some(LabelMatcher { matcher, span: second }) = in_braces {
                let (first, second_name) = (name.name.clone(), matcher.value().to_owned());
                let kind = ParseErrorKind::MetricNameTwice { first, second: second_name };
                return Err(ParseError::new(kind, *second).related_to(name.span));
            }
        } else if matchers.iter().all(|matcher| matcher.matcher.matches_value(""))
            && !self.is_info_labels()
        {
            return Err(ParseError::new(ParseErrorKind::EmptySelector, span));
        }
        let (modifiers, extension) = (Modifiers::default(), None);
        let vector = VectorSelector { name, matchers, modifiers, extension };
        self.tree(ExprKind::Vector(vector), span, 0)
    }

    /// Says whether the next operand is the second argument of `info`, which
    /// selects labels and may be empty.
    fn is_info_labels(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame::Call { function, args, .. })
                if function.name == "info" && args.exprs.len() == 1
        )
    }

    /// Reads conditions up to the closing brace.
    fn matchers(&mut self, open: Span, matchers: &mut Vec<LabelMatcher>) -> Result<(), ParseError> {
        loop {
            if self.cursor.eat(Token::BraceClose).is_some() {
                return Ok(());
            }
            matchers.push(self.matcher().map_err(|error| error.related_to(open))?);
            if self.cursor.eat(Token::Comma).is_none() {
                self.cursor.expect_closing(
                    Token::BraceClose,
                    "a comma or a closing brace",
                    open,
                )?;
                return Ok(());
            }
        }
    }

    /// Reads one condition, or a metric's name in quotes.
    fn matcher(&mut self) -> Result<LabelMatcher, ParseError> {
        let ends = matches!(self.cursor.next_token(), Token::Comma | Token::BraceClose);
        if self.cursor.token() == Token::Text && ends {
            let (name, span) = self.utf8("metric name")?;
            return Ok(LabelMatcher { matcher: Matcher::equal("__name__", name), span });
        }
        let label = self.label()?;
        let op = match self.cursor.token() {
            Token::Assign => MatchOp::Equal,
            Token::NotEqual => MatchOp::NotEqual,
            Token::Match => MatchOp::Regex,
            Token::NotMatch => MatchOp::NotRegex,
            _ => return Err(self.cursor.unexpected("one of '=', '!=', '=~' and '!~'")),
        };
        self.cursor.advance();
        if self.cursor.token() != Token::Text {
            return Err(self.cursor.unexpected("a label value in quotes"));
        }
        let (value, _) = self.utf8("label value")?;
        let span = self.cursor.since(label.span);
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex) {
            self.cursor.regexes += 1;
            let max = self.cursor.limits.regexes_max;
            if self.cursor.regexes > max {
                return Err(ParseError::new(ParseErrorKind::TooManyRegexes { max }, span));
            }
        }
        let matcher = Matcher::new(label.name, op, value)
            .map_err(|error| ParseError::new(error.into(), span))?;
        Ok(LabelMatcher { matcher, span })
    }
}

/// Returns the number that a word in lower case is.
pub(super) fn special_number(word: &str) -> Option<f64> {
    match word {
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}
