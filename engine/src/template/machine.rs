//! Expansion: a walk over the tree within bounds.

use std::sync::Arc;

use super::error::Fault;
use super::field;
use super::functions::{Body, Function, Scope};
use super::parse::DEFINED;
use super::tree::{Branch, Command, Node, Operand, Pipeline, Span, Term, Tree};
use super::value::{Root, Value};
use super::{TemplateData, TemplateSample};

/// The most bytes of an output, and of a text that a function makes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// The deepest nesting of what runs, calls of templates included.
const DEPTH_MAX: usize = 160;

/// How much an expansion may do: a step costs [`STEP`], a byte that a
/// function reads or makes costs 1.
const WORK_MAX: usize = 1 << 26;
const STEP: usize = 100;

/// What the walk goes on with.
#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

pub(super) fn expand(
    tree: &Tree,
    data: &TemplateData<'_>,
    query: &mut dyn FnMut(&str) -> Result<Vec<TemplateSample>, String>,
) -> Result<String, Fault> {
    let root = Arc::new(Root::new(data));
    let dot = Value::Root(Arc::clone(&root));
    let values = [
        dot.clone(),
        Value::Labels(root.labels.clone()),
        Value::Labels(root.external_labels.clone()),
        Value::Text(Arc::clone(&root.external_url)),
        Value::Float(root.value),
    ];
    let mut machine = Machine {
        tree,
        scope: Scope { root, now: data.now, query },
        out: String::new(),
        variables: DEFINED.into_iter().zip(values).collect(),
        work: 0,
        depth: 0,
    };
    machine.list(&tree.root, &dot)?;
    Ok(machine.out)
}

struct Machine<'t, 'q> {
    tree: &'t Tree,
    scope: Scope<'q>,
    out: String,
    variables: Vec<(&'t str, Value)>,
    work: usize,
    depth: usize,
}

impl<'t> Machine<'t, '_> {
    fn spend(&mut self, work: usize, span: &Span) -> Result<(), Fault> {
        self.work = self.work.saturating_add(work);
        if self.work > WORK_MAX {
            return Err(Fault::new(span, "the template takes too many steps"));
        }
        Ok(())
    }

