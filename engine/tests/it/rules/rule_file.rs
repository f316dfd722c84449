//! Rule files, and what is expected of each.

use keepwatch_engine::rules::file::RuleFile;

/// What is found wrong with the files, or odd; the others are good.
const EXPECTED: &[(&str, Expected)] = &[
    ("fixtures/invalid_rules.yaml", Expected::Errors(&["6:9: unknown field \"unexpected_field\""])),
    ("fixtures/rules_multi_doc.yaml", Expected::Warnings(&["8:1: only the first document"])),
    ("unit/bad-rules-syntax.yml", Expected::Errors(&["7:22: could not parse expression"])),
    ("unit/bad-sd-file-format.yml", Expected::Errors(&["1:1: expected a rule file, found a list"])),
    ("unit/prometheus-rules.lint.yml", Expected::Warnings(&["11:5: the rule"])),
    (
        "unit/rules-bad.yml",
        Expected::Errors(&["12:33: could not parse template of annotation \"summary\""]),
    ),
    ("unit/rules_duplicates.yml", Expected::Warnings(&["18:9: the rule", "23:9: the rule"])),
    (
        "unit/rules_extrafields.yml",
        Expected::Errors(&[
            "7:5: unknown field \"namespace\"",
            "21:5: unknown field \"ownership\"",
        ]),
    ),
];

/// What is to be found in a rule file: beginnings of messages.
#[derive(Clone, Copy)]
enum Expected {
    Nothing,
    Warnings(&'static [&'static str]),
    Errors(&'static [&'static str]),
}

/// Reads a rule file and compares what is found.
pub(super) fn check(name: &str, text: &str) -> Result<(), String> {
    let expected = EXPECTED.iter().find(|(of, _)| *of == name);
    let expected = expected.map_or(Expected::Nothing, |(_, expected)| *expected);
    let (errors, warnings) = match RuleFile::parse(text) {
        Ok(file) => (Vec::new(), file.warnings.iter().map(ToString::to_string).collect()),
        Err(errors) => (errors.iter().map(ToString::to_string).collect(), Vec::new()),
    };
    let (errors_expected, warnings_expected): (&[&str], &[&str]) = match expected {
        Expected::Nothing => (&[], &[]),
        Expected::Warnings(warnings) => (&[], warnings),
        Expected::Errors(errors) => (errors, &[]),
    };
    begin_with("errors", &errors, errors_expected)?;
    begin_with("warnings", &warnings, warnings_expected)
}

pub(super) fn begin_with(what: &str, found: &[String], expected: &[&str]) -> Result<(), String> {
    let begins = |(found, expected): (&String, &&str)| found.starts_with(expected);
    if found.len() == expected.len() && found.iter().zip(expected).all(begins) {
        return Ok(());
    }
    Err(format!("expected {what} {expected:?}, found {found:#?}"))
}
