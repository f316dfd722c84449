//! Counts records of `log`.
//!
//! ```
//! use keepwatch::Monitor;
//! use keepwatch::bridge::records::CountingLogger;
//!
//! # fn main() -> anyhow::Result<()> {
//! let monitor = Monitor::builder().start()?;
//! let inner = env_logger::Builder::from_default_env().build();
//! let level = inner.filter();
//! CountingLogger::new(monitor.catalogue(), inner)?.install(level)?;
//! log::error!("counted in log_messages_total, and written as before");
//! # Ok(())
//! # }
//! ```

use keepwatch_engine::instrument::{Catalogue, Counter, MetricError};
use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};

/// The levels by their number, which begins at 1.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Counts records in `log_messages_total`, by `level`, and hands them to
/// another logger. What that logger does not want is not counted: it was not
/// logged.
pub struct CountingLogger<L> {
    inner: L,
    messages: [Counter; LEVELS.len()],
}

impl<L: Log + 'static> CountingLogger<L> {
    /// Makes the logger around `inner`.
    ///
    /// # Errors
    /// A metric of the same name that is defined otherwise.
    pub fn new(catalogue: &Catalogue, inner: L) -> Result<Self, MetricError> {
        let messages = catalogue
            .counter("log_messages_total")
            .help("Records that were logged.")
            .labels(["level"])
            .get_or_register()?;
        let [error, warn, info, debug, trace] = LEVELS.map(|level| messages.with(&[level]));
        Ok(Self { inner, messages: [error?, warn?, info?, debug?, trace?] })
    }

    /// Makes it the logger of this process, for records up to `level`.
    ///
    /// # Errors
    /// If there is one already.
    pub fn install(self, level: LevelFilter) -> Result<(), SetLoggerError> {
        log::set_boxed_logger(Box::new(self))?;
        log::set_max_level(level);
        Ok(())
    }
}

impl<L: Log> Log for CountingLogger<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.inner.enabled(record.metadata()) {
            return;
        }
        // Levels begin at 1, for errors.
        if let Some(messages) = self.messages.get(record.level() as usize - 1) {
            messages.increment();
        }
        self.inner.log(record);
    }

    fn flush(&self) {
        self.inner.flush();
    }
}

impl<L> std::fmt::Debug for CountingLogger<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CountingLogger").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use log::Level;

    use super::*;

    /// Takes what is not a detail.
    #[derive(Clone, Default)]
    struct Inner(Arc<AtomicU32>);

    impl Log for Inner {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.level() <= Level::Info
        }

        fn log(&self, _: &Record<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn flush(&self) {
            self.0.fetch_add(100, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_logged_is_counted_and_handed_on() {
        let catalogue = Catalogue::new();
        let inner = Inner::default();
        let logger = CountingLogger::new(&catalogue, inner.clone()).unwrap();
        for level in [Level::Error, Level::Info, Level::Info, Level::Debug] {
            logger.log(&Record::builder().level(level).build());
        }
        logger.flush();
        assert_eq!(inner.0.load(Ordering::Relaxed), 103);
        let counted = LEVELS.map(|level| {
            let messages = catalogue.get("log_messages_total").unwrap();
            messages.child(&[level]).unwrap().counter().unwrap().value()
        });
        assert_eq!(counted, [1.0, 0.0, 2.0, 0.0, 0.0]);
    }
}
