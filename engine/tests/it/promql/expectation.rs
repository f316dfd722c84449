//! What a case expects of annotations and errors.

use keepwatch_engine::promql::annotation::{Annotations, Severity};
use regex::Regex;

use super::cursor::unquoted;

/// How a message is recognised.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// Any message will do.
    Any,
    /// This text.
    Exactly(String),
    /// A text with a match of this.
    Matching(Regex),
}

impl Message {
    /// Reads `msg: text`, `regex: pattern` or nothing.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if let Some(message) = text.strip_prefix("msg:") {
            return Ok(Self::Exactly(message.trim().to_owned()));
        }
        if let Some(pattern) = text.strip_prefix("regex:") {
            return Self::matching(pattern.trim());
        }
        Err(format!("{text:?} is neither \"msg: …\" nor \"regex: …\""))
    }

    pub(super) fn matching(pattern: &str) -> Result<Self, String> {
        let pattern = plain(pattern);
        Regex::new(&pattern).map(Self::Matching).map_err(|error| format!("{pattern:?}: {error}"))
    }

    fn matches(&self, message: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(text) => {
                let text = plain(text);
                // The engine keeps the position apart: `1:6: parse error: …`.
                let parsing = text.split_once(": parse error: ");
                message == text || parsing.is_some_and(|(_, text)| message == text)
            }
            Self::Matching(pattern) => pattern.is_match(message),
        }
    }
}

/// Takes the quotes off a text that has some.
fn plain(text: &str) -> String {
    let is_quoted = text.len() > 1 && text.starts_with('"') && text.ends_with('"');
    if !is_quoted {
        return text.to_owned();
    }
    unquoted(text).unwrap_or_else(|_| text[1..text.len() - 1].to_owned())
}

/// What is expected of annotations of one severity.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks {
    /// Each is to match one at least, and each annotation one of them.
    pub(super) wanted: Vec<Message>,
    /// Whether there may be none.
    pub(super) refused: bool,
}

impl Remarks {
    fn check(&self, found: &[String], name: &str) -> Result<(), String> {
        if self.refused && !found.is_empty() {
            return Err(format!("expected no {name}, found {found:?}"));
        }
        if self.wanted.is_empty() {
            return Ok(());
        }
        for wanted in &self.wanted {
            if !found.iter().any(|one| wanted.matches(one)) {
                return Err(format!("expected the {name} {wanted:?}, found {found:?}"));
            }
        }
        match found.iter().find(|one| !self.wanted.iter().any(|wanted| wanted.matches(one))) {
            Some(other) => Err(format!("the {name} {other:?} is not one of {:?}", self.wanted)),
            None => Ok(()),
        }
    }
}

/// What a case expects beside its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Expectation {
    /// The error is to match each of these; there is to be none if empty.
    pub(super) failures: Vec<Message>,
    pub(super) warnings: Remarks,
    pub(super) infos: Remarks,
    /// Whether the values are expected in the order in which they stand.
    pub(super) ordered: bool,
}

impl Expectation {
    /// Reads what follows `expect`; `None` if it says nothing of this kind.
    pub(super) fn read(&mut self, text: &str) -> Option<Result<(), String>> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let messages = match word {
            "fail" => &mut self.failures,
            "warn" => &mut self.warnings.wanted,
            "info" => &mut self.infos.wanted,
            "no_warn" => {
                self.warnings.refused = true;
                return Some(Ok(()));
            }
            "no_info" => {
                self.infos.refused = true;
                return Some(Ok(()));
            }
            "ordered" => {
                self.ordered = true;
                return Some(Ok(()));
            }
            _ => return None,
        };
        Some(Message::read(rest).map(|message| messages.push(message)))
    }

    pub(super) fn fails(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Compares an error with what is expected.
    pub(super) fn check_error(&self, error: &str) -> Result<(), String> {
        if !self.fails() {
            return Err(format!("found the error: {error}"));
        }
        match self.failures.iter().find(|failure| !failure.matches(error)) {
            Some(failure) => Err(format!("expected the error {failure:?}, found: {error}")),
            None => Ok(()),
        }
    }

    /// Compares the annotations on `query` with what is expected.
    pub(super) fn check_annotations(&self, found: &Annotations, query: &str) -> Result<(), String> {
        let rendered = |severity| found.render(severity, query, usize::MAX);
        self.warnings.check(&rendered(Severity::Warning), "warning")?;
        self.infos.check(&rendered(Severity::Info), "info")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keepwatch_engine::promql::annotation::Annotation;
    use keepwatch_engine::promql::syntax::Span;

    fn check(expectation: &Expectation, messages: &[&str]) -> bool {
        let mut found = Annotations::new();
        for message in messages {
            found.add(Annotation::warning(*message, Span::new(0, 1)));
        }
        expectation.check_annotations(&found, "x").is_ok()
    }

    fn expecting(lines: &[&str]) -> Expectation {
        let mut expectation = Expectation::default();
        for line in lines {
            expectation.read(line).unwrap().unwrap();
        }
        expectation
    }

    #[test]
    fn each_message_and_each_expectation_has_its_match() {
        let any = expecting(&["warn"]);
        assert!(check(&any, &["a"]) && check(&any, &["a", "b"]) && !check(&any, &[]));
        let one = expecting(&["warn msg: PromQL warning: a (1:1)"]);
        assert!(check(&one, &["a"]) && !check(&one, &["b"]) && !check(&one, &["a", "b"]));
        let two = expecting(&["warn regex: a \\(", "warn regex: b"]);
        assert!(check(&two, &["a", "b"]) && !check(&two, &["a"]));
        assert!(check(&expecting(&["no_info"]), &["a"]));
        assert!(!check(&expecting(&["no_warn"]), &["a"]));
        assert!(check(&Expectation::default(), &["a"]));
    }

    #[test]
    fn errors_are_expected_or_not() {
        let check = |lines: &[&str], error| expecting(lines).check_error(error).is_ok();
        assert!(!check(&[], "a") && check(&["fail"], "a"));
        assert!(check(&["fail msg:a b"], "a b") && !check(&["fail msg: a"], "a b"));
        assert!(check(&["fail msg: \"a b\""], "a b") && check(&["fail regex: \"^a .\""], "a b"));
        assert!(check(&["fail msg: 1:6: parse error: a b"], "a b"));
        assert!(expecting(&["ordered"]).ordered);
        assert!(Expectation::default().read("string \"a\"").is_none());
    }
}
