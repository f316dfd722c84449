//! What a regular expression comes down to.
//!
//! Most expressions in matchers are a few literals or a literal and `.*`; for
//! those no automaton runs. The analysis works on the parsed expression, so
//! flags, classes and escapes mean what they mean to the regex library.

use regex::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The most literals that an expression is spelt out to.
const SET_MAX: usize = 256;

/// The most bytes that they may have together.
const SET_BYTES_MAX: usize = 1 << 16;

/// An anchored regular expression, by the cheapest test for it.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// One of these texts, sorted.
    Set(Vec<String>),
    /// Any text with this in front.
    Prefix(String),
    /// Any text with this at its end.
    Suffix(String),
    /// Any text with this in it.
    Contains(String),
    /// Any text that is not empty.
    NotEmpty,
    /// Any text.
    Any,
    /// What the automaton says, if the text begins like this.
    Regex { prefix: String, regex: Regex },
}

/// A part of an expression.
enum Part {
    Literals(Vec<String>),
    /// `.*`
    Any,
    /// `.+`
    NotEmpty,
    Other,
}

impl Pattern {
    /// Analyses an expression in which `.` matches line feeds; `regex` is its
    /// anchored automaton.
    pub(super) fn new(expression: &str, regex: Regex) -> Self {
        let parsed = ParserBuilder::new().dot_matches_new_line(true).build().parse(expression);
        // What the regex library took is parsed by its own parser.
        let Ok(hir) = parsed else { return Self::Regex { prefix: String::new(), regex } };
        let parts: Vec<Part> = match hir.kind() {
            HirKind::Concat(parts) => joined(parts.iter().map(part)),
            _ => vec![part(&hir)],
        };
        match &parts[..] {
            [] => Self::Set(vec![String::new()]),
            [Part::Literals(texts)] => {
                let mut texts = texts.clone();
                texts.sort_unstable();
                texts.dedup();
                Self::Set(texts)
            }
            [Part::Any] => Self::Any,
            [Part::NotEmpty] => Self::NotEmpty,
            [Part::Literals(texts), Part::Any] if texts.len() == 1 => Self::Prefix(texts.concat()),
            [Part::Any, Part::Literals(texts)] if texts.len() == 1 => Self::Suffix(texts.concat()),
            [Part::Any, Part::Literals(texts), Part::Any] if texts.len() == 1 => {
                Self::Contains(texts.concat())
            }
            [Part::Literals(texts), ..] if texts.len() == 1 => {
                Self::Regex { prefix: texts.concat(), regex }
            }
            _ => Self::Regex { prefix: String::new(), regex },
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Set(texts) => texts.binary_search_by(|one| one.as_str().cmp(text)).is_ok(),
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::NotEmpty => !text.is_empty(),
            Self::Any => true,
            Self::Regex { prefix, regex } => {
                text.starts_with(prefix.as_str()) && regex.is_match(text)
            }
        }
    }
}

/// Joins neighbouring literals.
fn joined(parts: impl Iterator<Item = Part>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for part in parts {
        match (all.last_mut(), part) {
            (Some(Part::Literals(before)), Part::Literals(after))
                if before.len() * after.len() <= SET_MAX
                    && bytes(before) * after.len() + bytes(&after) * before.len()
                        <= SET_BYTES_MAX =>
            {
                let product =
                    before.iter().flat_map(|a| after.iter().map(move |b| format!("{a}{b}")));
                *before = product.collect();
            }
            (_, part) => all.push(part),
        }
    }
    all
}

fn bytes(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}

