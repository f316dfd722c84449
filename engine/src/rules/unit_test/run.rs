//! Carrying out a test.

use std::sync::Arc;
use std::time::Duration;

use super::failure::millis;
use super::world::{NoAnswer, World};
use super::{
    AlertTest, EVALUATIONS_MAX, ExpectedAlert, ExpectedSample, ExpressionTest, Failure, Suite,
    TestReport, UnitTest,
};
use crate::alert::AlertState;
use crate::model::Labels;
use crate::rules::file::RuleDefinition;
use crate::rules::group::{GroupDefaults, GroupState, RuleError, TemplateSubject};
use crate::template::Template;

impl Suite<'_> {
    /// Carries out a test of the file.
    #[must_use]
    pub fn run(&self, test: &UnitTest) -> TestReport {
        let report = TestReport {
            name: Arc::clone(&test.name),
            line: test.line,
            failures: Vec::new(),
            needing_histograms: Vec::new(),
        };
        let interval = self.file.evaluation_interval;
        let defaults = GroupDefaults { interval: test.interval, ..GroupDefaults::default() };
        let groups = self
            .groups
            .iter()
            .map(|(file, group)| GroupState::new(file, Arc::clone(group), &defaults, test.start));
        let mut run = Run {
            test,
            interval,
            fuzzy: self.file.fuzzy_compare,
            groups: groups.collect(),
            world: World::new(test, interval),
            report,
        };
        if let Err(failure) = run.evaluate() {
            run.report.failures.push(failure);
        }
        run.report
    }

    /// Carries out all tests of the file.
    pub fn run_all(&self) -> impl Iterator<Item = TestReport> {
        self.file.tests.iter().map(|test| self.run(test))
    }
}

/// A test while it is carried out.
struct Run<'a> {
    test: &'a UnitTest,
    interval: Duration,
    fuzzy: bool,
    groups: Vec<GroupState>,
    world: World<'a>,
    report: TestReport,
}

