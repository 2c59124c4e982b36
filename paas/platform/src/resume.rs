//! Tenants the operator made whose work was cut off before their administrator could sign in: completed by the next
//! start of the program.

use crate::admission::system;
use crate::install::has_users;
use crate::provision::complete;
use crate::tenant::TenantAccount;
use paas_auth::Context;
use paas_cell::{Find, Service};
use paas_types::{Id, Result};
use serde_json::json;
use std::sync::Arc;

/// Completes every tenant that has an administrator and no users yet; the first that cannot be completed now is an
/// error, and it may run again. Answers how many were completed.
pub async fn complete_unfinished(service: &Arc<Service>) -> Result<usize> {
    let all = |ctx: &mut paas_cell::Ctx<'_>| ctx.find(Find::<TenantAccount>::all());
    let mut completed = 0;
    for account in service.read_as_system(&system(), all).await? {
        if account.admin_hash.is_none() || has_users(service, &account).await? {
            continue;
        }
        let context = Context::system(&Id::fresh().to_string(), "");
        complete(Arc::clone(service), context, json!({"id": account.head.id})).await?;
        completed += 1;
    }
    Ok(completed)
}
