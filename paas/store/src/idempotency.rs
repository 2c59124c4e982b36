//! Answers kept for repeated requests: per tenant and member, sealed, 24 hours.

use crate::api::Stored;
use crate::{Cell, Col, Tx};
use paas_types::{Code, Refusal, Result};

const KEPT_SECONDS: i64 = 24 * 3600;
/// After so many answers kept by a writer old ones are looked for.
const EVERY: u32 = 16;

impl Tx {
    /// The answer given to an earlier request with this key. 422 `IDEMPOTENCY_MISMATCH` when that one was another request.
    pub fn idempotent(&mut self, key: &str, hash: &[u8]) -> Result<Option<Stored>> {
        self.hold_key(key)?;
        let sql = "SELECT hash, status, body, etag, location FROM idempotency \
                   WHERE tenant = $1 AND member = $2 AND \"key\" = $3 AND at > $4";
        let params = [
            self.tenant_cell(),
            Cell::Id(self.actor().user),
            Cell::Text(key.to_owned()),
            Cell::Instant(self.now().plus_seconds(-KEPT_SECONDS)),
        ];
        let Some(row) = self.query_one(sql, &params, &[Col::Bytes, Col::Int, Col::Bytes, Col::Text, Col::Text])? else {
            return Ok(None);
        };
        let mut cells = row.into_iter();
        let mut next = || cells.next().unwrap_or(Cell::Null);
        if next().into_bytes() != hash {
            return Err(Refusal::new(Code::IdempotencyMismatch));
        }
        let status = u16::try_from(next().as_int()).unwrap_or(200);
        let sealed = next().into_bytes();
        let (etag, location) = (next().into_text(), next().into_text());
        let body = self.sealer()?.open(&label(self.tenant().key.0), &sealed)?;
        Ok(Some(Stored { status, body, etag, location }))
    }

    /// Keeps the answer of this request.
    pub fn remember(&mut self, key: &str, hash: &[u8], answer: &Stored) -> Result<()> {
        let body = self.sealer()?.seal(&label(self.tenant().key.0), &answer.body)?;
        let params = vec![
            self.tenant_cell(),
            Cell::Id(self.actor().user),
            Cell::Text(key.to_owned()),
            Cell::Bytes(hash.to_vec()),
            Cell::Int(i64::from(answer.status)),
            Cell::Bytes(body),
            Cell::text(answer.etag.as_deref()),
            Cell::text(answer.location.as_deref()),
            Cell::Instant(self.now()),
        ];
        let sql = "INSERT INTO idempotency (tenant, member, \"key\", hash, status, body, etag, location, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant, member, \"key\") DO UPDATE \
                   SET hash = excluded.hash, status = excluded.status, body = excluded.body, etag = excluded.etag, \
                   location = excluded.location, at = excluded.at";
        self.send(sql, params)?;
        self.kept_answers = self.kept_answers.wrapping_add(1);
        if self.kept_answers.is_multiple_of(EVERY) { self.forget_answers() } else { Ok(()) }
    }

    /// Twice as many of the oldest go as came since the last time, so the table stays as long as a day.
    fn forget_answers(&mut self) -> Result<()> {
        let before = self.now().plus_seconds(-KEPT_SECONDS);
        let most = 2 * i64::from(EVERY);
        if self.is_pg() {
            let sql = "DELETE FROM idempotency WHERE (tenant, member, \"key\") IN (SELECT tenant, member, \"key\" \
                       FROM idempotency WHERE tenant = $1 AND at < $2 ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED)";
            return self.send(sql, vec![self.tenant_cell(), Cell::Instant(before), Cell::Int(most)]);
        }
        // Read in order and deleted one by one: where statistics are of a day when there were few, a condition on both is
        // answered by reading all.
        let sql = "SELECT rowid, at FROM idempotency ORDER BY rowid LIMIT $1";
        for cells in self.query(sql, &[Cell::Int(most)], &[Col::Int, Col::Instant])? {
            match cells.as_slice() {
                [row, Cell::Instant(at)] if *at < before => {
                    self.send("DELETE FROM idempotency WHERE rowid = $1", vec![row.clone()])?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// A hash under the tenant's own key, for fingerprints of requests that must not be guessable from the database.
    pub fn keyed_hash(&mut self, parts: &[&[u8]]) -> Result<[u8; 32]> {
        Ok(self.sealer()?.keyed(parts))
    }
}

fn label(tenant: i64) -> String {
    format!("{tenant}/idempotency")
}
