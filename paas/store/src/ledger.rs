//! Ledgers: entries are appended and folded into their balance in the same transaction.

use crate::api::Ledger;
use crate::ddl::q;
use crate::pg::Then;
use crate::plan::Plan;
use crate::tables::single_id_key;
use crate::{Cell, Col, Tx};
use paas_document::{Kind, Record, TypeMeta, Value};
use paas_types::{Id, Refusal, Result, Text};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A balance as this transaction last saw or wrote it.
pub(crate) struct Held {
    pub record: Box<dyn Record>,
    exists: bool,
    last: Option<Id>,
}

/// The bytes a balance is kept under: of its key values, in the order of its key fields.
pub(crate) fn key_bytes(balance: &TypeMeta, key: &[Value]) -> Result<Vec<u8>> {
    if single_id_key(balance) {
        let id = key.first().and_then(Value::id).ok_or_else(|| Refusal::internal("a balance key without its id"))?;
        return Ok(id.bytes().to_vec());
    }
    let mut out = Vec::with_capacity(key.len() * 17);
    for value in key {
        match value {
            Value::Null => out.push(0),
            Value::Bool(b) => out.extend([1, u8::from(*b)]),
            Value::Int(i) => {
                out.push(2);
                out.extend(i.wrapping_sub(i64::MIN).to_be_bytes());
            }
            Value::Id(id) => {
                out.push(3);
                out.extend(id.bytes());
            }
            Value::Any(any) => {
                out.push(3);
                out.extend(any.id.bytes());
            }
            Value::Date(d) => {
                out.push(5);
                out.extend((i64::from(d.epoch_days()).wrapping_sub(i64::MIN)).to_be_bytes());
            }
            Value::Instant(i) => {
                out.push(6);
                out.extend(i.micros().wrapping_sub(i64::MIN).to_be_bytes());
            }
            Value::Text(t) => {
                out.push(7);
                out.extend(u32::try_from(t.len()).unwrap_or(u32::MAX).to_be_bytes());
                out.extend(t.as_bytes());
            }
            Value::Json(_) | Value::Secret(_) => return Err(Refusal::internal("such a field is no balance key")),
        }
    }
    Ok(out)
}

impl Tx {
    /// Reads balances for change, in the one global order. With one writer they are locked by being read in a write.
    pub fn lock_balances(&mut self, balance: &'static TypeMeta, keys: Vec<Vec<Value>>) -> Result<()> {
        let mut places = BTreeMap::new();
        for key in keys {
            places.insert(key_bytes(balance, &key)?, key);
        }
        places.retain(|bytes, _| !self.held.contains_key(&(balance.table, bytes.clone())));
        self.hold_all(balance, places)
    }

    /// The balance with this key; zero when nothing was posted yet.
    pub fn balance(&mut self, balance: &'static TypeMeta, key: &[Value]) -> Result<Box<dyn Record>> {
        let place = self.hold(balance, key)?;
        self.held.get(&place).map(|h| h.record.boxed_clone()).ok_or_else(|| Refusal::internal("a balance is not held"))
    }

    fn hold(&mut self, balance: &'static TypeMeta, key: &[Value]) -> Result<(&'static str, Vec<u8>)> {
        self.heed()?;
        let place = (balance.table, key_bytes(balance, key)?);
        if !self.held.contains_key(&place) {
            self.hold_all(balance, BTreeMap::from([(place.1.clone(), key.to_vec())]))?;
        }
        Ok(place)
    }

