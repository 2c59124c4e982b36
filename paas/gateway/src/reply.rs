//! What every answer carries.

use crate::request::Asked;
use axum::body::Body;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use paas_types::{Code, Refusal};
use serde_json::Value;
use std::time::Duration;

const NOTHING_LOADS: &str = "default-src 'none'; frame-ancestors 'none'";

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The envelope of a refusal.
pub(crate) fn refused(refusal: &Refusal, asked: &Asked) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &refusal.envelope(asked.lang, &asked.request_id));
    if let Some(seconds) = refusal.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// 405 with what is allowed.
pub(crate) fn not_allowed(asked: &Asked, allow: &'static str) -> Response<Body> {
    let mut response = refused(&Refusal::new(Code::MethodNotAllowed), asked);
    response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// Adds what every answer carries; what the answer already says stays.
pub(crate) fn finish(response: &mut Response<Body>, asked: &Asked, https: bool) -> Duration {
    let took = asked.started.elapsed();
    let headers = response.headers_mut();
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    headers.insert(HeaderName::from_static("x-request-id"), text(&asked.request_id));
    headers.insert(HeaderName::from_static("traceparent"), text(&asked.traceparent));
    let ms = format!("{:.1}", took.as_secs_f64() * 1000.0);
    headers.insert(HeaderName::from_static("x-response-time"), text(&ms));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    let defaults =
        [(CONTENT_SECURITY_POLICY, NOTHING_LOADS), (CACHE_CONTROL, "no-store"), (CONTENT_LANGUAGE, asked.lang.tag())];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    took
}
