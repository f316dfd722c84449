//! Files that the first page needs, from the binary itself.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

/// A file of the page.
pub(super) struct Asset {
    content_type: &'static str,
    text: &'static str,
    etag: String,
}

/// The page's style sheet.
pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/css; charset=utf-8", include_str!("style.css")));

/// The page's icon.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("image/svg+xml", include_str!("favicon.svg")));

/// What keeps the page up to date.
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", include_str!("page.js")));

impl Asset {
    fn new(content_type: &'static str, text: &'static str) -> Self {
        Self { content_type, text, etag: format!("\"{:016x}\"", fnv1a(text.as_bytes())) }
    }

    /// Answers with the file, or 304 to a client that has it.
    pub(super) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = request.headers().get(header::IF_NONE_MATCH);
        let known = known.and_then(|value| value.to_str().ok()).unwrap_or("");
        let mut response = if known.split(',').any(|tag| tag.trim() == self.etag) {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        response
            .insert_header((header::ETAG, self.etag.as_str()))
            .insert_header((header::CACHE_CONTROL, "max-age=3600"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .content_type(self.content_type)
            .body(self.text)
    }
}

/// FNV-1a, 64 bits: names a version of a file, guards nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
