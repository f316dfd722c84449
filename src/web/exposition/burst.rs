//! A piece of an answer, encoded and compressed.

use std::io::Write;

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use keepwatch_engine::exposition::{CHUNK_BYTES, Coding, Scrape};
use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

/// About how many bytes are encoded before they are sent. Handing a burst over
/// costs as much as encoding some tens of kilobytes.
const BURST_BYTES: usize = 8 * CHUNK_BYTES;

/// Both compress an exposition to a twelfth and less at their fastest, where
/// more effort brings little.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// Encodes a scrape, burst by burst.
pub(super) struct Encoder {
    scrape: Scrape,
    compressor: Compressor,
}

/// What was encoded, and what is left.
pub(super) struct Burst {
    pub(super) bytes: Bytes,
    pub(super) rest: Option<Encoder>,
}

enum Compressor {
    None(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    /// Its encoder stays on one thread, so all is one burst: of the encoded
    /// values only what they are compressed to is held.
    Zstd,
}

impl Encoder {
    pub(super) fn new(scrape: Scrape, coding: Coding) -> Self {
        let compressor = match coding {
            Coding::Identity => Compressor::None(Vec::new()),
            Coding::Gzip => {
                Compressor::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL)))
            }
            Coding::Zstd => Compressor::Zstd,
        };
        Self { scrape, compressor }
    }

    /// Encodes the next burst, which is not empty unless it is the last.
    pub(super) fn burst(mut self) -> Burst {
        if matches!(self.compressor, Compressor::Zstd) {
            return Burst { bytes: zstd(self.scrape).into(), rest: None };
        }
        loop {
            let mut encoded = 0;
            while encoded < BURST_BYTES {
                let Some(chunk) = self.scrape.next() else {
                    return Burst { bytes: self.compressor.finish().into(), rest: None };
                };
                encoded += chunk.len();
                self.compressor.write(&chunk);
            }
            let bytes = self.compressor.take();
            if !bytes.is_empty() {
                return Burst { bytes: bytes.into(), rest: Some(self) };
            }
        }
    }
}

fn zstd(scrape: Scrape) -> Vec<u8> {
    let level = CompressionLevel::from_level(ZSTD_LEVEL);
    let mut encoder = StreamingEncoder::new(Vec::new(), level);
    for chunk in scrape {
        // Memory takes everything.
        let _ = encoder.write_all(&chunk);
    }
    encoder.finish().unwrap_or_default()
}

impl Compressor {
    fn write(&mut self, chunk: &[u8]) {
        // Memory takes everything.
        let _ = match self {
            Self::None(out) => out.write_all(chunk),
            Self::Gzip(encoder) => encoder.write_all(chunk),
            Self::Zstd => Ok(()),
        };
    }

    /// Takes what is ready to be sent.
    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::None(out) => std::mem::take(out),
            Self::Gzip(encoder) => std::mem::take(encoder.get_mut()),
            Self::Zstd => Vec::new(),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::None(out) => out,
            Self::Gzip(encoder) => encoder.finish().unwrap_or_default(),
            Self::Zstd => Vec::new(),
        }
    }
}
