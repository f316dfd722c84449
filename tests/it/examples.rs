//! Every example is started, and does what it shows.

use std::path::PathBuf;
use std::process::Command;

use crate::process::run;

/// An example, which `cargo test` has built beside this program.
fn example(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().expect("the test's own path");
    path.pop();
    path.set_file_name("examples");
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built; run `cargo test`", path.display());
    Command::new(path)
}

#[track_caller]
fn prints(name: &str, parts: &[&str]) {
    let output = run(&mut example(name));
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    for part in parts {
        assert!(printed.contains(part), "{name} does not print {part:?}:\n{printed}");
    }
}

#[test]
fn headless_alerts_and_reports() {
    prints(
        "headless",
        &["alert ManyRejected is firing: 32 rows were rejected", "rows_read_total", "clean: true"],
    );
}

#[test]
fn failure_is_survived() {
    prints(
        "failure",
        &[
            "the asker is told: registry failed before it answered",
            "registry is running after 1 restart",
            "5000 of 5000 acknowledged samples are there",
        ],
    );
}

#[cfg(unix)]
mod served {
    use std::net::SocketAddr;

    use super::example;
    use crate::http::get;
    use crate::process::Program;

    fn start(name: &str) -> (Program, SocketAddr) {
        let mut program = Program::start(example(name).arg("127.0.0.1:0"));
        let line = program.line_with("http://");
        let (_, rest) = line.split_once("http://").expect("a URL");
        let address = rest.split('/').next().unwrap_or_default().trim();
        (program, address.parse().unwrap_or_else(|error| panic!("{line:?}: {error}")))
    }

    #[test]
    fn smallest_counts_its_greetings() {
        let (program, address) = start("smallest");
        for _ in 0..3 {
            assert_eq!(get(address, "/").unwrap().body, "hello");
        }
        let metrics = get(address, "/watch/metrics").unwrap().body;
        assert!(metrics.contains("greetings_total 3\n"), "{metrics}");
        program.terminate();
        assert!(program.finish().contains("clean: true"));
    }

    #[test]
    fn service_shows_what_it_counted() {
        let (program, address) = start("service");
        for _ in 0..2 {
            assert_eq!(get(address, "/work").unwrap().body, "done\n");
        }
        let truth = get(address, "/truth").unwrap().body;
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let metrics = get(address, "/watch/metrics").unwrap().body;
        for (name, value) in [
            ("service_work_total", "3"),
            ("service_temperature_celsius", "-1.5"),
            ("service_requests_in_flight", "0"),
            ("service_payload_bytes_count", "15"),
        ] {
            assert!(metrics.contains(&format!("\n{name} {value}\n")), "{name}: {metrics}");
            let told = truth.as_array().unwrap().iter().find(|one| one["name"] == name);
            assert_eq!(told.unwrap()["value"], value, "{name}");
        }
        assert!(metrics.contains("\nprocess_heap_bytes "), "{metrics}");
        program.terminate();
        assert!(program.finish().contains("clean: true"));
    }

    #[test]
    fn shop_sells_alerts_and_blocks_what_depends_on_its_database() {
        let (mut program, address) = start("shop");
        assert_eq!(get(address, "/order/tea").unwrap().status, 200);
        assert_eq!(get(address, "/watch/health/ready").unwrap().status, 200);
        assert_eq!(get(address, "/break").unwrap().status, 200);
        let health = get(address, "/watch/health").unwrap();
        assert_eq!(health.status, 503);
        assert!(health.body.contains("checkout"), "{}", health.body);
        for _ in 0..6 {
            assert_eq!(get(address, "/order/tea").unwrap().status, 503);
        }
        program.line_with("pager: OrdersFail is firing");
        assert_eq!(get(address, "/mend").unwrap().status, 200);
        assert_eq!(get(address, "/watch/health/ready").unwrap().status, 200);
        program.terminate();
        assert!(program.finish().contains("clean: true"));
    }
}
