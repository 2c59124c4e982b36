//! The order of checks, and the headers that pass in both directions.

use crate::world::World;
use axum::body::Body;
use paas_auth::{Claims, MasterKey, TokenKey};
use paas_types::{Id, Instant, TenantKey};

#[tokio::test]
async fn near_and_far_cells_see_the_same() {
    for remote in [false, true] {
        let world = World::new(remote).await;
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let answer = world
            .call(
                "GET",
                "/api/v1/toy/gadgets?name=%E4%B8%AD&q=a",
                &[
                    ("x-request-id", "r-77"),
                    ("traceparent", trace),
                    ("accept-language", "en-US"),
                    ("x-context", "forged"),
                    ("x-user-id", "1"),
                    ("x-internal-role", "root"),
                    ("x-tenant-key", "1"),
                    ("x-client-net", "8.8.8.8"),
                    ("x-forwarded-for", "8.8.8.8"),
                    ("cookie", "a=b"),
                    ("te", "trailers"),
                    ("connection", "x-odd"),
                    ("x-odd", "1"),
                    ("if-match", "\"3\""),
                ],
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let context = &answer.body["context"];
        assert_eq!(context["tenant"]["code"], "demo");
        assert_eq!(context["tenant"]["key"], 7);
        assert_eq!(context["membership"], world.claims.sub.to_string());
        assert_eq!(context["session"], world.claims.sid.to_string());
        assert_eq!(context["personName"], "安");
        assert_eq!(context["policyVersion"], 4);
        assert_eq!(context["requestId"], "r-77");
        assert_eq!(context["traceId"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context["lang"], "en-US");
        assert_eq!(context["query"], "name=%E4%B8%AD&q=a");
        let headers = answer.body["headers"].as_object().unwrap();
        for kept_out in [
            "authorization",
            "cookie",
            "te",
            "x-odd",
            "x-user-id",
            "x-internal-role",
            "x-tenant-key",
            "x-tenant-id",
            "x-client-net",
            "x-forwarded-for",
        ] {
            assert!(!headers.contains_key(kept_out), "{kept_out}");
        }
        assert_ne!(headers["x-context"], "forged");
        assert_eq!(headers["if-match"], "\"3\"");

        assert_eq!(answer.header("x-request-id"), "r-77");
        assert!(answer.header("traceparent").starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
        assert!(!answer.header("traceparent").contains("b7ad6b7169203331"), "a span of our own");
        assert!(answer.header("x-response-time").parse::<f64>().is_ok());
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("content-language"), "en-US");
        assert_eq!(answer.header("etag"), "\"7\"");
        for kept_in in ["x-context", "server", "x-hop", "connection"] {
            assert_eq!(answer.header(kept_in), "", "{kept_in}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_not_good_opens_nothing() {
    let world = World::new(false).await;
    let now = paas_types::Clock::system().now();
    let old = |at: Instant| Claims::access(world.claims.sub, Id::fresh(), world.claims.sid, (TenantKey(7), "demo"), at);
    let expired = world.tokens.issue(&old(now.plus_seconds(-3600))).unwrap();
    let foreign = TokenKey::from_master(&MasterKey::from_bytes([1; 32])).issue(&world.claims).unwrap();
    let good = world.bearer();
    let cut = good[..good.len() - 4].to_owned();
    for (token, code) in [
        (format!("Bearer {expired}"), "TOKEN_EXPIRED"),
        (format!("Bearer {foreign}"), "UNAUTHENTICATED"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.".to_owned(), "UNAUTHENTICATED"),
        ("Basic YTpi".to_owned(), "UNAUTHENTICATED"),
        ("Bearer".to_owned(), "UNAUTHENTICATED"),
        ("Bearer made-up".to_owned(), "UNAUTHENTICATED"),
        (cut, "UNAUTHENTICATED"),
    ] {
        let headers = [("authorization", token.as_str()), ("x-tenant-id", "demo")];
        let answer = world.bare("GET", "/api/v1/toy/gadgets", &headers, Body::empty()).await;
        assert_eq!((answer.status, answer.code()), (401, code), "{token}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let none = world.bare("GET", "/api/v1/toy/gadgets", &[("x-tenant-id", "demo")], Body::empty()).await;
    assert_eq!((none.status, none.code()), (401, "UNAUTHENTICATED"));
    assert_eq!(none.body["requestId"], none.header("x-request-id"));
    assert_eq!(none.body["message"], "请先登录。");
}

#[tokio::test]
async fn tenant_and_rights_are_checked_in_order() {
    let world = World::new(false).await;
    let path = "/api/v1/toy/gadgets";
    let bearer = world.bearer();
    let token = ("authorization", bearer.as_str());
    let answer = world.bare("GET", path, &[token], Body::empty()).await;
    assert_eq!((answer.status, answer.code()), (400, "MISSING_TENANT_ID"));
    let answer = world.bare("GET", path, &[token, ("x-tenant-id", "other")], Body::empty()).await;
    assert_eq!((answer.status, answer.code()), (403, "TENANT_MISMATCH"));
    let twice = [token, ("x-tenant-id", "demo"), ("x-tenant-id", "other")];
    assert_eq!(world.bare("GET", path, &twice, Body::empty()).await.status, 400);

    assert_eq!(world.call("GET", path, &[]).await.status, 200);
    world.caller(|p| p.policy.grants.clear()).await;
    let answer = world.call("GET", path, &[("accept-language", "en")]).await;
    assert_eq!((answer.status, answer.code()), (403, "FORBIDDEN"));
    assert!(answer.body["message"].as_str().unwrap().starts_with("You are not allowed"));
    assert_eq!(world.call("GET", "/api/v1/toy/meta", &[]).await.status, 200);
    world.caller(|p| p.cells.clear()).await;
    assert_eq!(world.call("GET", path, &[]).await.code(), "CELL_NOT_ENABLED");
    world.caller(|p| p.must_change_password = true).await;
    assert_eq!(world.call("GET", path, &[]).await.code(), "PASSWORD_CHANGE_REQUIRED");
    world.caller(|p| p.tenant.state = "suspended".into()).await;
    assert_eq!(world.call("GET", path, &[]).await.code(), "TENANT_SUSPENDED");
    world.caller(|p| p.active = false).await;
    assert_eq!(world.call("GET", path, &[]).await.code(), "UNAUTHENTICATED");
    *world.principal.lock().unwrap() = None;
    world.caller(|_| {}).await;
    assert_eq!(world.call("GET", path, &[]).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn what_is_not_there_or_not_meant_is_refused() {
    let world = World::new(false).await;
    for path in [
        "/api/v1/none/x",
        "/api/v1/toy",
        "/api/v1/toy/",
        "/api",
        "/api/v2/toy/x",
        "/internal/principal",
        "/metrics",
        "/api/v1/auth/x",
        "/nothing.js",
        "/api/v1/toy/nothing",
    ] {
        let answer = world.call("GET", path, &[]).await;
        assert_eq!((answer.status, answer.code()), (404, "NOT_FOUND"), "{path}");
    }
    for path in [
        "/api/v1/toy/../x",
        "/api/v1/toy/%2e%2e/x",
        "/api/v1/toy%2fgadgets",
        "/api/v1/toy/gadgets;a=1",
        "/api/v1//gadgets",
        "/api/v1/toy/gadgets%00",
        "/api/v1/toy/gadgets?a=%00",
    ] {
        let answer = world.call("GET", path, &[]).await;
        assert_eq!((answer.status, answer.code()), (400, "MALFORMED_REQUEST"), "{path}");
    }
    for (method, path) in [
        ("TRACE", "/api/v1/toy/gadgets"),
        ("OPTIONS", "/api/v1/toy/gadgets"),
        ("POST", "/health"),
        ("DELETE", "/"),
        ("GET", "/api/v1/auth/token"),
    ] {
        let answer = world.call(method, path, &[]).await;
        assert_eq!((answer.status, answer.code()), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
        assert_ne!(answer.header("allow"), "");
    }
    let long = "x".repeat(20_000);
    assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[("x-long", &long)]).await.status, 413);
    let odd = world.call("GET", "/api/v1/toy/gadgets", &[("x-request-id", "a b")]).await;
    assert_eq!(odd.header("x-request-id").len(), 36, "an id of our own replaces one that is not valid");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let world = World::new(false).await;
    let bearer = world.bearer();
    let headers = [("authorization", bearer.as_str()), ("x-tenant-id", "demo")];
    let megabytes = |n: usize| vec![b'x'; n * 1024 * 1024];
    assert_eq!(world.bare("POST", "/api/v1/toy/gadgets", &headers, megabytes(1)).await.body["length"], 1024 * 1024);
    let answer = world.bare("POST", "/api/v1/toy/gadgets", &headers, megabytes(2)).await;
    assert_eq!((answer.status, answer.code()), (413, "PAYLOAD_TOO_LARGE"));
    assert_eq!(world.bare("POST", "/api/v1/toy/gadgets/imports", &headers, megabytes(9)).await.status, 200);
}

#[tokio::test]
async fn too_often_is_told_so() {
    let world = World::new(false).await;
    world.caller(|p| p.limits = World::limits(5)).await;
    let mut limited = 0;
    for _ in 0..20 {
        let answer = world.call("GET", "/api/v1/toy/gadgets", &[]).await;
        if answer.status == 429 {
            assert_eq!((answer.code(), answer.header("retry-after")), ("RATE_LIMITED", "1"));
            limited += 1;
        }
    }
    assert!((10..=15).contains(&limited), "{limited}");
}

#[tokio::test]
async fn the_page_and_the_description_are_served() {
    let world = World::new(false).await;
    let page = world.bare("GET", "/toy/gadgets", &[("accept", "text/html")], Body::empty()).await;
    assert_eq!(page.status, 200);
    let nonce = page.text.split('"').nth(1).unwrap();
    assert!(page.header("content-security-policy").contains(&format!("'nonce-{nonce}'")));
    assert!(!world.bare("GET", "/", &[], Body::empty()).await.text.contains(nonce), "fresh each time");
    let file = world.bare("GET", "/assets/a.js", &[("accept-encoding", "gzip, br")], Body::empty()).await;
    assert_eq!((file.text.as_str(), file.header("content-encoding")), ("zipped", "gzip"));
    assert!(file.header("cache-control").contains("immutable"));
    let again = world.bare("GET", "/assets/a.js", &[("if-none-match", file.header("etag"))], Body::empty()).await;
    assert_eq!(again.status, 304);

    let whole = world.bare("GET", "/openapi.json", &[], Body::empty()).await;
    assert!(whole.body["paths"]["/api/v1/toy/gadgets"]["get"].is_object(), "{}", whole.text);
    assert!(whole.body["paths"]["/api/v1/auth/token"].is_object());
    let one = world.bare("GET", "/api/v1/toy/openapi.json", &[], Body::empty()).await;
    assert!(one.body["paths"]["/gadgets"].is_object());
    let docs = world.bare("GET", "/docs", &[], Body::empty()).await;
    assert!(docs.text.contains("openapi.json") && !docs.text.contains("__CSP_NONCE__"));
}
