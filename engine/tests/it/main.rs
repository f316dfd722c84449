//! Through the public face only: one binary, a module a subject.

mod promql;
mod rules;
