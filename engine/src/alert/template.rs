//! Descriptions with placeholders.

use crate::model::Labels;

/// Returns the first placeholder that is neither `{{ $value }}` nor
/// `{{ $labels.name }}`, as written; an unclosed one counts.
pub(super) fn unknown_placeholder(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inside, next)) = after.split_once("}}") else { return Some(after) };
        if placeholder(inside).is_none() {
            return Some(inside);
        }
        rest = next;
    }
    None
}

/// Fills the placeholders of a description; a label that is absent gives the
/// empty text, a value that is missing gives `no value`.
pub(super) fn expand(text: &str, labels: &Labels, value: Option<f64>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((inside, next)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        match (placeholder(inside), value) {
            (Some(Placeholder::Label(name)), _) => {
                filled.push_str(labels.get(name).unwrap_or(""));
            }
            (Some(Placeholder::Value), Some(value)) => filled.push_str(&value.to_string()),
            (Some(Placeholder::Value), None) => filled.push_str("no value"),
            // A rule refuses texts with other placeholders.
            (None, _) => {}
        }
        rest = next;
    }
    filled.push_str(rest);
    filled
}

enum Placeholder<'a> {
    Value,
    Label(&'a str),
}

fn placeholder(inside: &str) -> Option<Placeholder<'_>> {
    let inside = inside.trim();
    if inside == "$value" {
        return Some(Placeholder::Value);
    }
    let name = inside.strip_prefix("$labels.")?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(word)).then_some(Placeholder::Label(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, value: Option<f64>, expected: &str) {
        let labels = Labels::new([("host", "a"), ("job", "{{ $value }}")]).unwrap();
        assert_eq!(unknown_placeholder(text), None);
        assert_eq!(expand(text, &labels, value), expected);
    }

    #[test]
    fn placeholders_are_filled_once() {
        check("plain }} text", Some(1.0), "plain }} text");
        check("{{ $labels.host }} at {{$value}} %", Some(91.5), "a at 91.5 %");
        check("<{{ $labels.missing }}>", None, "<>");
        check("{{ $value }}", None, "no value");
        check("{{ $labels.job }}", Some(1.0), "{{ $value }}");
    }

    #[test]
    fn other_placeholders_are_pointed_out() {
        for (text, piece) in [
            ("{{ $value | humanize }}", " $value | humanize "),
            ("a {{ $value }} b {{ .Labels }}", " .Labels "),
            ("{{ $labels. }}", " $labels. "),
            ("{{ $value", " $value"),
        ] {
            assert_eq!(unknown_placeholder(text), Some(piece), "{text}");
        }
    }
}