impl Run<'_> {
    /// Goes from evaluation to evaluation until the last case, then looks at
    /// expressions. A failure ends it.
    fn evaluate(&mut self) -> Result<(), Failure> {
        let test = self.test;
        let alert_times = test.alert_tests.iter().map(|case| case.eval_time);
        let times = alert_times.chain(test.expression_tests.iter().map(|case| case.eval_time));
        let last = times.max().unwrap_or_default();
        let evaluations = last.as_millis() / self.interval.as_millis().max(1) + 1;
        let evaluations = u64::try_from(evaluations).unwrap_or(u64::MAX);
        if evaluations > EVALUATIONS_MAX {
            return Err(Failure::TooLong { evaluations });
        }
        let input = |message| Failure::Input { message };
        let mut elapsed = Duration::ZERO;
        while elapsed <= last {
            self.world.play_until(test.start + elapsed).map_err(input)?;
            self.evaluate_groups(elapsed)?;
            let next = elapsed + self.interval;
            for case in &test.alert_tests {
                if elapsed <= case.eval_time && case.eval_time < next {
                    self.check_alerts(case);
                }
            }
            elapsed = next;
        }
        self.world.play_until(test.start + last).map_err(input)?;
        for case in &test.expression_tests {
            self.check_expression(case);
        }
        Ok(())
    }

    /// Evaluates all rules of all groups. If rules fail, the test ends with
    /// the last of them.
    fn evaluate_groups(&mut self, elapsed: Duration) -> Result<(), Failure> {
        let at = self.test.start + elapsed;
        let mut failures = Vec::new();
        for group in &mut self.groups {
            let rules = Arc::clone(group.group());
            for (index, rule) in rules.rules.iter().enumerate() {
                let query_time = group.query_time(at);
                let answer = match self.world.query(rule.expression().query(), query_time) {
                    Ok(samples) => Ok(samples),
                    Err(NoAnswer::Error(message)) => Err(RuleError::Query(message)),
                    Err(NoAnswer::NeedsHistograms) => {
                        let line = format!("rule: {}", rule.name());
                        if !self.report.needing_histograms.contains(&line) {
                            self.report.needing_histograms.push(line);
                        }
                        continue;
                    }
                };
                let world = &self.world;
                let test = self.test;
                let mut expand = |template: &Template, subject: &TemplateSubject<'_>| {
                    let mut query = |text: &str| world.answer(text, subject.at);
                    let (labels, url) = (&test.external_labels, &test.external_url);
                    subject.expand(template, labels, url, &mut query)
                };
                let output = group.step(index, at, answer, &mut expand);
                output.samples.iter().for_each(|sample| self.world.add(sample));
            }
            for (rule, state) in group.rules() {
                if let Some(error) = state.last_error() {
                    let (rule, error) = (Arc::clone(rule.name()), error.to_string());
                    failures.push(Failure::Rule { rule, time: elapsed, error });
                }
            }
        }
        let Some(last) = failures.pop() else { return Ok(()) };
        self.report.failures.append(&mut failures);
        Err(last)
    }

    fn check_alerts(&mut self, case: &AlertTest) {
        let rules = self.groups.iter().flat_map(GroupState::rules);
        let of_name = rules.filter(
            |(rule, _)| matches!(rule, RuleDefinition::Alerting(rule) if rule.alert == case.alert),
        );
        let alerts = of_name.flat_map(|(_, state)| state.alerts());
        let firing = alerts.filter(|alert| alert.state == AlertState::Firing);
        let mut got: Vec<ExpectedAlert> = firing
            .map(|alert| ExpectedAlert {
                labels: alert.labels.clone(),
                annotations: alert
                    .annotations
                    .iter()
                    .fold(Labels::EMPTY, |all, (name, text)| all.with(name, text)),
            })
            .collect();
        got.sort();
        if got != case.expected {
            self.report.failures.push(Failure::Alerts {
                line: case.line,
                alert: Arc::clone(&case.alert),
                time: case.eval_time,
                expected: case.expected.clone(),
                got,
            });
        }
    }

    fn check_expression(&mut self, case: &ExpressionTest) {
        let (line, time) = (case.line, case.eval_time);
        let expression = Arc::clone(case.expression.text());
        let at = self.test.start + time;
        let expects_histogram = case.expected.iter().any(|sample| sample.value.is_none());
        let answer = self.world.query(case.expression.query(), at);
        let failure = match answer {
            Err(NoAnswer::Error(error)) => Failure::Query { line, expression, time, error },
            Err(NoAnswer::NeedsHistograms) => return self.needs_histograms(case),
            Ok(_) if expects_histogram => return self.needs_histograms(case),
            Ok(samples) => {
                let sample = |(series, value)| ExpectedSample { series, value: Some(value) };
                let mut got: Vec<ExpectedSample> = samples.into_iter().map(sample).collect();
                got.sort_by(|a, b| a.series.cmp(&b.series));
                let is_same = |(a, b): (&ExpectedSample, &ExpectedSample)| {
                    a.series == b.series && self.is_equal(a.value, b.value)
                };
                if got.len() == case.expected.len() && got.iter().zip(&case.expected).all(is_same) {
                    return;
                }
                Failure::Samples { line, expression, time, expected: case.expected.clone(), got }
            }
        };
        self.report.failures.push(failure);
    }

    fn needs_histograms(&mut self, case: &ExpressionTest) {
        let time = millis(case.eval_time);
        self.report
            .needing_histograms
            .push(format!("expr: {:?}, time: {time}", case.expression.text()));
    }

    fn is_equal(&self, a: Option<f64>, b: Option<f64>) -> bool {
        let (Some(a), Some(b)) = (a, b) else { return false };
        let is_near = self.fuzzy && (a.next_up() == b || a.next_down() == b);
        a == b || is_near || a.is_nan() && b.is_nan()
    }
}
