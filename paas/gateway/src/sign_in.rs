//! `/api/v1/auth/…`: the platform decides; here a refresh token moves between the body and an HttpOnly cookie.

use crate::forward::{Errand, anonymous, context_of, passed_on};
use crate::gateway::Gateway;
use crate::reply;
use crate::request::{Asked, malformed, no_such_address};
use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use paas_auth::{Claims, Context};
use paas_link::{READ_BYTES, read_body};
use paas_types::{Code, Refusal, Result};
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;

const COOKIE: &str = "sp_refresh";
/// How long the browser keeps the cookie when the platform does not say, seconds.
const COOKIE_SECONDS: i64 = 7 * 24 * 3600;
const BODY_BYTES: usize = 64 * 1024;

impl Gateway {
    /// One of the four calls around signing in.
    pub(crate) async fn sign_in(&self, asked: &Asked, rest: &str, body: Body) -> Result<Response<Body>> {
        let expected = match rest {
            "me" => "GET",
            "token" | "revoke" | "password" => "POST",
            _ => return Err(no_such_address()),
        };
        if asked.method.as_str() != expected {
            return Ok(reply::not_allowed(asked, expected));
        }
        let body = asked.take_body(body, BODY_BYTES, self.0.config.body_patience).await?;
        match rest {
            "me" => {
                let (context, _) = self.signed_in(asked, true).await?;
                self.ask_platform(asked, "me", context, Bytes::new()).await
            }
            "password" => {
                let (context, claims) = self.signed_in(asked, false).await?;
                let answer = self.ask_platform(asked, "password", context, body).await;
                self.0.callers.forget(&claims);
                answer
            }
            "revoke" => self.revoke(asked, fields(asked, &body)?).await,
            _ => self.token(asked, fields(asked, &body)?).await,
        }
    }

    /// The caller of `me` and `password`. A tenant header is not needed there, but must not contradict.
    async fn signed_in(&self, asked: &Asked, settled: bool) -> Result<(Context, Arc<Claims>)> {
        let claims = self.claims(asked)?;
        if asked.header("x-tenant-id").is_some_and(|tenant| tenant.trim() != claims.ten) {
            return Err(Refusal::new(Code::TenantMismatch));
        }
        let caller = self.caller(asked, &claims).await?;
        if settled && caller.principal.must_change_password {
            return Err(Refusal::new(Code::PasswordChangeRequired));
        }
        let principal = &caller.principal;
        self.0.limits.admit(principal.tenant.key, principal.membership.id, principal.limits)?;
        Ok((context_of(asked, &claims, &caller), claims))
    }

    async fn token(&self, asked: &Asked, mut said: Map<String, Value>) -> Result<Response<Body>> {
        let cookie = wants_cookie(&mut said);
        let grant = said.get("grant_type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if cookie {
            own_origin(asked)?;
        }
        if cookie && grant == "refresh_token" {
            let token = cookie_of(asked).ok_or_else(|| Refusal::new(Code::Unauthenticated))?;
            said.insert("refresh_token".to_owned(), Value::from(token));
        }
        let context = match grant.as_str() {
            "switch_tenant" => {
                let claims = self.claims(asked)?;
                let caller = self.0.callers.of(&self.0.peers, &claims, asked).await?;
                if !caller.principal.active {
                    return Err(Refusal::new(Code::Unauthenticated));
                }
                context_of(asked, &claims, &caller)
            }
            _ => anonymous(asked),
        };
        let answer = self.ask_platform(asked, "token", context, Value::Object(said).to_string().into()).await?;
        let refused = answer.status() == StatusCode::UNAUTHORIZED && grant == "refresh_token";
        match (cookie, answer.status().is_success()) {
            (true, true) => self.with_cookie(answer).await,
            (true, false) if refused => Ok(self.without_cookie(answer)),
            _ => Ok(answer),
        }
    }

    async fn revoke(&self, asked: &Asked, mut said: Map<String, Value>) -> Result<Response<Body>> {
        let cookie = wants_cookie(&mut said);
        if cookie {
            own_origin(asked)?;
            if let Some(token) = cookie_of(asked) {
                said.insert("refresh_token".to_owned(), Value::from(token));
            }
        }
        // Whoever still has a good token says so; an expired one must not keep anybody signed in.
        let claims = self.claims(asked).ok();
        let caller = match &claims {
            Some(claims) => self.0.callers.of(&self.0.peers, claims, asked).await.ok(),
            None => None,
        };
        let context = match (&claims, &caller) {
            (Some(claims), Some(caller)) => context_of(asked, claims, caller),
            _ => anonymous(asked),
        };
        let answer = self.ask_platform(asked, "revoke", context, Value::Object(said).to_string().into()).await?;
        if let Some(claims) = claims {
            self.0.callers.forget(&claims);
        }
        Ok(if cookie { self.without_cookie(answer) } else { answer })
    }

