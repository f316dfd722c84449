//! Through the public face only: one binary, a module a subject.

mod openmetrics;
mod promql;
mod rules;
mod shared;
