//! The labels of a metric.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result};

use crate::options::{TypeOptions, rename};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            Fields::Unnamed(_) | Fields::Unit => {
                let message = "labels have names, so the struct's fields must have them";
                return Err(Error::new(input.ident.span(), message));
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            let message = "the labels of a metric are a struct's fields";
            return Err(Error::new(input.ident.span(), message));
        }
    };
    let TypeOptions { home, .. } = TypeOptions::read(&input.attrs, false)?;
    let mut names: Vec<LitStr> = Vec::new();
    let mut idents = Vec::new();
    let mut types = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        let written = LitStr::new(&ident.unraw().to_string(), ident.span());
        let name = rename(&field.attrs)?.unwrap_or(written);
        if names.iter().any(|other| other.value() == name.value()) {
            let message = format!("{:?} is the name of another label, too", name.value());
            return Err(Error::new(name.span(), message));
        }
        names.push(name);
        idents.push(ident);
        types.push(&field.ty);
    }
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let value = quote!(#home::instrument::LabelValue);
    Ok(quote! {
        #[automatically_derived]
        impl #generics #home::instrument::LabelSet for #name #arguments #bounds {
            const NAMES: &'static [&'static str] = &[#(#names),*];
            const COUNT: usize = 1 #(* <#types as #value>::COUNT)*;

            #[inline]
            fn index(self) -> usize {
                let index = 0;
                #(let index = index * <#types as #value>::COUNT + #value::index(self.#idents);)*
                index
            }

            fn push_texts(self, into: &mut ::std::vec::Vec<&'static str>) {
                #(into.push(#value::text(self.#idents));)*
            }
        }
    })
}
