//! Models of what threads do with their words, for `cargo test -p
//! keepwatch-loom`: the code of the engine, compiled with loom's atomics.

#[cfg(test)]
mod instrument;
