//! The interface descriptions of all cells, merged into one.

use crate::forward::anonymous;
use crate::gateway::Gateway;
use crate::request::{Asked, no_such_address};
use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use paas_link::Call;
use paas_types::Result;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const FRESH: Duration = Duration::from_secs(10);
/// A cell that did not answer is left alone for this long.
const PAUSE: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(5);

/// Descriptions fetched lately, and what was made of them: anybody may ask for them, so asking must cost little.
#[derive(Default)]
pub(crate) struct Descriptions {
    cells: tokio::sync::Mutex<HashMap<String, Fetched>>,
    whole: Mutex<Option<Whole>>,
}

/// What a cell said, and when; without a description it did not answer, and is left alone for a while too.
#[derive(Clone)]
struct Fetched {
    at: Instant,
    description: Result<Arc<Description>>,
}

impl Fetched {
    fn holds(&self) -> bool {
        self.at.elapsed() < if self.description.is_ok() { FRESH } else { PAUSE }
    }
}

/// The description of a cell, also as the text that is sent.
struct Description {
    value: Value,
    text: Bytes,
}

/// The merged description with the parts it was made of.
struct Whole {
    parts: Vec<(String, Arc<Description>)>,
    text: Bytes,
}

impl Gateway {
    /// `/openapi.json` and `/api/v1/openapi.json`: every cell that answers, and what the gateway itself offers.
    pub(crate) async fn whole_description(&self, asked: &Asked) -> Response<Body> {
        let mut parts = Vec::new();
        for cell in self.0.peers.names() {
            match self.description(asked, &cell).await {
                Ok(part) => parts.push((cell, part)),
                Err(refusal) => tracing::warn!(cell, cause = refusal.cause(), "no description"),
            }
        }
        described(self.0.descriptions.whole(parts))
    }

    /// `/api/v1/{cell}/openapi.json`.
    pub(crate) async fn cell_description(&self, asked: &Asked, cell: &str) -> Result<Response<Body>> {
        Ok(described(self.description(asked, cell).await?.text.clone()))
    }

    async fn description(&self, asked: &Asked, cell: &str) -> Result<Arc<Description>> {
        let mut known = self.0.descriptions.cells.lock().await;
        if let Some(fetched) = known.get(cell).filter(|fetched| fetched.holds()) {
            return fetched.description.clone();
        }
        let call = Call::get(&format!("/api/v1/{cell}/openapi.json"))?.within(DEADLINE);
        let answer: Result<Value> = self.0.peers.json(cell, anonymous(asked), call).await;
        let before = known.get(cell).and_then(|fetched| fetched.description.as_ref().ok());
        let description = match (answer, before) {
            (Ok(value), Some(old)) if old.value == value => Ok(Arc::clone(old)),
            (Ok(value), _) => Ok(Arc::new(Description { text: value.to_string().into(), value })),
            // What a cell offers does not change because it is away.
            (Err(_), Some(old)) => Ok(Arc::clone(old)),
            (Err(refusal), None) if refusal.code() == paas_types::Code::NotFound => Err(no_such_address()),
            (Err(refusal), None) => Err(refusal),
        };
        known.insert(cell.to_owned(), Fetched { at: Instant::now(), description: description.clone() });
        description
    }
}

impl Descriptions {
    /// The merged text of these parts; merged anew only when one of them changed.
    fn whole(&self, parts: Vec<(String, Arc<Description>)>) -> Bytes {
        let mut kept = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |whole: &&Whole| {
            let pairs = || whole.parts.iter().zip(&parts);
            whole.parts.len() == parts.len() && pairs().all(|(a, b)| a.0 == b.0 && Arc::ptr_eq(&a.1, &b.1))
        };
        if let Some(whole) = kept.as_ref().filter(same) {
            return whole.text.clone();
        }
        let merged = describe(parts.iter().map(|(cell, part)| (cell.as_str(), &part.value)));
        let text = Bytes::from(merged.to_string());
        *kept = Some(Whole { parts, text: text.clone() });
        text
    }
}

