//! The labels of a request.

use actix_web::http::{Method, StatusCode};

/// The names of the labels, in the order of the definitions.
pub(super) const NAMES: [&str; 3] = ["method", "route", "status"];

/// The route of what matched no pattern.
pub(super) const UNMATCHED: &str = "unmatched";

/// The methods by their place; what is none of them is the last.
pub(super) const METHODS: [&str; 10] =
    ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE", "other"];

/// The place of the method whose answers have no body.
pub(super) const HEAD: u8 = 4;

/// Returns the place of a method.
pub(super) fn method(method: &Method) -> u8 {
    match *method {
        Method::GET => 0,
        Method::POST => 1,
        Method::PUT => 2,
        Method::DELETE => 3,
        Method::HEAD => HEAD,
        Method::OPTIONS => 5,
        Method::PATCH => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        _ => 9,
    }
}

/// How a request ended, as a number: the code, its class from 1 to 9, or 0 for
/// one that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(u16);

impl Status {
    pub(super) const ABORTED: Self = Self(0);

    pub(super) fn of(code: StatusCode, codes: bool) -> Self {
        Self(if codes { code.as_u16() } else { code.as_u16() / 100 })
    }

    pub(super) fn text(self) -> String {
        match self.0 {
            0 => "aborted".to_owned(),
            class @ 1..=9 => format!("{class}xx"),
            code => code.to_string(),
        }
    }
}
