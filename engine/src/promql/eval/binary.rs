//! Operators between the values of two vectors.
//!
//! The side with one series a match (the right one, but with `group_right`)
//! is read first; the other is read a series at a time and meets it.

use super::context::Context;
use super::error::EvalError;
use super::signature::{Counting, Groups, sizes};
use super::stream::{Head, Series, Stream, Vector, collect};
use super::unify::unify;
use crate::promql::functions::instant::{Comparison, Operand, column_with, with_column};
use crate::promql::functions::{ABSENT, is_absent};
use crate::promql::plan::VectorBinary;
use crate::promql::query::QueryOptions;
use crate::promql::syntax::{BinaryOp, Group, GroupSide, Matching, MatchingKind};

/// How two vectors are combined.
#[derive(Clone, Copy)]
struct Rules<'a> {
    op: BinaryOp,
    return_bool: bool,
    matching: Option<&'a Matching>,
    group: Option<&'a Group>,
    /// Whether the side with many series is the right one.
    swapped: bool,
    /// What stands for a series that the side with many, or with one, lacks.
    fill_many: Option<f64>,
    fill_one: Option<f64>,
}

impl<'a> Rules<'a> {
    fn new(binary: &'a VectorBinary) -> Self {
        let matching = binary.matching.as_ref();
        let group = matching.and_then(|matching| matching.group.as_ref());
        let swapped = group.is_some_and(|group| group.side == GroupSide::Right);
        Self {
            op: binary.op,
            return_bool: binary.return_bool,
            matching,
            group,
            swapped,
            // With `group_right` the sides are swapped before they are filled.
            fill_many: binary.fill.left.map(|number| number.value),
            fill_one: binary.fill.right.map(|number| number.value),
        }
    }

    /// Says whether results take labels from the side with one series.
    fn includes(&self) -> bool {
        self.group.is_some_and(|group| !group.include.is_empty())
    }

    /// Returns the head of what a series of the side with many makes with one
    /// of the other, or with a fill.
    fn head(&self, many: &Head, one: Option<&Head>, options: &QueryOptions) -> Head {
        let mut head = many.clone();
        if !self.op.is_comparison() {
            head.labels = head.labels.without_name(options.type_and_unit_labels);
            head.drop_name = false;
        }
        if self.group.is_none() {
            let counting = match self.matching.map(|matching| (matching.kind, &matching.labels)) {
                Some((MatchingKind::On, labels)) => {
                    Counting::Only(labels.iter().map(|label| label.name.clone()).collect())
                }
                Some((MatchingKind::Ignoring, labels)) => {
                    Counting::AllBut(labels.iter().map(|label| label.name.clone()).collect())
                }
                None => Counting::AllBut(Vec::new()),
            };
            head.labels = counting.sorted().of(&head.labels);
        }
        for label in self.group.iter().flat_map(|group| &group.include) {
            let value = one.map_or("", |one| one.labels.get(&label.name));
            head.labels = head.labels.with(&label.name, value);
        }
        if self.return_bool { head.without_name(options) } else { head }
    }

    /// Replaces a column of the side with many by the result.
    fn apply(&self, many: &mut [f64], one: &[f64]) {
        let comparison = if self.return_bool { Comparison::Bool } else { Comparison::Filter };
        if self.swapped {
            with_column(self.op, comparison, Operand::Column(one), many);
        } else {
            column_with(self.op, comparison, many, Operand::Column(one));
        }
    }
}

/// What a series of the side with many meets.
#[derive(Clone, Copy)]
enum Partner {
    /// The series of a group, of which one has a sample at a step.
    Group(usize),
    /// One series.
    Series(usize),
    /// Nothing, wherever its group has nothing.
    Fill(Option<usize>),
}

/// A series of the result: the number of the series of the side with many,
/// or the group in which that has none, and what it meets.
#[derive(Clone, Copy)]
struct Pair {
    many: Many,
    partner: Partner,
}

#[derive(Clone, Copy, PartialEq)]
enum Many {
    Series(usize),
    Missing { group: usize },
}

