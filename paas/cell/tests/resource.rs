//! A toy cell spoken to from outside: every call signed, over the same router the gateway uses.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use axum::body::Body;
use http::{Method, Request, StatusCode};
use paas_auth::{Context, ContextTenant, Grant, GrantScope, MasterKey, MemberKind, Policy};
use paas_cell::prelude::*;
use paas_cell::{Service, router};
use paas_link::{Call, Link, Peers};
use paas_store::testing::Place;
use paas_types::{Clock, Id, TenantKey};
use serde_json::{Value as J, json};
use std::sync::Arc;

mod gadget {
    use paas_cell::prelude::*;

    /// 物件 | Gadget
    #[derive(Master, Clone, Debug)]
    pub struct Gadget {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, search)]
        pub code: String,
        /// 名称 | Name
        #[field(list, search, english = name_en)]
        pub name: String,
        /// 英文名称 | English name
        pub name_en: Option<String>,
        /// 电话 | Phone
        #[field(sensitive = phone)]
        pub phone: Option<Secret<String>>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Gadget> = Flow::master();
}

mod shelf {
    use super::gadget::Gadget;
    use paas_cell::prelude::*;

    /// 架位流水 | Shelf move
    #[derive(Entry, Clone, Debug)]
    #[entry(balance = Shelf)]
    pub struct ShelfMove {
        pub id: Id,
        /// 物件 | Gadget
        #[field(key)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    /// 架位余额 | Shelf
    #[derive(Balance, Clone, Debug)]
    #[balance(resource = "shelves")]
    pub struct Shelf {
        /// 物件 | Gadget
        #[field(key)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    pub fn not_negative(_ctx: &mut Ctx, shelf: &Shelf) -> Result<()> {
        if shelf.quantity.is_negative() {
            return Err(Refusal::rule(
                "toy.shelf.empty",
                Text::of("架位不足。", "Not enough on the shelf."),
                json!({}),
            ));
        }
        Ok(())
    }
}

mod note {
    use super::gadget::Gadget;
    use super::shelf::ShelfMove;
    use paas_cell::prelude::*;

    /// 便条 | Note
    #[derive(Document, Clone, Debug)]
    #[document(number = "N{yyyy}-{seq:4}", date = day)]
    pub struct Note {
        pub head: Head,
        /// 日期 | Day
        #[field(list, indexed)]
        pub day: Date,
        /// 合计 | Total
        #[field(list, computed)]
        pub total: Quantity,
        /// 明细 | Lines
        #[rows(min = 1)]
        pub lines: Vec<Line>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: NoteState,
    }

    /// 明细 | Line
    #[derive(Row, Clone, Debug)]
    #[row(name = "note-line")]
    pub struct Line {
        pub id: Id,
        /// 物件 | Gadget
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        pub quantity: Quantity,
    }

    /// 状态 | State
    #[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
    pub enum NoteState {
        /// 草稿 | Draft
        #[state(draft)]
        Draft,
        /// 已发 | Sent
        #[state(done)]
        Sent,
    }

    pub const FLOW: Flow<Note> =
        Flow::new(&[go("send", &[NoteState::Draft], NoteState::Sent).label("发送", "Send").does(send)]).prepare(sum);

    fn sum(_ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        note.total = note.lines.iter().map(|l| l.quantity).sum();
        Ok(())
    }

