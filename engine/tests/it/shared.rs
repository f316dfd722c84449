//! Data of other projects, which is no part of this one.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The folder with the data beside the checkout.
const BESIDE: &str = "../shared/conformance";

/// Returns the folder of a subject, if it is there: in the folder that
/// `KEEPWATCH_CONFORMANCE` names, or beside the checkout. What is relative
/// begins at the checkout.
pub(crate) fn folder(subject: &str) -> Result<PathBuf, String> {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = crate_folder.parent().unwrap_or(crate_folder);
    let named = env::var_os("KEEPWATCH_CONFORMANCE").unwrap_or_else(|| BESIDE.into());
    let folder = checkout.join(named).join(subject);
    let is_there = folder.is_dir();
    if is_there { Ok(folder) } else { Err(format!("there is no folder {}", folder.display())) }
}

/// Writes past the test harness, which would keep the lines of a test that
/// passes to itself.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
