//! The components from outside: through addresses and messages alone.

mod courier;
mod load;
mod supervision;
