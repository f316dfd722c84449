//! The values of a label.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result};

use crate::case::Case;
use crate::options::{TypeOptions, rename};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "the values of a label are an enum's variants"));
    };
    if data.variants.is_empty() {
        return Err(Error::new(input.ident.span(), "a label has one value at least"));
    }
    let TypeOptions { home, rename_all } = TypeOptions::read(&input.attrs, true)?;
    let case = rename_all.unwrap_or(Case::Snake);
    let mut texts: Vec<LitStr> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a value has no fields: a label with many values is a text";
            return Err(Error::new_spanned(variant, message));
        }
        let name = variant.ident.unraw().to_string();
        let written = LitStr::new(&case.write(&name), variant.ident.span());
        let text = rename(&variant.attrs)?.unwrap_or(written);
        if texts.iter().any(|other| other.value() == text.value()) {
            let message = format!("{:?} is the text of another value, too", text.value());
            return Err(Error::new(text.span(), message));
        }
        texts.push(text);
    }
    let (name, count) = (&input.ident, texts.len());
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let indexes = 0..count;
    Ok(quote! {
        #[automatically_derived]
        impl #generics #home::instrument::LabelValue for #name #arguments #bounds {
            const COUNT: usize = #count;

            #[inline]
            fn index(self) -> usize {
                match self {
                    #(Self::#variants => #indexes,)*
                }
            }

            #[inline]
            fn text(self) -> &'static str {
                match self {
                    #(Self::#variants => #texts,)*
                }
            }
        }
    })
}
