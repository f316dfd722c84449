use proc_macro2::TokenStream;
use syn::{DeriveInput, Result, parse_quote};

use crate::{label_set, label_value};

/// Says what the compiler would, or what was derived.
fn said(derived: Result<TokenStream>) -> String {
    derived.map_or_else(|error| error.to_string(), |tokens| tokens.to_string())
}

#[test]
fn what_cannot_be_a_value_is_told() {
    let cases: [(DeriveInput, &str); 8] = [
        (
            parse_quote!(
                struct Method;
            ),
            "the values of a label are an enum's variants",
        ),
        (
            parse_quote!(
                enum Method {}
            ),
            "a label has one value at least",
        ),
        (
            parse_quote!(
                enum Method {
                    Other(String),
                }
            ),
            "a value has no fields: a label with many values is a text",
        ),
        (
            parse_quote!(
                enum Method {
                    Get,
                    #[label(rename = "get")]
                    Fetch,
                }
            ),
            r#""get" is the text of another value, too"#,
        ),
        (
            parse_quote!(
                enum Method {
                    #[label(text = "get")]
                    Get,
                }
            ),
            r#"expected `rename = "…"`"#,
        ),
        (
            parse_quote!(
                enum Method {
                    #[label(rename = "a", rename = "b")]
                    Get,
                }
            ),
            "this is said twice",
        ),
        (
            parse_quote!(
                #[label(rename = "a")]
                enum Method {
                    Get,
                }
            ),
            r#"expected `rename_all = "…"` or `crate = "…"`"#,
        ),
        (
            parse_quote!(
                #[label(rename_all = "snake")]
                enum Method {
                    Get,
                }
            ),
            r#""snake" is none of "snake_case", "kebab-case", "lowercase", "UPPERCASE", "SCREAMING_SNAKE_CASE", "PascalCase", "camelCase""#,
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(said(label_value::derive(&input)), expected);
    }
}

#[test]
fn what_cannot_be_labels_is_told() {
    let cases: [(DeriveInput, &str); 5] = [
        (
            parse_quote!(
                enum Labels {
                    Method,
                }
            ),
            "the labels of a metric are a struct's fields",
        ),
        (
            parse_quote!(
                struct Labels(Method);
            ),
            "labels have names, so the struct's fields must have them",
        ),
        (
            parse_quote!(
                struct Labels {
                    a: Method,
                    #[label(rename = "a")]
                    b: Method,
                }
            ),
            r#""a" is the name of another label, too"#,
        ),
        (
            parse_quote!(
                #[label(rename_all = "camelCase")]
                struct Labels {
                    a: Method,
                }
            ),
            r#"expected `crate = "…"`"#,
        ),
        (
            parse_quote!(
                struct Labels {
                    #[label(rename_all = "camelCase")]
                    a: Method,
                }
            ),
            r#"expected `rename = "…"`"#,
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(said(label_set::derive(&input)), expected);
    }
}

#[test]
fn raw_names_are_written_without_their_mark() {
    let input = parse_quote!(
        enum Kind {
            r#type,
            r#Match,
        }
    );
    let derived = said(label_value::derive(&input));
    assert!(derived.contains(r#"=> "type""#) && derived.contains(r#"=> "match""#), "{derived}");
    let derived = said(label_set::derive(&parse_quote!(
        struct Labels {
            r#type: Kind,
        }
    )));
    assert!(derived.contains(r#"& ["type"]"#), "{derived}");
}

#[test]
fn the_crate_of_the_traits_can_be_named() {
    let input = parse_quote!(
        #[label(crate = "a::b")]
        enum Kind {
            One,
        }
    );
    let derived = said(label_value::derive(&input));
    assert!(derived.contains("impl a :: b :: instrument :: LabelValue for Kind"), "{derived}");
    let input = parse_quote!(
        #[label(crate = "a::b")]
        struct Labels {
            kind: Kind,
        }
    );
    let derived = said(label_set::derive(&input));
    assert!(derived.contains("impl a :: b :: instrument :: LabelSet for Labels"), "{derived}");
    assert!(!derived.contains("keepwatch"), "{derived}");
}