fn part(hir: &Hir) -> Part {
    match hir.kind() {
        HirKind::Empty => Part::Literals(vec![String::new()]),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Part::Literals(vec![text.to_owned()]),
            Err(_) => Part::Other,
        },
        HirKind::Capture(capture) => part(&capture.sub),
        HirKind::Alternation(branches) => {
            let mut texts = Vec::new();
            for branch in branches {
                match part(branch) {
                    Part::Literals(more)
                        if texts.len() + more.len() <= SET_MAX
                            && bytes(&texts) + bytes(&more) <= SET_BYTES_MAX =>
                    {
                        texts.extend(more);
                    }
                    _ => return Part::Other,
                }
            }
            Part::Literals(texts)
        }
        HirKind::Concat(parts) => {
            let mut parts = joined(parts.iter().map(part));
            match (parts.pop(), parts.is_empty()) {
                (Some(Part::Literals(texts)), true) => Part::Literals(texts),
                _ => Part::Other,
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            let chars: usize =
                class.ranges().iter().map(|range| range.len()).fold(0, usize::saturating_add);
            if chars > 16 {
                return Part::Other;
            }
            let texts = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            Part::Literals(texts.map(String::from).collect())
        }
        HirKind::Repetition(repetition) if is_any_char(&repetition.sub) => {
            match (repetition.min, repetition.max) {
                (0, None) => Part::Any,
                (1, None) => Part::NotEmpty,
                _ => Part::Other,
            }
        }
        _ => Part::Other,
    }
}

/// Says whether this is `.`, line feeds included.
fn is_any_char(hir: &Hir) -> bool {
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { return false };
    matches!(class.ranges(), [all] if all.start() == '\0' && all.end() == char::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(expression: &str) -> (Pattern, Regex) {
        let anchored = format!("(?s)^(?:{expression})$");
        let regex = Regex::new(&anchored).unwrap();
        (Pattern::new(expression, regex.clone()), regex)
    }

    fn check(expression: &str, shape: &str) {
        let (pattern, _) = pattern(expression);
        let told = format!("{pattern:?}");
        assert!(told.starts_with(shape), "{expression}: {told}");
    }

    #[test]
    fn common_expressions_need_no_automaton() {
        check("", "Set([\"\"])");
        check("api", "Set([\"api\"])");
        check("a|b|c", "Set([\"a\", \"b\", \"c\"])");
        check("(a|b)", "Set([\"a\", \"b\"])");
        check("(?:a|b)c", "Set([\"ac\", \"bc\"])");
        check("x(a|)y", "Set([\"xay\", \"xy\"])");
        check("node-[12]", "Set([\"node-1\", \"node-2\"])");
        check("a\\.b", "Set([\"a.b\"])");
        check("api.*", "Prefix(\"api\")");
        check(".*api", "Suffix(\"api\")");
        check(".*api.*", "Contains(\"api\")");
        check(".*", "Any");
        check(".+", "NotEmpty");
        check("api.+", "Regex { prefix: \"api\"");
        check("(?i)api", "");
        check("(?i)api.*", "Regex { prefix: \"\"");
        check("(?-s).*", "Regex");
        check("api[0-9]+", "Regex { prefix: \"api\"");
    }

    #[test]
    fn what_is_too_much_to_spell_out_is_left_to_the_automaton() {
        let many = "[ab]".repeat(9);
        for expression in [many.clone(), format!("({many})"), format!("x({many}|c)")] {
            let (pattern, regex) = pattern(&expression);
            for text in ["a", "ababababa", "xababababa", "xc"] {
                assert_eq!(pattern.matches(text), regex.is_match(text), "{expression} on {text}");
            }
        }
        let deep = format!("{}a{}", "(".repeat(100), "b)".repeat(100));
        check(&deep, "Set");
        let long = format!("{}{}", "[ab]".repeat(8), "a(b)".repeat(2_000));
        check(&long, "Regex");
    }

    fn expression() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            "[ab]{0,3}",
            Just(".*".to_owned()),
            Just(".+".to_owned()),
            Just("[ab]".to_owned()),
            Just("(?i:a)".to_owned()),
            Just("(?-s:.)".to_owned()),
            Just("b?".to_owned()),
            Just("ä".to_owned()),
            Just("\\n".to_owned()),
            Just("^".to_owned()),
            Just("$".to_owned()),
        ];
        atom.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.concat()),
                prop::collection::vec(inner.clone(), 1..4)
                    .prop_map(|all| format!("({})", all.join("|"))),
                inner.prop_map(|one| format!("(?:{one})*")),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_automaton(expression in expression(), texts in prop::collection::vec("[abABä\\n]{0,6}", 8)) {
            let (pattern, regex) = pattern(&expression);
            for text in texts.iter().map(String::as_str).chain(["", "a", "b", "ab", "\n"]) {
                prop_assert_eq!(pattern.matches(text), regex.is_match(text), "{} on {:?}: {:?}", expression, text, pattern);
            }
        }
    }
}
