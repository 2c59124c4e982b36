//! What a request says about itself, read once and strictly.

use crate::GatewayConfig;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use http_body_util::BodyExt as _;
use paas_types::{Code, Id, Lang, Refusal, Result, Text};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// At most this much of a refused body is read and thrown away, so that the refusal reaches a client that still sends.
const DRAIN_BYTES: usize = 64 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(5);
const TARGET_BYTES: usize = 8 * 1024;

/// A request without its body.
pub(crate) struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub lang: Lang,
    pub request_id: String,
    pub trace_id: String,
    pub traceparent: String,
    pub client: IpAddr,
    pub started: Instant,
}

impl Asked {
    pub(crate) fn read(head: Parts, client: IpAddr) -> Asked {
        let lang = Lang::from_header(one(&head.headers, &ACCEPT_LANGUAGE).unwrap_or_default());
        let request_id = one(&head.headers, &HeaderName::from_static("x-request-id"))
            .filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()))
            .map_or_else(|| Id::fresh().to_string(), str::to_owned);
        let trace_id = one(&head.headers, &HeaderName::from_static("traceparent"))
            .and_then(trace_of)
            .unwrap_or_else(|| Id::fresh().uuid().simple().to_string());
        let span = Id::fresh().uuid().as_u64_pair().1;
        Asked {
            traceparent: format!("00-{trace_id}-{span:016x}-01"),
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            lang,
            request_id,
            trace_id,
            client,
            started: Instant::now(),
        }
    }

    /// Refuses what could be understood in two ways, and what is too long.
    pub(crate) fn check(&self, config: &GatewayConfig) -> Result<()> {
        let head: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if head > config.head_bytes || self.path.len() + self.query.len() > TARGET_BYTES {
            let text = Text::of("请求头或地址过长。", "The head or address of the request is too long.");
            return Err(Refusal::new(Code::PayloadTooLarge).saying(text));
        }
        let count = |name: &HeaderName| self.headers.get_all(name).iter().count();
        if count(&TRANSFER_ENCODING) > 0 && count(&CONTENT_LENGTH) > 0 {
            return Err(malformed("Transfer-Encoding and Content-Length together"));
        }
        for single in
            ["host", "content-length", "authorization", "x-tenant-id", "content-type", "x-request-id", "origin"]
        {
            if count(&HeaderName::from_static(single)) > 1 {
                return Err(malformed(single));
            }
        }
        if count(&HOST) == 0 {
            return Err(malformed("no Host"));
        }
        if !clean_path(&self.path) || has_escaped(&self.query, 0) {
            return Err(malformed("path"));
        }
        Ok(())
    }

    /// A header that is there once and is text.
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        one(&self.headers, &HeaderName::from_static(name))
    }

    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The whole body, not larger than `limit`.
    pub(crate) async fn take_body(&self, mut body: Body, limit: usize, patience: Duration) -> Result<Bytes> {
        let stated = self.header("content-length").and_then(|text| text.parse::<usize>().ok());
        if stated.is_some_and(|length| length > limit) {
            if !self.headers.contains_key(EXPECT) {
                drain(&mut body).await;
            }
            return Err(too_large(limit));
        }
        let read = tokio::time::timeout(patience, collect(&mut body, limit, stated.unwrap_or(0))).await;
        match read {
            Ok(Ok(Some(bytes))) => Ok(bytes),
            Ok(Ok(None)) => {
                drain(&mut body).await;
                Err(too_large(limit))
            }
            Ok(Err(error)) => Err(malformed(&error.to_string())),
            Err(_) => Err(malformed("the body did not arrive in time")),
        }
    }
}

