//! `superpaas self-check`: nothing is changed, everything is added up again.

use crate::{cells, key};
use paas_auth::MasterKey;
use paas_cell::{Checkpoint, Database};
use paas_store::Store;
use paas_types::{Clock, Tenant};
use std::path::Path;
use std::sync::Arc;

/// Checks every tenant of every cell; the error names how many discrepancies there are. A checkpoint, kept outside the
/// data, shows in addition that the audit log was not cut off before it.
pub(crate) async fn run(
    data: &Path,
    key_file: &Path,
    database: &Database,
    checkpoint: Option<&Path>,
) -> Result<(), String> {
    let files = database.is_files();
    if files && !data.is_dir() {
        return Err(format!("There is no data directory {}.", data.display()));
    }
    let master = Arc::new(key::of_data(key_file, data, false)?);
    let points = match checkpoint {
        Some(file) => read(file, &master)?,
        None => Vec::new(),
    };
    let (mut wrong, mut proven) = (0_usize, 0_usize);
    for cell in cells::all() {
        let name = cell.name();
        // Opening a store makes its database, and an empty one proves all too well.
        if files && !data.join(format!("{name}.db")).is_file() {
            println!("{name}: the database {name}.db is missing");
            wrong += 1;
            continue;
        }
        let store = Store::open(&database.target(data), cell.schema(), Arc::clone(&master), Clock::system());
        let store = store.map_err(|e| e.to_string())?;
        key::fits(&store, key_file).await?;
        for row in store.tenants().await.map_err(|e| e.to_string())? {
            let found = store.prove(&row.tenant).await.map_err(|e| e.to_string())?;
            for discrepancy in &found {
                println!("{name} {}: {}: {}", row.tenant.code, discrepancy.subject, discrepancy.text);
            }
            wrong += found.len();
            for point in points.iter().filter(|p| p.cell == name && p.tenant == *row.tenant.code) {
                match reached(&store, &row.tenant, point).await? {
                    true => proven += 1,
                    false => {
                        println!(
                            "{name} {}: audit_log: rows of {} or before are gone or changed",
                            point.tenant, point.at
                        );
                        wrong += 1;
                    }
                }
            }
        }
        store.close().await;
    }
    match checkpoint {
        Some(_) if proven < points.len() && wrong == 0 => {
            println!(
                "The checkpoint names {} audit logs that this data directory does not have.",
                points.len() - proven
            );
            wrong += points.len() - proven;
        }
        Some(_) => println!("{proven} audit logs hold everything they held at the checkpoint."),
        None => {
            println!("Without an outside checkpoint nothing can be said about newest audit rows that were cut off.")
        }
    }
    if wrong == 0 {
        println!("self-check passed");
        return Ok(());
    }
    Err(format!("{wrong} discrepancies were found."))
}

/// The checkpoints of a file as `GET /api/v1/platform/audit-log/checkpoint` answered it, each with its signature proven.
fn read(file: &Path, master: &MasterKey) -> Result<Vec<Checkpoint>, String> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|e| format!("The checkpoint {shown} cannot be read: {e}."))?;
    let damaged = || format!("The checkpoint {shown} is not as the platform answers it.");
    let said: serde_json::Value = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let entries = said.get("data").and_then(serde_json::Value::as_array).ok_or_else(damaged)?;
    let mut points = Vec::with_capacity(entries.len());
    for entry in entries {
        let point: Checkpoint = serde_json::from_value(entry.clone()).map_err(|_| damaged())?;
        if entry.get("signature").and_then(serde_json::Value::as_str) != Some(&point.signature(master)) {
            return Err(format!("The checkpoint {shown} was changed or belongs to another master key."));
        }
        points.push(point);
    }
    Ok(points)
}

/// Whether the chain still holds the row that was the last one at the checkpoint.
async fn reached(store: &Store, tenant: &Tenant, point: &Checkpoint) -> Result<bool, String> {
    if point.size == 0 {
        return Ok(true);
    }
    let seal = store.audit_seal(tenant, point.size).await.map_err(|e| e.to_string())?;
    let seal: Option<String> = seal.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect());
    Ok(seal.as_deref() == Some(point.root.as_str()))
}
