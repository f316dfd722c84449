use std::path::{Path, PathBuf};

use super::*;

fn open_metrics(text: &[u8]) -> Result<Vec<Event>, ParseError> {
    Parser::open_metrics(text, Limits::default()).collect()
}

/// The cases of other projects: `KEEPWATCH_CONFORMANCE` or a folder beside
/// the checkout. A checkout without them has nothing to check here.
#[test]
fn conformance_cases_parse_or_fail_as_they_must() {
    let root = std::env::var_os("KEEPWATCH_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance"),
        PathBuf::from,
    );
    let Ok(cases) = std::fs::read_dir(root.join("openmetrics")) else {
        println!("no conformance cases at {}", root.display());
        return;
    };
    let (mut checked, mut wrong) = (0, Vec::new());
    for case in cases {
        let folder = case.unwrap().path();
        let description = std::fs::read_to_string(folder.join("test.json")).unwrap();
        let description: serde_json::Value = serde_json::from_str(&description).unwrap();
        let must_parse = description["shouldParse"].as_bool().unwrap();
        let file = description["file"].as_str().unwrap();
        let result = open_metrics(&std::fs::read(folder.join(file)).unwrap());
        checked += 1;
        if result.is_ok() != must_parse {
            wrong.push(format!("{}: {result:?}", folder.display()));
        } else if let Err(error) = result {
            println!("{}: {error}", folder.file_name().unwrap().display());
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} cases: {wrong:#?}", wrong.len());
    println!("{checked} conformance cases");
}

mod laws;
mod lenient;
mod strict;

/// Shows events a line each.
fn show(events: &[Event]) -> String {
    let pairs = |labels: &[(String, String)]| -> String {
        labels.iter().map(|(name, value)| format!(" {name}={value:?}")).collect()
    };
    let at = |at: Option<crate::model::Timestamp>| {
        at.map_or_else(String::new, |at| format!(" @{}", at.millis()))
    };
    let mut out = String::new();
    for event in events {
        match event {
            Event::Family(family) => {
                let Family { name, kind, unit, help } = &**family;
                out.push_str(&format!("{kind} {name} unit={unit:?} help={help:?}\n"));
            }
            Event::Sample(sample) => {
                let SampleLine { name, role, labels, value, .. } = sample;
                out.push_str(&format!("  {name} {role:?}{} {value}", pairs(labels)));
                out.push_str(&at(sample.at));
                if let Some(Exemplar { labels, value, at: time }) = &sample.exemplar {
                    out.push_str(&format!(" exemplar{} {value}{}", pairs(labels), at(*time)));
                }
                out.push('\n');
            }
        }
    }
    out
}

/// Shows the errors of a text, a line each, going on behind each.
fn errors<R: std::io::BufRead>(parser: Parser<R>) -> String {
    parser.filter_map(Result::err).map(|error| format!("{error}\n")).collect()
}
