use saphyr_parser::ScalarStyle;

use super::*;
use crate::rules::fault::FaultList;

fn document(text: &str) -> Result<Document, String> {
    let mut faults = FaultList::new(text);
    let document = read(text, &mut faults);
    let (document, _) = faults.finish(document).map_err(|faults| faults.to_string())?;
    document.ok_or_else(|| "no document".to_owned())
}

/// Writes a tree in short, with where each scalar is.
fn short(text: &str, node: &Node, out: &mut String) {
    match &node.content {
        Content::Scalar { text: value, .. } => {
            let line = text[..node.span.start()].matches('\n').count() + 1;
            out.push_str(&format!("{value}@{line}"));
        }
        Content::List(nodes) => {
            out.push('[');
            nodes.iter().for_each(|node| {
                short(text, node, out);
                out.push(' ');
            });
            out.push(']');
        }
        Content::Mapping(entries) => {
            out.push('{');
            for Entry { key, value, .. } in entries {
                out.push_str(&format!("{key}="));
                short(text, value, out);
                out.push(' ');
            }
            out.push('}');
        }
    }
}

fn check(text: &str, expected: &str) {
    let found = document(text).map(|document| {
        let mut out = String::new();
        if let Some(root) = &document.root {
            short(text, root, &mut out);
        }
        out
    });
    let found = found.unwrap_or_else(|error| format!("! {error}"));
    assert_eq!(found, expected, "{text}");
}

#[test]
fn trees() {
    check("", "");
    check("# nothing\n", "");
    check("a: 1\nb: [2, 'x']\n", "{a=1@1 b=[2@2 x@2 ] }");
    check("a:\n  b: |\n    x\n    y\n", "{a={b=x\ny\n@3 } }");
    check("\u{feff}a: ü\r\nb: 2\r\n", "{a=ü@1 b=2@2 }");
    check("a: &x {p: 1}\nb: *x\n", "{a={p=1@1 } b={p=1@1 } }");
    check("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", "{a={p=1@1 q=2@1 } b={q=3@2 p=1@1 } }");
    check("x: {<<: [{a: 1}, {a: 2, b: 3}]}", "{x={a=1@1 b=3@1 } }");
    assert!(document("a: 1\n---\nb: [\n").unwrap().second.is_some());
}

#[test]
fn faults_have_their_place() {
    check("a: 1\nb: 2\na: 3\n", "! 3:1: field \"a\" is given twice, at 1:1 before");
    check("a: {<<: x}", "! 1:9: expected a mapping to merge, found \"x\"");
    check("? [a]\n: b", "! 1:3: expected a text as the name of an entry, found a list");
    check("a: &x [*x]", "! 1:8: an alias stands within what it repeats");
    let syntax = document("a: 1\nü: \"b\n").unwrap_err();
    assert!(syntax.starts_with("2:") && syntax.contains("invalid YAML"), "{syntax}");
    let unknown = document("a: *nothing").unwrap_err();
    assert!(unknown.contains("1:4: invalid YAML"), "{unknown}");
}

#[test]
fn what_is_foreign_stays_within_bounds() {
    let deep = document(&"[".repeat(100_000)).unwrap_err();
    assert!(deep.contains("recursion limit exceeded"), "{deep}");
    let deep = document(&format!("{}{}", "[".repeat(33), "]".repeat(33))).unwrap_err();
    assert!(deep.contains("nested more than 32 levels"), "{deep}");
    let deep = document(&"- ".repeat(50_000)).unwrap_err();
    assert!(deep.contains("nested more than 32 levels"), "{deep}");
    let long = document(&" ".repeat(BYTES_MAX + 1)).unwrap_err();
    assert!(long.contains("is longer than"), "{long}");
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let refused = document(&bomb).unwrap_err();
    assert!(refused.contains("with its aliases written out"), "{refused}");
}

#[test]
fn a_piece_of_a_scalar_is_found_in_the_file() {
    // In each, the character ¤ of the value is where it is in the source.
    let check = |source: &str| {
        let text = format!("a: {source}\n");
        let document = document(&text).unwrap();
        let Content::Mapping(entries) = &document.root.as_ref().unwrap().content else { panic!() };
        let Content::Scalar { text: value, style } = &entries[0].value.content else { panic!() };
        let span = entries[0].value.span;
        let offset = value.find('¤').unwrap();
        let found = span.start() + source_offset(span.text(&text), *style, value, offset);
        assert_eq!(found, text.find('¤').unwrap(), "{text} {value:?}");
    };
    check("sum(x) + ¤");
    check("sum(x) +\n   b\n    ¤");
    check("'it''s ¤'");
    check("'it''s\n\n  ''''¤'");
    check(r#""a\n\"\x41\u0042 ¤""#);
    check("\"a \\\n   b ¤\"");
    check("&x !!str   'a ¤'");
    check("|\n  sum(\n      a\n\n  ) + ¤");
    check("|-\n      a\n      ¤\n");
    check(">-\n  sum(\n  a\n\n  b\n    c\n  ) + ¤\n  d");
    check("ü ü ¤");
    let end = source_offset("'ab'", ScalarStyle::SingleQuoted, "ab", 2);
    assert_eq!(end, 3);
}
