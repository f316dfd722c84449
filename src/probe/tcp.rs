//! A TCP port accepts connections.

use keepwatch_engine::health::Outcome;
use thiserror::Error;
use tokio::net::TcpStream;

use super::{millis, timed};

/// A check that opens a connection and closes it again; it observes how long
/// that took, in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tcp {
    address: String,
}

/// Why an address was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a host and a port, such as \"db:5432\", got {address:?}")]
#[non_exhaustive]
pub struct TcpError {
    /// The address as given.
    pub address: String,
}

impl Tcp {
    /// Checks `host:port`; a name is resolved at each run.
    ///
    /// # Errors
    /// An address without a host, or without a port from 1 to 65535.
    pub fn new(address: impl Into<String>) -> Result<Self, TcpError> {
        let address = address.into();
        let good = address.rsplit_once(':').is_some_and(|(host, port)| {
            let bare_v6 = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
            !host.is_empty() && !bare_v6 && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if good { Ok(Self { address }) } else { Err(TcpError { address }) }
    }

    pub(super) async fn run(&self) -> Outcome {
        match timed(TcpStream::connect(&self.address)).await {
            (Ok(_), took) => Outcome::healthy().observed(millis(took), "ms"),
            (Err(error), _) => {
                Outcome::failed(format_args!("cannot connect to {}: {error}", self.address))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["db:5432", "127.0.0.1:80", "[::1]:80"] {
            assert!(Tcp::new(good).is_ok(), "{good}");
        }
        for bad in ["db", "db:", ":80", "db:0", "db:70000", "::1:80", "http://db:80/"] {
            assert_eq!(Tcp::new(bad).unwrap_err().address, bad);
        }
    }

    #[tokio::test]
    async fn an_open_port_is_healthy_and_a_closed_one_is_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tcp = Tcp::new(&address).unwrap();
        let outcome = tcp.run().await;
        assert!(!outcome.is_failed() && outcome.observed.is_some(), "{outcome:?}");
        drop(listener);
        let outcome = format!("{:?}", tcp.run().await);
        assert!(outcome.contains(&format!("cannot connect to {address}: ")), "{outcome}");
    }
}