    /// Holds balances by key bytes, in their order.
    fn hold_all(&mut self, balance: &'static TypeMeta, places: BTreeMap<Vec<u8>, Vec<Value>>) -> Result<()> {
        if places.is_empty() {
            return Ok(());
        }
        let plan = self.plan(balance)?;
        let bytes: Vec<Vec<u8>> = places.keys().cloned().collect();
        let rows = self.hold_balances(&plan, &bytes)?;
        for ((bytes, key), row) in places.into_iter().zip(rows) {
            let mut record = plan.blank()?;
            let exists = row.is_some();
            let mut last = None;
            match row {
                Some(cells) => {
                    last = cells.get(1).and_then(Cell::as_id);
                    self.fill(&plan, &mut *record, cells)?;
                }
                None => {
                    let fields = balance.fields.iter().enumerate().filter(|(_, f)| f.key);
                    for ((index, field), value) in fields.zip(key) {
                        record.set(index, value).map_err(|_| {
                            Refusal::internal(format!("{}.{} does not take this key", balance.table, field.column))
                        })?;
                    }
                }
            }
            self.held.insert((balance.table, bytes), Held { record, exists, last });
        }
        Ok(())
    }

    /// Appends an entry, folds its measures into its balance and answers the balance after. The entry gets an identity, and
    /// keeps the entry before it of the same balance.
    pub fn post(&mut self, ledger: Ledger, entry: &mut dyn Record) -> Result<Box<dyn Record>> {
        let (entry_meta, balance) = (ledger.entry, ledger.balance);
        if entry.meta().table != entry_meta.table || entry_meta.kind != Kind::Ledger {
            return Err(Refusal::internal(format!("{} is not an entry of this ledger", entry.meta().name)));
        }
        if entry.id().is_nil() {
            entry.set_id(Id::fresh());
        }
        let mut key = Vec::new();
        for field in balance.fields.iter().filter(|f| f.key) {
            let index = same_column(entry_meta, field.column)
                .ok_or_else(|| Refusal::internal(format!("{} lacks the key {}", entry_meta.name, field.column)))?;
            key.push(entry.get(index));
        }
        let place = self.hold(balance, &key)?;
        let previous = self.held.get(&place).and_then(|h| h.last);
        let plan = self.plan(entry_meta)?;
        self.append(&plan, entry, previous)?;
        self.fold(&place, balance, entry)
    }

    fn append(&mut self, plan: &Arc<Plan>, entry: &dyn Record, previous: Option<Id>) -> Result<()> {
        let mut fields = Vec::new();
        self.field_cells(plan, entry, &mut fields)?;
        let named = plan.fields.iter().flatten().map(|c| c.name.as_str()).zip(&fields);
        let seal = seal_of(&self.shared.audit_key, (self.tenant().key.0, plan.meta.table, entry.id(), previous), named);
        self.entries.push(seal);
        let mut params = vec![
            self.tenant_cell(),
            Cell::Id(entry.id()),
            Cell::id(previous),
            Cell::Instant(self.now()),
            Cell::Bytes(seal.to_vec()),
        ];
        params.extend(fields);
        self.put(plan, (&plan.insert, params), entry, &String::new)
    }

