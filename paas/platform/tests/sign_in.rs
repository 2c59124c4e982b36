//! Signing in, staying in, going, and new tenants, over signed calls as the gateway makes them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

use http::{HeaderName, HeaderValue, Method, StatusCode};
use paas_auth::{Claims, Context, ContextTenant, MasterKey, MemberKind, Principal, TokenKey};
use paas_cell::{Service, router};
use paas_link::{Call, Link, Peers};
use paas_platform::{NewTenant, NewUser, install};
use paas_store::{Store, Target};
use paas_types::{Clock, Instant, Secret};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

struct Toy {
    peers: Peers,
    master: MasterKey,
    seconds: Arc<AtomicI64>,
    service: Arc<Service>,
    _dir: tempfile::TempDir,
}

impl Toy {
    async fn new() -> Toy {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::fresh().unwrap();
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let shared = Arc::clone(&seconds);
        let clock = Clock::custom(move || Instant::from_micros(shared.load(Ordering::SeqCst) * 1_000_000));
        let cell = paas_platform::cell();
        let target = Target::Lite { dir: dir.path().to_owned() };
        let store = Store::open(&target, cell.schema(), Arc::new(master.clone()), clock.clone()).unwrap();
        let peers = Peers::with_clock(&master, clock.clone());
        let service = Service::new(cell, store, peers.clone(), &master, clock);
        peers.connect("platform", Link::local(router(Arc::clone(&service))));
        let toy = Toy { peers, master, seconds, service, _dir: dir };
        assert!(toy.install("system", true).await);
        assert!(!toy.install("system", true).await);
        assert!(toy.install("toy", false).await);
        toy
    }

    async fn install(&self, code: &'static str, must_change: bool) -> bool {
        let new = NewTenant {
            code,
            name: "Toy",
            cells: Vec::new(),
            users: vec![NewUser { username: "admin", name: "Ann", permissions: &[] }],
            password: Secret::new("first-password".to_owned()),
            must_change,
            demo: false,
        };
        install(&self.service, new).await.unwrap()
    }

