//! `and`, `or` and `unless`.

use super::context::Context;
use super::error::EvalError;
use super::signature::{Counting, Groups};
use super::stream::{Head, Stream, Vector};
use crate::promql::functions::{ABSENT, is_absent};
use crate::promql::syntax::{BinaryOp, Matching};

/// At which steps each group has a sample.
struct Presence {
    groups: Groups,
    steps: usize,
    /// The steps of one group behind those of the other.
    present: Vec<bool>,
}

impl Presence {
    fn new(counting: Counting, steps: usize) -> Self {
        Self { groups: Groups::new(counting), steps, present: Vec::new() }
    }

    fn add(&mut self, head: &Head, column: &[f64]) {
        let number = self.groups.number(&head.labels);
        self.present.resize(self.groups.len() * self.steps, false);
        let of_group = self.present.get_mut(number * self.steps..).unwrap_or_default();
        for (present, &value) in of_group.iter_mut().zip(column) {
            *present |= !is_absent(value);
        }
    }

    fn of(&self, head: &Head) -> Option<&[bool]> {
        let number = self.groups.find(&head.labels)?;
        self.present.get(number * self.steps..(number + 1) * self.steps)
    }
}

/// Evaluates a set operator.
pub(super) fn combine<'a>(
    cx: &mut Context<'_>,
    op: BinaryOp,
    matching: Option<&Matching>,
    left: Vector<'a>,
    right: Vector<'a>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    let counting = Counting::matching(matching);
    let mut presence = Presence::new(counting, steps);
    if op == BinaryOp::Or {
        let heads = left.heads().iter().chain(right.heads()).cloned().collect();
        return Ok(Box::new(Union { heads, left, right, next: 0, presence }));
    }
    let mut right = right;
    let heads = right.heads().to_vec();
    let mut column = vec![ABSENT; steps];
    for head in heads {
        right.next(cx, &mut column)?;
        presence.add(&head, &column);
    }
    cx.count(presence.groups.len().saturating_mul(steps) / 8)?;
    let wanted = op == BinaryOp::And;
    Ok(Box::new(Filtered { left, presence, wanted, next: 0 }))
}

/// The left side at the steps at which the right side has a match, or none.
struct Filtered<'a> {
    left: Vector<'a>,
    presence: Presence,
    wanted: bool,
    next: usize,
}

impl Stream for Filtered<'_> {
    fn heads(&self) -> &[Head] {
        self.left.heads()
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        self.left.next(cx, column)?;
        let head = self.left.heads().get(self.next);
        self.next += 1;
        match head.and_then(|head| self.presence.of(head)) {
            Some(present) => {
                for (value, &present) in column.iter_mut().zip(present) {
                    if present != self.wanted {
                        *value = ABSENT;
                    }
                }
            }
            None if self.wanted => column.fill(ABSENT),
            None => {}
        }
        Ok(())
    }
}

/// The left side, then what the right side has beside it.
struct Union<'a> {
    heads: Vec<Head>,
    left: Vector<'a>,
    right: Vector<'a>,
    next: usize,
    presence: Presence,
}

impl Stream for Union<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        let Some(head) = self.heads.get(self.next) else { return Ok(()) };
        let is_left = self.next < self.left.heads().len();
        self.next += 1;
        if is_left {
            self.left.next(cx, column)?;
            self.presence.add(head, column);
            return Ok(());
        }
        self.right.next(cx, column)?;
        if let Some(present) = self.presence.of(head) {
            for (value, &present) in column.iter_mut().zip(present) {
                if present {
                    *value = ABSENT;
                }
            }
        }
        Ok(())
    }
}
