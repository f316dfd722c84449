//! The queries of `compliance-queries.yml`, which come without results: each
//! has to be evaluated, and a range query has to say at each of its steps what
//! the instant query says at that time.

use keepwatch_engine::promql::{Answer, EvaluationTimes, LabelSet, PointValue, Value};

use super::compare::almost_equal;
use super::loaded::Loaded;
use super::run::{evaluate, options};
use super::script::{Action, commands};

/// What the placeholders of the templates stand for.
const VARIANTS: [(&str, &[&str]); 14] = [
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    ("quantile", &["-0.5", "0.1", "0.5", "0.75", "0.95", "0.9", "0.99", "1", "1.5"]),
    ("simpleAggrOp", &["sum", "avg", "max", "min", "count", "stddev", "stdvar"]),
    ("topBottomOp", &["topk", "bottomk"]),
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    ("binOp", &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="]),
    (
        "simpleTimeAggrOp",
        &["sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last"],
    ),
    ("simpleMathFunc", &["abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round"]),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("instantRateFunc", &["idelta", "irate"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    (
        "dateFunc",
        &["day_of_month", "day_of_week", "days_in_month", "hour", "minute", "month", "year"],
    ),
];

/// A query with placeholders such as `{{.range}}`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Template {
    query: String,
    variants: Vec<String>,
    should_fail: bool,
}

/// What became of the queries.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) queries: usize,
    pub(super) problems: Vec<String>,
}

/// Evaluates the queries of the file.
pub(super) fn report(text: &str) -> Report {
    let mut report = Report::default();
    let read = templates(text).and_then(|templates| Ok((templates, demo()?)));
    let (templates, demo) = match read {
        Ok(read) => read,
        Err(problem) => {
            report.problems.push(format!("compliance-queries.yml: {problem}"));
            return report;
        }
    };
    for template in templates {
        let queries = expanded(&template).and_then(|queries| {
            report.queries += queries.len();
            queries.iter().try_for_each(|query| {
                check(query, template.should_fail, &demo)
                    .map_err(|error| format!("{query}: {error}"))
            })
        });
        if let Err(problem) = queries {
            report.problems.push(format!("compliance-queries.yml: {problem}"));
        }
    }
    report
}

/// Reads the few forms of YAML that the file has.
fn templates(text: &str) -> Result<Vec<Template>, String> {
    let mut templates: Vec<Template> = Vec::new();
    for line in text.lines().map(str::trim) {
        let entry = line.strip_prefix("- ").map(str::trim_start);
        if entry.is_some() {
            templates.push(Template::default());
        }
        let line = entry.unwrap_or(line);
        if line.is_empty() || line.starts_with('#') || line == "test_cases:" {
            continue;
        }
        let read = line.split_once(':').zip(templates.last_mut());
        let ((key, value), template) = read.ok_or_else(|| format!("line {line:?}"))?;
        let value = value.trim();
        match key {
            "query" => template.query = plain(value),
            "variant_args" => {
                let names = value.trim_matches(['[', ']']).split(',');
                template.variants = names.map(|name| plain(name.trim())).collect();
            }
            "should_fail" => template.should_fail = value == "true",
            _ => return Err(format!("key {key:?} is not known")),
        }
    }
    Ok(templates)
}

/// Takes the quotes of YAML off.
fn plain(value: &str) -> String {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    match (within('\''), within('"')) {
        (Some(single), _) => single.replace("''", "'"),
        (None, Some(double)) => double.replace("\\\"", "\""),
        (None, None) => value.to_owned(),
    }
}

/// Returns the queries that a template stands for.
fn expanded(template: &Template) -> Result<Vec<String>, String> {
    let mut queries = vec![template.query.clone()];
    for name in &template.variants {
        let values = VARIANTS.iter().find(|(variant, _)| variant == name);
        let (_, values) = values.ok_or_else(|| format!("placeholder {name:?} is not known"))?;
        let place = format!("{{{{.{name}}}}}");
        let with_each = |query: String| values.iter().map(move |value| (query.clone(), value));
        let with_each = queries.into_iter().flat_map(with_each);
        queries = with_each.map(|(query, value)| query.replace(&place, value)).collect();
    }
    Ok(queries)
}

/// Returns 30 min of the metrics that the queries ask for.
fn demo() -> Result<Loaded, String> {
    let mut text = "load 5s\n".to_owned();
    for (index, port) in (0..).zip(["10000", "10001", "10002"]) {
        let labels = format!("instance=\"demo.promlabs.com:{port}\", job=\"demo\"");
        let mut add = |name: &str, more: &str, values: String| {
            text += &format!("  {name}{{{labels}{more}}} {values}\n");
        };
        for (kind, size) in [("free", 9), ("buffers", 2), ("cached", 4), ("used", 17)] {
            let (start, growth) = (size * 1_000_000 + index * 999, size * 250 + index);
            let values = format!("{start}+{growth}x200 {start}-{growth}x160");
            add("demo_memory_usage_bytes", &format!(", type=\"{kind}\""), values);
        }
        for (mode, growth) in [("idle", 4.25), ("user", 0.5), ("system", 0.125)] {
            let values = format!("{index}+{growth}x150 {index}+{growth}x210");
            add("demo_cpu_usage_seconds_total", &format!(", mode=\"{mode}\""), values);
        }
        for (le, growth) in [("0.01", 1), ("0.1", 5), ("1", 8), ("+Inf", 9)] {
            let more = format!(", le=\"{le}\", method=\"GET\", path=\"/api\", status=\"200\"");
            let values = format!("0+{}x360", growth + index);
            add("demo_api_request_duration_seconds_bucket", &more, values);
        }
        let more = ", method=\"GET\", path=\"/api\", status=\"200\"";
        add("demo_api_request_duration_seconds_count", more, format!("0+{}x360", 9 + index));
        add("demo_num_cpus", "", "4x360".to_owned());
        add("demo_disk_usage_bytes", "", format!("{}+4096x360", 5_000_000 + index));
        add("demo_batch_last_success_timestamp_seconds", "", "0x100 500x100 1000x158".to_owned());
        add("demo_intermittent_metric", "", "1 2 _x70 3 4 stale _x80 5x200".to_owned());
    }
    let mut loaded = Loaded::new();
    for command in commands(&text) {
        if let Action::Load(load) = command.action? {
            loaded.load(&load)?;
        }
    }
    Ok(loaded)
}

fn check(query: &str, should_fail: bool, demo: &Loaded) -> Result<(), String> {
    let times = EvaluationTimes::range(600_000, 1_500_000, 90_000);
    let range = evaluate(query, times, demo, &options()).answer;
    // The file is older than names of any characters, which made this one good.
    if should_fail && !query.contains("\"~invalid\"") {
        return match range {
            Ok(answer) => Err(format!("expected an error, found {:?}", answer.value)),
            Err(_) => Ok(()),
        };
    }
    let range = range?;
    for step in [0, 3, 7, 10] {
        let at_ms = times.start_ms + step * times.step_ms;
        let instant = evaluate(query, EvaluationTimes::instant(at_ms), demo, &options()).answer?;
        let (of_range, of_instant) = (floats(range.clone(), at_ms), floats(instant, at_ms));
        let same = of_range.len() == of_instant.len()
            && of_range
                .iter()
                .zip(&of_instant)
                .all(|((left, a), (right, b))| left == right && almost_equal(*a, *b));
        if !same {
            return Err(format!(
                "at {at_ms} ms a range has {of_range:?}, an instant {of_instant:?}"
            ));
        }
    }
    Ok(())
}

/// Returns what an answer has at a time, by series.
fn floats(answer: Answer, at_ms: i64) -> Vec<(LabelSet, f64)> {
    let mut points = match answer.value {
        Value::Scalar(point) => vec![(LabelSet::default(), point)],
        Value::Vector(vector) => vector,
        Value::Matrix(matrix) => {
            let point = |points: &[_]| {
                points
                    .iter()
                    .copied()
                    .find(|point: &keepwatch_engine::promql::Point| point.at_ms == at_ms)
            };
            let of_step = matrix.into_iter();
            of_step.filter_map(|series| Some((series.labels, point(&series.points)?))).collect()
        }
        Value::String(_) => Vec::new(),
    };
    points.sort_by(|a, b| a.0.cmp(&b.0));
    let float = |value: PointValue| value.float().unwrap_or(f64::NAN);
    points.into_iter().map(|(labels, point)| (labels, float(point.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_their_queries() {
        let text = "# about\ntest_cases:\n  - query: -1 ^ 2\n  - # why\n    query: 'a[{{.range}}] \
                    ''b'' {{.offset}}'\n    variant_args: ['range', 'offset']\n    should_fail: true";
        let read = templates(text).unwrap();
        assert_eq!(read[0], Template { query: "-1 ^ 2".to_owned(), ..Template::default() });
        assert!(read[1].should_fail);
        let queries = expanded(&read[1]).unwrap();
        assert_eq!(queries.len(), 18);
        assert_eq!(queries[17], "a[1h] 'b' 10m");
        assert!(templates("  - what: 1").is_err());
        let unknown = Template { variants: vec!["x".to_owned()], ..Template::default() };
        assert!(expanded(&unknown).is_err());
    }

    #[test]
    fn ranges_agree_with_instants_over_the_demo() {
        let demo = demo().unwrap();
        assert_eq!(check("rate(demo_cpu_usage_seconds_total[1m])", false, &demo), Ok(()));
        assert_eq!(check("time() * demo_num_cpus", false, &demo), Ok(()));
        assert!(check("step() * 2", false, &demo).is_err());
        assert!(check("demo_num_cpus", true, &demo).is_err());
        assert!(check("demo_num_cpus +", false, &demo).is_err());
    }
}
