//! What a reopening found.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What was in a data folder when it was opened, and what was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reopening {
    /// Series that are there again.
    pub series: usize,
    /// Segments of samples.
    pub segments: usize,
    /// Files of rollups.
    pub rollups: usize,
    /// Samples in segments.
    pub sealed_samples: u64,
    /// Samples that the log brought back.
    pub logged_samples: u64,
    /// Log files that were read.
    pub log_files: usize,
    /// Frames of the log that are damaged and lost.
    pub log_frames_lost: u64,
    /// The bytes of the log that were lost with them.
    pub log_bytes_lost: u64,
    /// Samples of the log whose series is not known any more.
    pub log_samples_unknown: u64,
    /// Bytes behind the last whole frame of a log file: what was being
    /// written when the process ended, and acknowledged to nobody.
    pub log_bytes_unfinished: u64,
    /// Files that are damaged: those of which nothing can be read were set
    /// aside.
    pub damaged: Vec<DamagedFile>,
    /// Files that the system did not let us read, or that are of a newer
    /// version. They stay where they are, and the next opening tries again.
    pub unopened: Vec<DamagedFile>,
}

/// A file that could not be read, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedFile {
    /// Where it is now.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl Reopening {
    /// Says whether anything that was acknowledged is lost, or out of reach.
    #[must_use]
    pub fn lost_anything(&self) -> bool {
        self.log_frames_lost > 0
            || self.log_bytes_lost > 0
            || self.log_samples_unknown > 0
            || !self.damaged.is_empty()
            || !self.unopened.is_empty()
    }
}

impl fmt::Display for Reopening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} series, {} samples in {} segments, {} samples in the log",
            self.series, self.sealed_samples, self.segments, self.logged_samples
        )?;
        if self.log_frames_lost > 0 || self.log_bytes_lost > 0 {
            write!(
                f,
                "; lost {} damaged frames of the log with {} bytes",
                self.log_frames_lost, self.log_bytes_lost
            )?;
        }
        if self.log_samples_unknown > 0 {
            write!(f, "; lost {} samples of unknown series", self.log_samples_unknown)?;
        }
        for file in self.damaged.iter().chain(&self.unopened) {
            write!(f, "; {} cannot be read: {}", file.path.display(), file.reason)?;
        }
        Ok(())
    }
}
