//! Who somebody is and what they may do, as the gateway and the cells ask it.

use crate::department::Department;
use crate::role::{DataScope, Role};
use crate::sign_in::{key_of, tenant_of};
use crate::tenant::{Tenant as TenantRecord, TenantState};
use crate::user::{Session, User, UserKind};
use paas_auth::{
    FieldRight, Grant, GrantScope, Limits, MemberKind, Policy, Principal, PrincipalMember, PrincipalPerson,
    PrincipalTenant,
};
use paas_cell::prelude::*;
use paas_cell::{Answer, InternalCall, Service};
use paas_types::TenantKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET principal?tenant=&membership=&session=`.
pub(crate) fn principal(service: Arc<Service>, call: InternalCall) -> Answer {
    Box::pin(async move {
        if call.context.kind != MemberKind::System {
            return Err(Refusal::not_found());
        }
        let id = |name: &str| call.param(name).and_then(|text| text.parse::<Id>().ok());
        let member = id("membership").ok_or_else(Refusal::not_found)?;
        let session = id("session");
        let code = call.param("tenant").unwrap_or_default();
        let tenant = tenant_of(&service, code).await?.ok_or_else(Refusal::not_found)?;
        let now = service.clock().now();
        let key = key_of(&tenant);
        let found = service
            .read_as_system(&key, move |ctx| read(ctx, &tenant, (member, session), now))
            .await?;
        paas_cell::to_json(&found)
    })
}

fn read(ctx: &mut Ctx, tenant: &TenantRecord, (member, session): (Id, Option<Id>), now: Instant) -> Result<Principal> {
    let user = ctx.get(Ref::<User>::new(member))?;
    let live = match session {
        Some(id) => {
            let session = ctx.get(Ref::<Session>::new(id))?;
            session.user.id() == member
                && session.state == MasterState::Active
                && session.expires_at.is_some_and(|at| now < at)
        }
        None => true,
    };
    let mut version = user.head.version;
    let mut grants = Vec::new();
    for role in &user.roles {
        let role = ctx.get(*role)?;
        version = version.wrapping_mul(31).wrapping_add(role.head.updated_at.micros());
        if role.state == MasterState::Active {
            grants.push(grant(ctx, &user, role)?);
        }
    }
    let state = if tenant.state == TenantState::Active { "active" } else { "suspended" };
    Ok(Principal {
        membership: PrincipalMember { id: member, kind: kind(user.kind), username: user.username, name: user.name },
        person: PrincipalPerson { id: member },
        tenant: PrincipalTenant {
            key: TenantKey(tenant.key),
            code: tenant.code.clone(),
            name: tenant.name.clone(),
            state: state.to_owned(),
            zone: tenant.zone.clone(),
        },
        department: user.unit.map(|unit| unit.id()),
        active: live && user.state == MasterState::Active,
        must_change_password: user.must_change_password == Some(true),
        cells: tenant.cells.iter().cloned().chain(["platform".to_owned()]).collect(),
        limits: (!tenant.unlimited).then_some(Limits { user_per_second: 200, tenant_per_second: 2_000 }),
        policy: Policy { version, membership: member, grants },
    })
}

fn kind(kind: UserKind) -> MemberKind {
    match kind {
        UserKind::Staff => MemberKind::Staff,
        UserKind::Partner => MemberKind::Partner,
        UserKind::Service => MemberKind::Service,
        UserKind::Device => MemberKind::Device,
    }
}

fn grant(ctx: &mut Ctx, user: &User, role: Role) -> Result<Grant> {
    let own: Vec<Id> = user.unit.iter().map(|unit| unit.id()).collect();
    let scope = match role.data_scope {
        DataScope::All => GrantScope::All,
        DataScope::Own => GrantScope::Own,
        DataScope::Department => GrantScope::Departments(own),
        DataScope::DepartmentTree => GrantScope::Departments(below(ctx, own)?),
        DataScope::Departments => GrantScope::Departments(role.departments.iter().map(|d| d.id()).collect()),
        DataScope::Party => GrantScope::Parties(Vec::new()),
    };
    let rights = role.field_rights.as_object().into_iter().flatten();
    let field_rights: BTreeMap<String, FieldRight> = rights
        .filter_map(|(field, right)| {
            let right = match right.as_str()? {
                "hidden" => FieldRight::Hidden,
                "masked" => FieldRight::Masked,
                "read" => FieldRight::Read,
                _ => return None,
            };
            Some((field.clone(), right))
        })
        .collect();
    Ok(Grant { permissions: role.permissions, scope, field_rights })
}

/// Departments and all below them.
fn below(ctx: &mut Ctx, mut ids: Vec<Id>) -> Result<Vec<Id>> {
    let all = ctx.find(Find::<Department>::all())?;
    let mut at = 0;
    while let Some(parent) = ids.get(at).copied() {
        let children = all.iter().filter(|d| d.parent.is_some_and(|p| p.id() == parent));
        let fresh: Vec<Id> = children.map(|d| d.head.id).filter(|id| !ids.contains(id)).collect();
        ids.extend(fresh);
        at += 1;
    }
    Ok(ids)
}

/// `GET me`.
pub(crate) fn me(service: Arc<Service>, call: InternalCall) -> Answer {
    Box::pin(async move {
        let context = &call.context;
        let tenant = context.tenant.as_ref().ok_or_else(Refusal::not_found)?;
        let record = tenant_of(&service, &tenant.code).await?.ok_or_else(Refusal::not_found)?;
        let (key, member, now) = (tenant.tenant(), context.membership, service.clock().now());
        let (principal, roles) = service
            .read_as_system(&key, move |ctx| {
                let user = ctx.get(Ref::<User>::new(member))?;
                let mut roles = Vec::new();
                for role in &user.roles {
                    let role = ctx.get(*role)?;
                    roles.push(json!({"code": role.code, "name": role.name}));
                }
                Ok((read(ctx, &record, (member, None), now)?, roles))
            })
            .await?;
        let rights = principal.policy.compile();
        let cells: Vec<Json> = principal.cells.iter().map(|c| json!({"code": c, "name": c})).collect();
        Ok(json!({
            "person": {"id": principal.person.id.to_string(), "name": principal.membership.name,
                       "username": principal.membership.username},
            "membership": {"id": principal.membership.id.to_string(), "kind": principal.membership.kind.name()},
            "tenant": {"code": principal.tenant.code, "name": principal.tenant.name},
            "department": principal.department.map(|id| json!({"id": id.to_string()})),
            "roles": roles, "permissions": rights.codes(), "cells": cells, "menus": [],
            "memberships": [{"tenant": principal.tenant.code, "name": principal.tenant.name}],
        }))
    })
}
