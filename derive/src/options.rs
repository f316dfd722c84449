//! What `#[label(…)]` says.

use syn::{Attribute, Error, LitStr, Path, Result, parse_quote};

use crate::case::Case;

/// The options of a type.
pub(crate) struct TypeOptions {
    /// Where the traits are: in `instrument` of this crate.
    pub(crate) home: Path,
    /// How the names of variants become texts.
    pub(crate) rename_all: Option<Case>,
}

impl TypeOptions {
    /// Reads the attributes called `label`, of which `has_values` says whether
    /// they may rename all.
    pub(crate) fn read(attributes: &[Attribute], has_values: bool) -> Result<Self> {
        let (mut home, mut rename_all) = (None, None);
        for attribute in labels(attributes) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("crate") {
                    let path: LitStr = meta.value()?.parse()?;
                    return set_once(&mut home, path.parse()?, &meta.path);
                }
                if has_values && meta.path.is_ident("rename_all") {
                    let case: LitStr = meta.value()?.parse()?;
                    return set_once(&mut rename_all, Case::named(&case)?, &meta.path);
                }
                let more = if has_values { "`rename_all = \"…\"` or " } else { "" };
                Err(meta.error(format!("expected {more}`crate = \"…\"`")))
            })?;
        }
        Ok(Self { home: home.unwrap_or_else(|| parse_quote!(::keepwatch)), rename_all })
    }
}

/// Reads the name that a field or a variant is given instead of its own.
pub(crate) fn rename(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let mut name = None;
    for attribute in labels(attributes) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("rename") {
                return Err(meta.error("expected `rename = \"…\"`"));
            }
            set_once(&mut name, meta.value()?.parse()?, &meta.path)
        })?;
    }
    Ok(name)
}

fn labels(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("label"))
}

fn set_once<T>(place: &mut Option<T>, value: T, option: &Path) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new_spanned(option, "this is said twice")),
    }
}
