//! What a consumer remembers beside its cursor: events it has taken, and steps a tenant has behind it.

use crate::{Cell, Col, Tx};
use paas_types::{Id, Result};

/// How long an event that was taken is remembered, milliseconds: as long as producers keep their logs.
const REMEMBERED_MS: i64 = 90 * 24 * 3_600 * 1_000;

impl Tx {
    /// Whether the tenant is known to this cell.
    pub fn is_provisioned(&mut self) -> Result<bool> {
        let sql = "SELECT 1 FROM tenant WHERE tenant = $1";
        Ok(!self.query(sql, &[self.tenant_cell()], &[Col::Int])?.is_empty())
    }

    /// Remembers that an event is taken. `false` when it was taken before: then do nothing.
    pub fn take_event(&mut self, producer: &str, id: Id) -> Result<bool> {
        let params = [self.tenant_cell(), Cell::Text(producer.to_owned()), Cell::Id(id)];
        let sql = "INSERT INTO inbox (tenant, producer, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        if self.execute(sql, &params)? == 0 {
            return Ok(false);
        }
        // Ids begin with the time they were made, so the oldest lie together.
        let oldest = earliest_id(self.now().micros() / 1_000 - REMEMBERED_MS);
        let params = [self.tenant_cell(), Cell::Text(producer.to_owned()), Cell::Id(oldest)];
        self.execute("DELETE FROM inbox WHERE tenant = $1 AND producer = $2 AND id < $3", &params)?;
        Ok(true)
    }

    /// Notes that the tenant has a step behind it. `false` when it had before.
    pub fn mark(&mut self, name: &str) -> Result<bool> {
        let params = [self.tenant_cell(), Cell::Text(name.to_owned()), Cell::Instant(self.now())];
        let sql = "INSERT INTO tenant_mark (tenant, name, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        Ok(self.execute(sql, &params)? > 0)
    }

    /// Whether the tenant has a step behind it.
    pub fn is_marked(&mut self, name: &str) -> Result<bool> {
        let params = [self.tenant_cell(), Cell::Text(name.to_owned())];
        let rows = self.query("SELECT 1 FROM tenant_mark WHERE tenant = $1 AND name = $2", &params, &[Col::Int])?;
        Ok(!rows.is_empty())
    }
}

/// The smallest id made at this time, milliseconds since the epoch.
fn earliest_id(ms: i64) -> Id {
    let [_, _, a, b, c, d, e, f] = ms.max(0).to_be_bytes();
    Id::from_bytes([a, b, c, d, e, f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_later_are_larger() {
        let now = earliest_id(i64::try_from(Id::fresh().uuid().as_u128() >> 80).unwrap());
        assert!(now < Id::fresh());
        assert!(earliest_id(-1) < now && earliest_id(5) > earliest_id(4));
    }
}
