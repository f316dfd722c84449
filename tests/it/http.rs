//! As little of an HTTP client as the tests need: no dependency of the
//! project answers and asks at once.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Gets a path; the connection is closed after it.
pub(crate) fn get(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) =
        text.split_once("\r\n\r\n").ok_or_else(|| anyhow::anyhow!("no head: {text:?}"))?;
    let status = head.split(' ').nth(1).ok_or_else(|| anyhow::anyhow!("no status: {head:?}"))?;
    let headers = head.to_ascii_lowercase();
    let body = if headers.contains("transfer-encoding: chunked") {
        joined(body)?
    } else {
        body.to_owned()
    };
    Ok(Answer { status: status.parse()?, body })
}

/// Joins the chunks of a body.
fn joined(body: &str) -> anyhow::Result<String> {
    let mut rest = body;
    let mut whole = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16)?;
        let chunk = tail.get(..size).ok_or_else(|| anyhow::anyhow!("a chunk is cut"))?;
        whole.push_str(chunk);
        rest = tail.get(size + 2..).unwrap_or_default();
    }
    Ok(whole)
}
