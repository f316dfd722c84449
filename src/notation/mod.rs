//! How people write durations and label matchers: in `keepwatch.toml` and in
//! the parameters of the HTTP surface.

mod duration;
mod matcher;

pub use duration::{DurationError, format_duration, parse_duration};
pub use matcher::{MatchersError, parse_matchers};
