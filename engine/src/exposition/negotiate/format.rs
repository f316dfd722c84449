//! The format of an answer.

use std::fmt;

use super::header::Choice;
use crate::exposition::name::Escaping;

/// The format of an exposition: its syntax, and how it writes names that are
/// not legacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Format {
    /// The syntax.
    pub syntax: Syntax,
    /// The scheme that was asked for; `None` escapes by underscores without
    /// saying so.
    pub escaping: Option<Escaping>,
}

/// The syntax of an exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Syntax {
    /// The Prometheus text format.
    Text(TextVersion),
    /// OpenMetrics as text.
    OpenMetrics(OpenMetricsVersion),
    /// `io.prometheus.client.MetricFamily` as protobuf, each with its length
    /// before it.
    Protobuf,
}

/// A version of the Prometheus text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextVersion {
    /// 0.0.4, which every tool reads.
    V0_0_4,
    /// 1.0.0, which knows names of any text.
    V1_0_0,
}

/// A version of OpenMetrics; what is written is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenMetricsVersion {
    /// The draft that Prometheus 2.5 began with.
    V0_0_1,
    /// 1.0.0.
    V1_0_0,
}

impl Default for Syntax {
    /// Returns the Prometheus text format 0.0.4.
    fn default() -> Self {
        Self::Text(TextVersion::V0_0_4)
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text";
const PROTOBUF: &str = "application/vnd.google.protobuf";
const MESSAGE: &str = "io.prometheus.client.MetricFamily";

impl Format {
    /// Chooses by the value of `Accept`: what is wanted most, of several the
    /// first. A wildcard means text 0.0.4, and so does a header without
    /// anything that there is.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let header = accept.unwrap_or_default();
        let mut best: Option<(Self, u16)> = None;
        for choice in Choice::all(header) {
            let Some(format) = Self::of(&choice).or_else(|| Self::of_range(&choice, header)) else {
                continue;
            };
            if choice.weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((format, choice.weight));
            }
        }
        best.map_or_else(Self::default, |(format, _)| format)
    }

    /// Returns what a media type asks for, if there is such a format.
    fn of(choice: &Choice<'_>) -> Option<Self> {
        let version = choice.parameter("version");
        let syntax = if choice.is("text/plain") {
            Syntax::Text(match version {
                None | Some("" | "0.0.4") => TextVersion::V0_0_4,
                Some("1.0.0") => TextVersion::V1_0_0,
                Some(_) => return None,
            })
        } else if choice.is(OPEN_METRICS) {
            Syntax::OpenMetrics(match version {
                None | Some("" | "1.0.0") => OpenMetricsVersion::V1_0_0,
                Some("0.0.1") => OpenMetricsVersion::V0_0_1,
                Some(_) => return None,
            })
        } else if choice.is(PROTOBUF) {
            let message = choice.parameter("proto").unwrap_or(MESSAGE);
            let encoding = choice.parameter("encoding").unwrap_or("delimited");
            (message == MESSAGE && encoding == "delimited").then_some(Syntax::Protobuf)?
        } else {
            return None;
        };
        let escaping = choice.parameter("escaping").and_then(Escaping::named);
        Some(Self { syntax, escaping })
    }

    /// Returns what a range of media types means: the most common format in
    /// it that is not refused.
    fn of_range(range: &Choice<'_>, header: &str) -> Option<Self> {
        let common = ["text/plain", OPEN_METRICS, PROTOBUF];
        let is_in = |name: &&str| {
            range.is("*/*")
                || range.is("*")
                || range.name.strip_suffix('*').is_some_and(|start| {
                    start.ends_with('/')
                        && name
                            .get(..start.len())
                            .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
                })
        };
        let refused = |name: &&str| Choice::all(header).any(|one| one.is(name) && one.weight == 0);
        let name = common.iter().find(|name| is_in(name) && !refused(name))?;
        Choice::all(name).find_map(|choice| Self::of(&choice))
    }

    /// Returns how names are written that are not legacy.
    #[must_use]
    pub fn escaping(self) -> Escaping {
        match (self.syntax, self.escaping) {
            // The version does not know names in quotes.
            (Syntax::Text(TextVersion::V0_0_4), Some(Escaping::AllowUtf8)) | (_, None) => {
                Escaping::Underscores
            }
            (_, Some(escaping)) => escaping,
        }
    }

    /// Returns the media type, for `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Format {
    /// Writes the media type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.syntax {
            Syntax::Text(TextVersion::V0_0_4) => "text/plain; version=0.0.4; charset=utf-8",
            Syntax::Text(TextVersion::V1_0_0) => "text/plain; version=1.0.0; charset=utf-8",
            Syntax::OpenMetrics(OpenMetricsVersion::V0_0_1) => {
                "application/openmetrics-text; version=0.0.1; charset=utf-8"
            }
            Syntax::OpenMetrics(OpenMetricsVersion::V1_0_0) => {
                super::super::openmetrics::CONTENT_TYPE
            }
            Syntax::Protobuf => {
                "application/vnd.google.protobuf; \
                 proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        })?;
        match self.escaping {
            Some(_) => write!(f, "; escaping={}", self.escaping().as_str()),
            None => Ok(()),
        }
    }
}
