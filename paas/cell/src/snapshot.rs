//! A record as the audit keeps it: JSON with ids for references and stars for secrets.

use crate::custom::json_of as json_of_custom;
use crate::text::JsonText;
use paas_document::{CustomValue, Field, FieldType, Record, TypeMeta, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Room for an image of a record with some rows, bytes.
const ROOM: usize = 2_048;

/// A part of a record by its own name.
#[derive(Clone, Copy)]
enum Member {
    Field(&'static Field, usize),
    /// The fields of a group together.
    Group(&'static str),
    Number,
    Owner,
    Department,
    Custom,
    Table(&'static str, usize),
}

/// The whole record.
pub(crate) fn snapshot(record: &dyn Record) -> String {
    let mut out = JsonText::with_room(ROOM);
    out.open();
    for member in members(record) {
        out.key(member.name());
        member.write(&mut out, record);
    }
    out.close();
    out.finish()
}

/// What differs, before and after: only the parts that changed.
pub(crate) fn changes(before: &dyn Record, after: &dyn Record) -> (String, String) {
    let (mut left, mut right) = (JsonText::default(), JsonText::default());
    left.open();
    right.open();
    for member in members(after).filter(|member| !member.is_same(before, after)) {
        for (out, record) in [(&mut left, before), (&mut right, after)] {
            out.key(member.name());
            match member {
                Member::Custom => {
                    let changed = custom_changes(before, after);
                    write_custom(out, record, |key| changed.iter().any(|name| name == key));
                }
                _ => member.write(out, record),
            }
        }
    }
    left.close();
    right.close();
    (left.finish(), right.finish())
}

fn members(record: &dyn Record) -> impl Iterator<Item = Member> {
    let meta = record.meta();
    let fields = meta.fields.iter().enumerate().filter_map(|(index, field)| match field.group {
        None => kept(field).then_some(Member::Field(field, index)),
        Some(group) => {
            // A group stands where its first field does.
            let first = meta.fields.iter().position(|f| f.group == Some(group) && kept(f));
            (first == Some(index)).then_some(Member::Group(group))
        }
    });
    let head = record.head();
    let number = head.is_some_and(|h| h.number.is_some()).then_some(Member::Number);
    let whose = head.is_some().then_some([Member::Owner, Member::Department]);
    let tables = meta.tables.iter().enumerate().map(|(index, table)| Member::Table(table.name, index));
    let custom = (meta.is_customizable() && head.is_some()).then_some(Member::Custom);
    fields.chain(number).chain(whose.into_iter().flatten()).chain(custom).chain(tables)
}

fn kept(field: &Field) -> bool {
    !field.write_only
}

/// The kept fields of a group.
fn grouped(meta: &'static TypeMeta, group: &'static str) -> impl Iterator<Item = (usize, &'static Field)> {
    meta.fields.iter().enumerate().filter(move |(_, f)| f.group == Some(group) && kept(f))
}

impl Member {
    fn name(self) -> &'static str {
        match self {
            Member::Field(field, _) => field.name,
            Member::Group(name) | Member::Table(name, _) => name,
            Member::Number => "number",
            Member::Owner => "owner",
            Member::Department => "department",
            Member::Custom => "custom",
        }
    }

    fn write(self, out: &mut JsonText, record: &dyn Record) {
        let id = |id: Option<_>| id.map_or(Value::Null, Value::Id);
        match self {
            Member::Field(field, index) => out.value(&field.ty, record.get(index)),
            Member::Group(group) => {
                out.open();
                for (index, field) in grouped(record.meta(), group) {
                    out.key(field.name);
                    out.value(&field.ty, record.get(index));
                }
                out.close();
            }
            Member::Number => out.maybe(record.head().and_then(|h| h.number.as_deref())),
            Member::Owner => out.value(&FieldType::User, id(record.head().and_then(|h| h.owner).map(|o| o.0))),
            Member::Department => {
                out.value(&FieldType::Department, id(record.head().and_then(|h| h.department).map(|d| d.0)));
            }
            Member::Custom => write_custom(out, record, |_| true),
            Member::Table(_, table) => {
                out.open_list();
                for row in (0..record.row_count(table)).filter_map(|i| record.row(table, i)) {
                    out.open();
                    for member in members(row) {
                        out.key(member.name());
                        member.write(out, row);
                    }
                    out.key("id");
                    out.id(row.id());
                    out.close();
                }
                out.close_list();
            }
        }
    }

    fn is_same(self, before: &dyn Record, after: &dyn Record) -> bool {
        match self {
            Member::Field(field, index) => same_field(field, index, before, after),
            Member::Group(group) => {
                grouped(after.meta(), group).all(|(index, field)| same_field(field, index, before, after))
            }
            Member::Number => before.head().map(|h| &h.number) == after.head().map(|h| &h.number),
            Member::Owner => before.head().map(|h| h.owner) == after.head().map(|h| h.owner),
            Member::Department => before.head().map(|h| h.department) == after.head().map(|h| h.department),
            Member::Custom => custom_changes(before, after).is_empty(),
            Member::Table(_, table) => {
                let rows = |record| (0..after.row_count(table)).map(move |i| row_of(record, table, i));
                before.row_count(table) == after.row_count(table)
                    && rows(before).zip(rows(after)).all(|pair| match pair {
                        (Some(old), Some(new)) => {
                            old.id() == new.id() && members(new).all(|member| member.is_same(old, new))
                        }
                        _ => false,
                    })
            }
        }
    }
}

fn custom_of(record: &dyn Record) -> Option<&BTreeMap<String, CustomValue>> {
    record.head().map(|head| &head.custom.0)
}

fn write_custom(out: &mut JsonText, record: &dyn Record, which: impl Fn(&str) -> bool) {
    out.open();
    for (key, value) in custom_of(record).into_iter().flatten().filter(|(key, _)| which(key)) {
        out.own_key(key);
        out.raw(&json_of_custom(value).to_string());
    }
    out.close();
}

/// The custom fields whose values differ and do not look the same.
fn custom_changes(before: &dyn Record, after: &dyn Record) -> Vec<String> {
    let text = |record, key: &String| custom_of(record).and_then(|custom| custom.get(key)).map(json_of_custom);
    let keys: BTreeSet<&String> =
        custom_of(before).into_iter().chain(custom_of(after)).flat_map(BTreeMap::keys).collect();
    keys.into_iter().filter(|key| text(before, key) != text(after, key)).cloned().collect()
}

fn row_of(record: &dyn Record, table: usize, index: usize) -> Option<&dyn Record> {
    record.row(table, index)
}

/// Values that differ may look the same: secrets with one mask.
fn same_field(field: &Field, index: usize, before: &dyn Record, after: &dyn Record) -> bool {
    let (old, new) = (before.get(index), after.get(index));
    let text = |value| {
        let mut out = JsonText::default();
        out.value(&field.ty, value);
        out.finish()
    };
    old == new || text(old) == text(new)
}

/// A value as plain JSON, as it is kept.
pub(crate) fn json_of(ty: &FieldType, value: Value) -> Json {
    let mut out = JsonText::default();
    out.value(ty, value);
    serde_json::from_str(&out.finish()).unwrap_or_default()
}
