//! Lists of choices with weights.

/// The most elements of a header that are looked at.
const ELEMENTS_MAX: usize = 64;

/// One choice of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice<'a> {
    /// What is chosen, such as `text/plain` or `gzip`.
    pub(super) name: &'a str,
    /// Its parameters, as they stand.
    parameters: &'a str,
    /// How much it is wanted, in thousandths; 0 refuses it.
    pub(super) weight: u16,
}

impl<'a> Choice<'a> {
    /// Returns the choices of a header in their order; elements that cannot be
    /// read are left out.
    pub(super) fn all(header: &'a str) -> impl Iterator<Item = Choice<'a>> {
        let elements = header.split(',').take(ELEMENTS_MAX);
        elements.filter_map(|element| {
            let element = element.trim();
            let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
            let mut choice = Choice { name: name.trim_end(), parameters, weight: 1_000 };
            if let Some(weight) = choice.parameter("q") {
                choice.weight = thousandths(weight)?;
            }
            (!choice.name.is_empty()).then_some(choice)
        })
    }

    /// Returns a parameter's value without its quotes.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.split(';').find_map(|parameter| {
            let (own, value) = parameter.split_once('=')?;
            let is_it = own.trim().eq_ignore_ascii_case(name);
            is_it.then(|| value.trim().trim_matches('"'))
        })
    }

    /// Says whether the choice has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Reads a weight from 0 to 1.
fn thousandths(weight: &str) -> Option<u16> {
    let weight: f64 = weight.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1,000")]
    let thousandths = (weight * 1_000.0).round() as u16;
    (0.0..=1.0).contains(&weight).then_some(thousandths)
}
