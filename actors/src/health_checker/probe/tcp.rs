//! Does something accept connections?

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use keepwatch_engine::health::Outcome;
use tokio::net::TcpStream;

use super::Probe;

/// Succeeds when a TCP connection is accepted; the name is resolved anew in
/// each run.
#[derive(Debug, Clone)]
pub struct TcpProbe {
    address: Arc<str>,
}

impl TcpProbe {
    /// Creates a probe of `host:port`.
    pub fn new(address: impl Into<Arc<str>>) -> Self {
        Self { address: address.into() }
    }
}

impl Probe for TcpProbe {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        let address = Arc::clone(&self.address);
        let connect = async move {
            match TcpStream::connect(address.as_ref()).await {
                Ok(_) => Outcome::healthy(),
                Err(error) => Outcome::failed(format_args!("{address}: {error}")),
            }
        };
        connect.boxed()
    }
}
