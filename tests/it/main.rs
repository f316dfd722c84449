//! Through the public face only: one binary, a module a subject.

#[cfg(unix)]
mod binary;
mod config;
mod examples;
mod http;
mod process;
mod web;