/// Evaluates an operator between the values of two vectors.
pub(super) fn combine<'a>(
    cx: &mut Context<'_>,
    binary: &'a VectorBinary,
    left: Vector<'a>,
    right: Vector<'a>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    let rules = Rules::new(binary);
    let (many, one) = if rules.swapped { (right, left) } else { (left, right) };
    if many.heads().is_empty() && rules.fill_many.is_none() {
        return Ok(super::stream::Computed::boxed(Vec::new()));
    }
    let ones = Ones::new(collect(cx, one, steps)?, &rules, steps)?;
    let met = Met::new(cx, rules, many, ones, steps);
    let error =
        if rules.group.is_some() { EvalError::GroupedMatches } else { EvalError::ManyToOne };
    unify(cx, Box::new(met), steps, &error)
}

/// The side with one series a match.
struct Ones {
    series: Vec<Series>,
    groups: Groups,
    /// The series of each group.
    of_group: Vec<Vec<usize>>,
    /// At each step the value of the group's only series that has one.
    columns: Vec<Vec<f64>>,
}

impl Ones {
    fn new(series: Vec<Series>, rules: &Rules<'_>, steps: usize) -> Result<Self, EvalError> {
        let mut groups = Groups::new(Counting::matching(rules.matching));
        let mut of_group: Vec<Vec<usize>> = Vec::new();
        let mut columns: Vec<Vec<f64>> = Vec::new();
        for (index, one) in series.iter().enumerate() {
            let group = groups.number(&one.head.labels);
            if group == of_group.len() {
                of_group.push(Vec::new());
                columns.push(vec![ABSENT; steps]);
            }
            let Some((members, column)) = of_group.get_mut(group).zip(columns.get_mut(group))
            else {
                continue;
            };
            members.push(index);
            for (to, &from) in column.iter_mut().zip(&one.column) {
                if is_absent(from) {
                    continue;
                }
                if !is_absent(*to) {
                    let other = members.first().and_then(|first| series.get(*first));
                    return Err(EvalError::ManyToMany {
                        group: groups
                            .labels
                            .get(group)
                            .map(ToString::to_string)
                            .unwrap_or_default(),
                        side: if rules.swapped { "left" } else { "right" },
                        first: one.head.labels.to_string(),
                        second: other.map(|one| one.head.labels.to_string()).unwrap_or_default(),
                    });
                }
                *to = from;
            }
        }
        Ok(Self { series, groups, of_group, columns })
    }
}

/// The series of the side with many as they meet their partners.
struct Met<'a> {
    rules: Rules<'a>,
    many: Vector<'a>,
    ones: Ones,
    heads: Vec<Head>,
    pairs: std::vec::IntoIter<Pair>,
    /// The series of the side with many that was read last.
    read: usize,
    current: Vec<f64>,
    /// The group of each series of the side with many, by the number that the
    /// other side gave it.
    group_of: Vec<Option<usize>>,
    /// At which steps a group had a match; kept where it matters.
    matched: Vec<Option<Vec<bool>>>,
    scratch: Vec<f64>,
}

