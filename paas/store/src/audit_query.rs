//! Questions about the audit log of a tenant, and how far its chain reaches.

use crate::api::{AuditColumn, AuditQuery, AuditRow, AuditTest};
use crate::audit::{KINDS, TOLD, row};
use crate::convert::plain;
use crate::{Cell, Col, Store, Tx};
use paas_document::{Op, Value};
use paas_types::{Refusal, Result, Tenant};

/// Acts counted one by one; beyond that only that there are more.
const COUNTED: i64 = 10_000;
/// The most acts of one answer.
const ROWS: u32 = 1_000;

impl Tx {
    /// Audited acts that match, in the order of the chain.
    pub fn audit_rows(&mut self, query: &AuditQuery) -> Result<Vec<AuditRow>> {
        let (mut condition, mut params) = self.audit_condition(&query.tests)?;
        if let Some(beyond) = query.beyond {
            params.push(Cell::Int(beyond));
            let sign = if query.ascending { ">" } else { "<" };
            condition.push_str(&format!(" AND seq {sign} ${}", params.len()));
        }
        let order = if query.ascending { "ASC" } else { "DESC" };
        let limit = query.limit.clamp(1, ROWS);
        let source = self.audit_source(true);
        let sql =
            format!("SELECT seq, {TOLD}, seal FROM {source} l WHERE {condition} ORDER BY seq {order} LIMIT {limit}");
        Ok(self.query(&sql, &params, &KINDS)?.into_iter().map(row).collect())
    }

    /// How many acts match, counted to 10,000, and whether that is the whole count.
    pub fn audit_count(&mut self, query: &AuditQuery) -> Result<(u64, bool)> {
        let (condition, params) = self.audit_condition(&query.tests)?;
        let (source, most) = (self.audit_source(true), COUNTED + 1);
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {source} l WHERE {condition} LIMIT {most}) counted");
        let count = self.query_one(&sql, &params, &[Col::Int])?.and_then(|cells| cells.first().map(Cell::as_int));
        let count = count.unwrap_or_default();
        Ok((u64::try_from(count.min(COUNTED)).unwrap_or_default(), count <= COUNTED))
    }

    /// How far the sealed chain of the tenant reaches: the number of its rows and the seal of the last one.
    pub fn audit_head(&mut self) -> Result<(i64, Vec<u8>)> {
        let source = self.audit_source(true);
        let sql = format!("SELECT seq, seal FROM {source} l WHERE tenant = $1 ORDER BY seq DESC LIMIT 1");
        let found = self.query_one(&sql, &[self.tenant_cell()], &[Col::Int, Col::Bytes])?;
        let mut cells = found.unwrap_or_default().into_iter();
        Ok((cells.next().map_or(0, |cell| cell.as_int()), cells.next().map(Cell::into_bytes).unwrap_or_default()))
    }

    /// The seal of the row at a position of the chain; `None` when the chain is shorter.
    pub fn audit_seal(&mut self, seq: i64) -> Result<Option<Vec<u8>>> {
        let sql = format!("SELECT seal FROM {} l WHERE tenant = $1 AND seq = $2", self.audit_source(true));
        let found = self.query_one(&sql, &[self.tenant_cell(), Cell::Int(seq)], &[Col::Bytes])?;
        Ok(found.and_then(|cells| cells.into_iter().next()).map(Cell::into_bytes))
    }

    /// The condition with its parameters; `$1` is the tenant.
    fn audit_condition(&self, tests: &[AuditTest]) -> Result<(String, Vec<Cell>)> {
        let mut params = vec![self.tenant_cell()];
        let mut sql = "tenant = $1".to_owned();
        for test in tests {
            sql.push_str(" AND ");
            sql.push_str(&condition(test, &mut params)?);
        }
        Ok((sql, params))
    }
}

fn condition(test: &AuditTest, params: &mut Vec<Cell>) -> Result<String> {
    let column = test.column.sql();
    let mut bind = |cell: Cell| {
        params.push(cell);
        format!("${}", params.len())
    };
    let first = test.values.first().cloned().unwrap_or(Value::Null);
    let comparison = match test.op {
        Op::IsNull => {
            let no = matches!(first, Value::Bool(false));
            return Ok(format!("{column} IS {}NULL", if no { "NOT " } else { "" }));
        }
        Op::In if test.values.is_empty() => return Ok("1 = 0".to_owned()),
        Op::In => {
            let marks: Vec<String> =
                test.values.iter().map(|value| plain(value.clone()).map(&mut bind)).collect::<Result<_>>()?;
            return Ok(format!("{column} IN ({})", marks.join(", ")));
        }
        Op::Contains | Op::StartsWith if !is_text(test.column) => {
            return Err(Refusal::internal("only text contains something"));
        }
        Op::Contains => {
            let text = first.text().unwrap_or_default().to_lowercase();
            let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let mark = bind(Cell::Text(format!("%{escaped}%")));
            return Ok(format!("lower({column}) LIKE {mark} ESCAPE '\\'"));
        }
        Op::StartsWith => {
            let text = first.text().unwrap_or_default().to_owned();
            let (from, to) = (bind(Cell::Text(text.clone())), bind(Cell::Text(format!("{text}\u{10FFFF}"))));
            return Ok(format!("({column} >= {from} AND {column} < {to})"));
        }
        Op::Under => return Err(Refusal::internal("only a tree has an “under”")),
        Op::Eq => "=",
        Op::Ne => "IS DISTINCT FROM",
        Op::Gt => ">",
        Op::Gte => ">=",
        Op::Lt => "<",
        Op::Lte => "<=",
    };
    let mark = bind(plain(first)?);
    Ok(format!("{column} {comparison} {mark}"))
}

fn is_text(column: AuditColumn) -> bool {
    !matches!(column, AuditColumn::Seq | AuditColumn::At | AuditColumn::Actor | AuditColumn::Subject)
}

impl Store {
    /// The seal of the row at a position of a tenant's chain; `None` when the chain is shorter.
    pub async fn audit_seal(&self, tenant: &Tenant, seq: i64) -> Result<Option<Vec<u8>>> {
        self.read(tenant, move |tx| tx.audit_seal(seq)).await
    }

    /// Reads the whole chain of a tenant: how many rows it has, and the first whose seal or number is wrong.
    ///
    /// # Errors
    /// When the database does not answer, or the chain is too long to be read within the time of a read.
    pub async fn audit_proof(&self, tenant: &Tenant) -> Result<(i64, Option<i64>)> {
        self.read(tenant, |tx| Ok((tx.audit_head()?.0, tx.broken_seal()?))).await
    }
}
