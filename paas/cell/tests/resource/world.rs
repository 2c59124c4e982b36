//! A running toy cell, its platform and its callers.

use crate::toys;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use paas_auth::{Context, ContextTenant, FieldRight, Grant, GrantScope, MasterKey, MemberKind, Policy};
use paas_cell::{Service, router};
use paas_link::{Call, Link, Peers};
use paas_store::testing::Place;
use paas_types::{Clock, Id, Lang, TenantKey};
use serde_json::{Value as J, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// May everything of the cell.
pub const ADMIN: &str = "01900000-0000-7000-8000-000000000001";
/// Reads its own gadgets, nothing else.
pub const CLERK: &str = "01900000-1111-7111-8111-000000000002";

type Grants = Arc<Mutex<HashMap<Id, Vec<Grant>>>>;

pub struct World {
    pub peers: Peers,
    grants: Grants,
    pub service: Arc<Service>,
    _place: Place,
}

/// An answer as it travelled.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> J {
        serde_json::from_slice(&self.body).unwrap_or(J::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }
}

fn context(tenant: &str, member: Id, kind: MemberKind) -> Context {
    let key = TenantKey(if tenant == "a" { 1 } else { 2 });
    let tenant = ContextTenant { key, code: tenant.into(), zone: "Asia/Shanghai".into(), name: tenant.into() };
    Context {
        tenant: Some(tenant),
        membership: member,
        kind,
        person_name: "T".into(),
        policy_version: 1,
        ..Context::system(&Id::fresh().to_string(), "t")
    }
}

pub fn grant(permissions: &[&str], scope: GrantScope, fields: &[(&str, FieldRight)]) -> Grant {
    Grant {
        permissions: permissions.iter().map(|c| (*c).to_owned()).collect(),
        scope,
        field_rights: fields.iter().map(|(f, r)| ((*f).to_owned(), *r)).collect(),
    }
}

