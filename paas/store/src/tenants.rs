//! Tenants of this database, each with its own data key, wrapped by the master key.

use crate::api::{Actor, TenantRow};
use crate::{Cell, Col, Store, Tx};
use paas_types::{Refusal, Result, Tenant, TenantKey};
use std::sync::Arc;

impl Tx {
    /// Makes the tenant known to this cell, or brings its name and zone up to date. `true` when it is new.
    pub fn provision(&mut self, name: &str, zone: &str) -> Result<bool> {
        let tenant = self.tenant().clone();
        let known = "SELECT code FROM tenant WHERE tenant = $1";
        let row = self.query_one(known, &[self.tenant_cell()], &[Col::Text])?;
        if let Some(code) = row.and_then(|r| r.into_iter().next()).and_then(Cell::into_text) {
            if code != *tenant.code {
                return Err(Refusal::internal(format!("the tenant key {} belongs to another tenant", tenant.key.0)));
            }
            let params = [Cell::Text(name.to_owned()), Cell::Text(zone.to_owned()), self.tenant_cell()];
            self.execute("UPDATE tenant SET name = $1, zone = $2 WHERE tenant = $3", &params)?;
            return Ok(false);
        }
        let wrapped = self.shared.master.new_data_key()?;
        let params = [
            self.tenant_cell(),
            Cell::Text(tenant.code.to_string()),
            Cell::Text(name.to_owned()),
            Cell::Text(zone.to_owned()),
            Cell::Bytes(wrapped.0),
            Cell::Instant(self.now()),
        ];
        let sql = "INSERT INTO tenant (tenant, code, name, zone, data_key, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        self.execute(sql, &params)?;
        self.fresh_key = true;
        Ok(true)
    }
}

impl Store {
    /// Makes a tenant known to this cell. `true` when it is new.
    pub async fn provision(&self, tenant: &Tenant, name: &str, zone: &str) -> Result<bool> {
        let (name, zone) = (name.to_owned(), zone.to_owned());
        self.write(Actor::system(tenant.clone(), ""), move |tx| tx.provision(&name, &zone)).await
    }

    /// All tenants, by key.
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let job = |tx: &mut Tx| {
            let sql = "SELECT tenant, code, name, zone, created_at FROM tenant ORDER BY tenant";
            let rows = tx.query(sql, &[], &[Col::Int, Col::Text, Col::Text, Col::Text, Col::Instant])?;
            Ok(rows.into_iter().map(row).collect())
        };
        self.snapshot_of_all(job).await
    }
}

fn row(cells: Vec<Cell>) -> TenantRow {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    TenantRow {
        tenant: Tenant { key: TenantKey(next().as_int()), code: Arc::from(next().into_text().unwrap_or_default()) },
        name: next().into_text().unwrap_or_default(),
        zone: next().into_text().unwrap_or_default(),
        created_at: next().as_instant(),
    }
}
