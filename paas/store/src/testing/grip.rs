//! A hand on one record of a PostgreSQL database: who wants to change it, or relies on it, waits.

use super::Place;
use crate::api::Target;
use crate::ddl::q;
use crate::pg::Pg;
use crate::pg::server::{Role, Server};
use crate::{Cell, Col};
use paas_auth::MasterKey;
use paas_types::{Id, TenantKey};
use std::sync::Arc;

/// Who waits for a lock in this database.
const WAITING: &str = "SELECT count(*) FROM pg_locks w WHERE NOT w.granted AND EXISTS (SELECT 1 FROM pg_locks d \
                       WHERE d.pid = w.pid AND d.database = (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// Holds a record as somebody does who is going to change it. Let go when dropped. Blocks.
pub struct Grip(Pg);

impl std::fmt::Debug for Grip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Grip")
    }
}

impl Grip {
    /// Takes hold of a record of a tenant; an error when it is not there.
    pub fn on(
        (place, cell, master): (&Place, &str, &MasterKey),
        (table, tenant, id): (&str, TenantKey, Id),
    ) -> Result<Grip, String> {
        let Target::Pg { url, prefix, .. } = place.target() else {
            return Err("in files nobody comes between".to_owned());
        };
        let server = Server::new(url, prefix, cell).map_err(|e| e.to_string())?;
        let pg = Pg::new(server.as_role(Role::App, master), Arc::default());
        let mut pg = pg.map_err(|fault| format!("{fault:?}"))?;
        pg.begin(format!("BEGIN; SELECT set_config('app.tenant', '{}', true)", tenant.0))
            .map_err(|fault| format!("{fault:?}"))?;
        let sql = format!("SELECT 1::bigint FROM {} WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE", q(table));
        let held = pg.query(&sql, &[Cell::Int(tenant.0), Cell::Id(id)], &[Col::Int]);
        match held.map_err(|missed| format!("{:?}", missed.fault))?.len() {
            1 => Ok(Grip(pg)),
            _ => Err(format!("{table} has no record {id}")),
        }
    }

    /// How many wait for a lock in this database.
    pub fn waiting(&mut self) -> Result<i64, String> {
        let rows = self.0.query(WAITING, &[], &[Col::Int]).map_err(|missed| format!("{:?}", missed.fault))?;
        Ok(rows.first().and_then(|row| row.first()).map_or(0, Cell::as_int))
    }

    /// Lets go.
    pub fn release(mut self) {
        self.0.roll_back();
    }
}
