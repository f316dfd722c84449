//! Through the public face only: one binary, a module a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(unix)]
mod binary;
mod collectors;
mod config;
#[cfg(unix)]
mod disk;
mod dump;
mod examples;
mod exposition;
mod http;
mod instruments;
mod kill;
mod monitor;
#[cfg(unix)]
mod place;
mod process;
mod prometheus_clients;
mod prometheus_schema;
mod promql;
#[cfg(unix)]
mod query;
#[cfg(unix)]
mod recording;
mod restart;
#[cfg(unix)]
mod rule_files;
mod scrape;
mod web;
