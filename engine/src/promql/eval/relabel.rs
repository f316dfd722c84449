//! `label_replace` and `label_join`.

use super::error::EvalError;
use super::stream::Head;
use crate::promql::functions::Function;
use crate::promql::functions::label::{LabelReplace, destination_name, label_join, source_name};
use crate::promql::label_set::NAME;
use crate::promql::syntax::Text;

/// Returns the heads with the label that the function makes.
pub(super) fn relabel(
    function: Function,
    texts: &[Text],
    heads: &[Head],
) -> Result<Vec<Head>, EvalError> {
    let bytes = |index: usize| texts.get(index).map(Text::bytes).unwrap_or_default();
    let text = |index: usize| String::from_utf8_lossy(bytes(index));
    let destination = destination_name(function, bytes(0))?;
    if function == Function::LabelReplace {
        let replace = LabelReplace::new(&text(1), &text(3))?;
        let source = text(2);
        let replaced = heads.iter().map(|head| match replace.apply(head.labels.get(&source)) {
            Some(value) => set(head, destination, &value),
            None => head.clone(),
        });
        return Ok(replaced.collect());
    }
    let sources = texts.get(2..).unwrap_or_default().iter();
    let sources = sources.map(|source| source_name(function, source.bytes()));
    let sources = sources.collect::<Result<Vec<&str>, _>>()?;
    let joined = heads.iter().map(|head| {
        let values = sources.iter().map(|source| head.labels.get(source));
        set(head, destination, &label_join(&text(1), values))
    });
    Ok(joined.collect())
}

/// Sets a label; a name that was set is there to stay.
fn set(head: &Head, label: &str, value: &str) -> Head {
    let drop_name = head.drop_name && label != NAME;
    Head { labels: head.labels.with(label, value), drop_name }
}