    fn later(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn call(&self, context: Context, method: Method, target: &str, body: Json) -> (StatusCode, Json) {
        let mut call = Call::json(method.clone(), target, &body).unwrap();
        if method == Method::GET {
            call = Call::get(target).unwrap();
        }
        let call = call.header(HeaderName::from_static("x-client-net"), HeaderValue::from_static("10.0.0.1"));
        let (status, body) = self.peers.fetch("platform", context, call).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn token(&self, body: Json) -> (StatusCode, Json) {
        self.call(Context::system("r", "t"), Method::POST, "/internal/auth/token", body).await
    }

    async fn sign_in(&self, tenant: &str, username: &str, password: &str) -> (StatusCode, Json) {
        let said = json!({"grant_type": "password", "tenant": tenant, "username": username, "password": password});
        self.token(said).await
    }

    fn claims(&self, answer: &Json) -> Claims {
        let now = Instant::from_micros(self.seconds.load(Ordering::SeqCst) * 1_000_000);
        let token = answer["access_token"].as_str().unwrap();
        (*TokenKey::from_master(&self.master).verify(token, now).unwrap()).clone()
    }

    async fn principal(&self, claims: &Claims) -> Principal {
        let target = format!("/internal/principal?membership={}&session={}", claims.sub, claims.sid);
        let (status, said) = self.call(Context::system("r", "t"), Method::GET, &target, Json::Null).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        serde_json::from_value(said).unwrap()
    }

    /// The context the gateway makes of a token.
    async fn person(&self, answer: &Json, request: &str) -> Context {
        let claims = self.claims(answer);
        let who = self.principal(&claims).await;
        Context {
            membership: claims.sub,
            person: Some(claims.pid),
            session: Some(claims.sid),
            person_name: who.membership.name.clone(),
            kind: MemberKind::Staff,
            policy_version: who.policy.version,
            tenant: Some(ContextTenant {
                key: who.tenant.key,
                code: who.tenant.code.clone(),
                zone: who.tenant.zone.clone(),
                name: who.tenant.name.clone(),
            }),
            ..Context::system(request, "t")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_only_after_the_right_password() {
    let toy = Toy::new().await;
    for (tenant, username, password) in
        [("toy", "admin", "wrong"), ("toy", "nobody", "first-password"), ("nowhere", "admin", "first-password")]
    {
        let (status, said) = toy.sign_in(tenant, username, password).await;
        assert_eq!((status, said["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("INVALID_CREDENTIALS")));
    }
    for _ in 0..10 {
        let (_, said) = toy.sign_in("toy", "admin", "wrong").await;
        assert_eq!(said["code"], "INVALID_CREDENTIALS");
    }
    let (_, said) = toy.sign_in("toy", "admin", "first-password").await;
    assert_eq!(said["code"], "ACCOUNT_LOCKED");
    toy.later(16 * 60);
    let (status, said) = toy.sign_in("toy", "admin", "first-password").await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let who = toy.principal(&toy.claims(&said)).await;
    assert!(who.active && !who.must_change_password && who.policy.compile().allows("platform.user.create"));
    assert!(!who.policy.compile().allows("platform.tenant-account.create"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_rotate_and_a_copy_ends_the_family() {
    let toy = Toy::new().await;
    let (_, first) = toy.sign_in("toy", "admin", "first-password").await;
    let refresh = |token: &Json| json!({"grant_type": "refresh_token", "refresh_token": token});
    let (status, second) = toy.token(refresh(&first["refresh_token"])).await;
    assert_eq!(status, StatusCode::OK, "{second}");
    toy.later(20);
    let (_, again) = toy.token(refresh(&first["refresh_token"])).await;
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    toy.later(20);
    let (status, _) = toy.token(refresh(&first["refresh_token"])).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, _) = toy.token(refresh(&second["refresh_token"])).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(!toy.principal(&toy.claims(&second)).await.active);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_password_is_changed_and_sessions_end() {
    let toy = Toy::new().await;
    let (_, other) = toy.sign_in("system", "admin", "first-password").await;
    let (_, mine) = toy.sign_in("system", "admin", "first-password").await;
    assert!(toy.principal(&toy.claims(&mine)).await.must_change_password);
    let change = |new: &str| json!({"currentPassword": "first-password", "newPassword": new});
    let target = "/internal/auth/password";
    let person = toy.person(&mine, "r").await;
    let (status, said) = toy.call(person.clone(), Method::POST, target, change("short")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    let (status, said) = toy.call(person.clone(), Method::POST, target, change("second-password")).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let who = toy.principal(&toy.claims(&mine)).await;
    assert!(who.active && !who.must_change_password);
    assert!(!toy.principal(&toy.claims(&other)).await.active);
    let (status, said) = toy.call(person.clone(), Method::GET, "/internal/auth/me", Json::Null).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!((&said["tenant"]["code"], &said["membership"]["username"]), (&json!("system"), &json!("admin")));
    let (status, _) = toy.call(person, Method::POST, "/internal/auth/revoke", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!toy.principal(&toy.claims(&mine)).await.active);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_makes_and_suspends_tenants() {
    let toy = Toy::new().await;
    let (_, operator) = toy.sign_in("system", "admin", "first-password").await;
    let new = json!({"code": "shelf", "name": "Shelf", "adminUsername": "boss", "adminPassword": "boss-password", "cells": []});
    let person = toy.person(&operator, "r-1").await;
    let (status, made) = toy.call(person, Method::POST, "/api/v1/platform/tenants", new.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert!(made.get("adminPassword").is_none() && made.get("adminHash").is_none());
    let (status, boss) = toy.sign_in("shelf", "boss", "boss-password").await;
    assert_eq!(status, StatusCode::OK, "{boss}");
    let person = toy.person(&boss, "r-2").await;
    let (status, _) = toy.call(person, Method::POST, "/api/v1/platform/tenants", new).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let user = json!({"username": "cleo", "name": "Cleo", "password": "cleo-password"});
    let person = toy.person(&boss, "r-3").await;
    let (status, said) = toy.call(person, Method::POST, "/api/v1/platform/users", user).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    assert!(said.get("password").is_none() && said.get("passwordHash").is_none());
    assert_eq!(toy.sign_in("shelf", "cleo", "cleo-password").await.0, StatusCode::OK);
    let act = |action: &str, record: &Json| json!({"action": action, "version": record["version"]});
    let target = format!("/api/v1/platform/users/{}/transitions", said["id"].as_str().unwrap());
    let person = toy.person(&boss, "r-4").await;
    let (status, off) = toy.call(person, Method::POST, &target, act("disable", &said)).await;
    assert_eq!(status, StatusCode::OK, "{off}");
    assert_eq!(toy.sign_in("shelf", "cleo", "cleo-password").await.1["code"], "ACCOUNT_LOCKED");
    let target = format!("/api/v1/platform/tenants/{}/transitions", made["id"].as_str().unwrap());
    let person = toy.person(&operator, "r-5").await;
    let (status, said) = toy.call(person, Method::POST, &target, act("suspend", &made)).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(toy.sign_in("shelf", "boss", "boss-password").await.1["code"], "TENANT_SUSPENDED");
    assert_eq!(toy.sign_in("shelf", "boss", "wrong-password").await.1["code"], "INVALID_CREDENTIALS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_from_one_membership_to_another() {
    let toy = Toy::new().await;
    let (_, here) = toy.sign_in("toy", "admin", "first-password").await;
    let switch = |more: Json| {
        let mut said = json!({"grant_type": "switch_tenant", "tenant": "system"});
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        said
    };
    let token = "/internal/auth/token";
    let refused = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(json!({}))).await;
    assert_eq!(refused.0, StatusCode::UNAUTHORIZED);
    let proof = json!({"username": "admin", "password": "first-password"});
    let (status, there) = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(proof)).await;
    assert_eq!(status, StatusCode::OK, "{there}");
    let (status, again) = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{again}");
    let (before, after) = (toy.claims(&here), toy.claims(&again));
    assert_eq!((before.pid, after.ten.as_str()), (after.pid, "system"));
}
