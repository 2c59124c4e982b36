//! What a role does: asked of every cell, which judges by the gates it judges callers by. A role that is being written
//! can be tried before it is stored.

use crate::admission::account_of;
use crate::principal::{cells_of, codes};
use crate::role::{DataScope, Role};
use paas_auth::{Context, Grant, GrantScope, Policy, expand};
use paas_cell::prelude::*;
use paas_cell::{InternalCall, Service, ServiceRoute};
use paas_link::Call;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How long a cell may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);

/// `GET /platform/roles/{id}/effect`
pub(crate) const EFFECT: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "roles/{}/effect",
    permission: "role.read",
    label: ("角色的效果", "Effect of a role"),
    handler: |service, call| Box::pin(of_stored(service, call)),
};

/// `POST /platform/roles/effect`, the body a role that need not be stored.
pub(crate) const TRIAL: ServiceRoute = ServiceRoute {
    method: "POST",
    path: "roles/effect",
    permission: "role.read",
    label: ("试算角色的效果", "Effect of a role on trial"),
    handler: |service, call| Box::pin(of_trial(service, call)),
};

/// A role as it stands in the form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Trial {
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    data_scope: Option<String>,
    #[serde(default)]
    field_rights: Json,
}

async fn of_stored(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let tenant = call.context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::MissingTenantId))?.tenant();
    let id: Id = call.captured.first().and_then(|text| text.parse().ok()).ok_or_else(Refusal::not_found)?;
    let role: Role = service.read_as_system(&tenant, move |ctx| ctx.get(Ref::new(id))).await?;
    effect(&service, &call.context, &role).await
}

async fn of_trial(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let said: Trial =
        serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))?;
    let mut role = Role::blank();
    role.permissions = said.permissions;
    role.field_rights = said.field_rights;
    role.data_scope = match said.data_scope.as_deref() {
        None => DataScope::All,
        Some(name) => DataScope::named(name).ok_or_else(|| {
            Refusal::field(
                "dataScope",
                "INVALID_CHOICE",
                Text::of("没有这个数据范围。", "There is no such data scope."),
            )
        })?,
    };
    effect(&service, &call.context, &role).await
}

async fn effect(service: &Arc<Service>, context: &Context, role: &Role) -> Result<Json> {
    let Some(field_rights) = role.restricted() else {
        let message = Text::of("字段权限无效。", "The field rights are not valid.");
        return Err(Refusal::field("fieldRights", "INVALID", message));
    };
    let known = codes(Arc::clone(service), context.clone()).await?;
    let list = |name: &str| {
        let list = known.get(name).and_then(Json::as_array).into_iter().flatten();
        list.filter_map(Json::as_str).map(str::to_owned).collect::<Vec<String>>()
    };
    let (granted, mut silent) = (list("codes"), list("silent"));
    let grant = Grant {
        permissions: expand(&role.permissions, granted.iter().map(String::as_str)),
        scope: stand_in(role.data_scope),
        field_rights,
    };
    let policy = Policy { version: 0, membership: Id::fresh(), grants: vec![grant] };
    let code = context.tenant.as_ref().map(|tenant| tenant.code.as_str()).unwrap_or_default();
    let account = account_of(service, code).await?.ok_or_else(Refusal::not_found)?;
    let mut cells = Vec::new();
    for cell in cells_of(&account).into_iter().filter(|cell| !silent.contains(cell)).collect::<Vec<_>>() {
        let ask = Call::json(http::Method::POST, "/internal/effect", &policy)?.within(DEADLINE);
        let system = Context::system(&context.request_id, &context.trace_id);
        match service.peers().json::<Json>(&cell, system, ask).await {
            Ok(said) => cells.push(said),
            Err(refusal) => {
                tracing::warn!(cell, cause = refusal.cause(), "a cell does not say what a role does");
                silent.push(cell);
            }
        }
    }
    Ok(json!({"dataScope": role.data_scope.name(), "cells": cells, "silent": silent}))
}

/// What the scope of a role is for somebody, where it depends on who holds the role.
fn stand_in(scope: DataScope) -> GrantScope {
    match scope {
        DataScope::All => GrantScope::All,
        DataScope::Department | DataScope::DepartmentTree | DataScope::Departments => {
            GrantScope::Departments(vec![Id::fresh()])
        }
        DataScope::Own => GrantScope::Own,
        DataScope::Party => GrantScope::Parties(vec![Id::fresh()]),
    }
}
