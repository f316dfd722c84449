//! keepwatch, Prometheus and VictoriaMetrics over HTTP, on the same data.
//!
//! Each is a process of its own on one core, the same for all, and they take
//! turns. keepwatch fills itself through its messages, the others by remote
//! write. keepwatch and Prometheus then have everything in memory, as they
//! have the last hour in service, and VictoriaMetrics in files. A second
//! keepwatch has it in the segments of a data folder, as it has older hours.
//! Wall time is from the question to the last byte of the answer, read by the
//! same client on another core; CPU time is the server's.

mod client;
mod contest;
mod folder;
mod own;
mod peer;
mod process;
mod remote_write;
mod server;
mod watch;

use self::client::Client;
use self::contest::compete;
use self::folder::Folder;
pub(super) use self::own::serve;
use self::peer::Kind;
use self::process::Cores;
use self::server::Server;
use super::queries::Query;

/// What makes this program the server.
pub(super) const SERVE: &str = "--serve";

/// Measures what is installed.
///
/// # Errors
/// What keeps keepwatch itself from being measured.
pub(super) fn run(queries: &[&Query]) -> Result<(), String> {
    let folder = Folder::create()?;
    let cores = Cores::divide()?;
    let client = Client::new();
    let mut servers = Vec::new();
    for kind in Kind::ALL {
        match Server::start(kind, &client, &cores, &folder.0) {
            Ok(server) => servers.push(server),
            Err(error) if kind.is_own() => return Err(format!("{}: {error}", kind.name())),
            Err(error) => println!("{} over HTTP: left out, as {error}", kind.name()),
        }
    }
    for query in queries {
        compete(&client, &mut servers, query);
    }
    for server in &servers {
        server.print("peak_kib", server.peak_kib, "KiB");
    }
    Ok(())
}
