//! Which check depends on which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::Direction;
use petgraph::algo::{astar, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use super::{CheckDefinition, Group, HealthError};

/// Which check depends on which: acyclic by construction.
///
/// A node is a check, an edge leads from a check to its dependency. What the
/// edge means (required, optional, any of a group) stands in the definition.
#[derive(Debug, Clone, Default)]
pub(super) struct DependencyGraph {
    edges: DiGraph<Node, ()>,
    nodes: BTreeMap<Arc<str>, NodeIndex>,
    order: Vec<Arc<str>>,
}

#[derive(Debug, Clone)]
struct Node {
    name: Arc<str>,
    is_liveness: bool,
}

impl DependencyGraph {
    /// Adds checks that may depend on each other and on those that are there.
    /// All of them or, on an error, none.
    pub(super) fn insert(&mut self, checks: &[CheckDefinition]) -> Result<(), HealthError> {
        let mut next = self.clone();
        for check in checks {
            check.validate()?;
            if next.nodes.contains_key(&check.name) {
                return Err(HealthError::Duplicate { check: check.name.clone() });
            }
            let is_liveness = check.groups.contains(Group::Liveness);
            let node = next.edges.add_node(Node { name: check.name.clone(), is_liveness });
            next.nodes.insert(check.name.clone(), node);
        }
        for check in checks {
            next.connect(check)?;
        }
        next.order = next.dependencies_first()?;
        *self = next;
        Ok(())
    }

    /// Removes a check that no other depends on.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), HealthError> {
        let Some((check, &node)) = self.nodes.get_key_value(name) else {
            return Err(HealthError::UnknownCheck { check: name.to_owned() });
        };
        let dependents: BTreeSet<Arc<str>> = self
            .edges
            .neighbors_directed(node, Direction::Incoming)
            .filter_map(|dependent| self.name(dependent))
            .collect();
        if !dependents.is_empty() {
            return Err(HealthError::DependedOn {
                check: check.clone(),
                dependents: dependents.into_iter().collect(),
            });
        }
        self.edges.remove_node(node);
        self.nodes.remove(name);
        // The graph fills the gap with its last node.
        if let Some(moved) = self.name(node) {
            self.nodes.insert(moved, node);
        }
        self.order.retain(|kept| kept.as_ref() != name);
        Ok(())
    }

    /// Returns the checks so that each stands after all that it depends on.
    pub(super) fn order(&self) -> &[Arc<str>] {
        &self.order
    }

    fn connect(&mut self, check: &CheckDefinition) -> Result<(), HealthError> {
        let Some(&node) = self.nodes.get(&check.name) else { return Ok(()) };
        for dependency in check.dependencies.iter().flat_map(|dependency| dependency.names()) {
            let Some(&target) = self.nodes.get(dependency) else {
                return Err(HealthError::MissingDependency {
                    check: check.name.clone(),
                    dependency: dependency.clone(),
                });
            };
            let target_is_liveness =
                self.edges.node_weight(target).is_some_and(|target| target.is_liveness);
            if check.groups.contains(Group::Liveness) && !target_is_liveness {
                return Err(HealthError::LivenessDependency {
                    check: check.name.clone(),
                    dependency: dependency.clone(),
                });
            }
            self.edges.add_edge(node, target, ());
        }
        Ok(())
    }

    fn dependencies_first(&self) -> Result<Vec<Arc<str>>, HealthError> {
        match toposort(&self.edges, None) {
            Ok(sorted) => Ok(sorted.into_iter().rev().filter_map(|node| self.name(node)).collect()),
            Err(cycle) => Err(HealthError::Cycle { path: self.cycle_through(cycle.node_id()) }),
        }
    }

    /// Returns the shortest circle through `node`, from its first name in the
    /// alphabet and back to it.
    fn cycle_through(&self, node: NodeIndex) -> Vec<Arc<str>> {
        let shortest = self
            .edges
            .neighbors(node)
            .filter_map(|next| astar(&self.edges, next, |at| at == node, |_| 1_usize, |_| 0))
            .min_by_key(|(length, _)| *length);
        let mut path: Vec<Arc<str>> = shortest
            .map(|(_, path)| path)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|node| self.name(node))
            .collect();
        if let Some(first) = path.iter().enumerate().min_by_key(|(_, name)| *name).map(|(i, _)| i) {
            path.rotate_left(first);
        }
        path.extend(path.first().cloned());
        path
    }

    fn name(&self, node: NodeIndex) -> Option<Arc<str>> {
        self.edges.node_weight(node).map(|node| node.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str) -> CheckDefinition {
        CheckDefinition::new(name)
    }

    fn refused(checks: &[CheckDefinition]) -> String {
        let mut graph = DependencyGraph::default();
        let error = graph.insert(checks).unwrap_err().to_string();
        assert!(graph.order().is_empty(), "a refused insertion left something behind");
        error
    }

    #[test]
    fn dependencies_stand_before_their_dependents() {
        let mut graph = DependencyGraph::default();
        graph
            .insert(&[check("shop").requires("api"), check("api").requires("db"), check("db")])
            .unwrap();
        assert_eq!(graph.order(), &["db".into(), "api".into(), "shop".into()] as &[Arc<str>]);
    }

    #[test]
    fn a_refusal_names_the_checks() {
        assert_eq!(
            refused(&[check("a").requires("b")]),
            "check \"a\" depends on \"b\", which does not exist"
        );
        assert_eq!(refused(&[check("a"), check("a")]), "check \"a\" exists already");
        assert_eq!(
            refused(&[check("a").requires("a")]),
            "checks depend on each other in a cycle: a → a"
        );
        assert_eq!(
            refused(&[
                check("x").requires("c"),
                check("c").requires("b"),
                check("b").optional("a"),
                check("a").any_of("g", ["c", "y"]),
                check("y"),
            ]),
            "checks depend on each other in a cycle: a → c → b → a"
        );
        assert_eq!(
            refused(&[check("alive").groups([Group::Liveness]).requires("db"), check("db")]),
            "liveness check \"alive\" depends on \"db\", which is not in the liveness group"
        );
    }

    #[test]
    fn a_check_that_others_need_stays() {
        let mut graph = DependencyGraph::default();
        graph.insert(&[check("db"), check("b").requires("db"), check("a").optional("db")]).unwrap();
        assert_eq!(
            graph.remove("db").unwrap_err().to_string(),
            "check \"db\" can't be removed: \"a\", \"b\" depend on it"
        );
        for name in ["a", "b", "db"] {
            graph.remove(name).unwrap();
        }
        assert_eq!(graph.remove("db").unwrap_err().to_string(), "check \"db\" does not exist");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever is added, every check stands after its dependencies; what
        /// would make a circle is refused with a circle that is one.
        #[test]
        fn stays_acyclic(edges in prop::collection::vec((0_usize..6, 0_usize..6), 0..12)) {
            let mut checks: Vec<_> = (0..6).map(|n| check(&n.to_string())).collect();
            for (from, to) in edges.into_iter().collect::<BTreeSet<_>>() {
                checks[from] = checks[from].clone().requires(to.to_string());
            }
            let mut graph = DependencyGraph::default();
            match graph.insert(&checks) {
                Ok(()) => {
                    let place = |name: &str| graph.order().iter().position(|n| n.as_ref() == name);
                    for check in &checks {
                        for dependency in check.dependencies.iter().flat_map(|d| d.names()) {
                            prop_assert!(place(dependency) < place(&check.name));
                        }
                    }
                }
                Err(HealthError::Cycle { path }) => {
                    prop_assert_eq!(path.first(), path.last());
                    for pair in path.windows(2) {
                        let from = checks.iter().find(|c| c.name == pair[0]).unwrap();
                        prop_assert!(from.dependencies.iter().any(|d| d.names().contains(&pair[1])));
                    }
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
