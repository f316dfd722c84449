//! From an answer to a page.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use keepwatch_engine::scrape::{Format, Page, ScrapeFailure};
use structured_zstd::decoding::StreamingDecoder;

use super::board::ScrapedTarget;
use super::fetch::Fetched;

/// Decompresses and reads a body.
pub(super) fn page(fetched: Fetched, target: &ScrapedTarget) -> Result<Page, ScrapeFailure> {
    let Fetched { body, content_type, coding } = fetched;
    let format = Format::of(content_type.as_deref());
    let format =
        format.ok_or_else(|| ScrapeFailure::ContentType(content_type.unwrap_or_default()))?;
    let body = decompressed(body, coding.as_deref().unwrap_or_default(), target.body_bytes_max)?;
    Page::read(&body, format, &target.intake)
}

/// Undoes a coding, into at most so many bytes.
fn decompressed(body: Vec<u8>, coding: &str, bytes_max: usize) -> Result<Vec<u8>, ScrapeFailure> {
    let name = coding.trim().to_ascii_lowercase();
    let whole = match name.as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => capped(MultiGzDecoder::new(&*body), bytes_max),
        "zstd" => capped(StreamingDecoder::new(&*body), bytes_max),
        _ => Err(io::Error::other("it was not asked for")),
    };
    let whole = whole
        .map_err(|error| ScrapeFailure::Coding { coding: name, problem: error.to_string() })?;
    if whole.len() > bytes_max {
        return Err(ScrapeFailure::BodyTooLarge(bytes_max));
    }
    Ok(whole)
}

/// Reads to the end, or one byte beyond the cap.
fn capped(reader: impl Read, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(most).read_to_end(&mut whole)?;
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        let mut encoder = StreamingEncoder::new(Vec::new(), CompressionLevel::from_level(1));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn codings_are_undone_up_to_the_cap() {
        let text = b"a 1\n".repeat(1_000);
        for (coding, body) in [("gzip", gzip(&text)), ("ZSTD", zstd(&text)), ("", text.clone())] {
            assert!(body.len() < 2_000 || coding.is_empty());
            assert_eq!(decompressed(body, coding, text.len()), Ok(text.clone()), "{coding}");
        }
        let large = ScrapeFailure::BodyTooLarge(3_999);
        for (coding, body) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
            assert_eq!(decompressed(body, coding, 3_999), Err(large.clone()), "{coding}");
        }
    }

    #[test]
    fn bytes_that_are_no_such_coding() {
        for (coding, body) in [("gzip", &b"plain"[..]), ("zstd", b"plain"), ("br", b"")] {
            let failed = decompressed(body.to_vec(), coding, 100).unwrap_err();
            let text = failed.to_string();
            assert!(
                text.starts_with(&format!("content encoding \"{coding}\" cannot be")),
                "{text}"
            );
        }
        let mut cut = gzip(b"a 1\n");
        cut.truncate(cut.len() - 4);
        assert!(decompressed(cut, "gzip", 100).is_err());
    }
}