    fn deepen(&mut self, span: &Span) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::new(span, "exceeded maximum template depth"));
        }
        Ok(())
    }

    fn push(&mut self, text: &str, span: &Span) -> Result<(), Fault> {
        if self.out.len() + text.len() > TEXT_BYTES_MAX {
            let message = format!("the output is longer than {TEXT_BYTES_MAX} bytes");
            return Err(Fault::new(span, message));
        }
        self.out.push_str(text);
        Ok(())
    }

    fn list(&mut self, nodes: &'t [Node], dot: &Value) -> Result<Flow, Fault> {
        for node in nodes {
            let flow = self.node(node, dot)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &'t Node, dot: &Value) -> Result<Flow, Fault> {
        match node {
            Node::Text(text) => {
                self.spend(STEP + text.len(), &(0..0))?;
                self.push(text, &(0..0))?;
            }
            Node::Print(pipeline) => self.print(pipeline, dot)?,
            Node::Break(span) => {
                self.spend(STEP, span)?;
                return Ok(Flow::Break);
            }
            Node::Continue(span) => {
                self.spend(STEP, span)?;
                return Ok(Flow::Continue);
            }
            Node::If(branch) => return self.block(branch, dot, false),
            Node::With(branch) => return self.block(branch, dot, true),
            Node::Range(branch) => {
                self.deepen(&branch.pipeline.span)?;
                let outside = self.variables.len();
                let flow = self.range(branch, dot)?;
                self.variables.truncate(outside);
                self.depth -= 1;
                return Ok(flow);
            }
            Node::Template { name, data, span } => self.template(name, data.as_ref(), span, dot)?,
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, pipeline: &'t Pipeline, dot: &Value) -> Result<(), Fault> {
        let value = self.pipeline(pipeline, dot)?;
        if !pipeline.variables.is_empty() {
            return Ok(());
        }
        let text = match value {
            Value::Nil => "<no value>".to_owned(),
            value => written(&value).map_err(|message| Fault::new(&pipeline.span, message))?,
        };
        self.spend(text.len(), &pipeline.span)?;
        self.push(&text, &pipeline.span)
    }

    fn block(&mut self, branch: &'t Branch, dot: &Value, moves: bool) -> Result<Flow, Fault> {
        self.deepen(&branch.pipeline.span)?;
        let outside = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = match (value.is_true(), moves) {
            (true, true) => self.list(&branch.body, &value)?,
            (true, false) => self.list(&branch.body, dot)?,
            (false, _) => self.list(&branch.otherwise, dot)?,
        };
        self.variables.truncate(outside);
        self.depth -= 1;
        Ok(flow)
    }

    fn range(&mut self, branch: &'t Branch, dot: &Value) -> Result<Flow, Fault> {
        let pipeline = &branch.pipeline;
        let value = self.pipeline(pipeline, dot)?;
        let count = match &value {
            Value::Nil => 0,
            Value::Labels(labels) => labels.len(),
            Value::Arguments(arguments) => arguments.len(),
            Value::Samples(samples) => samples.len(),
            Value::Int(_) if pipeline.variables.len() > 1 => {
                let message = format!("can't use {value} to iterate over more than one variable");
                return Err(Fault::new(&pipeline.span, message));
            }
            Value::Int(count) => usize::try_from(*count).unwrap_or(0),
            _ => {
                let message = format!("range can't iterate over {}", value.type_name());
                return Err(Fault::new(&pipeline.span, message));
            }
        };
        let kept = self.variables.len();
        for index in 0..count {
            self.spend(STEP, &pipeline.span)?;
            let Some((key, element)) = element(&value, index) else { break };
            match pipeline.variables.as_slice() {
                [one] => self.set_in_range(pipeline.assigns, one, 1, element.clone()),
                [first, second] => {
                    self.set_in_range(pipeline.assigns, first, 2, key);
                    self.set_in_range(pipeline.assigns, second, 1, element.clone());
                }
                _ => {}
            }
            let flow = self.list(&branch.body, &element)?;
            self.variables.truncate(kept);
            if flow == Flow::Break {
                break;
            }
        }
        if count == 0 { self.list(&branch.otherwise, dot) } else { Ok(Flow::Next) }
    }

    /// Sets a variable of a range: by name if it assigns, or the one that is
    /// `from_top` under the top.
    fn set_in_range(&mut self, assigns: bool, name: &str, from_top: usize, value: Value) {
        let found = if assigns {
            self.variables.iter_mut().rev().find(|(known, _)| *known == name)
        } else {
            let at = self.variables.len().saturating_sub(from_top);
            self.variables.get_mut(at)
        };
        if let Some((_, variable)) = found {
            *variable = value;
        }
    }

    fn template(
        &mut self,
        name: &str,
        data: Option<&'t Pipeline>,
        span: &Span,
        dot: &Value,
    ) -> Result<(), Fault> {
        self.deepen(span)?;
        self.spend(STEP, span)?;
        let tree = self.tree;
        let Some(body) = tree.definitions.get(name) else {
            return Err(Fault::new(span, format!("template {name:?} not defined")));
        };
        let data = match data {
            Some(pipeline) => self.pipeline(pipeline, dot)?,
            None => Value::Nil,
        };
        let outer = std::mem::replace(&mut self.variables, vec![("$", data.clone())]);
        self.list(body, &data)?;
        self.variables = outer;
        self.depth -= 1;
        Ok(())
    }

    /// Evaluates a pipeline and sets its variables.
    fn pipeline(&mut self, pipeline: &'t Pipeline, dot: &Value) -> Result<Value, Fault> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, dot, value)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipeline.variables {
            if !pipeline.assigns {
                self.variables.push((name, value.clone()));
                continue;
            }
            match self.variables.iter_mut().rev().find(|(known, _)| known == name) {
                Some((_, variable)) => *variable = value.clone(),
                None => return Err(undefined(name, &pipeline.span)),
            }
        }
        Ok(value)
    }

    fn command(
        &mut self,
        command: &'t Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        self.spend(STEP, &command.span)?;
        let first = &command.first;
        if let (Term::Function(function), []) = (&first.term, first.fields.as_slice()) {
            return self.call(function, command, dot, piped);
        }
        if command.arguments.is_empty() && piped.is_none() {
            return self.operand(first, dot);
        }
        let Some((last, before)) = first.fields.split_last() else {
            let message = "can't give argument to non-function";
            return Err(Fault::new(&first.span, message));
        };
        let receiver = self.fields(first, before, dot)?;
        let mut arguments = Vec::with_capacity(command.arguments.len() + 1);
        for argument in &command.arguments {
            arguments.push(self.operand(argument, dot)?);
        }
        arguments.extend(piped);
        field::get(&receiver, last, &arguments).map_err(|message| Fault::new(&first.span, message))
    }

    fn operand(&mut self, operand: &'t Operand, dot: &Value) -> Result<Value, Fault> {
        self.fields(operand, &operand.fields, dot)
    }

    fn fields(
        &mut self,
        operand: &'t Operand,
        fields: &[Arc<str>],
        dot: &Value,
    ) -> Result<Value, Fault> {
        self.spend(STEP, &operand.span)?;
        let mut value = match &operand.term {
            Term::Dot => dot.clone(),
            Term::Nil => Value::Nil,
            Term::Literal(value) => value.clone(),
            Term::Variable(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| undefined(name, &operand.span))?
            }
            Term::Function(function) => self.apply(function, &[], &operand.span)?,
            Term::Pipeline(pipeline) => {
                self.deepen(&operand.span)?;
                let value = self.pipeline(pipeline, dot)?;
                self.depth -= 1;
                value
            }
        };
        for name in fields {
            value = field::get(&value, name, &[])
                .map_err(|message| Fault::new(&operand.span, message))?;
        }
        Ok(value)
    }

    /// Calls a function; `and` and `or` evaluate no further than they must.
    fn call(
        &mut self,
        function: &'static Function,
        command: &'t Command,
        dot: &Value,
        piped: Option<Value>,
    ) -> Result<Value, Fault> {
        let mut arguments: Vec<Value> = Vec::with_capacity(command.arguments.len() + 1);
        for argument in &command.arguments {
            let value = self.operand(argument, dot)?;
            match function.body {
                Body::And if !value.is_true() => return Ok(value),
                Body::Or if value.is_true() => return Ok(value),
                _ => arguments.push(value),
            }
        }
        arguments.extend(piped);
        self.apply(function, &arguments, &command.span)
    }

    fn apply(
        &mut self,
        function: &'static Function,
        arguments: &[Value],
        span: &Span,
    ) -> Result<Value, Fault> {
        let weight: usize = arguments.iter().map(Value::weight).sum();
        self.spend(STEP + function.cost + weight, span)?;
        let value = function
            .call(&mut self.scope, arguments)
            .map_err(|message| Fault::new(span, message))?;
        if value.weight() > TEXT_BYTES_MAX {
            return Err(Fault::new(span, too_long(function.name)));
        }
        self.spend(value.weight(), span)?;
        Ok(value)
    }
}

