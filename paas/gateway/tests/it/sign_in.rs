//! Signing in, and the refresh token in its cookie.

use crate::world::World;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_token_comes_in_the_body_or_as_a_cookie() {
    let world = World::new(false).await;
    let ask = json!({"grant_type": "password", "tenant": "demo", "username": "a", "password": "b"});
    let plain = world.bare("POST", "/api/v1/auth/token", &[JSON], ask.to_string()).await;
    assert_eq!((plain.status, plain.body["refresh_token"].as_str()), (200, Some("r-1")));
    assert_eq!(plain.header("set-cookie"), "");
    assert_eq!(plain.body["net"], "127.0.0.1");
    assert_eq!(plain.body["context"]["kind"], "system");
    assert!(plain.body["context"]["tenant"].is_null());

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let text = "grant_type=password&tenant=demo&username=a%2Bb&password=x+y";
    let formed = world.bare("POST", "/api/v1/auth/token", &form, text).await;
    assert_eq!(formed.body["said"]["username"], "a+b");
    assert_eq!(formed.body["said"]["password"], "x y");

    let mut with_cookie = ask.clone();
    with_cookie["cookie"] = Value::Bool(true);
    let own = [JSON, ("origin", "http://127.0.0.1"), ("sec-fetch-site", "same-origin")];
    let cookie = world.bare("POST", "/api/v1/auth/token", &own, with_cookie.to_string()).await;
    assert!(cookie.body.get("refresh_token").is_none() && cookie.body["access_token"] == "a");
    let set = cookie.header("set-cookie");
    for part in ["sp_refresh=r-1;", "HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(cookie.body["said"].get("cookie").is_none());

    let refresh = json!({"grant_type": "refresh_token", "cookie": true}).to_string();
    let mut headers = own.to_vec();
    headers.push(("cookie", "x=1; sp_refresh=r-1"));
    let refreshed = world.bare("POST", "/api/v1/auth/token", &headers, refresh.clone()).await;
    assert_eq!(refreshed.body["said"]["refresh_token"], "r-1");
    headers.pop();
    assert_eq!(world.bare("POST", "/api/v1/auth/token", &headers, refresh.clone()).await.status, 401);
    headers.push(("cookie", "sp_refresh=used"));
    let used = world.bare("POST", "/api/v1/auth/token", &headers, refresh.clone()).await;
    assert!(used.status == 401 && used.header("set-cookie").contains("Max-Age=0"));
    for foreign in [("origin", "http://evil.test"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let headers = [JSON, ("cookie", "sp_refresh=r-1"), foreign];
        let answer = world.bare("POST", "/api/v1/auth/token", &headers, refresh.clone()).await;
        assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"), "{foreign:?}");
    }
    for (mime, body) in [("application/json", "[]"), ("application/json", "{"), ("text/plain", "x")] {
        let answer = world.bare("POST", "/api/v1/auth/token", &[("content-type", mime)], body).await;
        assert!(matches!(answer.status, 400 | 415), "{mime} {body}");
    }
    let deep = "[".repeat(10_000);
    assert_eq!(world.bare("POST", "/api/v1/auth/token", &[JSON], deep).await.status, 400);
}

#[tokio::test]
async fn whoever_must_change_the_password_can_do_only_that() {
    let world = World::new(false).await;
    assert_eq!(world.call("GET", "/api/v1/auth/me", &[]).await.body["context"]["kind"], "staff");
    assert_eq!(world.bare("GET", "/api/v1/auth/me", &[], "").await.code(), "UNAUTHENTICATED");
    world.caller(|p| p.must_change_password = true).await;
    assert_eq!(world.call("GET", "/api/v1/auth/me", &[]).await.code(), "PASSWORD_CHANGE_REQUIRED");
    let changed = world.call("POST", "/api/v1/auth/password", &[]).await;
    assert_eq!(changed.body["context"]["membership"], world.claims.sub.to_string());
    world.principal.lock().unwrap().as_mut().unwrap().must_change_password = false;
    assert_eq!(world.call("GET", "/api/v1/auth/me", &[]).await.status, 200, "acts at once after the change");

    let bearer = world.bearer();
    let headers = [JSON, ("authorization", bearer.as_str())];
    let switch = json!({"grant_type": "switch_tenant", "tenant": "other"}).to_string();
    let switched = world.bare("POST", "/api/v1/auth/token", &headers, switch.clone()).await;
    assert_eq!(switched.body["context"]["session"], world.claims.sid.to_string());
    assert_eq!(world.bare("POST", "/api/v1/auth/token", &[JSON], switch).await.status, 401);

    let out =
        world.bare("POST", "/api/v1/auth/revoke", &[JSON, ("cookie", "sp_refresh=r-9")], r#"{"cookie":true}"#).await;
    assert_eq!(out.body["said"]["refresh_token"], "r-9");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
}