/// The one value of a header; several are none.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// `None` when there is more than `limit`.
async fn collect(body: &mut Body, limit: usize, expected: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut first: Option<Bytes> = None;
    let mut all = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > limit {
            return Ok(None);
        }
        match first.take() {
            // Most bodies come in one piece and are not copied.
            None if all.is_empty() => first = Some(data),
            None => all.extend_from_slice(&data),
            Some(before) => {
                all.reserve(expected.max(length));
                all.extend_from_slice(&before);
                all.extend_from_slice(&data);
            }
        }
    }
    Ok(Some(first.unwrap_or_else(|| all.freeze())))
}

async fn drain(body: &mut Body) {
    let throw_away = async {
        let mut length = 0_usize;
        while let Some(Ok(frame)) = body.frame().await {
            length = length.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if length > DRAIN_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, throw_away).await;
}

pub(crate) fn malformed(cause: &str) -> Refusal {
    Refusal::new(Code::MalformedRequest).caused_by(cause)
}

pub(crate) fn no_such_address() -> Refusal {
    Refusal::not_found().saying(Text::of("没有这个地址。", "There is nothing at this address."))
}

fn too_large(limit: usize) -> Refusal {
    Refusal::new(Code::PayloadTooLarge).with(serde_json::json!({"limitBytes": limit}))
}

/// The trace id of a valid `traceparent`.
fn trace_of(value: &str) -> Option<String> {
    let mut parts = value.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let all_zero = |text: &str| text.bytes().all(|b| b == b'0');
    let valid = parts.next().is_none()
        && version == "00"
        && hex(trace, 32)
        && hex(span, 16)
        && hex(flags, 2)
        && !all_zero(trace)
        && !all_zero(span);
    valid.then(|| trace.to_owned())
}

/// Whether a path has exactly one reading: no empty, `.` or `..` segments, no parameters, and nothing escaped that
/// could be a separator, a dot, an escape or a control character.
pub(crate) fn clean_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let plain = path.bytes().all(|b| !matches!(b, b'\\' | b';' | 0..=0x20 | 0x7f..));
    let last = rest.split('/').count();
    let segments = rest.split('/').enumerate().all(|(i, s)| s != "." && s != ".." && (!s.is_empty() || i + 1 == last));
    let escapes = [b'/', b'\\', b'.', b';', b'%', 0x7f];
    plain
        && segments
        && !escapes.iter().any(|b| has_escaped(path, *b))
        && !(0..0x20).any(|b| has_escaped(path, b))
        && escapes_are_whole(path)
}

fn has_escaped(text: &str, byte: u8) -> bool {
    if !text.contains('%') {
        return false;
    }
    text.as_bytes().windows(3).any(|w| match w {
        [b'%', high, low] => hex_digit(*high).zip(hex_digit(*low)).is_some_and(|(h, l)| h * 16 + l == byte),
        _ => false,
    })
}

fn escapes_are_whole(text: &str) -> bool {
    text.split('%').skip(1).all(
        |after| matches!(after.as_bytes(), [high, low, ..] if hex_digit(*high).is_some() && hex_digit(*low).is_some()),
    )
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_reading() {
        for good in ["/", "/api/v1/toy/gadgets", "/api/v1/toy/gadgets/%E4%B8%AD", "/a/", "/a-b_c~d"] {
            assert!(clean_path(good), "{good}");
        }
        let bad = [
            "",
            "*",
            "a",
            "//",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/..",
            "/a/%2e%2e/b",
            "/a%2Fb",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/a;b",
            "/a%3bb",
            "/a%00",
            "/a%0d%0a",
            "/a%252f",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%7f",
        ];
        for bad in bad {
            assert!(!clean_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_trace_is_taken_over_only_when_it_is_one() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(trace_of(&format!("00-{trace}-b7ad6b7169203331-01")).as_deref(), Some(trace));
        for bad in [
            "".to_owned(),
            "00-x-y-z".to_owned(),
            format!("ff-{trace}-b7ad6b7169203331-01"),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
            format!("00-{trace}-b7ad6b7169203331-01-x"),
        ] {
            assert_eq!(trace_of(&bad), None, "{bad}");
        }
    }
}
