//! The thread that the engine lives on.
//!
//! It has an actix system of its own, so the monitor works alike under
//! `actix_web::main`, under `tokio::main` and without either, outlives the
//! HTTP server, and stops when it is told to and not when a system elsewhere
//! does.

use std::future::Future;
use std::sync::mpsc;
use std::thread;

use tokio::sync::watch;

use super::error::StartError;

/// A running engine thread.
#[derive(Debug)]
pub(super) struct EngineThread {
    ended: watch::Receiver<()>,
}

impl EngineThread {
    /// Starts the thread, runs `setup` on it and returns what it made. The
    /// thread then lives until `setup`'s second value, a future, completes.
    ///
    /// Blocks the caller for as long as `setup` takes: some milliseconds.
    pub(super) fn launch<T, Life>(
        setup: impl AsyncFnOnce() -> Result<(T, Life), StartError> + Send + 'static,
    ) -> Result<(T, Self), StartError>
    where
        T: Send + 'static,
        Life: Future<Output = ()> + 'static,
    {
        let (made, result) = mpsc::sync_channel(1);
        let (alive, ended) = watch::channel(());
        thread::Builder::new()
            .name("keepwatch".to_owned())
            .spawn(move || {
                // Dropped last, which is what `ended` waits for.
                let _alive = alive;
                actix_rt::System::new().block_on(async move {
                    match setup().await {
                        // A caller that is gone leaves nobody to tell.
                        Err(error) => drop(made.send(Err(error))),
                        Ok((value, life)) => {
                            drop(made.send(Ok(value)));
                            life.await;
                        }
                    }
                });
            })
            .map_err(StartError::Thread)?;
        // The sender is dropped unused only if the setup panicked.
        let value = result.recv().map_err(|_| StartError::Panicked)??;
        Ok((value, Self { ended }))
    }

    /// Completes when the thread has ended.
    pub(super) async fn ended(&self) {
        // The sender never sends; its end is the signal.
        let _ = self.ended.clone().changed().await;
    }
}
