//! Records: insert, load, change, delete.

use crate::api::Lock;
use crate::cell::Fault;
use crate::ddl::q;
use crate::pg::locks::{Key, Take, row_clause};
use crate::pg::{Question, Then};
use crate::plan::Plan;
use crate::tx::Backend;
use crate::{Cell, Col, Tx};
use paas_document::{FieldType, Kind, Record, Scope, TypeMeta, UserRef};
use paas_types::{Code, Id, Refusal, Result, Text};
use serde_json::json;
use std::sync::Arc;

/// Masters asked for at once.
const EXPECTED: usize = 50;

impl Tx {
    /// Stores a new record with its rows: fills the head (identity if it has none, version 1, stamps) and the rows'
    /// identities. 409 `DUPLICATE` with the field when it repeats what is unique; a field error `NOT_FOUND` when it refers
    /// to what is not there.
    pub fn insert(&mut self, record: &mut dyn Record) -> Result<()> {
        let plan = self.plan(record.meta())?;
        // What is read from balances is zero under a new identity; under one that others chose there may be some.
        let mut new = record.id().is_nil() || plan.derived.is_empty();
        if record.id().is_nil() {
            record.set_id(Id::fresh());
        }
        let (now, user, id) = (self.now(), UserRef(self.actor().user), record.id());
        let head = record.head_mut().ok_or_else(|| Refusal::internal("only records with a head are inserted"))?;
        head.id = id;
        head.version = 1;
        (head.created_at, head.updated_at) = (now, now);
        (head.created_by, head.updated_by) = (user, user);
        let mut params = vec![self.tenant_cell()];
        params.extend(head_cells(plan.meta, record));
        if plan.meta.is_customizable() {
            let custom = record.head().map(|h| h.custom.clone()).unwrap_or_default();
            params.push(self.custom_cell(plan.meta, &custom)?);
        }
        self.field_cells(&plan, record, &mut params)?;
        self.put(&plan, (&plan.insert, params), record, &String::new)?;
        for table in 0..plan.meta.tables.len() {
            new &= self.insert_rows(record, table)?;
        }
        self.index_words(record, true)?;
        self.forget(plan.meta, id);
        if new && plan.is_by_id() {
            self.keep(&plan, record);
        }
        self.name_given(plan.meta, id);
        Ok(())
    }

    /// Runs a write whose refusal is told in words of the record's fields.
    pub(crate) fn put(
        &mut self,
        plan: &Arc<Plan>,
        (sql, params): (&str, Vec<Cell>),
        record: &dyn Record,
        prefix: &dyn Fn() -> String,
    ) -> Result<()> {
        // Where the fault comes at once, the place is only named when there is one.
        let then = match self.is_pg() {
            true => Then::Explain { plan: Arc::clone(plan), prefix: prefix() },
            false => Then::Nothing,
        };
        match self.keep_back(sql, params, then) {
            Ok(()) => Ok(()),
            Err(fault) => Err(self.explain(fault, plan, Some(record), &prefix())),
        }
    }

    pub(crate) fn field_cells(&mut self, plan: &Plan, record: &dyn Record, out: &mut Vec<Cell>) -> Result<()> {
        for (index, field) in plan.meta.fields.iter().enumerate() {
            if field.from_balance.is_none() {
                self.cells_of(plan.meta, field, record.get(index), out)?;
            }
        }
        Ok(())
    }

    /// A record with its rows and the fields read from balances; `None` when the tenant has none with this id.
    pub fn load(&mut self, meta: &'static TypeMeta, id: Id, lock: Lock) -> Result<Option<Box<dyn Record>>> {
        if lock != Lock::None {
            self.hold_row(Key::Record(meta.table, id), lock == Lock::Update)?;
        }
        if let Some(known) = self.recall(meta, id)? {
            return Ok(Some(known));
        }
        let plan = self.plan(meta)?;
        let Some(cells) = self.query_one(&plan.by_id, &[self.tenant_cell(), Cell::Id(id)], &plan.cols)? else {
            return Ok(None);
        };
        let mut record = plan.blank()?;
        self.fill(&plan, &mut *record, cells)?;
        if !meta.tables.is_empty() {
            self.attach_rows(std::slice::from_mut(&mut record))?;
        }
        self.keep(&plan, &*record);
        Ok(Some(record))
    }

    /// Reads masters that are going to be asked for one by one, with one question; those not there are left out.
    pub fn expect(&mut self, meta: &'static TypeMeta, ids: &[Id]) -> Result<()> {
        let (plan, new) = self.unknown(meta, ids)?;
        if new.len() < 2 { Ok(()) } else { self.remember_masters(&plan, &new, None) }
    }

