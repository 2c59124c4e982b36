//! The sample company of a tenant: a tenant of its own, filled with the demo data of the tenant's cells. Books are
//! append-only, so that demo data in a company's own books could never be taken out again; beside them it can.

use crate::admission::{account_of, system};
use crate::provision::{First, everything, join_as, record, settle};
use crate::tenant::{TenantAccount, TenantState};
use crate::user::User;
use paas_cell::prelude::*;
use paas_cell::{InternalCall, Service, ServiceRoute};
use paas_types::{Tenant, TenantKey};
use std::sync::Arc;

/// Who administers a tenant's settings has a say over its sample company.
const PERMISSION: &str = "settings.update";
/// The longest part of a tenant's code that the code of its sample company begins with.
const STEM: usize = 30;
/// How many codes are tried when others are taken.
const CODES: u32 = 9;

/// `GET /platform/sample-company`
pub(crate) const SHOW: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "sample-company",
    permission: PERMISSION,
    label: ("示例公司", "Sample company"),
    handler: |service, call| Box::pin(show(service, call)),
};

/// `POST /platform/sample-company`: makes it, or opens it again; the caller can switch to it then.
pub(crate) const OPEN: ServiceRoute = ServiceRoute {
    method: "POST",
    path: "sample-company",
    permission: PERMISSION,
    label: ("打开示例公司", "Open the sample company"),
    handler: |service, call| Box::pin(open(service, call)),
};

/// `DELETE /platform/sample-company`: nobody gets in any more.
pub(crate) const CLOSE: ServiceRoute = ServiceRoute {
    method: "DELETE",
    path: "sample-company",
    permission: PERMISSION,
    label: ("关闭示例公司", "Close the sample company"),
    handler: |service, call| Box::pin(close(service, call)),
};

async fn show(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let own = own(&service, &call).await?;
    Ok(told(sample_of(&service, &own).await?.as_ref()))
}

async fn open(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let own = own(&service, &call).await?;
    if own.sample_of.is_some() || own.cells.iter().all(|cell| cell == "platform") {
        return Err(Refusal::rule(
            "platform.sample-company.impossible",
            Text::of(
                "示例公司只能从有应用的公司建立，不能从示例公司建立。",
                "A sample company is made from a company with applications, not from a sample company.",
            ),
            json!({}),
        ));
    }
    let request = &call.context.request_id;
    let account = match sample_of(&service, &own).await? {
        Some(account) => account,
        None => make(&service, &own, request).await?,
    };
    let account =
        if account.state == TenantState::Suspended { reopen(&service, account, request).await? } else { account };
    // Again it changes nothing: what was cut off is completed.
    settle(&service, &account, Vec::new(), true, request).await?;
    join(&service, &call, &account).await?;
    Ok(told(Some(&account)))
}

async fn close(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let own = own(&service, &call).await?;
    let Some(account) = sample_of(&service, &own).await? else { return Ok(told(None)) };
    let id = Ref::<TenantAccount>::new(account.head.id);
    let shut = move |ctx: &mut Ctx<'_>| {
        let mut account: TenantAccount = ctx.lock(id)?;
        if account.state == TenantState::Active {
            shut(ctx, &mut account)?;
        }
        Ok(account)
    };
    let account = service.write_as_system(system(), &call.context.request_id, shut).await?;
    Ok(told(Some(&account)))
}

/// Suspends a sample company in a way that its company may undo.
pub(crate) fn shut(ctx: &mut Ctx<'_>, account: &mut TenantAccount) -> Result<()> {
    ctx.take(account, "suspend")?;
    account.closed = true;
    ctx.save(account)
}

/// The caller's own tenant.
async fn own(service: &Arc<Service>, call: &InternalCall) -> Result<TenantAccount> {
    let tenant = call.context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
    account_of(service, &tenant.code).await?.ok_or_else(Refusal::not_found)
}

async fn sample_of(service: &Arc<Service>, own: &TenantAccount) -> Result<Option<TenantAccount>> {
    let code = own.code.clone();
    let find = move |ctx: &mut Ctx<'_>| ctx.find(Find::<TenantAccount>::all().eq("sample_of", code).limit(1));
    Ok(service.read_as_system(&system(), find).await?.into_iter().next())
}

/// The operator's record of a new sample company, under the first code that nobody has.
async fn make(service: &Arc<Service>, own: &TenantAccount, request: &str) -> Result<TenantAccount> {
    let stem: String = own.code.chars().take(STEM).collect();
    for number in 1..=CODES {
        let mut account = TenantAccount::blank();
        account.code = if number == 1 { format!("{stem}-sample") } else { format!("{stem}-sample-{number}") };
        account.name = format!("{}（示例）", own.name);
        account.name_en = Some(format!("{} (sample)", own.name_en.as_ref().unwrap_or(&own.name)));
        account.cells.clone_from(&own.cells);
        account.rate_limited = true;
        account.sample_of = Some(own.code.clone());
        let (account, _) = record(service, account, request).await?;
        if account.sample_of.as_ref() == Some(&own.code) {
            return Ok(account);
        }
    }
    Err(Refusal::new(Code::Duplicate).with(json!({"field": "code"})))
}

/// What the operator has suspended stays so.
async fn reopen(service: &Arc<Service>, account: TenantAccount, request: &str) -> Result<TenantAccount> {
    let id = Ref::<TenantAccount>::new(account.head.id);
    let resume = move |ctx: &mut Ctx<'_>| {
        let mut account: TenantAccount = ctx.lock(id)?;
        if !account.closed {
            return Err(Refusal::rule(
                "platform.sample-company.suspended",
                Text::of("示例公司已被运营方停用。", "The operator has suspended the sample company."),
                json!({}),
            ));
        }
        if account.state == TenantState::Suspended {
            ctx.take(&mut account, "resume")?;
        }
        Ok(account)
    };
    service.write_as_system(system(), request, resume).await
}

/// Makes the caller a member who may do everything there. It has no password: the way in is to switch.
async fn join(service: &Arc<Service>, call: &InternalCall, account: &TenantAccount) -> Result<()> {
    let person = call.context.person.ok_or_else(|| Refusal::new(Code::Unauthenticated))?;
    let here = call.context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::MissingTenantId))?.tenant();
    let member = Ref::<User>::new(call.context.membership);
    let user = service.read_as_system(&here, move |ctx| ctx.get(member)).await?;
    let first = First {
        name: user.shown_name().to_owned(),
        username: user.username,
        role: ("管理员".to_owned(), "Administrator".to_owned()),
        hash: None,
        permissions: everything(service, account).await?,
        must_change: false,
        person: Some(person),
    };
    let there = Tenant { key: TenantKey(account.tenant_key), code: account.code.as_str().into() };
    let join = move |ctx: &mut Ctx<'_>| {
        let known = ctx.find(Find::<User>::all().eq("person", person.to_string()).limit(1))?;
        if known.is_empty() { join_as(ctx, &first) } else { Ok(()) }
    };
    service.write_as_system(there, &call.context.request_id, join).await
}

fn told(account: Option<&TenantAccount>) -> Json {
    let state = match account.map(|account| account.state) {
        None => "none",
        Some(TenantState::Active) => "open",
        Some(TenantState::Suspended) => "closed",
    };
    let tenant = account.map(|a| json!({"code": a.code, "name": a.name, "nameEn": a.name_en}));
    json!({"state": state, "tenant": tenant})
}
