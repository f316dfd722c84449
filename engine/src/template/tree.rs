//! The tree of a template.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::functions::Function;
use super::value::Value;

/// The bytes of a node in the template.
pub(super) type Span = Range<usize>;

/// A parsed template.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Vec<Node>,
    /// What `define` and `block` define.
    pub(super) definitions: HashMap<String, Vec<Node>>,
}

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Node {
    /// Text as it is.
    Text(String),
    /// `{{ pipeline }}`
    Print(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break(Span),
    Continue(Span),
    /// `{{ template "name" pipeline }}`
    Template {
        name: String,
        data: Option<Pipeline>,
        span: Span,
    },
}

/// What is chosen by a pipeline.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// Commands joined by `|`, with the variables that take the last one's value.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) span: Span,
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// An operand or a function with its operands.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) span: Span,
    pub(super) first: Operand,
    pub(super) arguments: Vec<Operand>,
}

/// A term and the fields asked of it.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) span: Span,
    pub(super) term: Term,
    pub(super) fields: Vec<Arc<str>>,
}

/// What an operand begins with.
#[derive(Debug)]
pub(super) enum Term {
    /// `.`, and `.name` with fields.
    Dot,
    /// `$name`; `$` is the data of the template.
    Variable(String),
    Function(&'static Function),
    Pipeline(Box<Pipeline>),
    Nil,
    Literal(Value),
}
