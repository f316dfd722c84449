//! Which servers there are, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// A server, before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Without a data folder.
    Keepwatch,
    /// With a data folder in which everything is sealed.
    KeepwatchSealed,
    Prometheus,
    VictoriaMetrics,
}

impl Kind {
    /// The first is what the others are compared with.
    pub(super) const ALL: [Self; 4] =
        [Self::Keepwatch, Self::KeepwatchSealed, Self::Prometheus, Self::VictoriaMetrics];

    /// Returns the name in the lines of figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Keepwatch => "keepwatch",
            Self::KeepwatchSealed => "keepwatch_sealed",
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoriametrics",
        }
    }

    /// Says whether it is this program that serves.
    pub(super) const fn is_own(self) -> bool {
        matches!(self, Self::Keepwatch | Self::KeepwatchSealed)
    }

    /// Finds the program.
    ///
    /// # Errors
    /// Where it was looked for.
    pub(super) fn find(self) -> Result<PathBuf, String> {
        let (variable, names): (_, &[&str]) = match self {
            Self::Keepwatch | Self::KeepwatchSealed => {
                return env::current_exe().map_err(|error| format!("it has no path: {error}"));
            }
            Self::Prometheus => ("KEEPWATCH_BENCH_PROMETHEUS", &["prometheus"]),
            Self::VictoriaMetrics => (
                "KEEPWATCH_BENCH_VICTORIAMETRICS",
                &["victoria-metrics", "victoria-metrics-prod", "vmsingle"],
            ),
        };
        if let Some(path) = env::var_os(variable) {
            let path = PathBuf::from(path);
            let refusal = || format!("{variable} names {}, which is no file", path.display());
            return if path.is_file() { Ok(path) } else { Err(refusal()) };
        }
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|path| path.is_file())
            .ok_or_else(|| format!("neither {variable} nor PATH has {}", names.join(", ")))
    }

    /// Returns what starts the server at `address`, with its files in `folder`.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub(super) fn command(
        self,
        program: &Path,
        address: &str,
        folder: &Path,
    ) -> Result<Command, String> {
        let mut command = Command::new(program);
        let data = folder.join(self.name());
        match self {
            Self::Keepwatch => {
                command.args(["promql", super::SERVE, address]);
            }
            Self::KeepwatchSealed => {
                command.args(["promql", super::SERVE, address]).arg(data);
            }
            Self::Prometheus => {
                let config = folder.join("prometheus.yml");
                fs::write(&config, "global: {}\n")
                    .map_err(|error| format!("{}: {error}", config.display()))?;
                command
                    .arg(format!("--config.file={}", config.display()))
                    .arg(format!("--storage.tsdb.path={}", data.display()))
                    .arg("--storage.tsdb.retention.time=100y")
                    .arg("--web.enable-remote-write-receiver")
                    .arg(format!("--web.listen-address={address}"))
                    .arg("--log.level=error");
            }
            Self::VictoriaMetrics => {
                command
                    .arg(format!("-storageDataPath={}", data.display()))
                    .arg("-retentionPeriod=100y")
                    // An answer that it remembers says nothing of a query.
                    .arg("-search.disableCache")
                    .arg(format!("-httpListenAddr={address}"))
                    .arg("-loggerLevel=ERROR");
            }
        }
        Ok(command)
    }

    /// Returns the path that takes remote writes, of a server that is filled
    /// from outside.
    pub(super) const fn write_path(self) -> Option<&'static str> {
        match self {
            Self::Keepwatch | Self::KeepwatchSealed => None,
            Self::Prometheus | Self::VictoriaMetrics => Some("/api/v1/write"),
        }
    }

    /// Returns the path that makes what was written visible, where there is
    /// one.
    pub(super) const fn flush_path(self) -> Option<&'static str> {
        match self {
            Self::VictoriaMetrics => Some("/internal/force_flush"),
            Self::Keepwatch | Self::KeepwatchSealed | Self::Prometheus => None,
        }
    }
}

/// Returns the first line of what a program says of its version; some builds
/// say nothing.
pub(super) fn version(program: &Path) -> String {
    let said = Command::new(program).arg("--version").output();
    let said = said.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    match String::from_utf8_lossy(&said).lines().next().map(str::trim) {
        None | Some("") => "of a version that it does not tell".to_owned(),
        Some(line) => line.to_owned(),
    }
}
