//! The handles that a worker writes.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::ResourceMap;
use foldhash::fast::RandomState;
use keepwatch_engine::instrument::{Counter, Gauge, Histogram, LabelError};

use super::Shared;
use super::labels::{METHODS, Status, UNMATCHED};
use super::watch::Notes;

/// The most notes that wait for a request.
const SPARE_MAX: usize = 64;

/// The handles of one worker, found by what a request was. They are made when
/// they are first needed, and kept.
pub(super) struct Table {
    pub(super) shared: Arc<Shared>,
    /// By the place of the method; nothing where the labels were refused,
    /// which the metric has counted.
    in_flight: [OnceCell<Option<Gauge>>; METHODS.len()],
    /// The patterns of the application, once there was a request.
    patterns: OnceCell<ResourceMap>,
    #[expect(clippy::vec_box, reason = "the boxes themselves are handed on")]
    spare: RefCell<Vec<Box<Notes>>>,
    unmatched: Answers,
    routes: RefCell<HashMap<Box<str>, Answers, RandomState>>,
}

/// The handles of one route: few, as it has few methods and answers.
#[derive(Default)]
struct Answers(RefCell<Vec<Answer>>);

/// A method, a status, and their handles; nothing where the labels were
/// refused.
type Answer = (u8, Status, Option<Rc<Handles>>);

/// The handles of a method, a route and a status.
pub(super) struct Handles {
    pub(super) requests: Counter,
    pub(super) durations: Histogram,
    pub(super) request_sizes: Histogram,
    pub(super) response_sizes: Histogram,
}

impl Table {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            in_flight: [const { OnceCell::new() }; METHODS.len()],
            patterns: OnceCell::new(),
            spare: RefCell::default(),
            unmatched: Answers::default(),
            routes: RefCell::default(),
        }
    }

    /// Returns the gauge of what is in flight by a method.
    pub(super) fn in_flight(&self, method: u8) -> Option<&Gauge> {
        let place = self.in_flight.get(usize::from(method))?;
        let make = || {
            let constants = self.shared.constants.iter().map(|value| &**value);
            let values: Vec<&str> = [name_of(method)].into_iter().chain(constants).collect();
            self.shared.in_flight.with(&values).ok()
        };
        place.get_or_init(make).as_ref()
    }

    /// Returns notes that a request has done with.
    pub(super) fn spare_notes(&self) -> Option<Box<Notes>> {
        self.spare.borrow_mut().pop()
    }

    /// Keeps notes for a later request.
    pub(super) fn keep_notes(&self, notes: Box<Notes>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_MAX {
            spare.push(notes);
        }
    }

    /// Keeps the patterns for requests that end without an answer.
    pub(super) fn keep_patterns(&self, patterns: &ResourceMap) {
        self.patterns.get_or_init(|| patterns.clone());
    }

    /// Returns the pattern of a path, trying one after the other.
    pub(super) fn pattern(&self, path: &str) -> Option<String> {
        self.patterns.get()?.match_pattern(path)
    }

    /// Returns the handles of a method, a pattern and a status.
    pub(super) fn find(
        &self,
        method: u8,
        pattern: Option<&str>,
        status: Status,
    ) -> Option<Rc<Handles>> {
        let make = || self.shared.handles(name_of(method), pattern.unwrap_or(UNMATCHED), status);
        let Some(pattern) = pattern else { return self.unmatched.find(method, status, make) };
        if let Some(answers) = self.routes.borrow().get(pattern) {
            return answers.find(method, status, make);
        }
        let mut routes = self.routes.borrow_mut();
        routes.entry(pattern.into()).or_default().find(method, status, make)
    }
}

impl Answers {
    fn find(
        &self,
        method: u8,
        status: Status,
        make: impl FnOnce() -> Result<Handles, LabelError>,
    ) -> Option<Rc<Handles>> {
        let is_it = |known: &&Answer| (known.0, known.1) == (method, status);
        if let Some((_, _, handles)) = self.0.borrow().iter().find(is_it) {
            return handles.clone();
        }
        let handles = make().ok().map(Rc::new);
        self.0.borrow_mut().push((method, status, handles.clone()));
        handles
    }
}

impl Shared {
    fn handles(&self, method: &str, route: &str, status: Status) -> Result<Handles, LabelError> {
        let status = status.text();
        let constants = self.constants.iter().map(|value| &**value);
        let values: Vec<&str> = [method, route, &status].into_iter().chain(constants).collect();
        Ok(Handles {
            requests: self.requests.with(&values)?,
            durations: self.durations.with(&values)?,
            request_sizes: self.request_sizes.with(&values)?,
            response_sizes: self.response_sizes.with(&values)?,
        })
    }
}

fn name_of(method: u8) -> &'static str {
    METHODS.get(usize::from(method)).copied().unwrap_or("other")
}
