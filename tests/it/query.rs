//! `keepwatch query`, on a data folder and on a server that has it open.

use std::fs;
use std::process::{Command, Output};

use crate::place::Place;
use crate::process::{Program, run};

const DUMP: &str = "\
# TYPE jobs counter
jobs_total{queue=\"a\"} 1 1700000000.000
jobs_total{queue=\"a\"} 7 1700000060.000
jobs_total{queue=\"b\"} 2 1700000000.000
# EOF
";

fn keepwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepwatch"));
    command.args(arguments).env_remove("RUST_LOG").env("NO_COLOR", "1");
    command
}

#[track_caller]
fn answered(output: &Output, expected: &str) {
    let (answer, error) = texts(output);
    assert_eq!((answer.as_str(), error.as_str()), (expected, ""));
    assert!(output.status.success());
}

#[track_caller]
fn refused(output: &Output, code: i32, expected: &str) {
    let (answer, error) = texts(output);
    assert_eq!((answer.as_str(), output.status.code()), ("", Some(code)));
    assert!(error.contains(expected), "{error}");
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_folder_and_the_server_that_has_it_open_answer_the_same() {
    let place = Place::new("query");
    let path = |name: &str| place.path.join(name).to_str().unwrap().to_owned();
    let (data, dump, config) = (path("data"), path("dump"), path("keepwatch.toml"));
    fs::write(&dump, DUMP).unwrap();
    fs::write(&config, "[retention]\nsamples = \"3650d\"\n").unwrap();
    let imported = run(&mut keepwatch(&["storage", "import", "--data", &data, &dump]));
    assert!(imported.status.success(), "{imported:?}");
    let mut server = keepwatch(&["serve", "--listen", "127.0.0.1:0"]);
    let mut server = Program::start(server.args(["--data", &data, "--config", &config]));
    let line = server.line_with("http://");
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();

    for source in [["--data", &data], ["--url", &url]] {
        let query = |rest: &[&str]| run(keepwatch(&["query"]).args(source).args(rest));
        let at = ["--time", "1700000060"];
        answered(
            &query(&["jobs_total", at[0], at[1]]),
            "__name__    queue  value\njobs_total  a          7\njobs_total  b          2\n",
        );
        answered(&query(&["sum(jobs_total)", at[0], at[1]]), "9\n");
        answered(&query(&["nobody", at[0], at[1]]), "no series\n");
        let range = ["--start", "2023-11-14T22:13:20Z", "--end", "1700000060", "--step", "1m"];
        answered(
            &query(&[&["jobs_total{queue=\"a\"}", "--format", "csv"][..], &range].concat()),
            "__name__,queue,time,value\r\njobs_total,a,2023-11-14T22:13:20Z,1\r\n\
             jobs_total,a,2023-11-14T22:14:20Z,7\r\n",
        );
        let chart = query(&[&["jobs_total", "--format", "chart"][..], &range].concat());
        let (chart, _) = texts(&chart);
        for part in ["7.00 ┤", "22:13:20", "━━ {queue=\"a\"} 7", "━━ {queue=\"b\"} 2"] {
            assert!(chart.contains(part), "{part} in\n{chart}");
        }
        let (json, _) = texts(&query(&["1 + 1", "--format", "json"]));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["resultType"], &json["result"][1]), (&"scalar".into(), &"2".into()));
        let (_, remarks) = texts(&query(&["rate(up[5m])", at[0], at[1]]));
        assert_eq!(remarks, "", "of a metric that is not there nothing is said");

        refused(&query(&["sum(jobs_total"]), 1, "1 | sum(jobs_total\n  |               ^");
        refused(&query(&["jobs_total / on (queue) group_left"]), 1, "error: ");
        refused(&query(&["x", "--time", "soon"]), 2, "invalid value 'soon' for '--time <TIME>'");
        refused(&query(&["x", "--start", "-7d", "--step", "1s"]), 1, "is longer than 11000");
        refused(&query(&["x", "--end", "now"]), 2, "--start <TIME>");
    }
    server.terminate();
    server.finish();
    refused(&run(&mut keepwatch(&["query", "up", "--url", &url])), 1, "cannot ask http://");
    refused(&run(&mut keepwatch(&["query", "up", "--data", &path("none")])), 1, "none");
}
