//! Names of any text, in formats that know only some.
//!
//! A name is legacy if it fits `[a-zA-Z_:][a-zA-Z0-9_:]*` (without colons for
//! a label); every format can say it and no scheme changes it. Any other name
//! is written in quotes, or escaped by the scheme that the reader asked for.
//!
//! Source: Prometheus, "Escaping Schemes".

use std::borrow::Cow;

use crate::model::{fits_name, underscored};

/// How names are written that are not legacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Escaping {
    /// As they are, in quotes.
    AllowUtf8,
    /// Each character that does not fit becomes an underscore: what most
    /// tools expect, and what cannot be undone.
    #[default]
    Underscores,
    /// A dot becomes `_dot_`, an underscore and all else two underscores.
    Dots,
    /// `U__`, an underscore as two, all else as its code point, `_e9_`. It can
    /// be undone.
    Values,
}

impl Escaping {
    /// All schemes.
    pub(super) const ALL: [Self; 4] =
        [Self::AllowUtf8, Self::Underscores, Self::Dots, Self::Values];

    /// Returns the scheme's name in a media type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowUtf8 => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// Returns the scheme of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }

    /// Returns a metric's name as this scheme writes it, in quotes if it is
    /// not legacy then.
    #[must_use]
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        if is_legacy(name) { Cow::Borrowed(name) } else { self.escape_by(name, true) }
    }

    /// Returns the name of a family, without the suffix of its series, so that
    /// the series is called as [`escape`](Self::escape) calls it.
    pub(super) fn escape_stem(self, stem: &str, suffix: &str) -> String {
        let whole = format!("{stem}{suffix}");
        let escaped = self.escape(&whole);
        escaped.strip_suffix(suffix).unwrap_or(&escaped).to_owned()
    }

    /// Returns a label's name as this scheme writes it.
    #[must_use]
    pub fn escape_label(self, name: &str) -> Cow<'_, str> {
        if is_legacy_label(name) { Cow::Borrowed(name) } else { self.escape_by(name, false) }
    }

    fn escape_by(self, name: &str, colon: bool) -> Cow<'_, str> {
        match self {
            Self::AllowUtf8 => return Cow::Borrowed(name),
            Self::Underscores => return Cow::Owned(underscored(name, colon)),
            Self::Dots | Self::Values => {}
        }
        let mut escaped = String::with_capacity(name.len() + 8);
        if self == Self::Values {
            escaped.push_str("U__");
        }
        for (index, character) in name.chars().enumerate() {
            match self {
                Self::Dots if character == '.' => escaped.push_str("_dot_"),
                _ if character == '_' => escaped.push_str("__"),
                _ if fits_name(index, character, colon) => escaped.push(character),
                Self::Values => escaped.push_str(&format!("_{:x}_", u32::from(character))),
                _ => escaped.push_str("__"),
            }
        }
        Cow::Owned(escaped)
    }
}

/// Says whether every format can say a metric's name as it is.
pub(super) fn is_legacy(name: &str) -> bool {
    !name.is_empty() && name.chars().enumerate().all(|(index, c)| fits_name(index, c, true))
}

/// Says whether every format can say a label's name as it is.
pub(super) fn is_legacy_label(name: &str) -> bool {
    is_legacy(name) && !name.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_scheme() {
        for (name, underscores, dots, values) in [
            ("http_total:rate5m", "http_total:rate5m", "http_total:rate5m", "http_total:rate5m"),
            ("my.name_x", "my_name_x", "my_dot_name__x", "U__my_2e_name__x"),
            ("büro", "b_ro", "b__ro", "U__b_fc_ro"),
            ("9 😀", "___", "______", "U___39__20__1f600_"),
        ] {
            let escaped = Escaping::ALL.map(|scheme| scheme.escape(name).into_owned());
            assert_eq!(escaped, [name, underscores, dots, values].map(str::to_owned));
        }
    }

    #[test]
    fn a_label_has_no_colon() {
        let escaped = Escaping::ALL.map(|scheme| scheme.escape_label("a:b").into_owned());
        assert_eq!(escaped, ["a:b", "a_b", "a__b", "U__a_3a_b"]);
        assert_eq!(Escaping::Values.escape_label("a_b"), "a_b");
    }

    #[test]
    fn a_stem_and_its_suffix_are_the_whole() {
        let whole = "a.b_total";
        for scheme in Escaping::ALL {
            let stem = scheme.escape_stem("a.b", "_total");
            assert_eq!(format!("{stem}_total"), scheme.escape(whole), "{scheme:?}");
        }
        assert_eq!(Escaping::Values.escape_stem("jobs", "_total"), "jobs");
    }

    #[test]
    fn schemes_by_name() {
        for scheme in Escaping::ALL {
            assert_eq!(Escaping::named(scheme.as_str()), Some(scheme));
        }
        assert_eq!(Escaping::named("Values"), Some(Escaping::Values));
        assert_eq!(Escaping::named("other"), None);
    }
}
