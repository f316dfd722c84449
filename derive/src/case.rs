//! How the names of variants become texts.

use syn::{Error, LitStr, Result};

/// A way to write words together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Case {
    Snake,
    Kebab,
    Lower,
    Upper,
    ScreamingSnake,
    Pascal,
    Camel,
}

const CASES: [(&str, Case); 7] = [
    ("snake_case", Case::Snake),
    ("kebab-case", Case::Kebab),
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
];

impl Case {
    /// Returns the case of this name, which is written in it.
    pub(crate) fn named(name: &LitStr) -> Result<Self> {
        let text = name.value();
        let known = CASES.iter().find(|(known, _)| *known == text);
        known.map(|(_, case)| *case).ok_or_else(|| {
            let all: Vec<_> = CASES.iter().map(|(known, _)| format!("{known:?}")).collect();
            Error::new(name.span(), format!("{text:?} is none of {}", all.join(", ")))
        })
    }

    /// Writes the name of a variant.
    pub(crate) fn write(self, variant: &str) -> String {
        let lower = words(variant);
        let upper = || lower.iter().map(|word| word.to_uppercase());
        match self {
            Self::Snake => lower.join("_"),
            Self::Kebab => lower.join("-"),
            Self::Lower => lower.concat(),
            Self::Upper => upper().collect(),
            Self::ScreamingSnake => upper().collect::<Vec<_>>().join("_"),
            Self::Pascal => variant.to_owned(),
            Self::Camel => {
                let mut letters = variant.chars();
                let first = letters.next().into_iter().flat_map(char::to_lowercase);
                first.chain(letters).collect()
            }
        }
    }
}

/// Returns the words of a name in lower case: a word begins at a capital that
/// follows a small letter or a digit, or that a small letter follows.
fn words(variant: &str) -> Vec<String> {
    let letters: Vec<char> = variant.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let begins = before.is_none_or(|before| {
            letter.is_uppercase()
                && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
        });
        if begins || *letter == '_' {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| *letter != '_') {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_case() {
        for (variant, snake, camel) in [
            ("Get", "get", "get"),
            ("NotFound", "not_found", "notFound"),
            ("HTTPError", "http_error", "hTTPError"),
            ("Http2", "http2", "http2"),
            ("A", "a", "a"),
            ("ÄrgerÜber", "ärger_über", "ärgerÜber"),
        ] {
            assert_eq!(Case::Snake.write(variant), snake);
            assert_eq!(Case::Camel.write(variant), camel);
            assert_eq!(Case::Pascal.write(variant), variant);
        }
        assert_eq!(Case::Kebab.write("NotFound"), "not-found");
        assert_eq!(Case::Lower.write("NotFound"), "notfound");
        assert_eq!(Case::Upper.write("NotFound"), "NOTFOUND");
        assert_eq!(Case::ScreamingSnake.write("NotFound"), "NOT_FOUND");
    }
}
