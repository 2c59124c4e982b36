//! `superpaas self-check`: nothing is changed, everything is added up again.

use crate::{cells, key_beside};
use paas_auth::MasterKey;
use paas_store::{Store, Target};
use paas_types::Clock;
use std::path::Path;
use std::sync::Arc;

/// Checks every tenant of every cell; the error names how many discrepancies there are.
pub(crate) async fn run(data: &Path) -> Result<(), String> {
    if !data.is_dir() {
        return Err(format!("There is no data directory {}.", data.display()));
    }
    let key = key_beside(data);
    let master = MasterKey::load(&key).map_err(|e| e.to_string())?;
    let master = Arc::new(master.ok_or_else(|| format!("The master key {} is missing.", key.display()))?);
    let mut wrong = 0_usize;
    for cell in cells::all() {
        let name = cell.name();
        let target = Target::Lite { dir: data.to_path_buf() };
        let store = Store::open(&target, cell.schema(), Arc::clone(&master), Clock::system());
        let store = store.map_err(|e| e.to_string())?;
        for row in store.tenants().await.map_err(|e| e.to_string())? {
            let found = store.prove(&row.tenant).await.map_err(|e| e.to_string())?;
            for discrepancy in &found {
                println!("{name} {}: {}: {}", row.tenant.code, discrepancy.subject, discrepancy.text);
            }
            wrong += found.len();
        }
        store.close().await;
    }
    println!("Without an outside checkpoint nothing can be said about newest audit rows that were cut off.");
    if wrong == 0 {
        println!("self-check passed");
        return Ok(());
    }
    Err(format!("{wrong} discrepancies were found."))
}
