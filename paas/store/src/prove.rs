//! The proof that the books are right: every balance is the sum of its entries, every entry and audit row is sealed as it
//! was written.

use crate::api::{Actor, Discrepancy};
use crate::ddl::{list, q};
use crate::ledger::{key_bytes, same_column, seal_of};
use crate::{Cell, Col, Store, Tx};
use paas_document::{CustomValue, Kind, TypeMeta, Value};
use paas_types::{Id, Result, Tenant};
use std::collections::{BTreeMap, BTreeSet};

/// Findings named one by one; beyond that only their number matters.
const NAMED: usize = 100;

impl Store {
    /// Everything of a tenant that does not add up; empty when all is well.
    pub async fn prove(&self, tenant: &Tenant) -> Result<Vec<Discrepancy>> {
        self.settle().await?;
        self.snapshot(Actor::system(tenant.clone(), ""), None, |tx| {
            let mut out = Vec::new();
            if let Some(seq) = tx.broken_seal()? {
                let text = format!("row {seq} of the audit log was altered, or a row before it is gone");
                out.push(Discrepancy { subject: "audit_log".to_owned(), text });
            }
            let types = tx.shared.plans.schema.types.clone();
            for info in types {
                match info.meta.kind {
                    Kind::Ledger => tx.prove_entries(info.meta, &mut out)?,
                    Kind::Balance => tx.prove_balance(info.meta, &mut out)?,
                    _ if info.meta.is_customizable() => tx.prove_custom(info.meta, &mut out)?,
                    _ => {}
                }
            }
            out.truncate(NAMED);
            Ok(out)
        })
        .await
    }
}

impl Tx {
    fn prove_entries(&mut self, meta: &'static TypeMeta, out: &mut Vec<Discrepancy>) -> Result<()> {
        let plan = self.plan(meta)?;
        let key = self.shared.audit_key;
        let columns: Vec<_> = plan.fields.iter().flatten().collect();
        let mut cols: Vec<crate::Col> = plan.lead.iter().map(|(_, c)| *c).collect();
        cols.extend(columns.iter().map(|c| c.col));
        let names = list(plan.lead.iter().map(|(n, _)| *n).chain(columns.iter().map(|c| c.name.as_str())));
        let mut after = Id::NIL;
        loop {
            let sql = format!(
                "SELECT {names} FROM {} WHERE \"tenant\" = $1 AND \"id\" > $2 ORDER BY \"id\" LIMIT 1000",
                q(meta.table)
            );
            let rows = self.query(&sql, &[self.tenant_cell(), Cell::Id(after)], &cols)?;
            if rows.is_empty() {
                return Ok(());
            }
            for cells in rows {
                let [Cell::Id(id), previous, _, seal, fields @ ..] = cells.as_slice() else { continue };
                let named = columns.iter().map(|c| c.name.as_str()).zip(fields);
                let expected = seal_of(&key, (self.tenant().key.0, meta.table, *id, previous.as_id()), named);
                if *seal != Cell::Bytes(expected.to_vec()) {
                    out.push(Discrepancy {
                        subject: meta.table.to_owned(),
                        text: format!("the entry {id} was altered"),
                    });
                }
                after = *id;
            }
        }
    }

