//! The components from outside: through addresses and messages alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod courier;
mod durability;
mod load;
mod supervision;
