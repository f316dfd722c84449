//! `label_replace` and `label_join`.

use super::error::EvalError;
use super::stream::Head;
use crate::promql::functions::label::{LabelReplace, label_join};
use crate::promql::functions::{Function, FunctionError};
use crate::promql::label_set::NAME;

/// Returns the heads with the label that the function makes.
pub(super) fn relabel(
    function: Function,
    texts: &[String],
    heads: &[Head],
) -> Result<Vec<Head>, EvalError> {
    let text = |index: usize| texts.get(index).map_or("", String::as_str);
    let destination = text(0);
    if function == Function::LabelReplace {
        let replace = LabelReplace::new(destination, text(1), text(3))?;
        let source = text(2);
        let replaced = heads.iter().map(|head| match replace.apply(head.labels.get(source)) {
            Some(value) => set(head, destination, &value),
            None => head.clone(),
        });
        return Ok(replaced.collect());
    }
    let refused = |name: &str| FunctionError::DestinationLabel {
        function: "label_join",
        name: name.to_owned(),
    };
    if destination.is_empty() {
        return Err(refused(destination).into());
    }
    let sources = texts.get(2..).unwrap_or_default();
    if let Some(source) = sources.iter().find(|source| source.is_empty()) {
        let name = source.clone();
        return Err(FunctionError::SourceLabel { function: "label_join", name }.into());
    }
    let joined = heads.iter().map(|head| {
        let values = sources.iter().map(|source| head.labels.get(source));
        set(head, destination, &label_join(text(1), values))
    });
    Ok(joined.collect())
}

/// Sets a label; a name that was set is there to stay.
fn set(head: &Head, label: &str, value: &str) -> Head {
    let drop_name = head.drop_name && label != NAME;
    Head { labels: head.labels.with(label, value), drop_name }
}
