//! Hosts, ports and URLs.

use std::net::IpAddr;

/// Splits `host:port` or `[host]:port` as Go's `net.SplitHostPort` does.
fn split(address: &str) -> Option<(&str, &str)> {
    let (before, port) = address.rsplit_once(':')?;
    let host = match before.strip_prefix('[') {
        Some(inside) => {
            let host = inside.strip_suffix(']')?;
            (!host.contains([']', '['])).then_some(host)?
        }
        None => (!before.contains([':', '[', ']'])).then_some(before)?,
    };
    (!port.contains(['[', ']'])).then_some((host, port))
}

/// Returns the address without its port; the address as it is if it has none.
pub(super) fn strip_port(address: &str) -> &str {
    split(address).map_or(address, |(host, _)| host)
}

/// Returns the host without its domain, with the port. An IP address stays.
pub(super) fn strip_domain(address: &str) -> String {
    let (host, port) = split(address).unwrap_or((address, ""));
    if host.parse::<IpAddr>().is_ok() {
        return address.to_owned();
    }
    let host = host.split('.').next().unwrap_or_default();
    match (port, host.contains(':')) {
        ("", _) => host.to_owned(),
        (_, true) => format!("[{host}]:{port}"),
        (_, false) => format!("{host}:{port}"),
    }
}

/// Returns the decoded path of a URL.
pub(super) fn url_path(url: &str) -> String {
    let after = url.split_once("://").map_or(url, |(_, rest)| {
        rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default()
    });
    let path = after.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let hexadecimal = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code =
            digits.filter(hexadecimal).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if *first == b'%' => {
                bytes.push(code);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