    /// Records are found by exactly the custom values they have.
    fn prove_custom(&mut self, meta: &'static TypeMeta, out: &mut Vec<Discrepancy>) -> Result<()> {
        let mut expected: BTreeMap<(Id, String), CustomValue> = BTreeMap::new();
        let mut after = Id::NIL;
        let sql = format!(
            "SELECT \"id\", \"custom\" FROM {} WHERE \"tenant\" = $1 AND \"id\" > $2 ORDER BY \"id\" LIMIT 1000",
            q(meta.table)
        );
        loop {
            let rows = self.query(&sql, &[self.tenant_cell(), Cell::Id(after)], &[Col::Id, Col::Text])?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let mut cells = row.into_iter();
                let Some(id) = cells.next().and_then(|cell| cell.as_id()) else { continue };
                let custom = self.custom_of(meta, cells.next().unwrap_or(Cell::Null))?;
                expected.extend(custom.0.into_iter().map(|(key, value)| ((id, key), value)));
                after = id;
            }
        }
        let (mut field, mut record) = (String::new(), Id::NIL);
        loop {
            let sql = "SELECT field, record, value FROM custom_value WHERE tenant = $1 AND kind = $2 \
                       AND (field, record) > ($3, $4) ORDER BY field, record LIMIT 1000";
            let kind = Cell::Text(meta.name.to_owned());
            let params = [self.tenant_cell(), kind, Cell::Text(field.clone()), Cell::Id(record)];
            let rows = self.query(sql, &params, &[Col::Text, Col::Id, Col::Bytes])?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let [Cell::Text(key), Cell::Id(id), value] = row.as_slice() else { continue };
                field.clone_from(key);
                record = *id;
                let right = match expected.remove(&(*id, key.clone())) {
                    Some(kept) => self.is_found_by(meta, key, &kept, value)?,
                    None => false,
                };
                if !right {
                    let text = format!("the record {id} is found by a custom value {key} that it does not have");
                    out.push(Discrepancy { subject: meta.table.to_owned(), text });
                }
            }
        }
        for (id, key) in expected.into_keys() {
            let text = format!("the record {id} is not found by its custom value {key}");
            out.push(Discrepancy { subject: meta.table.to_owned(), text });
        }
        Ok(())
    }

    fn prove_balance(&mut self, balance: &'static TypeMeta, out: &mut Vec<Discrepancy>) -> Result<()> {
        let ledgers: Vec<_> =
            self.shared.plans.schema.ledgers.iter().copied().filter(|l| l.balance.table == balance.table).collect();
        let measures: Vec<usize> = balance
            .fields
            .iter()
            .enumerate()
            .filter(|(_, f)| f.measure && ledgers.iter().any(|l| same_column(l.entry, f.column).is_some()))
            .map(|(i, _)| i)
            .collect();
        let mut expected: BTreeMap<Vec<u8>, Vec<i64>> = BTreeMap::new();
        for ledger in ledgers {
            self.add_entries(ledger.entry, balance, &measures, &mut expected)?;
        }
        let keys: Vec<usize> = balance.fields.iter().enumerate().filter(|(_, f)| f.key).map(|(i, _)| i).collect();
        let mut kept: BTreeMap<Vec<u8>, Vec<i64>> = BTreeMap::new();
        for (values, sums) in self.all_sums(balance, &keys, &measures)? {
            kept.insert(key_bytes(balance, &values)?, sums);
        }
        let zero = vec![0; measures.len()];
        let all: BTreeSet<&Vec<u8>> = expected.keys().chain(kept.keys()).collect();
        for key in all {
            let (should, is) = (expected.get(key).unwrap_or(&zero), kept.get(key).unwrap_or(&zero));
            if should != is {
                let shown: String = key.iter().map(|b| format!("{b:02x}")).collect();
                let text = format!("the balance {shown} is {is:?}, its entries add up to {should:?}");
                out.push(Discrepancy { subject: balance.table.to_owned(), text });
            }
        }
        Ok(())
    }

    fn add_entries(
        &mut self,
        entry: &'static TypeMeta,
        balance: &'static TypeMeta,
        measures: &[usize],
        expected: &mut BTreeMap<Vec<u8>, Vec<i64>>,
    ) -> Result<()> {
        let own = |index: usize| balance.field(index).and_then(|f| same_column(entry, f.column));
        let keys: Vec<usize> =
            (0..balance.fields.len()).filter(|i| balance.field(*i).is_some_and(|f| f.key)).filter_map(own).collect();
        let present: Vec<(usize, usize)> =
            measures.iter().enumerate().filter_map(|(place, index)| own(*index).map(|o| (place, o))).collect();
        let columns: Vec<usize> = present.iter().map(|(_, o)| *o).collect();
        for (values, sums) in self.all_sums(entry, &keys, &columns)? {
            let total = expected.entry(key_bytes(balance, &values)?).or_insert_with(|| vec![0; measures.len()]);
            for ((place, _), sum) in present.iter().zip(sums) {
                if let Some(slot) = total.get_mut(*place) {
                    *slot = slot.saturating_add(sum);
                }
            }
        }
        Ok(())
    }

    /// Sums per key, without a limit on the number of groups.
    fn all_sums(
        &mut self,
        meta: &'static TypeMeta,
        keys: &[usize],
        measures: &[usize],
    ) -> Result<Vec<(Vec<Value>, Vec<i64>)>> {
        let fields: Vec<_> = keys.iter().filter_map(|i| meta.field(*i)).collect();
        let mut select: Vec<String> = fields.iter().map(|f| q(f.column)).collect();
        let by = select.join(", ");
        let sums = measures.iter().filter_map(|i| meta.field(*i));
        select.extend(sums.map(|f| format!("CAST(COALESCE(SUM({}), 0) AS BIGINT)", q(f.column))));
        let sql = format!("SELECT {} FROM {} WHERE \"tenant\" = $1 GROUP BY {by}", select.join(", "), q(meta.table));
        let mut cols: Vec<crate::Col> = fields.iter().map(|f| crate::tables::col_of(&f.ty)).collect();
        cols.extend(std::iter::repeat_n(crate::Col::Int, measures.len()));
        let rows = self.query(&sql, &[self.tenant_cell()], &cols)?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let mut cells = row.into_iter();
                let keys =
                    fields.iter().map(|f| crate::convert::value(&f.ty, cells.next().unwrap_or(Cell::Null))).collect();
                (keys, cells.map(|c| c.as_int()).collect())
            })
            .collect())
    }
}
