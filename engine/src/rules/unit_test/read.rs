//! From a tree to tests.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;

use super::{
    AlertTest, EVALUATION_INTERVAL_DEFAULT, ExpectedAlert, ExpectedSample, ExpressionTest,
    InputSeries, SeriesValues, UnitTest, UnitTestFile,
};
use crate::alert::ALERT_NAME;
use crate::model::{Labels, MatchOp, Timestamp};
use crate::promql::syntax::{Span, parse_selector};
use crate::promql::{LabelSet, NAME};
use crate::rules::fault::{FaultKind, Faults};
use crate::rules::reader::{Fields, Reader, Scalar};
use crate::rules::yaml::{Document, Node, excerpt};

const FILE_FIELDS: [&str; 5] =
    ["rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"];
const TEST_FIELDS: [&str; 8] = [
    "name",
    "interval",
    "start_timestamp",
    "input_series",
    "alert_rule_test",
    "promql_expr_test",
    "external_labels",
    "external_url",
];

impl Reader<'_> {
    /// Reads a file of tests.
    pub(super) fn unit_test_file(&mut self, document: &Document) -> Option<UnitTestFile> {
        if let Some(second) = document.second {
            self.faults.warning(second, FaultKind::SecondDocument);
        }
        let Some(root) = document.root.as_deref().filter(|root| !root.is_null()) else {
            self.faults.warning(Span::NOWHERE, FaultKind::NoTests);
            return Some(UnitTestFile::without_tests());
        };
        let fields = self.fields(root, "a file of unit tests", &FILE_FIELDS)?;
        let rule_files = self.texts_in(fields.get("rule_files"), "a list of rule files");
        let rule_files = rule_files.iter().map(|scalar| scalar.text.into()).collect();
        let interval = self.duration(fields.get("evaluation_interval"));
        let evaluation_interval =
            interval.filter(|interval| !interval.is_zero()).unwrap_or(EVALUATION_INTERVAL_DEFAULT);
        let group_eval_order = self.group_eval_order(&fields);
        let fuzzy_compare = self.flag(fields.get("fuzzy_compare"));
        let nodes = self.list(fields.get("tests"), "a list of tests");
        if nodes.is_empty() {
            self.faults.warning(Span::NOWHERE, FaultKind::NoTests);
        }
        let tests = nodes.iter().filter_map(|node| self.test(node, evaluation_interval)).collect();
        let file = UnitTestFile::without_tests();
        Some(UnitTestFile {
            rule_files,
            evaluation_interval,
            group_eval_order,
            fuzzy_compare,
            tests,
            ..file
        })
    }

    fn group_eval_order(&mut self, fields: &Fields<'_>) -> Vec<Arc<str>> {
        let names = self.texts_in(fields.get("group_eval_order"), "a list of names of groups");
        let mut seen = HashSet::new();
        for Scalar { text, span, .. } in &names {
            if !seen.insert(*text) {
                let kind = FaultKind::DuplicateOrder { name: (*text).to_owned() };
                self.faults.error(*span, kind);
            }
        }
        names.iter().map(|scalar| scalar.text.into()).collect()
    }

    fn test(&mut self, node: &Node, evaluation_interval: Duration) -> Option<UnitTest> {
        let fields = self.fields(node, "a test", &TEST_FIELDS)?;
        let name = self.text(fields.get("name")).into();
        let interval = self.duration(fields.get("interval"));
        let interval =
            interval.filter(|interval| !interval.is_zero()).unwrap_or(evaluation_interval);
        let start = self.start(fields.get("start_timestamp"));
        let nodes = self.list(fields.get("input_series"), "a list of series");
        let input_series = nodes.iter().filter_map(|node| self.input_series(node)).collect();
        let nodes = self.list(fields.get("alert_rule_test"), "a list of tests of alerts");
        let alert_tests = nodes.iter().filter_map(|node| self.alert_test(node)).collect();
        let nodes = self.list(fields.get("promql_expr_test"), "a list of tests of expressions");
        let expression_tests = nodes.iter().filter_map(|node| self.expression_test(node)).collect();
        let external_labels = self.label_set(&fields, "external_labels", "label");
        let external_url = self.text(fields.get("external_url")).into();
        let line = self.faults.position(node.span).line;
        Some(UnitTest {
            name,
            interval,
            start,
            input_series,
            alert_tests,
            expression_tests,
            external_labels,
            external_url,
            line,
        })
    }

    /// Reads when a test begins: seconds since the Unix epoch, or a time as in
    /// RFC 3339.
    fn start(&mut self, node: Option<&Node>) -> Timestamp {
        let expected = "a time: seconds since 1970, or such as \"2024-01-01T00:00:00Z\"";
        let epoch = Timestamp::from_millis(0);
        let Some(scalar) = node.and_then(|node| self.scalar(node, expected)) else { return epoch };
        let millis = match scalar.text.parse::<f64>() {
            #[expect(clippy::cast_possible_truncation, reason = "it is in bounds")]
            Ok(seconds) if seconds.abs() < 1e12 => Some((seconds * 1_000.0).round() as i64),
            Ok(_) => None,
            Err(_) => {
                DateTime::parse_from_rfc3339(scalar.text).ok().map(|time| time.timestamp_millis())
            }
        };
        match millis {
            Some(millis) => Timestamp::from_millis(millis),
            None => {
                self.wrong_scalar(scalar, expected);
                epoch
            }
        }
    }

    fn input_series(&mut self, node: &Node) -> Option<InputSeries> {
        let owner = "an input series";
        let fields = self.fields(node, owner, &["series", "values"])?;
        let series = self.required(&fields, "series", owner);
        let series = series.and_then(|series| self.series(series));
        let Some(values) = fields.get("values") else {
            return Some(InputSeries { series: series?, values: SeriesValues::default() });
        };
        let scalar = self.scalar(values, "the values of the series")?;
        match SeriesValues::parse(scalar.text) {
            Ok(values) => Some(InputSeries { series: series?, values }),
            Err(error) => {
                let span = self.within(scalar, Span::new(error.at.start, error.at.end));
                self.faults.error(span, FaultKind::Values { error });
                None
            }
        }
    }

    /// Reads a series in the notation of PromQL.
    fn series(&mut self, scalar: Scalar<'_>) -> Option<LabelSet> {
        let selector = match parse_selector(scalar.text) {
            Ok(selector) => selector,
            Err(error) => {
                let span = self.within(scalar, error.span);
                self.faults.error(span, FaultKind::Series { message: error.to_string() });
                return None;
            }
        };
        let name = selector.name.as_ref().map_or("", |name| name.name.as_str());
        let mut series = LabelSet::default().with(NAME, name);
        for label in &selector.matchers {
            if label.matcher.op() != MatchOp::Equal {
                let message = format!("a label has one value, expected =, found {}", label.matcher);
                let span = self.within(scalar, label.span);
                self.faults.error(span, FaultKind::Series { message });
            }
            series = series.with(label.matcher.name(), label.matcher.value());
        }
        Some(series)
    }

    fn alert_test(&mut self, node: &Node) -> Option<AlertTest> {
        let owner = "a test of alerts";
        let fields = self.fields(node, owner, &["eval_time", "alertname", "exp_alerts"])?;
        let eval_time = self.duration(fields.get("eval_time")).unwrap_or_default();
        let alert: Option<Arc<str>> =
            self.required(&fields, "alertname", owner).map(|name| name.text.into());
        let name = alert.as_deref().unwrap_or_default();
        let mut expected = Vec::new();
        for node in self.list(fields.get("exp_alerts"), "a list of alerts") {
            let known = ["exp_labels", "exp_annotations"];
            let Some(fields) = self.fields(node, "an expected alert", &known) else { continue };
            let labels = self.label_set(&fields, "exp_labels", "label").with(ALERT_NAME, name);
            let annotations = self.label_set(&fields, "exp_annotations", "annotation");
            expected.push(ExpectedAlert { labels, annotations });
        }
        expected.sort();
        let line = self.faults.position(node.span).line;
        Some(AlertTest { eval_time, alert: alert?, expected, line })
    }

    fn expression_test(&mut self, node: &Node) -> Option<ExpressionTest> {
        let owner = "a test of an expression";
        let fields = self.fields(node, owner, &["expr", "eval_time", "exp_samples"])?;
        let eval_time = self.duration(fields.get("eval_time")).unwrap_or_default();
        let expression = self.required(&fields, "expr", owner);
        let expression = expression.and_then(|scalar| self.expression(scalar));
        let nodes = self.list(fields.get("exp_samples"), "a list of samples");
        let mut expected: Vec<ExpectedSample> =
            nodes.iter().filter_map(|node| self.expected_sample(node)).collect();
        expected.sort_by(|a, b| a.series.cmp(&b.series));
        let line = self.faults.position(node.span).line;
        Some(ExpressionTest { expression: expression?, eval_time, expected, line })
    }

    fn expected_sample(&mut self, node: &Node) -> Option<ExpectedSample> {
        let fields = self.fields(node, "an expected sample", &["labels", "value", "histogram"])?;
        let series = match fields.get("labels") {
            Some(node) => self.scalar(node, "a series such as 'up{job=\"node\"}'"),
            None => None,
        };
        let series = series.filter(|series| !matches!(series.text.trim(), "" | "{}"));
        let series = series.map_or(Some(LabelSet::default()), |series| self.series(series));
        let histogram = self.text(fields.get("histogram"));
        let value = match fields.get("value") {
            Some(node) => self.float(node)?,
            None => 0.0,
        };
        Some(ExpectedSample { series: series?, value: histogram.is_empty().then_some(value) })
    }

    /// Reads a number as YAML or PromQL write it.
    fn float(&mut self, node: &Node) -> Option<f64> {
        let expected = "a number";
        let scalar = self.scalar(node, expected)?;
        let text = scalar.text.replace('_', "");
        let number = match text.trim_start_matches(['+', '-']) {
            word @ (".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") => {
                let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
                word.get(1..).and_then(|word| word.parse::<f64>().ok()).map(|number| sign * number)
            }
            _ => text.parse().ok(),
        };
        if number.is_none() {
            self.wrong_scalar(scalar, expected);
        }
        number
    }

    fn flag(&mut self, node: Option<&Node>) -> bool {
        let expected = "true or false";
        let Some(scalar) = node.and_then(|node| self.scalar(node, expected)) else { return false };
        match scalar.text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => true,
            "false" | "no" | "off" | "n" => false,
            _ => {
                self.wrong_scalar(scalar, expected);
                false
            }
        }
    }

    fn texts_in<'n>(&mut self, node: Option<&'n Node>, expected: &'static str) -> Vec<Scalar<'n>> {
        let nodes = self.list(node, expected);
        nodes.iter().filter_map(|node| self.scalar(node, "a text")).collect()
    }

    fn label_set(&mut self, fields: &Fields<'_>, field: &str, what: &'static str) -> Labels {
        let texts = self.texts(fields.get(field), what, "a mapping of names to texts");
        let with = |labels: Labels, (name, scalar): &(Arc<str>, Scalar<'_>)| {
            labels.with(name, scalar.text)
        };
        texts.iter().fold(Labels::EMPTY, with)
    }

    fn wrong_scalar(&mut self, scalar: Scalar<'_>, expected: &'static str) {
        let kind = FaultKind::WrongType { expected, found: excerpt(scalar.text) };
        self.faults.error(scalar.span, kind);
    }
}

impl UnitTestFile {
    fn without_tests() -> Self {
        Self {
            rule_files: Vec::new(),
            evaluation_interval: EVALUATION_INTERVAL_DEFAULT,
            group_eval_order: Vec::new(),
            fuzzy_compare: false,
            tests: Vec::new(),
            warnings: Faults::default(),
        }
    }
}
