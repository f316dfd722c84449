//! One request, from the call to the end of its answer's body.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage};
use futures_util::StreamExt;
use keepwatch_engine::clock::Stopwatch;
use keepwatch_engine::instrument::Exemplar;

use super::labels::{self, HEAD, Status};
use super::table::{Handles, Table};

/// A request under way, which counts when it is dropped: when the answer's
/// body has been sent, or nobody wants it any more.
pub(super) struct Watch {
    table: Rc<Table>,
    /// What is known of it; `None` only while it is dropped. It is moved about
    /// with the answer and its body, and so kept small.
    notes: Option<Box<Notes>>,
}

/// What is known of a request. Its memory serves one request after the other.
pub(super) struct Notes {
    since: Stopwatch,
    method: u8,
    /// What it asks for, should it end without saying what it matched.
    path: String,
    /// The bytes of its body that were read; `None` if it has none.
    received: Option<Rc<Cell<u64>>>,
    is_answered: bool,
    handles: Option<Rc<Handles>>,
    exemplar: Option<Exemplar>,
    /// The bytes of the answer's body that were sent.
    sent: u64,
}

impl Watch {
    pub(super) fn begin(table: &Rc<Table>, request: &mut ServiceRequest) -> Self {
        let mut notes = table.spare_notes().unwrap_or_else(Notes::empty);
        table.keep_patterns(request.resource_map());
        notes.method = labels::method(request.method());
        notes.path.push_str(request.path());
        table.in_flight(notes.method).inspect(|gauge| gauge.enter());
        notes.received = count_body(request);
        notes.since = Stopwatch::start();
        Self { table: Rc::clone(table), notes: Some(notes) }
    }

    /// Takes the answer, or the error that whoever is outside makes one of.
    pub(super) fn answer<B: MessageBody>(&mut self, answer: &Result<ServiceResponse<B>, Error>) {
        match answer {
            Ok(response) => self.respond(response),
            Err(error) => self.end(Some(error.as_response_error().status_code())),
        }
    }

    fn respond<B: MessageBody>(&mut self, response: &ServiceResponse<B>) {
        // Routing has noted which pattern it was: none has to be tried again.
        let pattern = response.request().match_pattern();
        let status = response.status();
        let Some(notes) = &mut self.notes else { return };
        notes.answer(&self.table, pattern.as_deref(), Some(status));
        let (Some(source), Some(handles)) = (&self.table.shared.exemplars, &notes.handles) else {
            return;
        };
        let is_stream = matches!(response.response().body().size(), BodySize::Stream);
        // How long a stream takes, nobody knows yet.
        let so_far = || notes.since.elapsed().as_secs_f64();
        if is_stream || handles.durations.wants_exemplar(so_far()) {
            notes.exemplar = source();
        }
    }

    /// Takes bytes of the answer's body.
    pub(super) fn send(&mut self, bytes: usize) {
        if let Some(notes) = &mut self.notes {
            notes.sent += bytes as u64;
        }
    }

    /// Ends a request of which nobody says what it matched: the first pattern
    /// for its path.
    fn end(&mut self, status: Option<StatusCode>) {
        if let Some(notes) = &mut self.notes {
            let pattern = self.table.pattern(&notes.path);
            notes.answer(&self.table, pattern.as_deref(), status);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.notes.as_ref().is_some_and(|notes| !notes.is_answered) {
            self.end(None);
        }
        if let Some(mut notes) = self.notes.take() {
            notes.count();
            self.table.in_flight(notes.method).inspect(|gauge| gauge.leave());
            self.table.keep_notes(notes);
        }
    }
}

impl Notes {
    fn empty() -> Box<Self> {
        Box::new(Self {
            since: Stopwatch::start(),
            method: 0,
            path: String::new(),
            received: None,
            is_answered: false,
            handles: None,
            exemplar: None,
            sent: 0,
        })
    }

    fn answer(&mut self, table: &Table, pattern: Option<&str>, status: Option<StatusCode>) {
        self.is_answered = true;
        let status = status.map_or(Status::ABORTED, |code| Status::of(code, table.shared.codes));
        self.handles = table.find(self.method, pattern, status);
    }

    /// Counts the request, and forgets it.
    #[expect(clippy::cast_precision_loss, reason = "measurements are floats; exact up to 2^53")]
    fn count(&mut self) {
        let received = self.received.take().map_or(0, |read| read.get());
        // The server leaves such a body out.
        let sent = if self.method == HEAD { 0 } else { self.sent };
        if let Some(handles) = self.handles.take() {
            handles.requests.increment();
            handles.request_sizes.observe(received as f64);
            handles.response_sizes.observe(sent as f64);
            let seconds = self.since.elapsed().as_secs_f64();
            match self.exemplar.take() {
                Some(exemplar) => handles.durations.observe_with(seconds, || Some(exemplar)),
                None => handles.durations.observe(seconds),
            }
        }
        self.path.clear();
        self.is_answered = false;
        self.sent = 0;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.notes.as_ref().map_or(0, |notes| notes.sent);
        write!(f, "{sent} bytes sent")
    }
}

/// Counts the bytes of a request's body as they are read. What is announced is
/// anybody's to say, and is not believed.
fn count_body(request: &mut ServiceRequest) -> Option<Rc<Cell<u64>>> {
    let payload = match request.take_payload() {
        Payload::None => return None,
        payload => payload,
    };
    let read = Rc::new(Cell::new(0));
    let count = Rc::clone(&read);
    let counted = payload.inspect(move |piece| {
        if let Ok(bytes) = piece {
            count.set(count.get() + bytes.len() as u64);
        }
    });
    request.set_payload(Payload::Stream { payload: Box::pin(counted) });
    Some(read)
}
