//! The master key file of a data directory: where it is, and whether it is the right one.

use paas_auth::MasterKey;
use paas_store::Store;
use std::path::{Path, PathBuf};

/// `<data>.key`, outside the directory it protects.
pub(crate) fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

/// The master key. Data without its key is refused, not given a new one: nothing in it could be read.
pub(crate) fn of_data(file: &Path, data: &Path, fresh: bool) -> Result<MasterKey, String> {
    if fresh {
        return MasterKey::load_or_create(file).map_err(|e| e.to_string());
    }
    let key = MasterKey::load(file).map_err(|e| e.to_string())?;
    key.ok_or_else(|| format!("The master key file {} of the data in {} is missing.", file.display(), data.display()))
}

/// Whether the key opens the data at all.
pub(crate) async fn fits(store: &Store, file: &Path) -> Result<(), String> {
    for row in store.tenants().await.map_err(|e| e.to_string())?.into_iter().take(1) {
        let opened = store.read(&row.tenant, |tx| tx.keyed_hash(&[])).await;
        opened.map_err(|_| format!("The master key file {} is not the one of this data.", file.display()))?;
    }
    Ok(())
}
