//! The `keepwatch` binary, as a user runs it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use crate::http::get;
use crate::process::{Program, run};

fn keepwatch() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepwatch"));
    // Where no keepwatch.toml lies by chance, and with the default log.
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).env_remove("RUST_LOG");
    command
}

/// Writes a configuration of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the target directory can be written to");
    path
}

fn address_in(line: &str) -> SocketAddr {
    let (_, rest) = line.split_once("http://").expect("a URL");
    let end = rest.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

#[test]
fn it_serves_until_it_is_told_to_end_and_reports() {
    let mut program = Program::start(keepwatch().args(["serve", "--listen", "127.0.0.1:0"]));
    let address = address_in(&program.line_with("http://"));
    for (path, status) in [("/health/live", 200), ("/metrics", 200), ("/", 200), ("/nowhere", 404)]
    {
        assert_eq!(get(address, path).unwrap().status, status, "{path}");
    }
    // As whoever stops a process group does.
    program.terminate();
    program.terminate();
    let printed = program.finish();
    for part in ["stopped after", "samples", "alerts fired", "restarts", "undelivered"] {
        assert!(printed.contains(part), "{part:?} is missing in:\n{printed}");
    }
}

#[test]
fn a_busy_port_is_named() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let output = run(keepwatch().args(["--listen", &address]));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains(&format!("cannot listen on {address}")), "{error}");
    assert!(error.contains("--listen"), "{error}");
}

#[test]
fn a_good_file_is_counted() {
    let path = file(
        "good.toml",
        "[[check]]\nname = \"db\"\nkind = \"tcp\"\naddress = \"db:5432\"\nrequires = [\"disk space\"]\n",
    );
    let output = run(keepwatch().arg("check").arg(&path));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let expected = format!("{} is good: 0 rules, 1 check and 0 aggregations\n", path.display());
    assert_eq!(printed, expected);
}

#[test]
fn a_bad_file_is_refused_with_every_problem() {
    let path = file("bad.toml", "[intervals]\nevaluation = \"0s\"\ncleanin = \"1h\"\n");
    for arguments in [["check"].as_slice(), &["serve", "--listen", "127.0.0.1:0", "--config"]] {
        let output = run(keepwatch().args(arguments).arg(&path));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let expected = format!(
            "keepwatch: {0}:2:14: intervals.evaluation is \"0s\"; expected a duration from 1s to 1d\n\
             {0}:3:1: unknown key intervals.cleanin; did you mean cleaning?\n",
            path.display()
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    }
}

const RULES: &str = "\
groups:
  - name: hosts
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: job:up:sum == 0
        for: 5m
        labels: {severity: page}
";

#[test]
fn rule_files_are_checked_too() {
    let good = file("good-rules.yml", RULES);
    let bad = file("bad-rules.yml", &RULES.replace("5m", "5 min").replace("(job) (", "(job) "));
    let output = run(keepwatch().arg("check").arg(&good));
    let printed = String::from_utf8_lossy(&output.stdout);
    let expected = "is good: 1 group with 1 alerting rule and 1 recording rule\n";
    assert_eq!(printed, format!("{} {expected}", good.display()), "{output:?}");
    let output = run(keepwatch().arg("check").args([&good, &bad]));
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        "keepwatch: {0}:5:28: could not parse expression: expected an opening parenthesis, found \"up\"\n\
         {0}:8:14: not a valid duration string: \"5 min\", expected such as \"1h30m\"\n\
         keepwatch: 1 of 2 files are not good\n",
        bad.display()
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
}

#[test]
fn rules_are_tested() {
    file("tested-rules.yml", RULES);
    let tests = "\
rule_files: [tested-*.yml]
tests:
  - name: goes down
    input_series:
      - {series: 'up{job=\"a\",host=\"b\"}', values: '1 0x20'}
    alert_rule_test:
      - {eval_time: 5m, alertname: Down}
      - eval_time: 7m
        alertname: Down
        exp_alerts: [{exp_labels: {job: a, severity: page}}]
";
    let good = file("good-test.yml", tests);
    let output = run(keepwatch().arg("test-rules").arg(&good));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed, format!("{}: 1 test passed\n", good.display()), "{output:?}");
    let bad = file("bad-test.yml", &tests.replace("eval_time: 7m", "eval_time: 4m"));
    let output = run(keepwatch().arg("test-rules").arg(&bad));
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&output.stdout);
    let first = format!("{}:3: goes down: FAILED\n  alertname: Down, time: 4m,\n", bad.display());
    assert!(printed.starts_with(&first) && printed.contains("got: []"), "{printed}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "keepwatch: 1 test failed\n");
    let output = run(keepwatch().args(["test-rules", "--run", "nobody"]).arg(&bad));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_dependency_that_does_not_exist_is_refused() {
    let path = file(
        "graph.toml",
        "[[check]]\nname = \"db\"\nkind = \"tcp\"\naddress = \"db:5432\"\nrequires = [\"disk\"]\n",
    );
    let output = run(keepwatch().arg("check").arg(&path));
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error, "keepwatch: check \"db\" depends on \"disk\", which does not exist\n");
}

#[test]
fn the_defaults_are_a_good_file() {
    let output = run(keepwatch().arg("defaults"));
    let text = String::from_utf8(output.stdout).expect("text");
    let path = file("defaults.toml", &text);
    let output = run(keepwatch().arg("check").arg(&path));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains(" is good: 7 rules, 2 checks and 0 aggregations"), "{output:?}");
}

#[test]
fn help_names_the_commands() {
    let output = run(keepwatch().arg("--help"));
    let help = String::from_utf8_lossy(&output.stdout);
    for part in ["serve", "check", "defaults", "--config <FILE>", "--listen <ADDRESS:PORT>"] {
        assert!(help.contains(part), "{part:?} is missing in:\n{help}");
    }
}
