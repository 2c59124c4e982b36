//! A cell's part of the audit log: asked by the platform, which shows that of all cells as one.

use super::{Incoming, Reply, history};
use crate::ctx::Caller;
use crate::service::Service;
use hmac::{Hmac, KeyInit as _, Mac as _};
use paas_auth::MasterKey;
use paas_document::{Op, Value};
use paas_store::{AuditColumn, AuditQuery, AuditRow, AuditTest};
use paas_types::{Code, Id, Instant, Refusal, Result};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::Sha256;
use std::sync::Arc;

/// The permission that shows the audit log of every cell.
const READ: &str = "platform.audit-log.read";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    tests: Vec<Test>,
    /// Only rows beyond this position, in the direction of reading.
    #[serde(default)]
    beyond: Option<i64>,
    ascending: bool,
    limit: u32,
    count: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    field: String,
    op: String,
    values: Vec<String>,
}

/// `POST /internal/audit`: some rows, with what the caller may see of their contents.
pub(super) async fn page(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    let caller = allowed(service, call).await?;
    let asked: Asked =
        serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))?;
    let Some(tests) = asked.tests.iter().map(test).collect::<Option<Vec<AuditTest>>>() else {
        // A value that is no id or instant is that of no row.
        return Ok(Reply::ok(&json!({"rows": [], "total": 0, "totalExact": true})));
    };
    let query = AuditQuery { tests, beyond: asked.beyond, ascending: asked.ascending, limit: asked.limit };
    let (tenant, owner) = (Service::tenant(&call.context)?, Arc::clone(service));
    let (rows, (total, exact)) = service
        .store
        .read(&tenant, move |tx| {
            let total = if asked.count { tx.audit_count(&query)? } else { (0, true) };
            let rows = tx.audit_rows(&query)?;
            Ok((history::told(tx, &owner.cell.registry, &caller, rows)?, total))
        })
        .await?;
    let rows: Vec<Json> = rows.into_iter().map(row_json).collect();
    Ok(Reply::ok(&json!({"rows": rows, "total": total, "totalExact": exact})))
}

/// `GET /internal/audit/checkpoint`: how far the sealed chain of the tenant reaches, signed.
pub(super) async fn checkpoint(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    allowed(service, call).await?;
    let tenant = Service::tenant(&call.context)?;
    let (size, root) = service.store.read(&tenant, paas_store::Tx::audit_head).await?;
    let point = Checkpoint {
        cell: service.cell.name().to_owned(),
        tenant: tenant.code.to_string(),
        size,
        root: hex(&root),
        at: service.clock.now().to_string(),
    };
    let signature = point.signature(&service.master);
    let Checkpoint { cell, tenant, size, root, at } = point;
    Ok(Reply::ok(&json!({
        "cell": cell, "tenant": tenant, "size": size, "root": root, "at": at, "signature": signature,
    })))
}

/// `GET /internal/audit/proof`: whether every row of the tenant's chain is sealed as it was written.
pub(super) async fn proof(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    allowed(service, call).await?;
    let tenant = Service::tenant(&call.context)?;
    let (size, broken) = service.store.audit_proof(&tenant).await?;
    Ok(Reply::ok(&json!({"cell": service.cell.name(), "size": size, "intact": broken.is_none(), "brokenAt": broken})))
}

async fn allowed(service: &Arc<Service>, call: &Incoming) -> Result<Caller> {
    let caller = service.caller(&call.context).await?;
    super::demand_all(&caller.rights, READ)?;
    Ok(caller)
}

fn test(said: &Test) -> Option<AuditTest> {
    let column = AuditColumn::named(&said.field)?;
    let op = [
        ("eq", Op::Eq),
        ("ne", Op::Ne),
        ("gt", Op::Gt),
        ("gte", Op::Gte),
        ("lt", Op::Lt),
        ("lte", Op::Lte),
        ("in", Op::In),
        ("contains", Op::Contains),
        ("startsWith", Op::StartsWith),
        ("isNull", Op::IsNull),
    ];
    let (_, op) = op.into_iter().find(|(name, _)| *name == said.op)?;
    let value = |text: &String| match column {
        _ if op == Op::IsNull => Some(Value::Bool(text != "false")),
        AuditColumn::At => text.parse::<Instant>().ok().map(Value::Instant),
        AuditColumn::Actor | AuditColumn::Subject => text.parse::<Id>().ok().map(Value::Id),
        AuditColumn::Seq => text.parse::<i64>().ok().map(Value::Int),
        _ => Some(Value::Text(text.clone())),
    };
    Some(AuditTest { column, op, values: said.values.iter().map(value).collect::<Option<_>>()? })
}

/// A row, with what the caller may see of the record before and after.
fn row_json((row, [before, after]): (AuditRow, [Json; 2])) -> Json {
    json!({
        "seq": row.seq, "at": row.at.to_string(), "actor": row.actor.to_string(), "actorName": row.actor_name,
        "action": row.action, "type": row.kind, "subject": row.id.map(|id| id.to_string()), "number": row.number,
        "before": before, "after": after, "requestId": row.request_id, "traceId": row.trace_id,
    })
}

/// How far the audit log of a tenant in a cell reached at a time. Signed, it stands outside the data: whoever keeps it
/// can prove later that nothing before it was cut off or changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Checkpoint {
    /// The cell.
    pub cell: String,
    /// Code of the tenant.
    pub tenant: String,
    /// Rows in the chain.
    pub size: i64,
    /// Seal of the last of them, hexadecimal; empty when there is none.
    pub root: String,
    /// When it was taken, RFC 3339.
    pub at: String,
}

impl Checkpoint {
    /// HMAC-SHA256 over all of it, hexadecimal, with a key derived from the master key.
    pub fn signature(&self, master: &MasterKey) -> String {
        let Ok(mut mac) = <Hmac<Sha256>>::new_from_slice(&master.derive("audit-checkpoint")) else {
            return String::new(); // HMAC takes keys of any length
        };
        for part in [&self.cell, &self.tenant, &self.size.to_string(), &self.root, &self.at] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        hex(&mac.finalize().into_bytes())
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_fits_one_checkpoint_and_one_key() {
        let point = Checkpoint {
            cell: "toy".to_owned(),
            tenant: "a".to_owned(),
            size: 7,
            root: "ab".to_owned(),
            at: "2026-01-01T00:00:00Z".to_owned(),
        };
        let (mine, other) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
        assert_eq!(point.signature(&mine), point.clone().signature(&mine));
        assert_ne!(point.signature(&mine), point.signature(&other));
        assert_ne!(point.signature(&mine), Checkpoint { size: 6, ..point.clone() }.signature(&mine));
        assert_ne!(
            point.signature(&mine),
            Checkpoint { cell: "toya".to_owned(), tenant: String::new(), ..point.clone() }.signature(&mine)
        );
    }
}
