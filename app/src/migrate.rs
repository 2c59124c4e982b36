//! `superpaas migrate`: makes the databases of a PostgreSQL server, or brings them to what this program declares.

use crate::{cells, key, say};
use paas_auth::MasterKey;
use paas_cell::Database;
use paas_store::Store;
use std::path::PathBuf;

/// Settings of `migrate`.
#[derive(clap::Args, Clone)]
pub(crate) struct Migrate {
    #[command(flatten)]
    database: Database,
    /// The data directory, beside which the master key is.
    #[arg(long, env = "SUPERPAAS_DATA", default_value = "data")]
    data: PathBuf,
    /// The file with the master key, which the passwords of the database roles come from; `<data>.key` by default. Made when it does not exist.
    #[arg(long, env = "SUPERPAAS_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
}

/// Makes the databases of all cells, or brings them to what this program declares.
pub(crate) fn run(settings: &Migrate) -> Result<(), String> {
    if settings.database.is_files() {
        return Err(
            "The server is missing: give --database-url. Files in a data directory need no such step.".to_owned()
        );
    }
    let file = settings.master_key_file.clone().unwrap_or_else(|| key::beside(&settings.data));
    let master = MasterKey::load_or_create(&file).map_err(|e| e.to_string())?;
    let target = settings.database.target(&settings.data);
    for cell in cells::all() {
        let name = cell.name();
        Store::migrate_pg(&target, &cell.schema(), &master).map_err(|e| format!("Cell {name}: {e}"))?;
        say(&format!("The database of the cell {name} is ready."));
    }
    Ok(())
}