/// One description of what the gateway itself offers and of the cells, given by name with their own descriptions.
pub fn describe<'a>(parts: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Value {
    let mut whole = own();
    for (cell, part) in parts {
        merge(&mut whole, cell, part);
    }
    whole
}

fn described(text: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Puts a cell's description into the whole. A component whose name is taken by another content is renamed, and the
/// cell's references with it.
fn merge(whole: &mut Value, cell: &str, part: &Value) {
    let mut part = part.clone();
    let mut renamed: Vec<(String, String)> = Vec::new();
    let sections = part.get("components").and_then(Value::as_object).cloned().unwrap_or_default();
    for (section, items) in &sections {
        let known =
            whole.pointer(&format!("/components/{section}")).and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, item) in items.as_object().into_iter().flatten() {
            if known.get(name).is_some_and(|other| other != item) {
                let from = format!("#/components/{section}/{name}");
                renamed.push((from, format!("#/components/{section}/{cell}.{name}")));
            }
        }
    }
    if !renamed.is_empty() {
        rename(&mut part, &renamed);
    }
    for (section, items) in part.get("components").and_then(Value::as_object).into_iter().flatten() {
        for (name, item) in items.as_object().into_iter().flatten() {
            let reference = format!("#/components/{section}/{name}");
            let moved = renamed.iter().any(|(from, _)| *from == reference);
            let name = if moved { format!("{cell}.{name}") } else { name.clone() };
            object(object(whole, "components"), section).as_object_mut().map(|all| all.insert(name, item.clone()));
        }
    }
    for (path, item) in part.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let path = if path.starts_with("/api/") { path.clone() } else { format!("/api/v1/{cell}{path}") };
        object(whole, "paths").as_object_mut().map(|all| all.insert(path, item.clone()));
    }
    if let (Some(tags), Some(Value::Array(more))) =
        (whole.get_mut("tags").and_then(Value::as_array_mut), part.get("tags"))
    {
        for tag in more {
            if !tags.iter().any(|known| known.get("name") == tag.get("name")) {
                tags.push(tag.clone());
            }
        }
    }
}

/// The object under a key, made when it is missing.
fn object<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map.entry(key.to_owned()).or_insert_with(|| Value::Object(Map::new())),
        other => other,
    }
}

fn rename(value: &mut Value, renamed: &[(String, String)]) {
    match value {
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                match item {
                    Value::String(text) if key == "$ref" => {
                        if let Some((_, to)) = renamed.iter().find(|(from, _)| from == text) {
                            *text = to.clone();
                        }
                    }
                    item => rename(item, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, renamed)),
        _ => {}
    }
}

