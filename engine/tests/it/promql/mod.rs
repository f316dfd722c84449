//! The cases of Prometheus' own test files, in the language that their
//! FORMAT.md describes.
//!
//! The files are no part of the project. `KEEPWATCH_CONFORMANCE` names the
//! folder that has them in `promql/`; without it, it is `shared/conformance`
//! beside the checkout. Where there is none, the test says so and passes.
//!
//! Each file is a line, and what fails is told with its place:
//!
//! ```sh
//! KEEPWATCH_CONFORMANCE_ONLY=functions.test:120 …  # the case at a line, or a file
//! KEEPWATCH_CONFORMANCE_VERBOSE=1 …                # also what needs native histograms
//! cargo test -p keepwatch-engine --test it promql::conformance
//! ```

mod case;
mod compare;
mod compliance;
mod conformance;
mod cursor;
mod duration;
mod expectation;
mod file;
mod loaded;
mod pinned;
mod points;
mod run;
mod script;
mod series;
