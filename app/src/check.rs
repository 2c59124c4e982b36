//! `superpaas self-check`: nothing is changed, everything is added up again.

use crate::{cells, key};
use paas_store::{Store, Target};
use paas_types::Clock;
use std::path::Path;
use std::sync::Arc;

/// Checks every tenant of every cell; the error names how many discrepancies there are.
pub(crate) async fn run(data: &Path, key_file: &Path) -> Result<(), String> {
    if !data.is_dir() {
        return Err(format!("There is no data directory {}.", data.display()));
    }
    let master = Arc::new(key::of_data(key_file, data, false)?);
    let mut wrong = 0_usize;
    for cell in cells::all() {
        let name = cell.name();
        // Opening a store makes its database, and an empty one proves all too well.
        if !data.join(format!("{name}.db")).is_file() {
            println!("{name}: the database {name}.db is missing");
            wrong += 1;
            continue;
        }
        let target = Target::Lite { dir: data.to_path_buf() };
        let store = Store::open(&target, cell.schema(), Arc::clone(&master), Clock::system());
        let store = store.map_err(|e| e.to_string())?;
        key::fits(&store, key_file).await?;
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
