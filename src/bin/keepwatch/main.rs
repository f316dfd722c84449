//! The `keepwatch` binary.

fn main() {}
