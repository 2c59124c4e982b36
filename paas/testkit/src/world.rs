//! A whole installation: the platform, any cells, the gateway; members sign in and speak HTTP.

use crate::cells::{Cells, EAGER};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use paas_auth::TokenKey;
use paas_cell::{Cell, Pace};
use paas_gateway::{Gateway, GatewayConfig};
use paas_platform::{NewTenant, NewUser, install};
use paas_types::Secret;
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

/// The password of everybody here.
const PASSWORD: &str = "Toys@12345";

/// An installation.
pub struct World {
    /// Its cells.
    pub cells: Cells,
    gateway: Gateway,
}

/// Somebody signed in.
#[derive(Clone, Debug)]
pub struct Member {
    tenant: String,
    token: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: http::HeaderMap,
    /// JSON, or null.
    pub json: Json,
}

impl World {
    /// The platform and these cells, with the operator's tenant; the cells hear each other.
    pub async fn start(cells: Vec<Cell>) -> World {
        World::at_pace(cells, EAGER).await
    }

    /// As [`World::start`], hearing at another pace.
    pub async fn at_pace(cells: Vec<Cell>, pace: Pace) -> World {
        let all = std::iter::once(paas_platform::cell()).chain(cells).collect();
        let cells = Cells::open(all);
        let system = NewTenant {
            code: "system",
            name: "运营方",
            name_en: Some("Operator"),
            cells: Vec::new(),
            users: vec![NewUser {
                username: "admin",
                name: "运营管理员",
                role: ("管理员", "Administrator"),
                permissions: &[],
            }],
            password: Secret::new(PASSWORD.to_owned()),
            must_change: false,
            demo: false,
        };
        install(cells.service("platform"), system).await.expect("the operator's tenant");
        let config = GatewayConfig::default();
        let gateway = Gateway::new(config, cells.peers.clone(), TokenKey::from_master(&cells.master));
        gateway.probe().await;
        cells.hear(pace);
        World { cells, gateway }
    }

    /// The operator, signed in.
    pub async fn operator(&self) -> Member {
        self.sign_in("system", "admin").await
    }

    /// Makes a tenant with these cells; its administrator, signed in.
    pub async fn tenant(&self, code: &str, cells: &[&str]) -> Member {
        let body =
            json!({"code": code, "name": code, "cells": cells, "adminUsername": "admin", "adminPassword": PASSWORD});
        let said = self.call(&self.operator().await, "POST", "platform/tenants", &body).await;
        assert_eq!(said.status, 201, "{}", said.json);
        self.sign_in(code, "admin").await
    }

    /// Makes a user with these permissions, for all records; the user has a role of its own name. Answers the user.
    pub async fn user(&self, admin: &Member, username: &str, permissions: &[&str]) -> Json {
        let role = json!({"code": username, "name": username, "permissions": permissions, "dataScope": "all"});
        let said = self.call(admin, "POST", "platform/roles", &role).await;
        assert_eq!(said.status, 201, "{}", said.json);
        let user = json!({"username": username, "name": username, "password": PASSWORD, "roles": [said.json["id"]]});
        let said = self.call(admin, "POST", "platform/users", &user).await;
        assert_eq!(said.status, 201, "{}", said.json);
        said.json
    }

    /// Signs somebody in.
    pub async fn sign_in(&self, tenant: &str, username: &str) -> Member {
        let body = json!({"grant_type": "password", "tenant": tenant, "username": username, "password": PASSWORD});
        let said = self.send("POST", "/api/v1/auth/token", &[], &body).await;
        assert_eq!(said.status, 200, "{}", said.json);
        let token = said.json["access_token"].as_str().expect("a token").to_owned();
        Member { tenant: tenant.to_owned(), token }
    }

    /// A call of a member; `path` follows `/api/v1/`.
    pub async fn call(&self, member: &Member, method: &str, path: &str, body: &Json) -> Said {
        self.send(method, &format!("/api/v1/{path}"), &self.headers(member, &[]), body).await
    }

    /// The headers of a member's call, and more.
    pub fn headers(&self, member: &Member, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let own = [("authorization", format!("Bearer {}", member.token)), ("x-tenant-id", member.tenant.clone())];
        own.into_iter().chain(more.iter().map(|(name, value)| (*name, (*value).to_owned()))).collect()
    }

    /// What a member reads; it must be there.
    pub async fn get(&self, member: &Member, path: &str) -> Json {
        let said = self.call(member, "GET", path, &Json::Null).await;
        assert_eq!(said.status, 200, "{path}: {}", said.json);
        said.json
    }

    /// Takes an action on a record as it was read; it must succeed.
    pub async fn act(&self, member: &Member, path: &str, record: &Json, action: &str) -> Json {
        let target = format!("{path}/{}/transitions", record["id"].as_str().expect("an id"));
        let body = json!({"action": action, "version": record["version"]});
        let said = self.call(member, "POST", &target, &body).await;
        assert_eq!(said.status, 200, "{action}: {}", said.json);
        said.json
    }

    /// A request through the gateway.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, String)], body: &Json) -> Said {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            request = request.header("content-type", "application/json");
            body.to_string().into()
        };
        let request = request.body(Full::new(bytes)).expect("a request");
        let Ok(response) = self.gateway.router().oneshot(request).await;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Said { status: head.status.as_u16(), headers: head.headers, json }
    }
}