    fn fold(
        &mut self,
        place: &(&'static str, Vec<u8>),
        balance: &'static TypeMeta,
        entry: &dyn Record,
    ) -> Result<Box<dyn Record>> {
        let plan = self.plan(balance)?;
        let mut held = self.held.remove(place).ok_or_else(|| Refusal::internal("a balance is not held"))?;
        let wrong = || Refusal::internal(format!("{} does not take a value of its entry", balance.name));
        let mut changed: Vec<usize> = Vec::new();
        for (index, field) in balance.fields.iter().enumerate() {
            let Some(own) = same_column(entry.meta(), field.column) else { continue };
            if field.measure {
                let delta = entry.get(own).int().unwrap_or(0);
                let old = held.record.get(index).int().unwrap_or(0);
                let new = old.checked_add(delta).ok_or_else(|| full(balance, field.name))?;
                held.record.set(index, Value::Int(new)).map_err(|_| wrong())?;
                changed.push(index);
            } else if !field.key && !held.exists {
                held.record.set(index, entry.get(own)).map_err(|_| wrong())?;
            }
        }
        let mut params: Vec<Cell> = Vec::with_capacity(changed.len() + 3);
        let last = Cell::Id(entry.id());
        if held.exists {
            params.push(last);
            params.extend(changed.iter().map(|index| Cell::Int(held.record.get(*index).int().unwrap_or(0))));
            params.extend([self.tenant_cell(), Cell::Bytes(place.1.clone())]);
            let sql = Arc::clone(
                self.folds.entry((entry.meta().table, balance.table)).or_insert_with(|| fold_sql(balance, &changed)),
            );
            self.send(&sql, params)?;
        } else {
            params.extend([self.tenant_cell(), Cell::Bytes(place.1.clone()), last]);
            self.field_cells(&plan, &*held.record, &mut params)?;
            if let Err(fault) = self.keep_back(&plan.insert, params, Then::First) {
                return Err(self.explain(fault, &plan, Some(&*held.record), ""));
            }
        }
        held.exists = true;
        held.last = Some(entry.id());
        let after = held.record.boxed_clone();
        self.held.insert(place.clone(), held);
        Ok(after)
    }

    /// The next number of a counter, from 1 and without gaps: a job that fails gives its number back.
    pub fn counter(&mut self, key: &str) -> Result<i64> {
        self.hold_counter(key)?;
        let sql = "INSERT INTO counter (tenant, \"key\", value) VALUES ($1, $2, 1) \
                   ON CONFLICT (tenant, \"key\") DO UPDATE SET value = counter.value + 1 RETURNING value";
        let row = self.query_one(sql, &[self.tenant_cell(), Cell::Text(key.to_owned())], &[Col::Int])?;
        row.and_then(|r| r.first().map(Cell::as_int)).ok_or_else(|| Refusal::internal("a counter without a value"))
    }
}

/// The change of a balance: its last entry and these measures.
fn fold_sql(balance: &TypeMeta, measures: &[usize]) -> Arc<str> {
    let columns = measures.iter().filter_map(|index| balance.field(*index)).map(|field| field.column);
    let set: Vec<String> =
        ["last_entry"].into_iter().chain(columns).zip(1..).map(|(column, n)| format!("{} = ${n}", q(column))).collect();
    let n = set.len();
    let (table, set) = (q(balance.table), set.join(", "));
    format!("UPDATE {table} SET {set} WHERE \"tenant\" = ${} AND \"key_bytes\" = ${}", n + 1, n + 2).into()
}

/// A sum that does not fit its number any more.
fn full(balance: &TypeMeta, field: &str) -> Refusal {
    Refusal::rule(
        "ledger.out-of-range",
        Text::new(
            format!("{}超出可记录的范围，请核对数量和金额。", balance.label.zh),
            format!("{} would be larger than can be kept; check quantities and amounts.", balance.label.en),
        ),
        serde_json::json!({"balance": balance.name, "field": field}),
    )
}

/// The index of the field with this column.
pub(crate) fn same_column(meta: &TypeMeta, column: &str) -> Option<usize> {
    meta.fields.iter().position(|f| f.column == column)
}

/// The seal of an entry: over its identity, its predecessor and every field that says something, so that a field added
/// later does not disturb the seals of before.
pub(crate) fn seal_of<'a>(
    key: &[u8; 32],
    (tenant, table, id, previous): (i64, &str, Id, Option<Id>),
    fields: impl Iterator<Item = (&'a str, &'a Cell)>,
) -> [u8; 32] {
    let mut text = format!("{tenant}|{table}|{id}|{previous:?}");
    for (name, cell) in fields {
        let silent = match cell {
            Cell::Null | Cell::Int(0) | Cell::Bool(false) => true,
            Cell::Text(t) => t.is_empty(),
            _ => false,
        };
        if !silent {
            let _ = write!(text, "|{name}={cell:?}"); // a text takes whatever is written
        }
    }
    crate::audit::mac(key, &[&Sha256::digest(text)])
}
