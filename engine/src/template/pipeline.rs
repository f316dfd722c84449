//! Pipelines: the inside of an action.

use super::error::Fault;
use super::functions;
use super::lex::{Token, TokenKind};
use super::parse::DEPTH_MAX;
use super::tree::{Command, Operand, Pipeline, Span, Term};

/// The tokens of an action that are left.
pub(super) struct Cursor {
    tokens: Vec<Token>,
    at: usize,
    action: Span,
    depth: usize,
}

impl Cursor {
    pub(super) const fn new(tokens: Vec<Token>, action: Span) -> Self {
        Self { tokens, at: 0, action, depth: 0 }
    }

    fn peek(&self) -> Option<&TokenKind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) const fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Takes the next token if it is this word.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(TokenKind::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    /// Returns where the next token is, or the end of the action.
    pub(super) fn span(&self) -> Span {
        let end = self.action.end;
        self.tokens.get(self.at).map_or(end.saturating_sub(2)..end, |token| token.span.clone())
    }

    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |last| last.span.end)
    }

    fn unexpected(&self, context: &str) -> Fault {
        let message = match self.peek() {
            Some(kind) => format!("unexpected {} in {context}", describe(kind)),
            None => format!("unexpected end of the action in {context}"),
        };
        Fault::new(&self.span(), message)
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&self, context: &str) -> Result<(), Fault> {
        if self.is_done() { Ok(()) } else { Err(self.unexpected(context)) }
    }

    /// Reads a pipeline to the end of the action.
    pub(super) fn pipeline(
        mut self,
        variables: &mut Vec<String>,
        context: &str,
    ) -> Result<Pipeline, Fault> {
        let pipeline = self.read_pipeline(variables, context)?;
        self.finish(context)?;
        Ok(pipeline)
    }

    /// Reads the pipeline of a `range`, which may declare two variables.
    pub(super) fn range_pipeline(self, variables: &mut Vec<String>) -> Result<Pipeline, Fault> {
        self.pipeline(variables, "range")
    }

    fn read_pipeline(
        &mut self,
        variables: &mut Vec<String>,
        context: &str,
    ) -> Result<Pipeline, Fault> {
        let start = self.span().start;
        let (declared, assigns) = self.declarations(context)?;
        variables.extend(declared.iter().cloned());
        let mut commands: Vec<Command> = Vec::new();
        loop {
            match self.peek() {
                None | Some(TokenKind::Close) => break,
                Some(_) => commands.push(self.command(variables, context)?),
            }
            match self.peek() {
                Some(TokenKind::Pipe) => {
                    self.at += 1;
                    if matches!(self.peek(), None | Some(TokenKind::Close | TokenKind::Pipe)) {
                        return Err(self.missing(context));
                    }
                }
                _ => break,
            }
        }
        if commands.is_empty() {
            return Err(self.missing(context));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            let literal = matches!(command.first.term, Term::Literal(_) | Term::Nil)
                || (matches!(command.first.term, Term::Dot) && command.first.fields.is_empty());
            if literal {
                let message = format!("non executable command in pipeline stage {}", index + 1);
                return Err(Fault::new(&command.span, message));
            }
        }
        Ok(Pipeline { span: start..self.end(), variables: declared, assigns, commands })
    }

    fn missing(&self, context: &str) -> Fault {
        Fault::new(&self.span(), format!("missing value for {context}"))
    }

    /// Reads `$x :=`, `$x =` and, in a range, `$i, $x :=`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<String>, bool), Fault> {
        let kind = |offset: usize| self.tokens.get(self.at + offset).map(|token| &token.kind);
        let (Some(TokenKind::Variable(first)), Some(after)) = (kind(0), kind(1)) else {
            return Ok((Vec::new(), false));
        };
        let found = match (after, kind(2), kind(3)) {
            (TokenKind::Declare | TokenKind::Assign, ..) => {
                Some((vec![first.clone()], matches!(after, TokenKind::Assign), 2))
            }
            (
                TokenKind::Comma,
                Some(TokenKind::Variable(second)),
                Some(sign @ (TokenKind::Declare | TokenKind::Assign)),
            ) if context == "range" => {
                let both = vec![first.clone(), second.clone()];
                Some((both, matches!(sign, TokenKind::Assign), 4))
            }
            (TokenKind::Comma, ..) if context == "range" => {
                let message = "range can only initialize variables, two at most";
                return Err(Fault::new(&self.span(), message));
            }
            _ => None,
        };
        let Some((variables, assigns, length)) = found else { return Ok((Vec::new(), false)) };
        self.at += length;
        Ok((variables, assigns))
    }

    fn command(&mut self, variables: &mut Vec<String>, context: &str) -> Result<Command, Fault> {
        let start = self.span().start;
        let first = self.operand(variables, context)?;
        let mut arguments = Vec::new();
        while !matches!(self.peek(), None | Some(TokenKind::Pipe | TokenKind::Close)) {
            if self.tokens.get(self.at).is_some_and(|token| !token.spaced) {
                return Err(self.unexpected("operand"));
            }
            arguments.push(self.operand(variables, context)?);
        }
        if matches!(first.term, Term::Nil) && arguments.is_empty() && first.fields.is_empty() {
            return Err(Fault::new(&first.span, "nil is not a command"));
        }
        Ok(Command { span: start..self.end(), first, arguments })
    }

    fn operand(&mut self, variables: &mut Vec<String>, context: &str) -> Result<Operand, Fault> {
        let span = self.span();
        let unexpected = self.unexpected(context);
        let Some(token) = self.next() else { return Err(unexpected) };
        let mut fields = Vec::new();
        let mut bare = false;
        let term = match token.kind {
            TokenKind::Word(word) if word == "nil" => Term::Nil,
            TokenKind::Word(word) => match functions::find(&word) {
                Some(function) => Term::Function(function),
                None => return Err(Fault::new(&span, not_defined(&word))),
            },
            TokenKind::Variable(name) if variables.contains(&name) => Term::Variable(name),
            TokenKind::Variable(name) => {
                return Err(Fault::new(&span, format!("undefined variable {name:?}")));
            }
            TokenKind::Dot => {
                bare = true;
                Term::Dot
            }
            TokenKind::Field(name) => {
                fields.push(name.into());
                Term::Dot
            }
            TokenKind::Literal(value) => Term::Literal(value),
            TokenKind::Open => self.parenthesis(variables, &span)?,
            _ => return Err(unexpected),
        };
        while let Some(Token { kind: TokenKind::Field(name), spaced: false, .. }) =
            self.tokens.get(self.at)
        {
            if bare || matches!(term, Term::Literal(_) | Term::Nil) {
                return Err(Fault::new(&self.span(), "unexpected . after term"));
            }
            fields.push(name.as_str().into());
            self.at += 1;
        }
        Ok(Operand { span: span.start..self.end(), term, fields })
    }

    fn parenthesis(&mut self, variables: &mut Vec<String>, span: &Span) -> Result<Term, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(span, format!("parentheses nested deeper than {DEPTH_MAX}")));
        }
        let pipeline = self.read_pipeline(variables, "parenthesized pipeline")?;
        self.depth -= 1;
        match self.next().map(|token| token.kind) {
            Some(TokenKind::Close) => Ok(Term::Pipeline(Box::new(pipeline))),
            _ => Err(Fault::new(span, "unclosed left paren")),
        }
    }
}

fn not_defined(word: &str) -> String {
    match word {
        "tmpl" => "function \"tmpl\" not defined: only consoles have it".to_owned(),
        _ => format!("function {word:?} not defined"),
    }
}

fn describe(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Word(word) => format!("<{word}>"),
        TokenKind::Variable(name) => format!("{name:?}"),
        TokenKind::Field(name) => format!("\".{name}\""),
        TokenKind::Literal(value) => format!("{:?}", value.to_string()),
        TokenKind::Dot => "\".\"".to_owned(),
        TokenKind::Pipe => "\"|\"".to_owned(),
        TokenKind::Comma => "\",\"".to_owned(),
        TokenKind::Declare => "\":=\"".to_owned(),
        TokenKind::Assign => "\"=\"".to_owned(),
        TokenKind::Open => "\"(\"".to_owned(),
        TokenKind::Close => "\")\"".to_owned(),
    }
}