    fn send(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        for line in &note.lines {
            ctx.post(ShelfMove { id: Id::fresh(), gadget: line.gadget, quantity: line.quantity })?;
        }
        Ok(())
    }
}

struct World {
    peers: Peers,
    _place: Place,
}

fn context(tenant: &str, key: i64, member: Id, kind: MemberKind, request: &str) -> Context {
    let tenant =
        ContextTenant { key: TenantKey(key), code: tenant.into(), zone: "Asia/Shanghai".into(), name: tenant.into() };
    Context {
        tenant: Some(tenant),
        membership: member,
        kind,
        person_name: "T".into(),
        policy_version: 1,
        ..Context::system(request, "t")
    }
}

impl World {
    async fn new() -> World {
        let place = Place::chosen().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let cell = Cell::new("toy", "玩具 | Toy")
            .master(gadget::FLOW)
            .document(note::FLOW)
            .ledger(Ledger::<shelf::ShelfMove>::of().bound(shelf::not_negative));
        let store = place.open(cell.schema(), Arc::new(master.clone()), Clock::system()).unwrap();
        let service = Service::new(cell, store, peers.clone(), &master, Clock::system());
        peers.connect("toy", Link::local(router(service)));
        // A platform that knows two members: one may everything of the cell, one only reads its own gadgets.
        let platform = axum::Router::new().fallback(|request: Request<Body>| async move {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let member: Id = query.split("membership=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            let admin = query.contains("0000-7000-");
            let (permissions, scope) =
                if admin { ("toy.*", GrantScope::All) } else { ("toy.gadget.read", GrantScope::Own) };
            let grant = Grant { permissions: vec![permissions.into()], scope, field_rights: Default::default() };
            let policy = Policy { version: 1, membership: member, grants: vec![grant] };
            axum::Json(json!({
                "membership": {"id": member, "kind": "staff", "username": "u", "name": "U"}, "person": {"id": member},
                "tenant": {"key": 1, "code": "a", "name": "A", "state": "active", "zone": "Asia/Shanghai"},
                "department": null, "active": true, "mustChangePassword": false, "cells": ["toy"], "limits": null,
                "policy": policy,
            }))
        });
        peers.connect("platform", Link::local(platform));
        let world = World { peers, _place: place };
        for (code, key) in [("a", 1), ("b", 2)] {
            let call = Call::json(
                Method::PUT,
                &format!("/internal/tenants/{code}"),
                &json!({"key": key, "name": code, "zone": "Asia/Shanghai"}),
            )
            .unwrap();
            let system = context(code, key, Id::NIL, MemberKind::System, &format!("seed-{code}"));
            let (status, _) = world.peers.fetch("toy", system, call).await.unwrap();
            assert_eq!(status, StatusCode::OK);
        }
        world
    }

    async fn call(&self, who: &str, tenant: &str, method: Method, path: &str, body: J) -> (StatusCode, J) {
        let key = if tenant == "a" { 1 } else { 2 };
        let member: Id = who.parse().unwrap();
        let context = context(tenant, key, member, MemberKind::Staff, &Id::fresh().to_string());
        let mut call = Call::json(method.clone(), &format!("/api/v1/toy/{path}"), &body).unwrap();
        if method == Method::GET || method == Method::DELETE {
            call.body = Default::default();
        }
        if method == Method::DELETE {
            call.headers.insert(http::header::IF_MATCH, "\"1\"".parse().unwrap());
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
}

const ADMIN: &str = "01900000-0000-7000-8000-000000000001";
const CLERK: &str = "01900000-1111-7111-8111-000000000002";

#[tokio::test]
async fn a_document_is_created_changed_sent_and_remembered() {
    let w = World::new().await;
    let (status, gadget) = w
        .call(
            ADMIN,
            "a",
            Method::POST,
            "gadgets",
            json!({"code": "G1", "name": "齿轮", "nameEn": "Gear", "phone": "13800138000"}),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{gadget}");
    assert_eq!(gadget["phone"], "13800138000");
    let (status, note) = w
        .call(
            ADMIN,
            "a",
            Method::POST,
            "notes",
            json!({"day": "2026-11-24", "lines": [{"gadget": {"code": "G1"}, "quantity": "2.5"}]}),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{note}");
    assert_eq!((note["number"].as_str(), note["total"].as_str()), (Some("N2026-0001"), Some("2.500000")));
    let id = note["id"].as_str().unwrap().to_owned();

    let (status, stale) =
        w.call(ADMIN, "a", Method::PATCH, &format!("notes/{id}"), json!({"version": 9, "day": "2026-11-25"})).await;
    assert_eq!((status, stale["code"].as_str()), (StatusCode::CONFLICT, Some("CONFLICT")));
    let line = note["lines"][0]["id"].clone();
    let change = json!({"version": 1, "lines": [{"id": line, "quantity": 4}]});
    let (status, changed) = w.call(ADMIN, "a", Method::PATCH, &format!("notes/{id}"), change).await;
    assert_eq!((status, changed["total"].as_str()), (StatusCode::OK, Some("4.000000")), "{changed}");

    let (status, sent) = w
        .call(ADMIN, "a", Method::POST, &format!("notes/{id}/transitions"), json!({"action": "send", "version": 2}))
        .await;
    assert_eq!((status, sent["state"].as_str()), (StatusCode::OK, Some("sent")), "{sent}");
    let (_, shelves) = w.call(ADMIN, "a", Method::GET, "shelves", J::Null).await;
    assert_eq!(shelves["data"][0]["quantity"], "4.000000");
    assert_eq!(shelves["data"][0]["gadget"]["code"], "G1");
    let (status, again) = w
        .call(ADMIN, "a", Method::POST, &format!("notes/{id}/transitions"), json!({"action": "send", "version": 3}))
        .await;
    assert_eq!((status, again["code"].as_str()), (StatusCode::CONFLICT, Some("INVALID_TRANSITION")));
    let (_, history) = w.call(ADMIN, "a", Method::GET, &format!("notes/{id}/history"), J::Null).await;
    assert_eq!(history["data"].as_array().unwrap().len(), 3, "{history}");
}

#[tokio::test]
async fn a_broken_bound_changes_nothing_and_a_repeat_has_one_effect() {
    let w = World::new().await;
    w.call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G1", "name": "齿轮"})).await;
    let body = json!({"day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": -1}], "requestKey": "r-1"});
    let (_, note) = w.call(ADMIN, "a", Method::POST, "notes", body.clone()).await;
    let (status, replay) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    assert_eq!((status, &replay["id"]), (StatusCode::CREATED, &note["id"]));
    let other = json!({"day": "2026-11-25", "lines": [{"gadget": "G1", "quantity": -1}], "requestKey": "r-1"});
    let (status, _) = w.call(ADMIN, "a", Method::POST, "notes", other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, notes) = w.call(ADMIN, "a", Method::GET, "notes", J::Null).await;
    assert_eq!(notes["total"], 1);

    let path = format!("notes/{}/transitions", note["id"].as_str().unwrap());
    let (status, refused) = w.call(ADMIN, "a", Method::POST, &path, json!({"action": "send", "version": 1})).await;
    assert_eq!(
        (status, refused["details"]["rule"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("toy.shelf.empty"))
    );
    let (_, note) = w.call(ADMIN, "a", Method::GET, &format!("notes/{}", note["id"].as_str().unwrap()), J::Null).await;
    assert_eq!((note["state"].as_str(), note["version"].as_i64()), (Some("draft"), Some(1)));
    let (status, trial) =
        w.call(ADMIN, "a", Method::POST, "gadgets?dryRun=true", json!({"code": "G2", "name": "x"})).await;
    assert_eq!(status, StatusCode::CREATED, "{trial}");
    let (_, gadgets) = w.call(ADMIN, "a", Method::GET, "gadgets", J::Null).await;
    assert_eq!(gadgets["total"], 1);
}

#[tokio::test]
async fn tenants_scopes_and_rights_hold() {
    let w = World::new().await;
    let (_, gadget) = w
        .call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G1", "name": "齿轮", "phone": "13800138000"}))
        .await;
    let path = format!("gadgets/{}", gadget["id"].as_str().unwrap());
    let (status, _) = w.call(ADMIN, "b", Method::GET, &path, J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = w.call(ADMIN, "b", Method::GET, "gadgets?code=G1", J::Null).await;
    assert_eq!(list["total"], 0);
    let (status, _) = w.call(CLERK, "a", Method::GET, &path, J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "outside the data scope");
    for (method, path) in
        [(Method::POST, "gadgets"), (Method::GET, "notes"), (Method::GET, "gadgets/export"), (Method::GET, "shelves")]
    {
        let (status, body) = w.call(CLERK, "a", method, path, json!({"code": "X", "name": "x"})).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::FORBIDDEN, Some("FORBIDDEN")), "{path}");
    }
    let (status, _) = w.call(ADMIN, "a", Method::DELETE, &path, J::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn bad_input_is_named_field_by_field() {
    let w = World::new().await;
    let (status, body) = w
        .call(ADMIN, "a", Method::POST, "notes", json!({"day": "2026-02-30", "lines": [{"quantity": "0.1234567"}]}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let fields: Vec<&str> = body["details"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["day", "lines[0].quantity", "lines[0].gadget"]);
    for (path, code) in [
        ("notes?colour=red", "UNKNOWN_FILTER"),
        ("notes?total=1", "UNKNOWN_FILTER"),
        ("notes?pageSize=201", "VALIDATION_FAILED"),
        ("notes?sort=total", "UNKNOWN_FILTER"),
        ("gadgets?phone[contains]=138", "UNKNOWN_FILTER"),
        ("notes?fields=x", "UNKNOWN_FIELD"),
    ] {
        let (status, body) = w.call(ADMIN, "a", Method::GET, path, J::Null).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{path}");
    }
    let (status, body) =
        w.call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G", "name": "n", "colour": 1})).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("UNKNOWN_FIELD")));
    let (status, body) = w.call(ADMIN, "a", Method::POST, "gadgets", json!([1])).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("MALFORMED_REQUEST")));
}

#[tokio::test]
async fn the_descriptor_and_openapi_come_from_the_declarations() {
    let w = World::new().await;
    let (status, meta) = w.call(ADMIN, "a", Method::GET, "meta", J::Null).await;
    assert_eq!(status, StatusCode::OK);
    let names: Vec<&str> = meta["types"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["gadget", "note", "shelf-move", "shelf"]);
    let (_, meta) = w.call(CLERK, "a", Method::GET, "meta", J::Null).await;
    assert_eq!(meta["types"].as_array().unwrap().len(), 1);
    let (_, api) = w.call(ADMIN, "a", Method::GET, "openapi.json", J::Null).await;
    assert_eq!(api["openapi"], "3.1.0");
    assert!(api["paths"]["/api/v1/toy/notes/{id}/transitions"]["post"].is_object());
}
