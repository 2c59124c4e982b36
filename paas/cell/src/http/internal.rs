//! What cells and the gateway ask each other, with a signed context of the system.

use super::{Incoming, Reply, audit, effect};
use crate::Ctx;
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
        ("GET", "audit/proof") => return audit::proof(service, &call).await,
        _ => {}
    }
    if call.context.kind != MemberKind::System {
        return Err(Refusal::not_found());
    }
    match (call.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
        ("PUT", ["tenants", code]) => provision(service, code, &call).await,
        ("POST", ["effect"]) => effect::effect(service, &call),
        ("GET", ["permissions"]) => {
            let registry = &service.cell.registry;
            Ok(Reply::ok(&json!({"permissions": registry.permissions(), "fields": registry.restrictable()})))
        }
        (_, path) => crate::dispatch::routes::answer(service, path, &call).await,
    }
}

/// Makes a tenant known here and seeds it; again, it changes nothing.
async fn provision(service: &Arc<Service>, code: &str, call: &Incoming) -> Result<Reply> {
    let said: Provision =
        serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))?;
    let tenant = Tenant { key: TenantKey(said.key), code: code.into() };
    let request = &call.context.request_id;
    let (name, zone, seed) = (said.name, said.zone, service.cell.seed);
    // A tenant is known and seeded, or neither: whatever stops between the two leaves nothing.
    let make = move |ctx: &mut Ctx<'_>| {
        let fresh = ctx.tx.provision(&name, &zone)?;
        ctx.put_default_settings()?;
        if let (true, Some(seed)) = (ctx.tx.mark("seeded")?, seed) {
            seed(ctx)?;
        }
        Ok(fresh)
    };
    let fresh = service.write_as_system(tenant.clone(), request, make).await?;
    if let (true, Some(demo)) = (said.demo, service.cell.demo) {
        let make = move |ctx: &mut Ctx<'_>| if ctx.tx.mark("demo")? { demo(ctx) } else { Ok(()) };
        service.write_as_system(tenant, request, make).await?;
    }
    service.lanes.iter().for_each(|lane| lane.tenants_changed());
    Ok(Reply::json(StatusCode::OK, &json!({"code": code, "fresh": fresh})))
}
