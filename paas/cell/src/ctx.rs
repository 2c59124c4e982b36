//! What a rule gets: the transaction of one tenant, who acts, and the verbs of the platform.

use crate::cell::Registry;
use crate::engine;
use crate::sight::Sight;
use paas_document::{
    AnyRef, Document, Entry, EventBody, Filter, Op, Page, Path, Query, Record, Ref, Scope, Sort, Step, Typed, UserRef,
    Value,
};
use paas_store::{Lock, Tx};
use paas_types::{Date, Id, Instant, Lang, Refusal, Result, TimeZone};
use std::marker::PhantomData;

/// The caller as rules and the reader of answers see it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The membership; nil for the system.
    pub user: Id,
    /// Its name.
    pub name: std::sync::Arc<str>,
    /// Its department.
    pub department: Option<Id>,
    /// The language of messages.
    pub lang: Lang,
    /// The tenant's time zone.
    pub zone: TimeZone,
    /// What it may do; the system may do everything.
    pub rights: std::sync::Arc<crate::rights::Access>,
    /// What was asked elsewhere before this call, for the rules of the type.
    pub asked: Option<std::sync::Arc<serde_json::Value>>,
    /// Whether sensitive values stay masked in the answer, also those it may see.
    pub(crate) mask: bool,
    /// Passwords of this write and their hashes.
    pub(crate) hashes: crate::http::Hashes,
}

/// The context of a rule: one transaction, one tenant, one caller.
pub struct Ctx<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) registry: &'a Registry,
    pub(crate) caller: &'a Caller,
    pub(crate) data: Option<Box<dyn Record>>,
    pub(crate) created: Vec<AnyRef>,
    pub(crate) depth: u8,
    /// In a trial: what its answers show, to be noted after it.
    pub(crate) sights: Option<Vec<Sight>>,
}

