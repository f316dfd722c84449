//! The state of a component as the supervisor sees it.

use std::fmt;

use keepwatch_engine::model::Timestamp;
use serde::Serialize;

/// What a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
#[repr(u8)]
pub enum ComponentState {
    /// Not yet built.
    Starting = 0,
    /// Handling messages.
    Running = 1,
    /// Failed too often in a short time; its mailbox is paused.
    Resting = 2,
    /// Failed after the longest rest; answers errors and is probed.
    Down = 3,
    /// Stopped in order.
    Stopped = 4,
}

impl ComponentState {
    pub(super) const fn from_u8(code: u8) -> Self {
        match code {
            1 => Self::Running,
            2 => Self::Resting,
            3 => Self::Down,
            4 => Self::Stopped,
            _ => Self::Starting,
        }
    }

    /// Returns the state's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Resting => "resting",
            Self::Down => "down",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for ComponentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One component's state and counts since the engine started.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComponentStatus {
    /// The component's name.
    pub component: &'static str,
    /// What it is doing.
    pub state: ComponentState,
    /// Since when.
    pub since: Timestamp,
    /// Messages that wait in its mailbox.
    pub queued: usize,
    /// How many may wait before senders are refused.
    pub queue_bound: usize,
    /// Messages handled.
    pub handled: u64,
    /// Messages refused because the mailbox was full.
    pub refused: u64,
    /// Asks that were not answered in time.
    pub timeouts: u64,
    /// Messages that were queued and never handled.
    pub dead_letters: u64,
    /// Messages sent without an asker whose handling was refused.
    pub unheard_errors: u64,
    /// Panics caught.
    pub faults: u64,
    /// Times the component was rebuilt, replacements included.
    pub restarts: u64,
    /// Times it hung and was replaced on a fresh arbiter.
    pub replacements: u64,
    /// The message of the last panic, or what the warden saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
}
