//! From pieces to a tree.

use std::collections::HashMap;
use std::vec;

use super::error::Fault;
use super::lex::{self, Piece, Token, TokenKind};
use super::pipeline::Cursor;
use super::tree::{Branch, Node, Span, Tree};
use super::value::Value;

/// The longest template in bytes.
const BYTES_MAX: usize = 1 << 16;

/// The deepest nesting of blocks and parentheses.
pub(super) const DEPTH_MAX: usize = 64;

/// What Prometheus defines in front of every template.
pub(super) const DEFINED: [&str; 5] = ["$", "$labels", "$externalLabels", "$externalURL", "$value"];

pub(super) fn parse(text: &str) -> Result<Tree, Fault> {
    if text.len() > BYTES_MAX {
        let message = format!("template of {} bytes, expected at most {BYTES_MAX}", text.len());
        return Err(Fault::new(&(0..0), message));
    }
    let mut parser = Parser {
        pieces: lex::pieces(text)?.into_iter(),
        end: text.len()..text.len(),
        definitions: HashMap::new(),
        variables: DEFINED.map(str::to_owned).into(),
        loops: 0,
        depth: 0,
    };
    let root = match parser.list(true)? {
        (root, Stop::Eof) => root,
        (_, Stop::End(span)) => return Err(Fault::new(&span, "unexpected {{end}}")),
        (_, Stop::Else(_, span)) => return Err(Fault::new(&span, "unexpected {{else}}")),
    };
    Ok(Tree { root, definitions: parser.definitions })
}

struct Parser {
    pieces: vec::IntoIter<Piece>,
    end: Span,
    definitions: HashMap<String, Vec<Node>>,
    variables: Vec<String>,
    loops: usize,
    depth: usize,
}

/// What ends a list of nodes.
enum Stop {
    Eof,
    End(Span),
    /// With what follows the word.
    Else(Cursor, Span),
}

impl Parser {
    fn list(&mut self, top: bool) -> Result<(Vec<Node>, Stop), Fault> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, span) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(tokens, span) => (tokens, span),
            };
            let word = match tokens.first() {
                Some(Token { kind: TokenKind::Word(word), .. }) => word.clone(),
                _ => String::new(),
            };
            let mut cursor = Cursor::new(tokens, span.clone());
            if matches!(
                word.as_str(),
                "if" | "with"
                    | "range"
                    | "else"
                    | "end"
                    | "break"
                    | "continue"
                    | "template"
                    | "block"
                    | "define"
            ) {
                cursor.next();
            }
            match word.as_str() {
                "end" => {
                    cursor.finish("end")?;
                    return Ok((nodes, Stop::End(span)));
                }
                "else" => return Ok((nodes, Stop::Else(cursor, span))),
                "define" if top => self.define(cursor, &span)?,
                "define" => return Err(Fault::new(&span, "unexpected {{define}}")),
                _ => nodes.push(self.node(&word, cursor, span)?),
            }
        }
        Ok((nodes, Stop::Eof))
    }

    fn node(&mut self, word: &str, mut cursor: Cursor, span: Span) -> Result<Node, Fault> {
        Ok(match word {
            "if" => Node::If(self.branch("if", cursor, &span)?),
            "with" => Node::With(self.branch("with", cursor, &span)?),
            "range" => Node::Range(self.branch("range", cursor, &span)?),
            "break" | "continue" => {
                cursor.finish(word)?;
                if self.loops == 0 {
                    return Err(Fault::new(&span, format!("{{{{{word}}}}} outside {{{{range}}}}")));
                }
                if word == "break" { Node::Break(span) } else { Node::Continue(span) }
            }
            "template" => {
                let name = name(&mut cursor, "template clause")?;
                let data = self.data(cursor)?;
                Node::Template { name, data, span }
            }
            "block" => {
                let name = name(&mut cursor, "block clause")?;
                let data = Some(cursor.pipeline(&mut self.variables, "block clause")?);
                self.body(&name, &span)?;
                Node::Template { name, data, span }
            }
            _ => Node::Print(cursor.pipeline(&mut self.variables, "command")?),
        })
    }

    fn data(&mut self, cursor: Cursor) -> Result<Option<super::tree::Pipeline>, Fault> {
        if cursor.is_done() {
            return Ok(None);
        }
        cursor.pipeline(&mut self.variables, "template clause").map(Some)
    }

    fn define(&mut self, mut cursor: Cursor, span: &Span) -> Result<(), Fault> {
        let name = name(&mut cursor, "define clause")?;
        cursor.finish("define clause")?;
        self.body(&name, span)
    }

    /// Reads the body of a definition, which knows only `$`.
    fn body(&mut self, name: &str, span: &Span) -> Result<(), Fault> {
        self.deepen(span)?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let body = match self.list(false)? {
            (body, Stop::End(_)) => body,
            (_, Stop::Else(_, span)) => return Err(Fault::new(&span, "unexpected {{else}}")),
            (_, Stop::Eof) => return Err(self.unexpected_end()),
        };
        (self.variables, self.loops) = (outer, loops);
        self.depth -= 1;
        let empty = |nodes: &[Node]| {
            nodes.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
        };
        match self.definitions.get(name) {
            Some(known) if !empty(known) && !empty(&body) => {
                Err(Fault::new(span, format!("multiple definition of template {name:?}")))
            }
            Some(_) if empty(&body) => Ok(()),
            _ => {
                self.definitions.insert(name.to_owned(), body);
                Ok(())
            }
        }
    }

    fn branch(&mut self, word: &str, cursor: Cursor, span: &Span) -> Result<Branch, Fault> {
        self.deepen(span)?;
        let outside = self.variables.len();
        let pipeline = if word == "range" {
            cursor.range_pipeline(&mut self.variables)?
        } else {
            cursor.pipeline(&mut self.variables, word)?
        };
        self.loops += usize::from(word == "range");
        let (body, stop) = self.list(false)?;
        self.loops -= usize::from(word == "range");
        let otherwise = match stop {
            Stop::Eof => return Err(self.unexpected_end()),
            Stop::End(_) => Vec::new(),
            Stop::Else(cursor, span) => self.otherwise(word, cursor, span)?,
        };
        self.variables.truncate(outside);
        self.depth -= 1;
        Ok(Branch { pipeline, body, otherwise })
    }

    /// Reads what follows `else`, the `end` included.
    fn otherwise(
        &mut self,
        word: &str,
        mut cursor: Cursor,
        span: Span,
    ) -> Result<Vec<Node>, Fault> {
        if matches!(word, "if" | "with") && cursor.take_word(word) {
            // The chain has one `end`, which the last branch takes.
            return Ok(vec![self.node(word, cursor, span)?]);
        }
        cursor.finish("else")?;
        match self.list(false)? {
            (nodes, Stop::End(_)) => Ok(nodes),
            (_, Stop::Else(_, span)) => Err(Fault::new(&span, "expected end; found {{else}}")),
            (_, Stop::Eof) => Err(self.unexpected_end()),
        }
    }

    fn deepen(&mut self, span: &Span) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(span, format!("blocks nested deeper than {DEPTH_MAX}")));
        }
        Ok(())
    }

    fn unexpected_end(&self) -> Fault {
        Fault::new(&self.end, "unexpected EOF")
    }
}

/// Reads the name of a template.
fn name(cursor: &mut Cursor, context: &str) -> Result<String, Fault> {
    let span = cursor.span();
    match cursor.next().map(|token| token.kind) {
        Some(TokenKind::Literal(Value::Text(name))) => Ok(name.to_string()),
        _ => Err(Fault::new(&span, format!("expected the quoted name of a template in {context}"))),
    }
}
