//! What cells and the gateway ask each other, with a signed context of the system.

use super::{Incoming, Reply, audit};
use crate::routes::InternalCall;
use crate::service::Service;
use http::StatusCode;
use paas_auth::MemberKind;
use paas_types::{Code, Refusal, Result, Tenant, TenantKey};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// What a cell is told of a new tenant.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Provision {
    key: i64,
    name: String,
    zone: String,
    #[serde(default)]
    demo: bool,
}

pub(super) async fn dispatch(service: &Arc<Service>, path: &str, call: Incoming) -> Result<Reply> {
    if let Some(route) = service.cell.routes.iter().find(|r| r.path == path && r.method == call.method.as_str()) {
        let handler = route.handler;
        let Incoming { context, query, headers, body, .. } = call;
        let inner = InternalCall { context, query, headers, body, captured: Vec::new() };
        let value = handler(Arc::clone(service), inner).await?;
        return Ok(Reply::ok(&value));
    }
    match (call.method.as_str(), path) {
        ("POST", "audit") => return audit::page(service, &call).await,
        ("GET", "audit/checkpoint") => return audit::checkpoint(service, &call).await,
        _ => {}
    }
    if call.context.kind != MemberKind::System {
        return Err(Refusal::not_found());
    }
    match (call.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
        ("PUT", ["tenants", code]) => provision(service, code, &call).await,
        ("GET", ["permissions"]) => Ok(Reply::ok(&json!({"permissions": service.cell.permissions()}))),
        _ => Err(Refusal::not_found()),
    }
}

/// Makes a tenant known here and seeds it; again, it changes nothing.
async fn provision(service: &Arc<Service>, code: &str, call: &Incoming) -> Result<Reply> {
    let said: Provision =
        serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))?;
    let tenant = Tenant { key: TenantKey(said.key), code: code.into() };
    let fresh = service.store.provision(&tenant, &said.name, &said.zone).await?;
    let request = &call.context.request_id;
    if fresh {
        if let Some(seed) = service.cell.seed {
            service.write_as_system(tenant.clone(), request, seed).await?;
        }
        if let (true, Some(demo)) = (said.demo, service.cell.demo) {
            service.write_as_system(tenant, request, demo).await?;
        }
    }
    Ok(Reply::json(StatusCode::OK, &json!({"code": code, "fresh": fresh})))
}