    async fn ask_platform(&self, asked: &Asked, what: &str, context: Context, body: Bytes) -> Result<Response<Body>> {
        let mut headers = passed_on(asked);
        if asked.method == Method::POST {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Ok(network) = HeaderValue::from_str(&network_of(asked.client)) {
            headers.insert(HeaderName::from_static("x-client-net"), network);
        }
        let target = format!("/internal/auth/{what}");
        self.send(asked, Errand { cell: "platform", target, context, headers, body }).await
    }

    /// Takes the refresh token out of the answer and puts it into the cookie.
    async fn with_cookie(&self, answer: Response<Body>) -> Result<Response<Body>> {
        let (mut head, body) = answer.into_parts();
        let body = read_body(body, READ_BYTES).await.map_err(Refusal::unavailable)?;
        let mut said: Map<String, Value> = serde_json::from_slice(&body).map_err(Refusal::internal)?;
        let seconds = said.get("refresh_expires_in").and_then(Value::as_i64).unwrap_or(COOKIE_SECONDS);
        if let Some(Value::String(token)) = said.remove("refresh_token") {
            self.set_cookie(&mut head.headers, &token, seconds)?;
        }
        head.headers.remove(CONTENT_LENGTH);
        Ok(Response::from_parts(head, Body::from(Value::Object(said).to_string())))
    }

    fn without_cookie(&self, mut answer: Response<Body>) -> Response<Body> {
        let _ = self.set_cookie(answer.headers_mut(), "", 0);
        if answer.status() == StatusCode::NO_CONTENT {
            answer.headers_mut().remove(CONTENT_TYPE);
        }
        answer
    }

    fn set_cookie(&self, headers: &mut HeaderMap, token: &str, seconds: i64) -> Result<()> {
        let secure = if self.0.config.https { "; Secure" } else { "" };
        let cookie =
            format!("{COOKIE}={token}; Path=/api/v1/auth; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        let value =
            HeaderValue::from_str(&cookie).map_err(|_| Refusal::internal("a refresh token unfit for a cookie"))?;
        headers.insert(SET_COOKIE, value);
        Ok(())
    }
}

/// The fields of a JSON object or of a form.
fn fields(asked: &Asked, body: &[u8]) -> Result<Map<String, Value>> {
    let mime = asked.header("content-type").unwrap_or("application/json");
    let mime = mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match mime.as_str() {
        _ if body.is_empty() => Ok(Map::new()),
        "application/json" => serde_json::from_slice(body).map_err(|_| malformed("not a JSON object")),
        "application/x-www-form-urlencoded" => {
            let text = std::str::from_utf8(body).map_err(|_| malformed("not UTF-8"))?;
            text.split('&').filter(|pair| !pair.is_empty()).map(form_pair).collect()
        }
        _ => Err(Refusal::new(Code::UnsupportedMediaType)),
    }
}

fn form_pair(pair: &str) -> Result<(String, Value)> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let read = |text: &str| unescape(text).ok_or_else(|| malformed("a form field"));
    let (name, value) = (read(name)?, read(value)?);
    let value = if name == "cookie" { Value::from(value == "true") } else { Value::from(value) };
    Ok((name, value))
}

/// Form decoding: `+` is a blank, `%XX` a byte of UTF-8.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn wants_cookie(said: &mut Map<String, Value>) -> bool {
    said.remove("cookie") == Some(Value::Bool(true))
}

fn cookie_of(asked: &Asked) -> Option<String> {
    let cookies = asked.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    found.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// The cookie is used only from our own page: the origin a browser names must be the host it calls.
fn own_origin(asked: &Asked) -> Result<()> {
    let foreign = || Refusal::new(Code::Forbidden).caused_by("a cookie used from another origin");
    let site = asked.header("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(foreign());
    }
    let Some(origin) = asked.header("origin") else { return Ok(()) };
    let host = asked.header("host").unwrap_or_default();
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    if named.is_some_and(|named| named.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(foreign()) }
}

/// What stands for a client's network in throttling: the address, or the /64 of an IPv6 one.
pub(crate) fn network_of(client: IpAddr) -> String {
    match client.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_like_json() {
        assert_eq!(unescape("a+b%20%E4%B8%AD").as_deref(), Some("a b 中"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(unescape(bad), None, "{bad}");
        }
        assert_eq!(form_pair("cookie=true").unwrap().1, Value::Bool(true));
    }

    #[test]
    fn a_network_is_what_one_household_has() {
        assert_eq!(network_of("10.1.2.3".parse().unwrap()), "10.1.2.3");
        assert_eq!(network_of("::ffff:10.1.2.3".parse().unwrap()), "10.1.2.3");
        assert_eq!(network_of("2001:db8:1:2:3::9".parse().unwrap()), "2001:db8:1:2::/64");
    }
}
