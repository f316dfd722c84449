//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::storage::Storage;
use crate::test_rules::TestRules;

/// keepwatch watches its host and itself: metrics, alerts and health checks
/// over HTTP, from one binary.
///
/// Without a command it serves.
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Logging follows RUST_LOG, such as RUST_LOG=keepwatch=debug; the default is info."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch the host and answer over HTTP until Ctrl-C or SIGTERM (the default)
    Serve(Serve),
    /// Check configurations and Prometheus rule files; print what they have, or everything that is wrong
    Check {
        /// The files, such as keepwatch.toml or rules.yml
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run unit tests of Prometheus rules, in promtool's format
    TestRules(TestRules),
    /// Print the rules and checks that `serve` adds by itself, as a configuration
    Defaults,
    /// Look into a data folder, check it, export from it, import into it
    #[command(subcommand)]
    Storage(Storage),
}

#[derive(Debug, Default, Args)]
pub(crate) struct Serve {
    /// Read this configuration; without it keepwatch.toml is read if it is there
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Listen here instead of where the configuration says [default: 127.0.0.1:9737]
    #[arg(short, long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Keep the series in this folder instead of where the configuration says [default: in memory]
    #[arg(short, long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn serving_needs_no_command() {
        let bare = Arguments::try_parse_from(["keepwatch", "--listen", "127.0.0.1:0"]).unwrap();
        assert!(bare.command.is_none());
        let full = Arguments::try_parse_from(["keepwatch", "serve", "-l", "127.0.0.1:0"]).unwrap();
        let Some(Command::Serve(serve)) = full.command else { panic!("not serve") };
        assert_eq!(serve.listen, bare.serve.listen);
        assert!(Arguments::try_parse_from(["keepwatch", "--listen", "nowhere"]).is_err());
        assert!(Arguments::try_parse_from(["keepwatch", "check"]).is_err());
    }
}
