//! How an answer is compressed.

use super::header::Choice;

/// How an answer is compressed. Terms of RFC 9110.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The best first, among those that are wanted alike: what is smallest for
    /// the least work.
    const BY_MERIT: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Identity];

    /// Returns the coding's name in `Content-Encoding`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Chooses by the value of `Accept-Encoding`: what is wanted most, of
    /// several the best. Identity where nothing else is wanted, even if it is
    /// refused.
    #[must_use]
    pub fn negotiate(accept_encoding: Option<&str>) -> Self {
        let Some(header) = accept_encoding else { return Self::Identity };
        let weight = |coding: Self| {
            let named = |choice: &Choice<'_>| {
                choice.is(coding.as_str()) || (coding == Self::Gzip && choice.is("x-gzip"))
            };
            let own = Choice::all(header).find(named);
            let any = || Choice::all(header).find(|choice| choice.is("*"));
            // What is not mentioned is refused, except for identity.
            let unsaid = u16::from(coding == Self::Identity);
            own.or_else(any).map_or(unsaid, |choice| choice.weight)
        };
        // The first of the best; max_by_key takes the last.
        let best = Self::BY_MERIT.into_iter().rev().max_by_key(|&coding| weight(coding));
        best.filter(|&coding| weight(coding) > 0).unwrap_or(Self::Identity)
    }
}
