//! What `#[label(…)]` says.

use syn::{Attribute, LitStr, Result};

use crate::case::Case;

/// The options of an item, a field or a variant.
#[derive(Default)]
pub(crate) struct Options {
    /// The text or name, as it is given.
    pub(crate) rename: Option<LitStr>,
    /// How names become texts.
    pub(crate) rename_all: Option<Case>,
}

impl Options {
    /// Reads the attributes called `label`, of which `renames_all` says
    /// whether they may have `rename_all`, and not `rename`.
    pub(crate) fn read(attributes: &[Attribute], renames_all: bool) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("label")) {
            attribute.parse_nested_meta(|meta| {
                if !renames_all && meta.path.is_ident("rename") {
                    options.rename = Some(meta.value()?.parse()?);
                    return Ok(());
                }
                if renames_all && meta.path.is_ident("rename_all") {
                    let case: LitStr = meta.value()?.parse()?;
                    options.rename_all = Some(Case::named(&case)?);
                    return Ok(());
                }
                let expected = if renames_all { "rename_all" } else { "rename" };
                Err(meta.error(format!("expected `{expected} = \"…\"`")))
            })?;
        }
        Ok(options)
    }
}
