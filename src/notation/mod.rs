//! How people write durations, sizes and label matchers: in `keepwatch.toml` and in
//! the parameters of the HTTP surface.

mod duration;
mod matcher;
mod size;

pub use duration::{DurationError, format_duration, parse_duration};
pub use matcher::{MatchersError, parse_matchers};
pub use size::{SizeError, parse_size};
