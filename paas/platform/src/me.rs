//! `GET /internal/auth/me`: what the page shows of the person in front of it.

use crate::admission::account_of;
use crate::principal::{find, principal};
use crate::tenant::TenantState;
use crate::user::User;
use paas_cell::prelude::{MasterState, Ref};
use paas_cell::{Ctx, Find, InternalCall, Service};
use paas_link::Call;
use paas_types::{Code, Id, Refusal, Result};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Person, membership, tenant, department, roles, permissions, menus, cells, and the memberships to switch to.
pub(crate) async fn me(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let context = &call.context;
    let code = &context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::Unauthenticated))?.code;
    let (tenant, facts) = find(&service, code, context.membership, context.session).await?;
    let account = account_of(&service, code).await?.ok_or_else(Refusal::not_found)?;
    let who = principal(&tenant, &account, &facts)?;
    let rights = who.policy.compile();
    let user = &facts.user;
    let roles: Vec<Json> = facts
        .roles
        .iter()
        .map(|role| json!({"id": role.head.id.to_string(), "code": role.code, "name": role.name, "nameEn": role.name_en}))
        .collect();
    let department = facts.department.as_ref().map(|department| {
        json!({
            "id": Ref::<crate::Department>::new(department.head.id).id().to_string(),
            "code": department.code, "name": department.name, "nameEn": department.name_en,
        })
    });
    let menus = menus(&service, &call, &who.cells).await;
    let memberships = memberships(&service, who.person.id).await?;
    Ok(json!({
        "person": {"id": who.person.id.to_string(), "name": who.membership.name},
        "membership": {
            "id": who.membership.id.to_string(), "kind": who.membership.kind.name(),
            "username": user.username, "name": who.membership.name,
        },
        "tenant": {
            "code": who.tenant.code, "name": who.tenant.name, "nameEn": account.name_en,
            "state": who.tenant.state, "zone": who.tenant.zone, "sampleOf": account.sample_of,
        },
        "department": department,
        "roles": roles,
        "permissions": rights.codes(),
        "menus": menus,
        "cells": who.cells,
        "memberships": memberships,
        "mustChangePassword": who.must_change_password,
    }))
}

/// Where else the person may go: every active membership in a tenant at work, this one too.
async fn memberships(service: &Arc<Service>, person: Id) -> Result<Vec<Json>> {
    let mut found = Vec::new();
    for row in service.store().tenants().await? {
        let find = move |ctx: &mut Ctx<'_>| ctx.find(Find::<User>::all().eq("person", person.to_string()));
        let users = service.read_as_system(&row.tenant, find).await?;
        let users: Vec<User> = users.into_iter().filter(|user| user.state == MasterState::Active).collect();
        if users.is_empty() {
            continue;
        }
        let Some(account) = account_of(service, &row.tenant.code).await? else { continue };
        if account.state == TenantState::Active {
            found.extend(users.iter().map(|user| {
                json!({
                    "id": user.head.id.to_string(), "username": user.username, "tenant": account.code,
                    "name": account.name, "nameEn": account.name_en,
                })
            }));
        }
    }
    Ok(found)
}

/// The menus of every cell, as the cell shows them to this caller; a cell that does not answer has none now.
async fn menus(service: &Arc<Service>, call: &InternalCall, cells: &[String]) -> Vec<Json> {
    let mut menus = Vec::new();
    for cell in cells {
        let Ok(ask) = Call::get(&format!("/api/v1/{cell}/meta")) else { continue };
        let said: Result<Json> = service.peers().json(cell, call.context.clone(), ask).await;
        let Ok(said) = said else { continue };
        if let Some(groups) = said.get("menus").and_then(Json::as_array) {
            menus.extend(groups.iter().map(|group| {
                let mut group = group.clone();
                if let Json::Object(map) = &mut group {
                    map.entry("cell").or_insert_with(|| Json::from(cell.as_str()));
                }
                group
            }));
        }
    }
    menus
}