    /// As [`Tx::expect`], of several types; a server is asked for all of them at once.
    pub fn expect_all(&mut self, masters: &[(&'static TypeMeta, Vec<Id>)]) -> Result<()> {
        if !self.is_pg() {
            return masters.iter().try_for_each(|(meta, ids)| self.expect(meta, ids));
        }
        let mut asked = Vec::new();
        for (meta, ids) in masters {
            let (plan, new) = self.unknown(meta, ids)?;
            for some in new.chunks(EXPECTED) {
                let (sql, params) = self.by_ids(&plan, some, "");
                self.record(&sql, &params);
                asked.push((Arc::clone(&plan), sql, params));
            }
        }
        self.heed()?;
        let Backend::Pg(pg) = &mut self.backend else { return Ok(()) };
        let questions = asked.iter().map(|(plan, sql, params)| Question {
            sql,
            params: params.clone(),
            columns: &plan.cols,
            then: Then::Nothing,
        });
        let answers = match asked.len() {
            0 | 1 => return Ok(()),
            _ => pg.query_all(questions.collect()),
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(missed) => {
                let fault = self.missed(missed);
                return Err(self.spoil(fault.into()));
            }
        };
        asked.iter().zip(answers).try_for_each(|((plan, ..), rows)| self.keep_all(plan, rows))
    }

    /// Those of some masters that are not known yet, in order.
    fn unknown(&mut self, meta: &'static TypeMeta, ids: &[Id]) -> Result<(Arc<Plan>, Vec<Id>)> {
        let plan = self.plan(meta)?;
        let mut new: Vec<Id> = ids.iter().copied().filter(|id| !self.is_known(meta.table, *id)).collect();
        new.sort_unstable();
        new.dedup();
        if !plan.keeps || !meta.tables.is_empty() {
            new.clear();
        }
        Ok((plan, new))
    }

    /// Holds records still until the transaction ends, masters with one question; [`Tx::load`] then has them as they are.
    pub fn hold_records(&mut self, meta: &'static TypeMeta, ids: &[Id]) -> Result<()> {
        let plan = self.plan(meta)?;
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let held: Vec<(Id, Take)> = ids
            .iter()
            .filter_map(|id| self.take(&Key::Record(meta.table, *id), false).map(|take| (*id, take)))
            .collect();
        if held.is_empty() {
            return self.expect(meta, &ids);
        }
        // While one waits for a lock, others commit: what was read before is read again.
        self.known.clear();
        let take = if held.iter().all(|(_, take)| *take == Take::Wait) { Take::Wait } else { Take::Try };
        let new: Vec<Id> = held.into_iter().map(|(id, _)| id).collect();
        self.remember_masters(&plan, &new, Some(take))
    }

    /// Reads records by their ids, which come in order, and keeps the masters among them; holds them when said how.
    fn remember_masters(&mut self, plan: &Arc<Plan>, ids: &[Id], take: Option<Take>) -> Result<()> {
        let hold = take.map(|take| format!(" ORDER BY t.\"id\"{}", row_clause(false, take)));
        for some in ids.chunks(EXPECTED) {
            let (sql, params) = self.by_ids(plan, some, hold.as_deref().unwrap_or_default());
            let rows = match hold {
                Some(_) => self.query_held(&sql, params, &plan.cols)?,
                None => self.query(&sql, &params, &plan.cols)?,
            };
            self.keep_all(plan, rows)?;
        }
        Ok(())
    }

    fn by_ids(&self, plan: &Plan, ids: &[Id], tail: &str) -> (String, Vec<Cell>) {
        let mut params = vec![self.tenant_cell()];
        params.extend(ids.iter().map(|id| Cell::Id(*id)));
        let marks: Vec<String> = (2..=params.len()).map(|n| format!("${n}")).collect();
        let (select, table, marks) = (&plan.select, q(plan.meta.table), marks.join(", "));
        (format!("SELECT {select} FROM {table} t WHERE t.\"tenant\" = $1 AND t.\"id\" IN ({marks}){tail}"), params)
    }

    fn keep_all(&mut self, plan: &Arc<Plan>, rows: Vec<Vec<Cell>>) -> Result<()> {
        for cells in rows {
            let mut record = plan.blank()?;
            self.fill(plan, &mut *record, cells)?;
            if plan.meta.tables.is_empty() {
                self.keep(plan, &*record);
            }
        }
        Ok(())
    }

    /// Whether a record is there and in a scope.
    pub fn visible(&mut self, meta: &'static TypeMeta, id: Id, scope: &Scope) -> Result<bool> {
        let mut sql = crate::filter::Builder::new(self, meta);
        let id = sql.bind(Cell::Id(id));
        let condition = sql.scope(scope);
        let text =
            format!("SELECT 1 FROM {} t WHERE t.\"tenant\" = $1 AND t.\"id\" = {id} AND {condition}", q(meta.table));
        let params = sql.params;
        Ok(!self.query(&text, &params, &[Col::Int])?.is_empty())
    }

    /// Stores what differs between two forms of a record and counts its version up. 409 `CONFLICT` with the present version
    /// when somebody else changed it meanwhile.
    pub fn update(&mut self, before: &dyn Record, after: &mut dyn Record) -> Result<()> {
        self.change(before, after, true)
    }

    /// As [`Tx::update`], but neither version nor stamps change: for computed fields that follow from something else.
    pub fn update_quietly(&mut self, before: &dyn Record, after: &mut dyn Record) -> Result<()> {
        self.change(before, after, false)
    }

    fn change(&mut self, before: &dyn Record, after: &mut dyn Record, touch: bool) -> Result<()> {
        let plan = self.plan(after.meta())?;
        let id = before.id();
        let version = before.head().map_or(0, |h| h.version);
        let mut set: Vec<String> = Vec::new();
        let mut params: Vec<Cell> = Vec::new();
        let (mut words, mut name) = (false, false);
        for (index, field) in plan.meta.fields.iter().enumerate() {
            let new = after.get(index);
            if field.from_balance.is_some() || before.get(index) == new {
                continue;
            }
            self.cells_of(plan.meta, field, new, &mut params)?;
            let columns = plan.fields.get(index).map(Vec::as_slice).unwrap_or_default();
            set.extend(columns.iter().map(|c| c.name.clone()));
            words |= plan.meta.is_searched(index);
            name |= plan.meta.is_shown_by(index);
        }
        let numbered = before.head().map(|h| &h.number) != after.head().map(|h| &h.number);
        (words, name) = (words || numbered, name || numbered);
        let (now, user) = (self.now(), UserRef(self.actor().user));
        if let Some(head) = after.head_mut() {
            head.id = id;
            head.version = if touch { version + 1 } else { version };
            if touch {
                (head.updated_at, head.updated_by) = (now, user);
            }
        }
        for ((name, _), (old, new)) in
            plan.lead.iter().zip(head_cells(plan.meta, before).into_iter().zip(head_cells(plan.meta, after)))
        {
            if old != new && !matches!(*name, "id" | "created_at" | "created_by") {
                set.push((*name).to_owned());
                params.push(new);
            }
        }
        if let (Some(old), Some(new)) = (before.head(), after.head())
            && old.custom != new.custom
            && plan.meta.is_customizable()
        {
            set.push("custom".to_owned());
            let cell = self.custom_cell(plan.meta, &new.custom)?;
            params.push(cell);
        }
        if !set.is_empty() {
            self.write_change(&plan, after, (&set, params), version)?;
        }
        let mut same = true;
        for table in 0..plan.meta.tables.len() {
            same &= self.change_rows(before, after, table)?;
        }
        if words {
            self.index_words(after, false)?;
        }
        // What is read from balances stands in the new form as it was read, unless it is now read from others.
        let known = self.forget(plan.meta, id);
        if known && same && plan.derived.iter().all(|derived| derived.key(before) == derived.key(after)) {
            self.keep(&plan, after);
        }
        self.whole_changed(plan.meta);
        if name {
            self.name_changed(plan.meta, id);
        }
        Ok(())
    }

    fn write_change(
        &mut self,
        plan: &Arc<Plan>,
        after: &dyn Record,
        (set, mut params): (&[String], Vec<Cell>),
        version: i64,
    ) -> Result<()> {
        let assignments: Vec<String> = set.iter().enumerate().map(|(i, c)| format!("{} = ${}", q(c), i + 1)).collect();
        let n = set.len();
        params.extend([self.tenant_cell(), Cell::Id(after.id()), Cell::Int(version)]);
        let sql = format!(
            "UPDATE {} SET {} WHERE \"tenant\" = ${} AND \"id\" = ${} AND \"version\" = ${}",
            q(plan.meta.table),
            assignments.join(", "),
            n + 1,
            n + 2,
            n + 3
        );
        if self.is_pg() {
            let then = Then::Touch { plan: Arc::clone(plan), id: after.id() };
            return self.keep_back(&sql, params, then).map_err(|fault| self.spoil(fault.into()));
        }
        match self.attempt(&sql, &params) {
            Ok(0) => Err(self.stale(plan.meta, after.id())?),
            Ok(_) => Ok(()),
            Err(fault) => Err(self.explain(fault, plan, Some(after), "")),
        }
    }

    pub(crate) fn stale(&mut self, meta: &TypeMeta, id: Id) -> Result<Refusal> {
        let sql = format!("SELECT \"version\" FROM {} WHERE \"tenant\" = $1 AND \"id\" = $2", q(meta.table));
        let row = self.query_one(&sql, &[self.tenant_cell(), Cell::Id(id)], &[Col::Int])?;
        Ok(match row.as_deref() {
            Some([version]) => Refusal::new(Code::Conflict).with(json!({"version": version.as_int()})),
            _ => Refusal::not_found(),
        })
    }

    /// Deletes a record with its rows. 409 `IN_USE` when others refer to it, `CONFLICT` when it changed meanwhile.
    pub fn delete(&mut self, record: &dyn Record) -> Result<()> {
        let meta = record.meta();
        let (tenant, id) = (self.tenant_cell(), Cell::Id(record.id()));
        for rows in meta.tables {
            let sql = format!("DELETE FROM {} WHERE \"tenant\" = $1 AND \"parent\" = $2", q((rows.meta)().table));
            self.send(&sql, vec![tenant.clone(), id.clone()])?;
        }
        let version = Cell::Int(record.head().map_or(0, |h| h.version));
        let sql = format!("DELETE FROM {} WHERE \"tenant\" = $1 AND \"id\" = $2 AND \"version\" = $3", q(meta.table));
        match self.attempt(&sql, &[tenant.clone(), id.clone(), version]) {
            Ok(0) => {
                let refusal = self.stale(meta, record.id())?;
                return Err(self.spoil(refusal));
            }
            Ok(_) => {}
            Err(fault) => return Err(self.spoil(fault.into())),
        }
        if let Some(custom) = record.head().map(|head| &head.custom) {
            let fields: Vec<&str> = custom.0.keys().map(String::as_str).collect();
            self.unmark_custom(meta, record.id(), &fields)?;
        }
        self.send("DELETE FROM search_token WHERE tenant = $1 AND id = $2", vec![tenant, id])?;
        self.forget(meta, record.id());
        self.name_changed(meta, record.id());
        Ok(())
    }

    /// What a constraint's refusal means to the person; the job cannot commit any more.
    /// PostgreSQL tells the column of a reference that leads nowhere; elsewhere the record is asked.
    pub(crate) fn explain(&mut self, fault: Fault, plan: &Plan, record: Option<&dyn Record>, prefix: &str) -> Refusal {
        let path = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let refusal = match fault {
            Fault::Unique(columns) => {
                let column = columns.iter().find(|c| *c != "parent").cloned().unwrap_or_default();
                let field = plan.meta.fields.iter().find(|f| crate::tables::search_column(f) == column);
                let name = field.map_or(column, |f| f.name.to_owned());
                Refusal::new(Code::Duplicate).with(json!({"field": path(&name)}))
            }
            Fault::Foreign(column) => {
                let told = column.and_then(|c| plan.meta.fields.iter().find(|f| f.column == c)).map(|f| f.name);
                let found = match (told, record) {
                    (None, Some(record)) => self.missing(plan, record),
                    (told, _) => Ok(told),
                };
                match found {
                    Ok(Some(name)) => Refusal::field(
                        path(name),
                        "NOT_FOUND",
                        Text::of("所引用的记录不存在。", "The record referred to does not exist."),
                    ),
                    Ok(None) => Refusal::new(Code::InUse),
                    Err(refusal) => refusal,
                }
            }
            other => other.into(),
        };
        self.spoil(refusal)
    }

    /// The first reference of a record that leads nowhere.
    fn missing(&mut self, plan: &Plan, record: &dyn Record) -> Result<Option<&'static str>> {
        for (index, field) in plan.meta.fields.iter().enumerate() {
            let FieldType::Ref { target } = &field.ty else { continue };
            let target = target();
            if matches!(target.kind, Kind::Row | Kind::Balance) {
                continue;
            }
            if let Some(id) = record.get(index).id() {
                let sql = format!("SELECT 1 FROM {} WHERE \"tenant\" = $1 AND \"id\" = $2", q(target.table));
                if self.query(&sql, &[self.tenant_cell(), Cell::Id(id)], &[Col::Int])?.is_empty() {
                    return Ok(Some(field.name));
                }
            }
        }
        Ok(None)
    }
}

/// The head's columns in the order of the plan's lead, without that of custom fields, which is the last.
fn head_cells(meta: &TypeMeta, record: &dyn Record) -> Vec<Cell> {
    let Some(head) = record.head() else { return Vec::new() };
    let mut out = vec![Cell::Id(record.id()), Cell::Int(head.version)];
    if meta.has_number() {
        out.push(Cell::text(head.number.as_deref()));
    }
    out.extend([
        Cell::Instant(head.created_at),
        Cell::Id(head.created_by.0),
        Cell::Instant(head.updated_at),
        Cell::Id(head.updated_by.0),
        Cell::id(head.owner.map(|o| o.0)),
        Cell::id(head.department.map(|d| d.0)),
    ]);
    out
}