impl<'a> Met<'a> {
    fn new(cx: &Context<'_>, rules: Rules<'a>, many: Vector<'a>, ones: Ones, steps: usize) -> Self {
        let group_of: Vec<Option<usize>> =
            many.heads().iter().map(|head| ones.groups.find(&head.labels)).collect();
        let (mut heads, mut pairs) = (Vec::new(), Vec::new());
        let mut push = |many: Many, many_head: &Head, partner: Partner| {
            let one = match partner {
                Partner::Series(one) => ones.series.get(one).map(|one| &one.head),
                Partner::Group(_) | Partner::Fill(_) => None,
            };
            heads.push(rules.head(many_head, one, cx.options));
            pairs.push(Pair { many, partner });
        };
        for (series, head) in many.heads().iter().enumerate() {
            let many = Many::Series(series);
            match group_of.get(series).copied().flatten() {
                Some(group) if rules.includes() => {
                    for &one in ones.of_group.get(group).into_iter().flatten() {
                        push(many, head, Partner::Series(one));
                    }
                    if rules.fill_one.is_some() {
                        push(many, head, Partner::Fill(Some(group)));
                    }
                }
                Some(group) => push(many, head, Partner::Group(group)),
                None if rules.fill_one.is_some() => push(many, head, Partner::Fill(None)),
                None => {}
            }
        }
        if rules.fill_many.is_some() {
            for (group, members) in ones.of_group.iter().enumerate() {
                let many = Many::Missing { group };
                let labels = ones.groups.labels.get(group).cloned().unwrap_or_default();
                let head = Head::new(labels);
                for &one in members {
                    push(many, &head, Partner::Series(one));
                }
            }
        }
        let known: Vec<usize> = group_of.iter().copied().flatten().collect();
        let alone = rules.group.is_none();
        let matched = sizes(&known, ones.groups.len())
            .into_iter()
            .map(|size| {
                let needed = rules.fill_many.is_some() || (alone && size > 1);
                needed.then(|| vec![false; steps])
            })
            .collect();
        Self {
            rules,
            many,
            ones,
            heads,
            pairs: pairs.into_iter(),
            read: 0,
            current: vec![ABSENT; steps],
            group_of,
            matched,
            scratch: Vec::new(),
        }
    }

    /// Reads up to a series of the side with many.
    fn read_through(&mut self, cx: &mut Context<'_>, last: usize) -> Result<(), EvalError> {
        while self.read <= last && self.read < self.many.heads().len() {
            self.many.next(cx, &mut self.current)?;
            let group = self.group_of.get(self.read).copied().flatten();
            self.read += 1;
            if let Some(group) = group {
                self.note(group)?;
            }
        }
        Ok(())
    }

    /// Notes at which steps a group has met.
    fn note(&mut self, group: usize) -> Result<(), EvalError> {
        let Some(Some(matched)) = self.matched.get_mut(group) else { return Ok(()) };
        let one = self.ones.columns.get(group).map(Vec::as_slice).unwrap_or_default();
        for ((matched, &many), &one) in matched.iter_mut().zip(&self.current).zip(one) {
            if is_absent(many) || (is_absent(one) && self.rules.fill_one.is_none()) {
                continue;
            }
            if *matched && self.rules.group.is_none() {
                return Err(EvalError::ManyToOne);
            }
            *matched = true;
        }
        Ok(())
    }
}

impl Stream for Met<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        column.fill(ABSENT);
        let Some(Pair { many, partner }) = self.pairs.next() else { return Ok(()) };
        match many {
            Many::Series(series) => {
                self.read_through(cx, series)?;
                column.copy_from_slice(&self.current);
            }
            Many::Missing { group } => {
                self.read_through(cx, usize::MAX)?;
                let fill = self.rules.fill_many.unwrap_or(ABSENT);
                match self.matched.get(group) {
                    Some(Some(matched)) => {
                        let missing = column.iter_mut().zip(matched).filter(|(_, met)| !**met);
                        missing.for_each(|(value, _)| *value = fill);
                    }
                    _ => column.fill(fill),
                }
            }
        }
        let nothing: &[f64] = &[];
        self.scratch.clear();
        match partner {
            Partner::Series(one) => {
                let one = self.ones.series.get(one);
                self.scratch.extend(one.map_or(nothing, |one| &one.column));
            }
            Partner::Group(group) => {
                let one = self.ones.columns.get(group);
                self.scratch.extend(one.map_or(nothing, Vec::as_slice));
                if let Some(fill) = self.rules.fill_one {
                    self.scratch
                        .iter_mut()
                        .filter(|one| is_absent(**one))
                        .for_each(|one| *one = fill);
                }
            }
            Partner::Fill(group) => {
                let fill = self.rules.fill_one.unwrap_or(ABSENT);
                match group.and_then(|group| self.ones.columns.get(group)) {
                    Some(known) => self.scratch.extend(
                        known.iter().map(|one| if is_absent(*one) { fill } else { ABSENT }),
                    ),
                    None => self.scratch.resize(column.len(), fill),
                }
            }
        }
        self.rules.apply(column, &self.scratch);
        Ok(())
    }
}
