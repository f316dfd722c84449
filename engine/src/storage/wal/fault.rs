//! What is wrong at a place in a log.

use thiserror::Error;

/// What is wrong at a place in a log file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The system does not give the bytes.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The file is of a format that this version does not know.
    #[error("has format version {found}; expected {expected}")]
    Version {
        /// The version that the file names.
        found: u32,
        /// The version that is known.
        expected: u32,
    },
    /// The file's header names another number than its name does.
    #[error("says that it is log file {found}; expected {expected}")]
    FileNumber {
        /// The number in the header.
        found: u64,
        /// The number in the name.
        expected: u64,
    },
    /// The header of the file is damaged.
    #[error("header of the file fails its checksum")]
    Header,
    /// No frame begins where one should.
    #[error("no frame begins here")]
    Marker,
    /// A frame says that it is longer than a frame can be.
    #[error("frame of {found} bytes; expected at most {max}")]
    Length {
        /// The length.
        found: u32,
        /// The longest one.
        max: usize,
    },
    /// A frame fails its checksum.
    #[error("frame fails its checksum")]
    Checksum,
    /// The file ends before a frame does.
    #[error("frame is unfinished")]
    Unfinished,
    /// Frames are missing without a trace.
    #[error("frame {found} follows; expected {expected}")]
    Missing {
        /// The number of the frame that is there.
        found: u32,
        /// The number that it should have.
        expected: u32,
    },
    /// A frame is there a second time.
    #[error("frame {found} again; expected {expected}")]
    Repeated {
        /// The number of the frame.
        found: u32,
        /// The number that it should have.
        expected: u32,
    },
    /// A payload ends before what it announces.
    #[error("payload ends early")]
    Short,
    /// A payload goes on behind its end.
    #[error("payload has {0} bytes too many")]
    Long(usize),
    /// A number in a payload is out of its range.
    #[error("payload has a number that is out of range")]
    Number,
    /// A payload announces more than there can be.
    #[error("payload announces {found} entries; expected at most {max}")]
    Count {
        /// How many it announces.
        found: u64,
        /// How many there can be.
        max: usize,
    },
    /// The texts of a payload's definitions come to more than is taken.
    #[error("definitions come to more than {max} bytes of text")]
    Texts {
        /// The most that is taken.
        max: usize,
    },
    /// Values are of an encoding that is not known.
    #[error("values of encoding {0:#04x}; expected 0x00 to 0x0c, 0x10 to 0x1c or 0x20")]
    Encoding(u8),
    /// A text is no UTF-8.
    #[error("text is no UTF-8")]
    Text,
    /// A series has labels that cannot be.
    #[error("series {serial}: {why}")]
    Labels {
        /// The series' number.
        serial: u32,
        /// What is wrong with them.
        why: String,
    },
}