/// What the gateway itself offers.
fn own() -> Value {
    let error = json!({"description": "Refusal", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}});
    let answer = |schema: Value| json!({"description": "OK", "content": {"application/json": {"schema": schema}}});
    let token = json!({"type": "object", "required": ["access_token", "token_type", "expires_in"], "properties": {
        "access_token": {"type": "string"}, "token_type": {"type": "string", "const": "Bearer"},
        "expires_in": {"type": "integer"}, "refresh_token": {"type": "string"}}});
    let asks = json!({"type": "object", "required": ["grant_type"], "properties": {
        "grant_type": {"enum": ["password", "refresh_token", "client_credentials", "switch_tenant"]},
        "tenant": {"type": "string"}, "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
        "currentPassword": {"type": "string", "format": "password"}, "refresh_token": {"type": "string"},
        "client_id": {"type": "string"}, "client_secret": {"type": "string"}, "cookie": {"type": "boolean"}},
        "example": {"grant_type": "password", "tenant": "demo", "username": "admin", "password": "********"}});
    let change = json!({"type": "object", "required": ["currentPassword", "newPassword"], "properties": {
        "currentPassword": {"type": "string", "format": "password"},
        "newPassword": {"type": "string", "format": "password"}}});
    let open = json!([]);
    let body = |schema: &Value| json!({"required": true, "content": {"application/json": {"schema": schema}}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Super PaaS", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": "auth", "description": "登录 | Sign-in"}],
        "paths": {
            "/api/v1/auth/token": {"post": {"tags": ["auth"], "operationId": "auth.token", "summary": "登录 | Sign in",
                "security": open, "requestBody": body(&asks),
                "responses": {"200": answer(token), "default": error}}},
            "/api/v1/auth/revoke": {"post": {"tags": ["auth"], "operationId": "auth.revoke", "summary": "退出 | Sign out",
                "security": open, "responses": {"200": answer(json!({})), "204": {"description": "Done"}, "default": error}}},
            "/api/v1/auth/me": {"get": {"tags": ["auth"], "operationId": "auth.me", "summary": "我 | Who am I",
                "responses": {"200": answer(json!({"type": "object"})), "default": error}}},
            "/api/v1/auth/password": {"post": {"tags": ["auth"], "operationId": "auth.password",
                "summary": "修改密码 | Change the password", "requestBody": body(&change),
                "responses": {"200": answer(json!({})), "204": {"description": "Done"}, "default": error}}},
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {"Error": {"type": "object", "required": ["code", "message", "details", "requestId"], "properties": {
                "code": {"type": "string"}, "message": {"type": "string"}, "details": {}, "requestId": {"type": "string"}}}},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_equal_names_do_not_mix() {
        let part = |kind: &str| {
            json!({"paths": {"/gadgets": {"get": {"x": {"$ref": "#/components/schemas/Gadget"}, "y": {"$ref": "#/components/schemas/Page"}}}},
                   "components": {"schemas": {"Gadget": {"type": kind}, "Page": {"type": "object"}}},
                   "tags": [{"name": "gadgets"}]})
        };
        let mut whole = own();
        merge(&mut whole, "toy", &part("object"));
        merge(&mut whole, "shop", &part("string"));
        let at = |path: &str| whole.pointer(path).cloned().unwrap_or_default();
        assert_eq!(at("/paths/~1api~1v1~1toy~1gadgets/get/x/$ref"), "#/components/schemas/Gadget");
        assert_eq!(at("/paths/~1api~1v1~1shop~1gadgets/get/x/$ref"), "#/components/schemas/shop.Gadget");
        assert_eq!(at("/paths/~1api~1v1~1shop~1gadgets/get/y/$ref"), "#/components/schemas/Page");
        assert_eq!(at("/components/schemas/Gadget/type"), "object");
        assert_eq!(at("/components/schemas/shop.Gadget/type"), "string");
        assert_eq!(at("/tags").as_array().unwrap().len(), 2);
        assert!(at("/paths/~1api~1v1~1auth~1token").is_object());
    }

    /// The attack: anybody asks for the merged description again and again.
    #[test]
    fn parts_are_merged_anew_only_when_one_changed() {
        let part = |path: &str| {
            let value = json!({"paths": {path: {"get": {}}}});
            Arc::new(Description { text: value.to_string().into(), value })
        };
        let (toy, shop) = (part("/gadgets"), part("/shelves"));
        let parts =
            |shop: &Arc<Description>| vec![("toy".to_owned(), Arc::clone(&toy)), ("shop".to_owned(), Arc::clone(shop))];
        let all = Descriptions::default();
        let first = all.whole(parts(&shop));
        assert_eq!(first.as_ptr(), all.whole(parts(&shop)).as_ptr(), "the same text, not an equal one");
        let changed = String::from_utf8(all.whole(parts(&part("/notes"))).to_vec()).unwrap();
        assert!(changed.contains("/api/v1/shop/notes") && !changed.contains("shelves"));
        assert!(!String::from_utf8(all.whole(parts(&shop)[..1].to_vec()).to_vec()).unwrap().contains("/shop/"));
    }
}