impl<'a> Ctx<'a> {
    pub(crate) fn new(tx: &'a mut Tx, registry: &'a Registry, caller: &'a Caller) -> Ctx<'a> {
        Ctx { tx, registry, caller, data: None, created: Vec::new(), depth: 0, sights: None }
    }

    /// Now, from the clock that tests own.
    pub fn now(&self) -> Instant {
        self.tx.now()
    }

    /// Today in the tenant's time zone.
    pub fn today(&self) -> Date {
        self.now().date_in(&self.caller.zone)
    }

    /// The language of the caller.
    pub fn lang(&self) -> Lang {
        self.caller.lang
    }

    /// Who acts.
    pub fn user(&self) -> UserRef {
        UserRef(self.caller.user)
    }

    /// Whether the system itself acts: seeds, events, services.
    pub fn is_system(&self) -> bool {
        self.caller.rights.is_system()
    }

    /// Whether the caller holds a permission.
    pub fn may(&self, code: &str) -> bool {
        self.caller.rights.allows(code)
    }

    /// Which records of the caller's a permission reaches.
    pub fn reach(&self, code: &str) -> Scope {
        self.caller.rights.scope(code)
    }

    /// What the caller may do with a field `{cell}.{type}.{fieldName}`.
    pub fn field_right(&self, field: &str) -> paas_auth::FieldRight {
        self.caller.rights.field(field)
    }

    /// The fields `{cell}.{type}.{fieldName}` the caller may not freely change, and what he may still do with each.
    pub fn restricted_fields(&self) -> Vec<(&str, paas_auth::FieldRight)> {
        self.caller.rights.restricted()
    }

    /// Whether the caller holds any permission on a type `{cell}.{type}`.
    pub fn touches(&self, kind: &str) -> bool {
        self.caller.rights.codes().into_iter().any(|code| paas_auth::touches(code, kind))
    }

    /// What the cell asked elsewhere before people write records of this type; `None` when the system writes.
    pub fn asked(&self) -> Option<&serde_json::Value> {
        self.caller.asked.as_deref()
    }

    /// What to store of a password that people wrote: it was hashed before the transaction.
    pub fn password_hash(&self, password: &str) -> Result<String> {
        let known = self.caller.hashes.iter().find(|(said, _)| said.expose().as_str() == password);
        known.map(|(_, hash)| hash.clone()).ok_or_else(|| Refusal::internal("a password was not hashed beforehand"))
    }

    /// What was said with the action, when the edge `takes` this type.
    pub fn data<T: Typed>(&self) -> Option<&T> {
        self.data.as_ref().and_then(|data| data.as_any().downcast_ref::<T>())
    }

    /// Reads a record for display; what a decision rests on is read by [`Ctx::hold`] or [`Ctx::lock`].
    pub fn get<T: Typed>(&mut self, reference: Ref<T>) -> Result<T> {
        self.read(reference.id(), Lock::None)
    }

    /// Says which records are going to be read one by one: masters come with one question.
    pub fn expect<T: Typed>(&mut self, references: impl IntoIterator<Item = Ref<T>>) -> Result<()> {
        let ids: Vec<Id> = references.into_iter().map(|reference| reference.id()).collect();
        self.tx.expect(T::meta_of(), &ids)
    }

    /// Reads a record and holds it still until the transaction ends.
    pub fn hold<T: Typed>(&mut self, reference: Ref<T>) -> Result<T> {
        self.read(reference.id(), Lock::Share)
    }

    /// As [`Ctx::hold`] for several records, masters with one question; [`Ctx::get`] then has them as they are.
    pub fn hold_all<T: Typed>(&mut self, references: impl IntoIterator<Item = Ref<T>>) -> Result<()> {
        let ids: Vec<Id> = references.into_iter().map(|reference| reference.id()).collect();
        self.tx.hold_records(T::meta_of(), &ids)
    }

    /// Reads a record that this transaction is going to change or serialises on.
    pub fn lock<T: Typed>(&mut self, reference: Ref<T>) -> Result<T> {
        self.read(reference.id(), Lock::Update)
    }

    fn read<T: Typed>(&mut self, id: Id, lock: Lock) -> Result<T> {
        let found = self.tx.load(T::meta_of(), id, lock)?.ok_or_else(Refusal::not_found)?;
        unbox(found)
    }

    /// The record with this code or number.
    pub fn by_code<T: Typed>(&mut self, code: &str) -> Result<Option<Ref<T>>> {
        Ok(self.tx.resolve(T::meta_of(), code)?.map(Ref::new))
    }

    /// Records that match, without their rows.
    pub fn find<T: Typed>(&mut self, find: Find<T>) -> Result<Vec<T>> {
        let query = find.query()?;
        let found = self.tx.find(T::meta_of(), &query)?;
        found.records.into_iter().map(unbox).collect()
    }

    /// Sums of measures per group.
    pub fn sum<T: Typed>(&mut self, find: Find<T>, group: &[&str], measures: &[&str]) -> Result<Vec<Sum>> {
        let meta = T::meta_of();
        let query = find.query()?;
        let group: Vec<Path> = group.iter().map(|name| path_of(meta, name)).collect::<Result<_>>()?;
        let measures: Vec<usize> = measures.iter().map(|name| index_of(meta, name)).collect::<Result<_>>()?;
        let rows = self.tx.sum(meta, &query.filters, &group, &measures)?;
        Ok(rows.into_iter().map(|(keys, sums, count)| Sum { keys, sums, count }).collect())
    }

    /// Code and names of a record referred to.
    pub fn named<T: Typed>(&mut self, reference: Ref<T>) -> Result<paas_document::Named> {
        let names = self.tx.names(T::meta_of(), &[reference.id()])?;
        names.get(&reference.id()).cloned().ok_or_else(Refusal::not_found)
    }

    /// Creates a record as the caller would: it must hold the permission `create` of that type, and the record must lie
    /// in its data scope. Defaults, computed values, number, audit; it is named in the answer.
    pub fn create<D: Document>(&mut self, document: D) -> Result<D> {
        self.make(document, engine::create_as_caller)
    }

    /// Creates a record that follows by rule from what the caller was allowed to do, whatever else it may: postings,
    /// entries in the books. Otherwise as [`Ctx::create`].
    pub fn raise<D: Document>(&mut self, document: D) -> Result<D> {
        self.make(document, engine::create)
    }

    fn make<D: Document>(&mut self, document: D, how: Create) -> Result<D> {
        let kind = self.registry.kind_of(D::meta_of())?;
        let mut boxed: Box<dyn Record> = Box::new(document);
        how(self, &*kind, &mut *boxed)?;
        self.created.push(engine::any_ref(&*boxed));
        unbox(boxed)
    }

    /// Stores changes a rule made to another record (computed fields of a document in any state).
    pub fn save<D: Document>(&mut self, document: &mut D) -> Result<()> {
        engine::save(self, document)
    }

    /// Deletes a record that a rule made obsolete.
    pub fn delete<D: Document>(&mut self, document: &D) -> Result<()> {
        let kind = self.registry.kind_of(D::meta_of())?;
        let mut copy = document.boxed_clone();
        engine::delete(self, &*kind, &mut *copy)
    }

    /// Takes an action on another record, with its guards and effects; system edges too.
    pub fn take<D: Document>(&mut self, document: &mut D, action: &str) -> Result<()> {
        let kind = self.registry.kind_of(D::meta_of())?;
        engine::act(self, &*kind, action, document, engine::By::Rule)
    }

    /// Locks balances in the platform's one order, before several are read. Each record only needs its key fields.
    pub fn lock_balances<B: Typed>(&mut self, keys: &[B]) -> Result<()> {
        self.tx.lock_balances(B::meta_of(), keys.iter().map(|key| key_of(key)).collect())
    }

    /// The balance with this key, locked; zero when nothing was posted yet.
    pub fn balance<B: Typed>(&mut self, key: &B) -> Result<B> {
        unbox(self.tx.balance(B::meta_of(), &key_of(key))?)
    }

    /// Appends an entry to its ledger, folds it into its balance and returns the balance after. The ledger's bounds are
    /// checked here.
    pub fn post<E: Entry>(&mut self, mut entry: E) -> Result<E::Balance> {
        let ledger = self.registry.ledger_of(E::meta_of())?;
        let after = self.tx.post(ledger.tables, &mut entry)?;
        if let Some(bound) = ledger.bound {
            bound(self, &*after)?;
        }
        unbox(after)
    }

    /// The next number of a gapless counter, from 1. Take it last: it is a lock.
    pub fn counter(&mut self, key: &str) -> Result<i64> {
        self.tx.counter(key)
    }

    /// Gives a document its number by a pattern, e.g. on posting.
    pub fn number(&mut self, document: &mut impl Document, pattern: &str, date: Date) -> Result<()> {
        engine::assign_number(self, document, pattern, date)
    }

    /// Tells others what happened.
    pub fn emit<E: EventBody>(&mut self, subject: Id, event: &E) -> Result<()> {
        self.tx.emit_version(E::TYPE, E::VERSION, subject, event.to_json())
    }

    /// The tenant's settings of this type; defaults when nothing was set.
    pub fn setting<S: Typed>(&mut self) -> Result<S> {
        match self.tx.setting(S::meta_of())? {
            Some(record) => unbox(record),
            None => {
                let mut blank = S::blank();
                engine::set_defaults(&mut blank);
                Ok(blank)
            }
        }
    }

    /// Writes the tenant's settings of this type: the first ones, or over those there are.
    pub fn put_setting<S: Typed>(&mut self, setting: S) -> Result<S> {
        let kind = self.registry.kind_of(S::meta_of())?;
        let found = self.tx.find(S::meta_of(), &Query::all(1))?.records.into_iter().next();
        let mut after: Box<dyn Record> = Box::new(setting);
        match found {
            None => engine::create(self, &*kind, &mut *after)?,
            Some(found) => {
                let before = self.tx.load(S::meta_of(), found.id(), Lock::Update)?.ok_or_else(Refusal::not_found)?;
                if let (Some(new), Some(old)) = (after.head_mut(), before.head()) {
                    new.clone_from(old);
                }
                engine::update(self, &*kind, &*before, &mut *after)?;
            }
        }
        unbox(after)
    }

    /// Writes every setting that is not there yet with its defaults, so that people find it to change. Settings with
    /// something required and no default wait for people.
    pub fn put_default_settings(&mut self) -> Result<()> {
        let registry = self.registry;
        for kind in registry.kinds.iter().filter(|k| k.meta().kind == paas_document::Kind::Setting) {
            let complete = kind.meta().fields.iter().all(|f| !f.required || f.computed || f.default.is_some());
            if complete && self.tx.find(kind.meta(), &Query::all(1))?.records.is_empty() {
                let mut blank = (kind.info().blank)();
                engine::set_defaults(&mut *blank);
                engine::create(self, &**kind, &mut *blank)?;
            }
        }
        Ok(())
    }
}

/// The two ways to create.
type Create = fn(&mut Ctx<'_>, &dyn crate::kind::Kind, &mut dyn Record) -> Result<()>;

/// One row of [`Ctx::sum`].
#[derive(Clone, Debug)]
pub struct Sum {
    /// Values of the group fields.
    pub keys: Vec<Value>,
    /// Sums of the measures, as scaled integers.
    pub sums: Vec<i64>,
    /// How many records.
    pub count: u64,
}

impl Sum {
    /// The sum at a position, zero when there is none.
    pub fn raw(&self, position: usize) -> i64 {
        self.sums.get(position).copied().unwrap_or_default()
    }

    /// The id at a position of the group.
    pub fn id(&self, position: usize) -> Option<Id> {
        self.keys.get(position).and_then(Value::id)
    }
}

/// A question to [`Ctx::find`], by field names.
pub struct Find<T> {
    conditions: Vec<(&'static str, Op, Vec<Value>)>,
    sort: Vec<(&'static str, bool)>,
    limit: u32,
    record: PhantomData<fn() -> T>,
}

impl<T: Typed> Default for Find<T> {
    fn default() -> Find<T> {
        Find::all()
    }
}

impl<T: Typed> Find<T> {
    /// Everything, at most 2,000 records.
    pub fn all() -> Find<T> {
        Find { conditions: Vec::new(), sort: Vec::new(), limit: 2_000, record: PhantomData }
    }

    /// Field (snake_case) equals value.
    #[must_use]
    pub fn eq(self, field: &'static str, value: impl paas_document::FieldValue) -> Find<T> {
        self.op(field, Op::Eq, value)
    }

    /// Any comparison.
    #[must_use]
    pub fn op(mut self, field: &'static str, op: Op, value: impl paas_document::FieldValue) -> Find<T> {
        self.conditions.push((field, op, vec![value.to_value()]));
        self
    }

    /// Field is one of several values.
    #[must_use]
    pub fn one_of<V: paas_document::FieldValue>(mut self, field: &'static str, values: &[V]) -> Find<T> {
        self.conditions.push((field, Op::In, values.iter().map(V::to_value).collect()));
        self
    }

    /// Ascending by a field.
    #[must_use]
    pub fn sort(mut self, field: &'static str) -> Find<T> {
        self.sort.push((field, false));
        self
    }

    /// Descending by a field.
    #[must_use]
    pub fn sort_down(mut self, field: &'static str) -> Find<T> {
        self.sort.push((field, true));
        self
    }

    /// At most this many.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Find<T> {
        self.limit = limit;
        self
    }

    fn query(self) -> Result<Query> {
        let meta = T::meta_of();
        let mut query = Query {
            filters: Vec::new(),
            either: Vec::new(),
            sort: Vec::new(),
            keyword: None,
            page: Page::Number(1),
            page_size: self.limit,
            scope: Scope::all(),
            count: false,
        };
        for (field, op, values) in self.conditions {
            query.filters.push(Filter { path: path_of(meta, field)?, op, values });
        }
        for (field, descending) in self.sort {
            query.sort.push(Sort { path: path_of(meta, field)?, descending });
        }
        Ok(query)
    }
}

fn index_of(meta: &'static paas_document::TypeMeta, column: &str) -> Result<usize> {
    meta.fields
        .iter()
        .position(|f| f.column == column)
        .ok_or_else(|| Refusal::internal(format!("{} has no field {column}", meta.name)))
}

fn path_of(meta: &'static paas_document::TypeMeta, column: &str) -> Result<Path> {
    use paas_document::HeadField;
    let step = match column {
        "id" => Step::Head(HeadField::Id),
        "number" if meta.has_number() => Step::Head(HeadField::Number),
        "owner" if meta.has_head() => Step::Head(HeadField::Owner),
        _ => Step::Field(index_of(meta, column)?),
    };
    Ok(Path { via: None, step })
}

/// The key values of a balance record, in the order of its key fields.
pub(crate) fn key_of(record: &dyn Record) -> Vec<Value> {
    let fields = record.meta().fields.iter().enumerate();
    fields.filter(|(_, f)| f.key).map(|(i, _)| record.get(i)).collect()
}

/// The typed record in a box; another type is a fault of the program.
pub(crate) fn unbox<T: Typed>(record: Box<dyn Record>) -> Result<T> {
    match record.into_any().downcast::<T>() {
        Ok(typed) => Ok(*typed),
        Err(_) => Err(Refusal::internal(format!("a record is not a {}", T::meta_of().name))),
    }
}