fn undefined(name: &str, span: &Span) -> Fault {
    Fault::new(span, format!("undefined variable: {name}"))
}

pub(super) fn too_long(what: &str) -> String {
    format!("{what} makes more than {TEXT_BYTES_MAX} bytes")
}

/// Returns the key and the value of one round of a range.
fn element(value: &Value, index: usize) -> Option<(Value, Value)> {
    let number = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
    Some(match value {
        Value::Labels(labels) => {
            let (name, value) = labels.pairs().get(index)?;
            (Value::Text(Arc::clone(name)), Value::Text(Arc::clone(value)))
        }
        Value::Arguments(arguments) => {
            let (name, value) = arguments.get(index)?;
            (Value::text(name.as_str()), value.clone())
        }
        Value::Samples(samples) => (number, Value::Sample(Arc::clone(samples.get(index)?))),
        _ => (number.clone(), number),
    })
}

/// Writes a value within the bound of texts.
pub(super) fn written(value: &Value) -> Result<String, String> {
    use std::fmt::Write as _;

    let mut bounded = Bounded(String::new());
    match write!(bounded, "{value}") {
        Ok(()) => Ok(bounded.0),
        Err(_) => Err(too_long("printing")),
    }
}

/// A text of at most [`TEXT_BYTES_MAX`] bytes.
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.0.len() + text.len() > TEXT_BYTES_MAX {
            return Err(std::fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
