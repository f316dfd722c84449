//! Exact texts: what a user reads is part of the interface.

use std::time::Duration;

use keepwatch_engine::aggregate::{Definition, Method};
use keepwatch_engine::alert::{Condition, ErrorPolicy, NoDataPolicy, Severity};
use keepwatch_engine::health::{CheckDefinition, Group};
use keepwatch_engine::model::{MatchOp, Matcher};
use keepwatch_engine::storage::SyncPolicy;

use super::*;
use crate::monitor::StorageOptions;
use crate::probe::Http;

fn parse(text: &str) -> Config {
    Config::parse("f.toml", text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The text is refused with exactly these lines.
#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let error = Config::parse("f.toml", text).expect_err(text).to_string();
    assert_eq!(error.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn an_empty_file_is_the_default() {
    for text in [
        "",
        "[server]\n[intervals]\n[retention]\n[limits]\n[queries]\n[storage]\n[rule_files]\n\
                      [external]\n[collectors]\n[host]\n",
    ] {
        assert_eq!(format!("{:?}", parse(text)), format!("{:?}", Config::default()));
    }
    assert_eq!(Config::default().server.listen.to_string(), "127.0.0.1:9737");
}

#[test]
fn rule_files_and_what_templates_know() {
    let config = parse(
        "[rule_files]\npaths = [\"rules/*.yml\", \"a.yml\"]\ninterval = \"30s\"\n\
         query_offset = \"1m\"\n[external]\nurl = \"http://here\"\nlabels = { region = \"eu\" }\n",
    );
    let RuleFiles { paths, defaults, .. } = &config.rule_files;
    assert_eq!(paths, &["rules/*.yml", "a.yml"]);
    assert_eq!((defaults.interval.as_secs(), defaults.query_offset.as_secs()), (30, 60));
    assert_eq!(&*config.external.external_url, "http://here");
    assert_eq!(config.external.external_labels.get("region"), Some("eu"));
    refused(
        "[rule_files]\npaths = [\"a\", \"[\"]\ninterval = \"0s\"\n[external]\nlabels = { __name__ = \"c\" }\n",
        &[
            "f.toml:2:15: rule_files.paths: not a pattern of paths: \"[\": Pattern syntax error near \
             position 0: invalid range pattern",
            "f.toml:3:12: rule_files.interval is \"0s\"; expected a duration from 1s to 1d",
            "f.toml:5:10: external.labels: label name \"__name__\" is reserved: names that start with \
             \"__\" belong to the engine",
        ],
    );
}

#[test]
fn sections() {
    let config = parse(
        "[server]\nlisten = \"[::1]:0\"\n[intervals]\ncollection = \"1s\"\ncleaning = \"1h30m\"\n\
         [retention]\nsamples = \"30d\"\n[retention.metrics]\na_total = \"1h\"\n\
         [limits]\nseries = 1_000\n[queries]\ntimeout = \"30s\"\nlookback = \"10m\"\n[collectors]\nhost = false\nprobe_interval = \"5s\"\n[host]\nrules = false\n",
    );
    assert_eq!(config.server.listen.to_string(), "[::1]:0");
    assert_eq!(config.intervals.collection, Duration::from_secs(1));
    assert_eq!(config.intervals.cleaning, Duration::from_secs(5_400));
    assert_eq!(config.intervals.evaluation, Duration::from_secs(15));
    assert_eq!(config.retention.samples(), Duration::from_secs(30 * 86_400));
    assert_eq!(config.retention.alert_history(), Duration::from_secs(30 * 86_400));
    assert_eq!(config.retention.by_metric()["a_total"], Duration::from_secs(3_600));
    assert_eq!(config.limits.series, 1_000);
    assert_eq!(config.queries.timeout, Duration::from_secs(30));
    assert_eq!(config.queries.options.lookback, Duration::from_secs(600));
    assert_eq!(config.queries.concurrency, QueryLimits::default().concurrency);
    assert!(!config.collectors.host && config.collectors.process);
    assert_eq!(config.collectors.probe_interval, Duration::from_secs(5));
    assert!(!config.host.rules && config.host.checks);
}

#[test]
fn storage() {
    let config = parse(
        "[storage]\npath = \"data\"\nsync = \"1s\"\nwindow = \"30m\"\ndisk_max = \"10GiB\"\n\
         memory_max = \"64MiB\"\nrollups_5m = \"10d\"\n",
    );
    assert_eq!(config.storage.path, Some("data".into()));
    let options = config.storage.options;
    assert_eq!(options.sync, SyncPolicy::Interval(Duration::from_secs(1)));
    assert_eq!(options.window, Duration::from_secs(1_800));
    assert_eq!((options.disk_max, options.memory_max), (Some(10 << 30), Some(64 << 20)));
    assert_eq!(options.five_minutes, Duration::from_secs(10 * 86_400));
    assert_eq!(options.hours, StorageOptions::default().hours);
    refused(
        "[storage]\nsync = \"always\"\nwindow = \"1s\"\ndisk_max = \"1KiB\"\nmemory_max = \"10\"",
        &[
            "f.toml:2:8: storage.sync: expected \"every_batch\", \"off\" or a duration such as \"1s\", got \"always\"",
            "f.toml:3:10: storage.window is \"1s\"; expected a duration from 1m to 1d",
            "f.toml:4:12: storage.disk_max: expected at least \"1MiB\", got \"1KiB\"",
            "f.toml:5:14: storage.memory_max: expected a size such as \"512MiB\", \"10GB\" or \"4096B\", got \"10\"",
        ],
    );
}

#[test]
fn values() {
    refused(
        "[server]\nlisten = \"localhost\"",
        &["f.toml:2:10: server.listen: expected an IP address and a port, such as \
           \"127.0.0.1:9737\", got \"localhost\""],
    );
    refused(
        "[server]\nlisten = 9737",
        &["f.toml:2:10: server.listen is 9737; expected a text in quotes"],
    );
    refused(
        "[intervals]\nevaluation = \"500ms\"\ncleaning = \"1 h\"\ncollection = 10",
        &[
            "f.toml:2:14: intervals.evaluation is \"500ms\"; expected a duration from 1s to 1d",
            "f.toml:3:12: intervals.cleaning is \"1 h\"; expected a duration such as \"15s\", \"5m\", \"1h30m\" or \"7d\"",
            "f.toml:4:14: intervals.collection is 10; expected a duration such as \"15s\", \"5m\", \"1h30m\" or \"7d\"",
        ],
    );
    refused(
        "[retention]\nsamples = \"1s\"\n[retention.metrics]\n\"a-b\" = \"1h\"\nc = 7\n",
        &[
            "f.toml:2:11: retention.samples is \"1s\"; expected a duration from 1m to 3650d",
            "f.toml:4:1: retention.metrics: metric name \"a-b\" has '-' at position 2; expected letters, digits, '_' or ':'",
            "f.toml:5:5: retention.metrics.c is 7; expected a duration from 1m to 3650d",
        ],
    );
    refused(
        "[limits]\nseries = 0\nseries_per_metric = \"many\"\n[queries]\nconcurrency = 0",
        &[
            "f.toml:2:10: limits.series is 0; expected a whole number from 100 to 100000000",
            "f.toml:3:21: limits.series_per_metric is \"many\"; expected a whole number from 1 to 10000000",
            "f.toml:5:15: queries.concurrency is 0; expected a whole number from 1 to 1000",
        ],
    );
    refused(
        "[collectors]\nprobe_interval = \"2m\"",
        &["f.toml:2:18: collectors.probe_interval is \"2m\"; expected a duration from 100ms to 1m"],
    );
    refused(
        "[host]\nrules = \"no\"",
        &["f.toml:2:9: host.rules is \"no\"; expected true or false"],
    );
}

#[test]
fn keys() {
    refused(
        "[servr]\nlisten = \"127.0.0.1:1\"",
        &["f.toml:1:2: unknown key servr; did you mean server?"],
    );
    refused(
        "[server]\nlissten = \"127.0.0.1:1\"\nqqq = 1",
        &[
            "f.toml:2:1: unknown key server.lissten; did you mean listen?",
            "f.toml:3:1: unknown key server.qqq; expected one of listen",
        ],
    );
    refused("server = 1", &["f.toml:1:10: server is 1; expected a table under [server]"]);
    refused("rule = 1", &["f.toml:1:8: rule is 1; expected tables, each under [[rule]]"]);
    refused("check = 1", &["f.toml:1:9: check is 1; expected tables, each under [[check]]"]);
    refused("check = [1]", &["f.toml:1:9: check is [1]; expected tables, each under [[check]]"]);
}

#[test]
fn syntax() {
    let error = Config::parse("f.toml", "[server]\nlisten = \"a\nb = 1").expect_err("no TOML");
    assert!(error.to_string().starts_with("f.toml:2:12: not valid TOML: "), "{error}");
    refused("a = 1\na = 2", &["f.toml:2:1: not valid TOML: duplicate key"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load("/nowhere/k.toml").expect_err("no file").to_string();
    assert!(error == "cannot read /nowhere/k.toml", "{error}");
}

#[test]
fn checks() {
    let config = parse(
        r#"
        [[check]]
        name = "shop"
        kind = "http"
        url = "http://127.0.0.1:8080/health"
        status = "200-299"
        body = "ok"
        degraded_after = "250ms"
        interval = "5s"
        timeout = "1s"
        rise = 2
        fall = 3
        requires = ["database"]
        optional = ["cache"]
        groups = ["readiness", "startup"]
        affects = ["/cart"]

        [[check]]
        name = "database"
        kind = "tcp"
        address = "db:5432"

        [[check]]
        name = "cache"
        kind = "heartbeat"
        ttl = "1m"

        [[check]]
        name = "disk"
        kind = "disk"
        path = "/tmp"
        degraded_above = 70
        failed_above = 80.5

        [[check]]
        name = "memory"
        kind = "memory"
        groups = []
        "#,
    );
    let [shop, database, cache, disk, memory] = &config.checks[..] else { panic!("five checks") };
    let http = Http::get("http://127.0.0.1:8080/health").unwrap().status(200..=299);
    let http = http.body_contains("ok").degraded_after(Duration::from_millis(250));
    assert!(matches!(&shop.probe, Some(BuiltIn::Http(read)) if *read == http), "{shop:?}");
    let definition = CheckDefinition::new("shop")
        .interval(Duration::from_secs(5))
        .timeout(Duration::from_secs(1))
        .rise(2)
        .fall(3)
        .requires("database")
        .optional("cache")
        .groups([Group::Readiness, Group::Startup])
        .measurement("responseTime")
        .affects("/cart");
    assert_eq!(shop.definition, definition);
    assert!(format!("{:?}", database.probe).contains("\"db:5432\""), "{database:?}");
    assert_eq!(cache.definition.heartbeat, Some(Duration::from_secs(60)));
    assert!(cache.probe.is_none());
    let text = format!("{:?}", disk.probe);
    assert!(text.contains("degraded_at: 0.7") && text.contains("failed_at: 0.805"), "{text}");
    assert_eq!(memory.definition.groups.iter().count(), 0);
}

#[test]
fn bad_checks() {
    refused(
        "[[check]]\n",
        &["f.toml:1:1: check: name is missing", "f.toml:1:1: check: kind is missing"],
    );
    refused(
        "[[check]]\nname = \"a\"\nkind = \"htp\"\nurl = 1",
        &[
            "f.toml:3:8: check.kind is \"htp\"; expected one of \"http\", \"tcp\", \"disk\", \"memory\", \"heartbeat\"",
        ],
    );
    refused(
        "[[check]]\nname = \"a\"\nkind = \"http\"\nurl = \"a/b\"\nstatus = \"ok\"\nadress = \"x:1\"",
        &[
            "f.toml:4:7: check.url: expected a URL such as \"http://127.0.0.1:8080/health\", got \"a/b\"",
            "f.toml:5:10: check.status: expected a status or a range from 100 to 599, such as \"200-299\", got \"ok\"",
            "f.toml:6:1: unknown key check.adress; expected one of name, kind, url, status, body, degraded_after, interval, timeout, rise, fall, requires, optional, affects, groups",
        ],
    );
    refused(
        "[[check]]\nname = \"a\"\nkind = \"tcp\"\naddress = \"db\"\nrise = 0\ngroups = [\"ready\"]\nrequires = \"b\"",
        &[
            "f.toml:4:11: check.address: expected a host and a port, such as \"db:5432\", got \"db\"",
            "f.toml:5:8: check.rise is 0; expected a whole number from 1 to 100",
            "f.toml:6:11: check.groups: group \"ready\" is not one of liveness, readiness, startup",
            "f.toml:7:12: check.requires is \"b\"; expected a list of texts, such as [\"a\", \"b\"]",
        ],
    );
    refused(
        "[[check]]\nname = \"a\"\nkind = \"disk\"\ndegraded_above = 97\n[[check]]\nname = \"a\"\nkind = \"heartbeat\"",
        &[
            "f.toml:4:18: check.degraded_above: degraded_above, 97, must not exceed failed_above, 95",
            "f.toml:5:1: check: ttl is missing",
            "f.toml:6:8: check.name is \"a\"; expected another: line 2 has it already",
        ],
    );
}

#[test]
fn rules() {
    let config = parse(
        r#"
        [[rule]]
        name = "DiskHigh"
        metric = "host_disk_used_percent"
        match = 'mountpoint!="/boot"'
        when = "value > 90"
        clear = "value < 80"
        method = "avg"
        window = "10m"
        for = "5m"
        keep_firing_for = "1m"
        severity = "critical"
        labels = { team = "ops" }
        description = "{{ $labels.mountpoint }} is {{ $value }} % full"
        no_data = "keep_last"
        on_error = "alerting"
        interval = "1m"
        cap = 10

        [[rule]]
        name = "Quiet"
        metric = "jobs_total"
        when = "absent"
        "#,
    );
    let minute = Duration::from_secs(60);
    let expected = Rule::on("DiskHigh", "host_disk_used_percent")
        .label_matches("mountpoint", MatchOp::NotEqual, "/boot")
        .when(Condition::above(90.0))
        .clear_when(Condition::below(80.0))
        .method(Method::Avg)
        .window(minute * 10)
        .pending_for(minute * 5)
        .keep_firing_for(minute)
        .severity(Severity::Critical)
        .label("team", "ops")
        .description("{{ $labels.mountpoint }} is {{ $value }} % full")
        .no_data(NoDataPolicy::KeepLast)
        .on_error(ErrorPolicy::Alerting)
        .interval(minute)
        .cap(10)
        .build()
        .unwrap();
    let quiet = Rule::on("Quiet", "jobs_total").when(Condition::absent()).build().unwrap();
    assert_eq!(config.rules, [expected, quiet]);
}

#[test]
fn a_rule_may_ask_in_promql() {
    let text = "[[rule]]\nname = \"Down\"\nexpr = \"up == 0\"\nfor = \"5m\"";
    let expected = Rule::expression("Down", "up == 0").pending_for(Duration::from_secs(300));
    assert_eq!(Config::parse("f.toml", text).unwrap().rules, [expected.build().unwrap()]);
    refused(
        "[[rule]]\nname = \"a\"\nmetric = \"m\"\nexpr = \"rate(up)\"\n[[rule]]\nname = \"b\"\nexpr = \"up\"\nwindow = \"5m\"",
        &[
            "f.toml:3:10: rule.metric is \"m\"; expected no metric beside expr",
            "f.toml:4:8: rule.expr: 1:6: expected type range vector in call to function \"rate\", got instant vector",
            "f.toml:5:1: rule: rule \"b\": window goes with a metric; the expression says it itself",
        ],
    );
}

#[test]
fn bad_rules() {
    refused(
        "[[rule]]\n",
        &[
            "f.toml:1:1: rule: name is missing",
            "f.toml:1:1: rule: metric is missing",
            "f.toml:1:1: rule: when is missing",
        ],
    );
    refused(
        "[[rule]]\nname = \"a\"\nmetric = \"9m\"\nwhen = \"value > many\"\nmatch = \"a\"\nseverity = \"fatal\"\nwindow = \"0s\"\nfro = \"5m\"",
        &[
            "f.toml:3:10: rule.metric: metric name \"9m\" has '9' at position 1; expected a letter, '_' or ':'",
            "f.toml:4:8: rule.when: line 1, column 9: expected a number, found \"many\"",
            "f.toml:5:9: rule.match: expected '=', '!=', '=~' or '!~' at position 2 of \"a\"",
            "f.toml:6:12: rule.severity: unknown severity \"fatal\"; expected info, warning, error or critical",
            "f.toml:7:10: rule.window is \"0s\"; expected a duration from 1s to 400d",
            "f.toml:8:1: unknown key rule.fro; did you mean for?",
        ],
    );
    refused(
        "[[rule]]\nname = \"a\"\nmetric = \"m\"\nwhen = \"absent\"\nlabels = { severity = \"page\" }\n\n[[rule]]\nname = \"b\"\nmetric = \"m\"\nwhen = \"absent\"\nlabels = { team = 1 }",
        &[
            "f.toml:1:1: rule: rule \"a\" sets label \"severity\", which the evaluator sets itself",
            "f.toml:11:19: rule.labels.team is 1; expected a text in quotes",
        ],
    );
}

#[test]
fn aggregations() {
    let config = parse(
        "[[aggregation]]\nname = \"a_p99\"\nmetric = \"a\"\nmethod = \"p99\"\nwindow = \"1h\"\n\
         interval = \"1m\"\nmatch = 'b=\"c\"'\ngroup_by = [\"route\"]\n\
         [[aggregation]]\nname = \"a_max\"\nmetric = \"a\"\nmethod = \"max\"\n",
    );
    let p99 = Definition::of("a", Method::Quantile(0.99))
        .name("a_p99")
        .window(Duration::from_secs(3_600))
        .interval(Duration::from_secs(60))
        .matchers([Matcher::equal("b", "c")])
        .by(["route"]);
    let max = Definition::of("a", Method::Max).name("a_max");
    assert_eq!(config.aggregations, [p99.build().unwrap(), max.build().unwrap()]);
    refused(
        "[[aggregation]]\nmetric = \"a\"\nmethod = \"max\"\ngroup_by = []\nwithout = [\"b\"]",
        &["f.toml:5:1: aggregation: without and group_by exclude each other"],
    );
    refused(
        "[[aggregation]]\nname = \"a b\"\nmetric = \"a\"\nmethod = \"p101\"\ngroup_by = [\"0\", 1]",
        &[
            "f.toml:2:8: aggregation.name: metric name \"a b\" has ' ' at position 2; expected letters, digits, '_' or ':'",
            "f.toml:4:10: aggregation.method: unknown method \"p101\": expected sum, avg, min, max, count, first, last, delta, increase, rate, stddev, variance, median or a percentile such as p95 or p99.9",
            "f.toml:5:13: aggregation.group_by: label name \"0\" has '0' at position 1; expected a letter or '_'",
            "f.toml:5:18: aggregation.group_by has 1; expected a text in quotes",
        ],
    );
}

#[test]
fn an_aggregation_may_be_promql() {
    let rate = "sum by (job) (rate(hits_total[5m]))";
    let text = format!(
        "[[aggregation]]\nname = \"job:hits:rate5m\"\nexpr = \"{rate}\"\nlabels = {{ team = \"ops\" }}"
    );
    let expected = Definition::expression("job:hits:rate5m", rate).label("team", "ops");
    assert_eq!(parse(&text).aggregations, [expected.build().unwrap()]);
    refused(
        "[[aggregation]]\nexpr = \"up +\"\n[[aggregation]]\nname = \"n\"\nexpr = \"up\"\nmethod = \"avg\"",
        &[
            "f.toml:1:1: aggregation: name is missing",
            "f.toml:2:8: aggregation.expr: 1:5: expected an expression, found the end of the query",
            "f.toml:3:1: aggregation: method goes with a metric",
        ],
    );
}

#[test]
fn dependencies_are_checked_on_request() {
    let check = |name: &str, needs: &str| {
        format!("[[check]]\nname = \"{name}\"\nkind = \"memory\"\nrequires = [\"{needs}\"]\n")
    };
    let alone = parse(&check("a", "b"));
    assert_eq!(
        alone.check_dependencies().unwrap_err().to_string(),
        "check \"a\" depends on \"b\", which does not exist"
    );
    let circle = parse(&(check("a", "b") + &check("b", "a")));
    assert!(matches!(circle.check_dependencies(), Err(HealthError::Cycle { .. })));
}

#[cfg(feature = "scrape")]
#[test]
fn scrapes() {
    let config = parse(
        r#"
        [[scrape]]
        name = "node"
        targets = ["db-1:9100", "https://db-2/stats?x=1"]
        interval = "30s"
        timeout = "5s"
        metrics_path = "/m"
        scheme = "https"
        labels = { zone = "eu" }
        honor_labels = true
        honor_timestamps = false
        body_size_max = "1MiB"
        samples_max = 1000
        labels_max = 20
        label_name_max = 64
        label_value_max = 256

        [[scrape]]
        name = "plain"
        targets = ["localhost:8080"]
        "#,
    );
    let targets = config.scrapes[0].targets().unwrap();
    let urls: Vec<_> = targets.iter().map(|target| &*target.url).collect();
    assert_eq!(urls, ["https://db-1:9100/m", "https://db-2:443/stats?x=1"]);
    let one = &targets[0];
    let labels = r#"{instance="db-1:9100",job="node",zone="eu"}"#;
    assert_eq!(one.intake.labels().to_string(), labels);
    assert_eq!((one.interval.as_secs(), one.timeout.as_secs()), (30, 5));
    assert_eq!((one.body_bytes_max, one.intake.limits.samples), (1 << 20, Some(1_000)));
    assert_eq!((one.intake.honor_labels, one.intake.honor_timestamps), (true, false));
    let plain = &config.scrapes[1].targets().unwrap()[0];
    assert_eq!((plain.interval.as_secs(), plain.timeout.as_secs()), (60, 10));
    assert_eq!(plain.url, "http://localhost:8080/metrics");

    refused("[[scrape]]\nname = \"a\"\n", &["f.toml:1:1: scrape: targets is missing"]);
    refused(
        "[[scrape]]\nname = \"a\"\ntargets = [\"ftp://b\"]\n[[scrape]]\nname = \"a\"\ntargets = [\"b:1\"]\ntimeout = \"2m\"\ninterval = \"1ms\"\nport = 1",
        &[
            "f.toml:3:11: scrape.targets: job \"a\": expected a target such as \"localhost:9100\" or a URL, got \"ftp://b\"",
            "f.toml:5:8: scrape.name is \"a\"; expected another: line 2 has it already",
            "f.toml:7:11: scrape.timeout: job \"a\": timeout must be above zero and at most the interval of 60s, got 120s",
            "f.toml:8:12: scrape.interval is \"1ms\"; expected a duration from 1s to 1d",
            "f.toml:9:1: unknown key scrape.port; expected one of name, targets, interval, timeout, metrics_path, scheme, labels, honor_labels, honor_timestamps, body_size_max, samples_max, labels_max, label_name_max, label_value_max",
        ],
    );
}
