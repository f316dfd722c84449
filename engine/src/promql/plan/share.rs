//! What is needed more than once.

use super::Root;
use super::node::{Node, NodeKind, RangeSource, Ranges};

/// Leaves a number to the nodes alone that occur more than once.
pub(super) fn keep_shared(root: &mut Root, occurrences: &[usize]) {
    match root {
        Root::Scalar(node) | Root::Vector(node) => visit(node, occurrences),
        Root::Matrix(ranges) => visit_ranges(ranges, occurrences),
        Root::Text(_) => {}
    }
}

fn visit(node: &mut Node, occurrences: &[usize]) {
    if let NodeKind::Shared { number, node: inner } = &mut node.kind
        && occurrences.get(*number).is_none_or(|count| *count < 2)
    {
        let placeholder = Node { kind: NodeKind::Time, span: inner.span };
        *node = std::mem::replace(inner, placeholder);
    }
    match &mut node.kind {
        NodeKind::Number(_) | NodeKind::Text(_) | NodeKind::Time | NodeKind::Instant(_) => {}
        NodeKind::ScalarOf(inner)
        | NodeKind::ScalarNegative(inner)
        | NodeKind::VectorOf(inner)
        | NodeKind::Negative(inner)
        | NodeKind::Timestamp(inner)
        | NodeKind::Invariant(inner)
        | NodeKind::Shared { node: inner, .. }
        | NodeKind::Absent { vector: inner, .. }
        | NodeKind::Relabel { vector: inner, .. }
        | NodeKind::Sort { vector: inner, .. } => visit(inner, occurrences),
        NodeKind::ScalarBinary { left, right, .. }
        | NodeKind::ScalarExtreme { left, right, .. }
        | NodeKind::Set { left, right, .. }
        | NodeKind::WithScalar { vector: left, scalar: right, .. } => {
            visit(left, occurrences);
            visit(right, occurrences);
        }
        NodeKind::Binary(binary) => {
            visit(&mut binary.left, occurrences);
            visit(&mut binary.right, occurrences);
        }
        NodeKind::OverRange { ranges, parameters, .. } => {
            visit_ranges(ranges, occurrences);
            parameters.iter_mut().for_each(|one| visit(one, occurrences));
        }
        NodeKind::Map { vector, parameters, .. }
        | NodeKind::Histogram { vector, parameters, .. } => {
            visit(vector, occurrences);
            parameters.iter_mut().for_each(|one| visit(one, occurrences));
        }
        NodeKind::Aggregate { parameter, vector, .. } => {
            visit(vector, occurrences);
            parameter.iter_mut().for_each(|one| visit(one, occurrences));
        }
        NodeKind::Info(info) => visit(&mut info.vector, occurrences),
    }
}

fn visit_ranges(ranges: &mut Ranges, occurrences: &[usize]) {
    if let RangeSource::Subquery { vector, .. } = &mut ranges.source {
        visit(vector, occurrences);
    }
}
