//! Rows of records.

use crate::ddl::q;
use crate::pg::Then;
use crate::plan::Plan;
use crate::{Cell, Col, Tx};
use paas_document::{Record, TypeMeta};
use paas_types::{Id, Refusal, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows inserted with one statement of a server.
const AT_ONCE: usize = 16;

/// Parents asked for at once.
const CHUNK: usize = 200;

fn row_of(record: &dyn Record, table: usize, index: usize) -> Result<&dyn Record> {
    record.row(table, index).ok_or_else(|| Refusal::internal("a row is not there"))
}

impl Tx {
    /// Inserts the rows of a table; whether what is read from their balances stands in them as it is stored.
    pub(crate) fn insert_rows(&mut self, record: &mut dyn Record, table: usize) -> Result<bool> {
        let rows = record.row_count(table);
        if self.is_pg() && rows > 1 && !self.one_by_one {
            return self.insert_many(record, table);
        }
        let mut new = true;
        for index in 0..rows {
            new &= self.insert_row(record, table, index)?;
        }
        Ok(new)
    }

    /// Rows of a new record, several with a statement. When one is refused nobody knows which: the job runs again with one
    /// after another.
    fn insert_many(&mut self, record: &mut dyn Record, table: usize) -> Result<bool> {
        let (mut new, rows) = (true, record.row_count(table));
        let mut index = 0;
        while index < rows {
            let some = index..(index + AT_ONCE).min(rows);
            index = some.end;
            let (count, mut all, mut sql) = (some.len(), Vec::new(), None);
            for index in some {
                let (plan, params, is_new) = self.row_cells(record, table, index)?;
                all.extend(params);
                new &= is_new;
                sql.get_or_insert_with(|| plan.insert_many(count));
            }
            let sql = sql.unwrap_or_default();
            self.keep_back(&sql, all, Then::Many).map_err(|fault| self.spoil(fault.into()))?;
        }
        Ok(new)
    }

    fn insert_row(&mut self, record: &mut dyn Record, table: usize, index: usize) -> Result<bool> {
        let (plan, params, new) = self.row_cells(record, table, index)?;
        let row = row_of(record, table, index)?;
        self.put(&plan, (&plan.insert, params), row, &|| row_path(record, table, index))?;
        Ok(new)
    }

    /// What a row is stored as, under an identity of its own; whether what is read from its balances is zero.
    fn row_cells(
        &mut self,
        record: &mut dyn Record,
        table: usize,
        index: usize,
    ) -> Result<(Arc<Plan>, Vec<Cell>, bool)> {
        let parent = record.id();
        let mut new = false;
        if let Some(row) = record.row_mut(table, index)
            && row.id().is_nil()
        {
            row.set_id(Id::fresh());
            new = true;
        }
        let row = row_of(record, table, index)?;
        let plan = self.plan(row.meta())?;
        let new = plan.derived.is_empty() || (new && plan.is_by_id());
        let position = Cell::Int(i64::try_from(index).unwrap_or(i64::MAX));
        let mut params = vec![self.tenant_cell(), Cell::Id(row.id()), Cell::Id(parent), position];
        self.field_cells(&plan, row, &mut params)?;
        Ok((plan, params, new))
    }

    /// Stores what differs between the rows of two forms of a record; whether what is read from their balances stands in
    /// the later form as it is stored.
    pub(crate) fn change_rows(&mut self, before: &dyn Record, after: &mut dyn Record, table: usize) -> Result<bool> {
        let mut old: HashMap<Id, (usize, &dyn Record)> = HashMap::new();
        for index in 0..before.row_count(table) {
            let row = row_of(before, table, index)?;
            old.insert(row.id(), (index, row));
        }
        let kept: Vec<Id> = (0..after.row_count(table)).filter_map(|i| after.row(table, i).map(Record::id)).collect();
        for (id, (_, row)) in &old {
            if !kept.contains(id) {
                let sql = format!("DELETE FROM {} WHERE \"tenant\" = $1 AND \"id\" = $2", q(row.meta().table));
                self.send(&sql, vec![self.tenant_cell(), Cell::Id(*id)])?;
            }
        }
        let mut same = true;
        for index in 0..after.row_count(table) {
            let id = row_of(after, table, index)?.id();
            match old.get(&id) {
                None => same &= self.insert_row(after, table, index)?,
                Some(old) => same &= self.change_row(*old, after, table, index)?,
            }
        }
        Ok(same)
    }

    fn change_row(
        &mut self,
        (position, before): (usize, &dyn Record),
        record: &dyn Record,
        table: usize,
        index: usize,
    ) -> Result<bool> {
        let after = row_of(record, table, index)?;
        let plan = self.plan(after.meta())?;
        let same = plan.derived.iter().all(|derived| derived.key(before) == derived.key(after));
        let (mut set, mut params): (Vec<String>, Vec<Cell>) = (Vec::new(), Vec::new());
        for (i, field) in plan.meta.fields.iter().enumerate() {
            let new = after.get(i);
            if field.from_balance.is_none() && before.get(i) != new {
                self.cells_of(plan.meta, field, new, &mut params)?;
                set.extend(plan.fields.get(i).into_iter().flatten().map(|c| c.name.clone()));
            }
        }
        if position != index {
            set.push("position".to_owned());
            params.push(Cell::Int(i64::try_from(index).unwrap_or(i64::MAX)));
        }
        if set.is_empty() {
            return Ok(same);
        }
        let assignments: Vec<String> = set.iter().enumerate().map(|(i, c)| format!("{} = ${}", q(c), i + 1)).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE \"tenant\" = ${} AND \"id\" = ${}",
            q(plan.meta.table),
            assignments.join(", "),
            set.len() + 1,
            set.len() + 2
        );
        params.extend([self.tenant_cell(), Cell::Id(after.id())]);
        self.put(&plan, (&sql, params), after, &|| row_path(record, table, index))?;
        Ok(same)
    }

    /// Reads the rows of records that were found without them.
    pub fn load_rows(&mut self, records: &mut [Box<dyn Record>]) -> Result<()> {
        self.attach_rows(records)
    }

    /// The records whose rows of this type refer to a record by a field, newest last.
    pub fn parents(&mut self, rows: &'static TypeMeta, field: usize, target: Id, limit: u32) -> Result<Vec<Id>> {
        let field = rows.field(field).ok_or_else(|| Refusal::internal("a field that the rows do not have"))?;
        let sql = format!(
            "SELECT DISTINCT t.\"parent\" FROM {} t WHERE t.\"tenant\" = $1 AND t.{} = $2 ORDER BY t.\"parent\" LIMIT {limit}",
            q(rows.table),
            q(field.column)
        );
        let found = self.query(&sql, &[self.tenant_cell(), Cell::Id(target)], &[Col::Id])?;
        Ok(found.into_iter().filter_map(|row| row.first().and_then(Cell::as_id)).collect())
    }

    pub(crate) fn attach_rows(&mut self, records: &mut [Box<dyn Record>]) -> Result<()> {
        let Some(meta) = records.first().map(|r| r.meta()) else { return Ok(()) };
        for (table, rows) in meta.tables.iter().enumerate() {
            let plan = self.plan((rows.meta)())?;
            for chunk in records.chunks_mut(CHUNK) {
                let mut params = vec![self.tenant_cell()];
                params.extend(chunk.iter().map(|r| Cell::Id(r.id())));
                let marks: Vec<String> = (2..=params.len()).map(|n| format!("${n}")).collect();
                let sql = format!(
                    "SELECT t.\"parent\", {} FROM {} t{} WHERE t.\"tenant\" = $1 AND t.\"parent\" IN ({}) ORDER BY t.\"parent\", t.\"position\"",
                    plan.joined,
                    q(plan.meta.table),
                    plan.joins,
                    marks.join(", ")
                );
                let mut cols = vec![Col::Id];
                cols.extend(&plan.cols);
                let places: HashMap<Id, usize> = chunk.iter().enumerate().map(|(i, r)| (r.id(), i)).collect();
                for record in chunk.iter_mut() {
                    record.keep_rows(table, &[]);
                }
                for mut cells in self.query(&sql, &params, &cols)? {
                    let rest = cells.split_off(1);
                    let place = cells.first().and_then(Cell::as_id).and_then(|id| places.get(&id).copied());
                    let record = place.and_then(|i| chunk.get_mut(i));
                    if let Some(row) = record.and_then(|r| r.push_row(table)) {
                        self.fill(&plan, row, rest)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn row_path(record: &dyn Record, table: usize, index: usize) -> String {
    let name = record.meta().tables.get(table).map_or("rows", |t| t.name);
    format!("{name}[{index}]")
}
