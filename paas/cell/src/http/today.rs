//! An answer that is given again, as its caller may see it today: scope and rights may have changed since.

use crate::Access;
use crate::ctx::Ctx;
use crate::kind::Kind;
use crate::rights::{Place, reaches};
use paas_auth::FieldRight;
use paas_document::{Field, FieldType, TypeMeta};
use paas_store::{Lock, Stored};
use paas_types::{Id, Refusal, Result};
use serde_json::{Map, Value as Json};

type Told = Map<String, Json>;

/// The stored answer without what the caller may no longer see. What was masked then stays masked.
pub(super) fn told(ctx: &mut Ctx<'_>, kind: &dyn Kind, stored: Stored) -> Result<Stored> {
    if stored.body.is_empty() {
        return Ok(stored);
    }
    let mut body: Json = serde_json::from_slice(&stored.body).map_err(Refusal::internal)?;
    let Some(whole) = body.as_object_mut() else { return Ok(stored) };
    if whole.contains_key("id") {
        record(ctx, kind, whole)?;
    } else {
        for one in objects(whole.get_mut("data")) {
            record(ctx, kind, one)?;
        }
    }
    Ok(Stored { body: body.to_string().into_bytes(), ..stored })
}

fn record(ctx: &mut Ctx<'_>, kind: &dyn Kind, map: &mut Told) -> Result<()> {
    let meta = kind.meta();
    let found = match id_of(map) {
        Some(id) => ctx.tx.load(meta, id, Lock::None)?,
        None => None,
    };
    let read = ctx.registry.scope(&ctx.caller.rights, meta, "read");
    // Of a record that is gone nobody knows where it lay.
    let (seen, unmask) = match &found {
        Some(record) => {
            let unmask = ctx.registry.scope(&ctx.caller.rights, meta, "unmask");
            (reaches(&read, &**record), reaches(&unmask, &**record))
        }
        None => (read.all, false),
    };
    if seen {
        let place = Place::of(ctx.registry.name, meta);
        Teller { access: &ctx.caller.rights, unmask }.strip(meta, place, map);
    } else {
        map.retain(|name, _| matches!(name.as_str(), "id" | "version" | "created"));
    }
    created(ctx, map)
}

/// What the write made beside the record, as far as it may be seen.
fn created(ctx: &mut Ctx<'_>, map: &mut Told) -> Result<()> {
    let Some(Json::Array(made)) = map.remove("created") else { return Ok(()) };
    let mut seen = Vec::with_capacity(made.len());
    for one in made {
        let kind = one.get("type").and_then(Json::as_str).and_then(|name| ctx.registry.kind_named(name));
        if let (Some(kind), Some(id)) = (kind, one.as_object().and_then(id_of)) {
            let read = ctx.registry.scope(&ctx.caller.rights, kind.meta(), "read");
            if ctx.tx.visible(kind.meta(), id, &read)? {
                seen.push(one);
            }
        }
    }
    if !seen.is_empty() {
        map.insert("created".to_owned(), Json::from(seen));
    }
    Ok(())
}

fn id_of(map: &Told) -> Option<Id> {
    map.get("id")?.as_str()?.parse().ok()
}

fn objects(list: Option<&mut Json>) -> impl Iterator<Item = &mut Told> {
    list.and_then(Json::as_array_mut).into_iter().flatten().filter_map(Json::as_object_mut)
}

struct Teller<'a> {
    access: &'a Access,
    /// Whether sensitive values of the record are shown in clear.
    unmask: bool,
}

impl Teller<'_> {
    fn strip(&self, meta: &'static TypeMeta, place: Place<'_>, map: &mut Told) {
        for field in meta.fields {
            let holder = match field.group {
                None => Some(&mut *map),
                Some(group) => map.get_mut(group).and_then(Json::as_object_mut),
            };
            if let Some(holder) = holder {
                self.field(field, place.right(self.access, field.name), holder);
            }
        }
        for table in meta.tables {
            let place = place.table(table.name);
            if place.right(self.access, "") == FieldRight::Hidden {
                map.remove(table.name);
            }
            for row in objects(map.get_mut(table.name)) {
                self.strip((table.meta)(), place, row);
            }
        }
    }

    fn field(&self, field: &Field, right: FieldRight, holder: &mut Told) {
        if right == FieldRight::Hidden {
            holder.remove(field.name);
        }
        let Some(value) = holder.get_mut(field.name).filter(|value| !value.is_null()) else { return };
        match (&field.ty, &mut *value) {
            (FieldType::Secret(_), _) if self.unmask && right > FieldRight::Masked => {}
            (FieldType::Secret(mask), Json::String(text)) => *text = mask.apply(text),
            _ if right == FieldRight::Masked => *value = Json::from("****"),
            _ => {}
        }
    }
}
