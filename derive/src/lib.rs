//! Derives the labels of a metric: [`LabelValue`](derive@LabelValue) for an
//! enum of values, [`LabelSet`](derive@LabelSet) for a struct of labels.
//!
//! `keepwatch` exports both beside the traits of the same names.

mod case;
mod label_set;
mod label_value;
mod options;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `LabelValue` for an enum without fields: each variant is a value.
///
/// A value's text is the variant's name in snake case. `#[label(rename_all =
/// "…")]` on the enum chooses among `snake_case`, `kebab-case`, `lowercase`,
/// `UPPERCASE`, `SCREAMING_SNAKE_CASE`, `PascalCase` and `camelCase`;
/// `#[label(rename = "…")]` on a variant gives its text. Two variants with one
/// text do not compile.
///
/// The trait is looked for in `::keepwatch`; `#[label(crate = "…")]` on the
/// type names the crate where it goes by another name, or `keepwatch_engine`
/// for who uses the engine alone.
#[proc_macro_derive(LabelValue, attributes(label))]
pub fn label_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_value::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Derives `LabelSet` for a struct whose fields are `LabelValue`s: each field
/// is a label.
///
/// A label's name is the field's; `#[label(rename = "…")]` on a field gives
/// another. Fields come in the order of the metric's labels. Two labels of one
/// name do not compile.
///
/// `#[label(crate = "…")]` on the struct is as for
/// [`LabelValue`](derive@LabelValue).
#[proc_macro_derive(LabelSet, attributes(label))]
pub fn label_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    label_set::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