/// A platform that says of each member what the test granted it.
fn platform(grants: Grants) -> axum::Router {
    axum::Router::new().fallback(move |request: Request<Body>| {
        let grants = Arc::clone(&grants);
        async move {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let member: Id = query.split("membership=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            let granted = grants.lock().unwrap().get(&member).cloned().unwrap_or_default();
            let policy = Policy { version: 1, membership: member, grants: granted };
            let name = format!("u-{}", &member.to_string()[9..13]);
            axum::Json(json!({
                "membership": {"id": member, "kind": "staff", "username": name, "name": name},
                "person": {"id": member},
                "tenant": {"key": 1, "code": "a", "name": "A", "state": "active", "zone": "Asia/Shanghai"},
                "department": null, "active": true, "mustChangePassword": false, "cells": ["toy"], "limits": null,
                "policy": policy,
            }))
        }
    })
}

impl World {
    pub async fn new() -> World {
        let place = Place::chosen().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let cell = toys::cell();
        let store = place.open(cell.schema(), Arc::new(master.clone()), Clock::system()).unwrap();
        let service = Service::new(cell, store, peers.clone(), &master, Clock::system());
        peers.connect("toy", Link::local(router(Arc::clone(&service))));
        let grants = Grants::default();
        peers.connect("platform", Link::local(platform(Arc::clone(&grants))));
        let world = World { peers, grants, service, _place: place };
        world.allow(ADMIN, vec![grant(&["toy.*"], GrantScope::All, &[])]);
        world.allow(CLERK, vec![grant(&["toy.gadget.read"], GrantScope::Own, &[])]);
        for tenant in ["a", "b"] {
            let key = if tenant == "a" { 1 } else { 2 };
            let body = json!({"key": key, "name": tenant, "zone": "Asia/Shanghai"});
            let call = Call::json(Method::PUT, &format!("/internal/tenants/{tenant}"), &body).unwrap();
            let (status, said) =
                world.peers.fetch("toy", context(tenant, Id::NIL, MemberKind::System), call).await.unwrap();
            assert_eq!(status, StatusCode::OK, "{said:?}");
        }
        world
    }

    /// What a member may do, before its first call.
    pub fn allow(&self, who: &str, grants: Vec<Grant>) {
        self.grants.lock().unwrap().insert(who.parse().unwrap(), grants);
    }

    /// A new member with these rights.
    pub fn member(&self, grants: Vec<Grant>) -> String {
        let who = Id::fresh().to_string();
        self.allow(&who, grants);
        who
    }

    /// A call with whatever headers and bytes.
    pub async fn raw(
        &self,
        who: &str,
        (method, path): (Method, &str),
        headers: &[(&'static str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut context = context("a", who.parse().unwrap(), MemberKind::Staff);
        let mut call = Call::new(method, &format!("/api/v1/toy/{path}")).unwrap();
        call.body = body.into();
        for (name, value) in headers {
            if *name == "accept-language" {
                context.lang = Lang::from_header(value);
            }
            call.headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let answer = self.peers.send("toy", context, call).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    #[allow(clippy::too_many_arguments)] // who, for whom, what, where, with what: a call is that
    pub async fn call(&self, who: &str, tenant: &str, method: Method, path: &str, body: J) -> (StatusCode, J) {
        let context = context(tenant, who.parse().unwrap(), MemberKind::Staff);
        let mut call = Call::json(method.clone(), &format!("/api/v1/toy/{path}"), &body).unwrap();
        if method == Method::GET || method == Method::DELETE {
            call.body = Default::default();
        }
        if method == Method::DELETE {
            call.headers.insert(header::IF_MATCH, "\"1\"".parse().unwrap());
        }
        if let Some(id) = body.get("requestKey").and_then(J::as_str) {
            call.headers.insert("x-request-id", id.parse().unwrap());
            let mut body = body.clone();
            body.as_object_mut().unwrap().remove("requestKey");
            call.body = body.to_string().into();
        }
        let (status, bytes) = self.peers.fetch("toy", context, call).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(J::Null))
    }

    pub async fn get(&self, who: &str, path: &str) -> J {
        let (status, body) = self.call(who, "a", Method::GET, path, J::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// A write that succeeds.
    pub async fn post(&self, who: &str, path: &str, body: J) -> J {
        let (status, answer) = self.call(who, "a", Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub async fn act(&self, who: &str, resource: &str, record: &J, body: J) -> (StatusCode, J) {
        let path = format!("{resource}/{}/transitions", id_of(record));
        self.call(who, "a", Method::POST, &path, body).await
    }

    pub async fn patch(&self, who: &str, resource: &str, record: &J, body: J) -> (StatusCode, J) {
        self.call(who, "a", Method::PATCH, &format!("{resource}/{}", id_of(record)), body).await
    }

    /// Gadgets G1 and G2.
    pub async fn gadgets(&self) -> [J; 2] {
        let gadget = |code, name, en| json!({"code": code, "name": name, "nameEn": en, "phone": "13800138000"});
        [
            self.post(ADMIN, "gadgets", gadget("G1", "齿轮", "Gear")).await,
            self.post(ADMIN, "gadgets", gadget("G2", "弹簧", "Spring")).await,
        ]
    }

    /// A note with one line per quantity, of gadget G1.
    pub async fn note(&self, day: &str, quantities: &[&str]) -> J {
        let lines: Vec<J> = quantities.iter().map(|q| json!({"gadget": {"code": "G1"}, "quantity": q})).collect();
        self.post(ADMIN, "notes", json!({"day": day, "lines": lines})).await
    }
}

pub fn id_of(record: &J) -> &str {
    record["id"].as_str().unwrap_or_else(|| panic!("no id in {record}"))
}

/// Code and field paths of a refusal.
pub fn refusal(body: &J) -> (String, Vec<String>) {
    let fields = body["details"].as_array().into_iter().flatten();
    let fields = fields.map(|e| format!("{} {}", e["field"].as_str().unwrap(), e["code"].as_str().unwrap()));
    (body["code"].as_str().unwrap_or_default().to_owned(), fields.collect())
}
