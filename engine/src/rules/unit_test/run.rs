//! Carrying out a test.

use std::sync::Arc;
use std::time::Duration;

use super::failure::millis;
use super::world::{NoAnswer, World};
use super::{
    AlertTest, EVALUATIONS_MAX, ExpectedAlert, ExpectedSample, ExpressionTest, Failure, Suite,
    TestReport, UnitTest,
};
use crate::alert::{
    ALERT_NAME, AlertFilter, AlertState, EvaluationError, Evaluator, Finding, Reading, Rule,
    Surroundings,
};
use crate::model::{Labels, Timestamp};
use crate::promql::Expression;
use crate::registry::DerivedSample;
use crate::rules::group::{GroupDefaults, GroupState, InstantVector, Member, RuleError};

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
        let mut evaluator = Evaluator::default();
        evaluator.surround(Surroundings {
            external_labels: test.external_labels.clone(),
            external_url: Arc::clone(&test.external_url),
        });
        let mut run = Run {
            test,
            interval,
            fuzzy: self.file.fuzzy_compare,
            groups: Vec::new(),
            evaluator,
            world: World::new(test, interval),
            report,
        };
        if let Err(failure) = run.add_groups(self, &defaults).and_then(|()| run.evaluate()) {
            run.report.failures.push(failure);
        }
        run.report
    }

    /// Carries out all tests of the file.
    pub fn run_all(&self) -> impl Iterator<Item = TestReport> {
        self.file.tests.iter().map(|test| self.run(test))
    }
}

/// What a rule puts out, and its name and error if it failed.
type Evaluated = (Vec<DerivedSample>, Option<(Arc<str>, String)>);

/// A test while it is carried out.
struct Run<'a> {
    test: &'a UnitTest,
    interval: Duration,
    fuzzy: bool,
    groups: Vec<GroupState>,
    evaluator: Evaluator,
    world: World<'a>,
    report: TestReport,
}

impl Run<'_> {
    fn add_groups(&mut self, suite: &Suite<'_>, defaults: &GroupDefaults) -> Result<(), Failure> {
        for (file, group) in &suite.groups {
            let evaluator = &mut self.evaluator;
            let group = GroupState::new(file, group, defaults, evaluator, self.test.start);
            let group = group.map_err(|error| Failure::Input { message: error.to_string() })?;
            self.groups.push(group);
        }
        Ok(())
    }

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
        for group in 0..self.groups.len() {
            let members = self.groups.get(group).map_or(0, |group| group.members().len());
            for member in 0..members {
                let Some((samples, failure)) = self.evaluate_member(group, member, at) else {
                    continue;
                };
                samples.into_iter().for_each(|sample| self.world.add(sample));
                failures.extend(failure.map(|(rule, error)| Failure::Rule {
                    rule,
                    time: elapsed,
                    error,
                }));
            }
        }
        let Some(last) = failures.pop() else { return Ok(()) };
        self.report.failures.append(&mut failures);
        Err(last)
    }

    /// Evaluates a rule: returns what it puts out, and its name and error if it
    /// failed. `None` if it cannot be evaluated.
    fn evaluate_member(&mut self, group: usize, member: usize, at: Timestamp) -> Option<Evaluated> {
        let state = self.groups.get(group)?;
        let query_at = state.query_time(at);
        match state.member(member)?.clone() {
            Member::Recording { rule, .. } => {
                let answer = self.ask(&rule.record, &rule.expression, query_at)?;
                let group = self.groups.get_mut(group)?;
                let samples = group.record(member, at, answer.map_err(RuleError::Query));
                let Member::Recording { state, .. } = group.member(member)? else { return None };
                let error = state.last_error().map(ToString::to_string);
                Some((samples, error.map(|error| (Arc::clone(&rule.record), error))))
            }
            Member::Alerting { rule: name } => {
                let due = self.evaluator.due_in_group(&name, at, query_at)?;
                let expression = due.rule.question().expression()?;
                let found = match self.ask(due.rule.alert(), expression, query_at)? {
                    Ok(samples) => Ok(self.find(&due.rule, samples, at)),
                    Err(reason) => Err(EvaluationError::Readings { reason }),
                };
                self.evaluator.step(&due, found);
                let samples = self.evaluator.show(&name, query_at);
                let error = self.evaluator.status(&name)?.last_error;
                Some((samples, error.map(|error| (Arc::clone(due.rule.alert()), error))))
            }
        }
    }

    /// Asks the expression of the rule `name`; `None`, and a line of the
    /// report, if it reads native histograms.
    fn ask(
        &mut self,
        name: &Arc<str>,
        expression: &Expression,
        at: Timestamp,
    ) -> Option<Result<InstantVector, String>> {
        match self.world.query(expression.query(), at) {
            Ok(samples) => Some(Ok(samples)),
            Err(NoAnswer::Error(message)) => Some(Err(message)),
            Err(NoAnswer::NeedsHistograms) => {
                let line = format!("rule: {name}");
                if !self.report.needing_histograms.contains(&line) {
                    self.report.needing_histograms.push(line);
                }
                None
            }
        }
    }

    fn find(&self, rule: &Rule, samples: InstantVector, at: Timestamp) -> Vec<Finding> {
        let reading = |(series, value)| Reading { series, value: Some(value), change: None };
        let mut query = |text: &str| self.world.answer(text, at);
        let surroundings = self.evaluator.surroundings();
        rule.find(samples.into_iter().map(reading), at, surroundings, &mut query)
    }

    fn check_alerts(&mut self, case: &AlertTest) {
        let alerts = self.evaluator.active(&AlertFilter::default());
        let of_name = alerts.iter().filter(|alert| {
            alert.state == AlertState::Firing && alert.labels.get(ALERT_NAME) == Some(&case.alert)
        });
        let mut got: Vec<ExpectedAlert> = of_name
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
