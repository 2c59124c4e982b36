//! The page, and the interactive description at `/docs`.

use crate::request::{Asked, no_such_address};
use crate::{Asset, GatewayConfig, reply};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use paas_types::{Refusal, Result};
use std::collections::HashMap;

const INDEX: &str = "/index.html";
const DOCS: &str = include_str!("docs.html");
const DOCS_NONCE: &str = "__CSP_NONCE__";

/// The files by path.
pub(crate) struct Pages {
    files: HashMap<String, (Asset, HeaderValue)>,
    nonce_placeholder: &'static str,
}

impl Pages {
    pub(crate) fn new(config: &GatewayConfig) -> Pages {
        let files = config.assets.iter().filter_map(|asset| {
            let tag = STANDARD_NO_PAD.encode(paas_auth::digest(asset.body).get(..12).unwrap_or_default());
            let tag = HeaderValue::from_str(&format!("\"{tag}\"")).ok()?;
            Some((format!("/{}", asset.path.trim_start_matches('/')), (*asset, tag)))
        });
        Pages { files: files.collect(), nonce_placeholder: config.nonce_placeholder }
    }

    /// A file of the page; an address without one that a browser opens is the page's own to show.
    pub(crate) fn open(&self, asked: &Asked) -> Result<Response<Body>> {
        if !asked.is_read() {
            return Ok(reply::not_allowed(asked, "GET, HEAD"));
        }
        let path = if asked.path == "/" { INDEX } else { asked.path.as_str() };
        if let Some((asset, tag)) = self.files.get(path) {
            return self.file(asked, asset, tag);
        }
        let file_like = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
        let browser = asked.header("accept").is_some_and(|accept| accept.contains("text/html"));
        match self.files.get(INDEX).filter(|_| browser && !file_like) {
            Some((asset, tag)) => self.file(asked, asset, tag),
            None => Err(no_such_address()),
        }
    }

    fn file(&self, asked: &Asked, asset: &Asset, tag: &HeaderValue) -> Result<Response<Body>> {
        if asset.mime.starts_with("text/html") {
            let text = std::str::from_utf8(asset.body).map_err(Refusal::internal)?;
            return html(text, self.nonce_placeholder);
        }
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.mime));
        headers.insert(ETAG, tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let keep = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
        if asked.headers.get(IF_NONE_MATCH) == Some(tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        let accepted = asked.headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let accepts =
            |coding: &str| accepted.split(',').any(|c| c.split(';').next().unwrap_or_default().trim() == coding);
        let (body, coding) = match (asset.brotli, asset.gzip) {
            (Some(body), _) if accepts("br") => (body, Some("br")),
            (_, Some(body)) if accepts("gzip") => (body, Some("gzip")),
            _ => (asset.body, None),
        };
        if let Some(coding) = coding {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        *response.body_mut() = Body::from(Bytes::from_static(body));
        Ok(response)
    }
}

/// `/docs`.
pub(crate) fn docs() -> Result<Response<Body>> {
    html(DOCS, DOCS_NONCE)
}

/// An HTML page whose scripts and styles carry a nonce made for this answer.
fn html(text: &str, placeholder: &str) -> Result<Response<Body>> {
    let mut random = [0_u8; 18];
    getrandom::fill(&mut random).map_err(Refusal::internal)?;
    let nonce = STANDARD_NO_PAD.encode(random);
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    let mut response = Response::new(Body::from(text.replace(placeholder, &nonce)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(Refusal::internal)?);
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}
