//! The page's descriptor, resolved for the caller, and OpenAPI 3.1.

use super::{Incoming, Reply};
use crate::cell::{MenuItem, Registry};
use crate::ctx::Caller;
use crate::custom::{CustomKind, Definition, Definitions};
use crate::dashboard::{Dashboard, Given, Panel};
use crate::kind::Kind;
use crate::report::{Drill, DrillFrom, DrillTarget, ParameterType};
use crate::rights::Place;
use crate::screen::Screen;
use crate::service::Service;
use paas_auth::FieldRight;
use paas_document::{Choice, Field, FieldType, StateMeta, TypeMeta};
use paas_types::{Result, Text};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

pub(super) async fn descriptor(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    let caller = service.caller(&call.context).await?;
    let customs = super::read::customs(service, call).await?;
    let mut body = whole(&service.cell.registry, &caller, &customs);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(body.to_string().as_bytes());
    let etag: String = digest.iter().take(12).map(|b| format!("{b:02x}")).collect();
    if let Json::Object(map) = &mut body {
        map.insert("etag".to_owned(), Json::from(etag.clone()));
    }
    Ok(Reply::ok(&body).with(http::header::ETAG, format!("\"{etag}\"")))
}

/// Everything this caller may know of the cell.
pub(crate) fn whole(registry: &Registry, caller: &Caller, customs: &Definitions) -> Json {
    let visible = |kind: &&Arc<dyn Kind>| caller.rights.allows(&registry.code(kind.meta(), "read"));
    let types: Vec<Json> =
        registry.kinds.iter().filter(visible).map(|kind| describe(registry, (caller, customs), &**kind)).collect();
    let reports: Vec<Json> = registry
        .reports
        .iter()
        .map(|r| {
            let parameters: Vec<Json> = r
                .parameters
                .iter()
                .map(|p| {
                    let (ty, resource, choices) = match p.ty {
                        ParameterType::Date => ("date", None, Vec::new()),
                        ParameterType::Ref(resource) => ("ref", Some(resource), Vec::new()),
                        ParameterType::Choice(list) => ("choice", None, choices_json(list)),
                    };
                    json!({"name": p.name, "label": text(&p.label.text()), "type": ty, "required": p.required,
                           "ref": resource.map(|r| json!({"cell": registry.name, "resource": r})), "choices": choices})
                })
                .collect();
            let code = format!("{}.report.{}", registry.name, r.name);
            let allowed = super::demand_all(&caller.rights, &code).is_ok();
            let drill: Vec<Json> = r.drill.iter().filter_map(|drill| drill_of(registry, caller, drill)).collect();
            json!({"name": r.name, "label": text(&r.label.text()), "parameters": parameters, "allowed": allowed,
                   "drill": drill})
        })
        .collect();
    let menus: Vec<Json> = registry
        .menus
        .iter()
        .map(|menu| {
            let items = menu.items.iter().map(|item| match item {
                MenuItem::Type(name) => json!({"type": name}),
                MenuItem::Report(name) => json!({"report": name}),
                MenuItem::Dashboard(name) => json!({"dashboard": name}),
                MenuItem::Screen(name) => json!({"screen": name}),
            });
            json!({"label": text(&menu.label), "items": items.collect::<Vec<_>>()})
        })
        .collect();
    let dashboards: Vec<Json> = registry.dashboards.iter().filter_map(|d| dashboard(registry, caller, d)).collect();
    json!({"cell": registry.name, "label": text(&registry.label), "types": types, "menus": menus, "reports": reports,
           "dashboards": dashboards, "screens": screens(registry, caller)})
}

/// The screens for what the caller may read.
fn screens(registry: &Registry, caller: &Caller) -> Vec<Json> {
    let seen = |screen: &&Screen| {
        let kind = registry.kind_named(screen.of);
        kind.is_some_and(|kind| caller.rights.allows(&registry.code(kind.meta(), "read")))
    };
    let screens = registry.screens.iter().filter(seen);
    screens.map(|s| json!({"name": s.name, "label": text(&s.label.text()), "type": s.of})).collect()
}

/// The panels whose reports the caller may read; no dashboard where there is none.
fn dashboard(registry: &Registry, caller: &Caller, dashboard: &Dashboard) -> Option<Json> {
    let may = |panel: &&Panel| {
        let code = format!("{}.report.{}", registry.name, panel.report);
        super::demand_all(&caller.rights, &code).is_ok()
    };
    let panel = |panel: &Panel| {
        let with = panel.with.iter().map(|(parameter, given)| match given {
            Given::Value(value) => json!({"parameter": parameter, "value": value}),
            Given::MonthsAgo(months) => json!({"parameter": parameter, "monthsAgo": months}),
        });
        json!({"label": text(&panel.label.text()), "report": panel.report, "with": with.collect::<Vec<_>>(),
               "figures": panel.figures,
               "chart": {"kind": panel.chart.kind.name(), "by": panel.chart.by, "values": panel.chart.values,
                         "most": panel.chart.most}})
    };
    let panels: Vec<Json> = dashboard.panels.iter().filter(may).map(panel).collect();
    let described = json!({"name": dashboard.name, "label": text(&dashboard.label.text()), "panels": panels});
    (!panels.is_empty()).then_some(described)
}

/// Where figures lead; nowhere when the caller may not go there.
fn drill_of(registry: &Registry, caller: &Caller, drill: &Drill) -> Option<Json> {
    let (kind, name, may) = match drill.to {
        DrillTarget::Resource(resource) => {
            let code = registry.code(registry.by_resource(resource)?.meta(), "read");
            ("resource", resource, caller.rights.allows(&code))
        }
        DrillTarget::Report(report) => {
            let code = format!("{}.report.{report}", registry.name);
            ("report", report, super::demand_all(&caller.rights, &code).is_ok())
        }
    };
    let with = drill.with.iter().map(|(condition, from)| match from {
        DrillFrom::Column(column) => json!({"to": condition, "column": column}),
        DrillFrom::Parameter(parameter) => json!({"to": condition, "parameter": parameter}),
    });
    let with: Vec<Json> = with.collect();
    may.then(|| json!({"columns": drill.columns, kind: name, "with": with}))
}

fn describe(registry: &Registry, (caller, customs): (&Caller, &Definitions), kind: &dyn Kind) -> Json {
    let meta = kind.meta();
    let may = |verb: &str| caller.rights.allows(&registry.code(meta, verb));
    let place = Place::of(registry.name, meta);
    let sees_custom = customs.active(meta.resource).any(|definition| definition.sensitive)
        && caller.rights.allows(&format!("{}.{}.unmask", registry.name, crate::custom::NAME));
    let states: Vec<Json> =
        meta.states.iter().map(|s| json!({"value": s.name, "label": text(&s.label), "tone": s.tone.name()})).collect();
    let mut columns_of = fields(registry, caller, place, meta);
    columns_of.extend(customs.active(meta.resource).filter_map(|definition| custom_field(caller, place, definition)));
    if let Some(view) = registry.view(meta.name) {
        for field in &mut columns_of {
            let sorts = field.get("name").and_then(Json::as_str).is_some_and(|name| view.sorts.contains(&name));
            if let Json::Object(map) = field {
                map.insert("sort".to_owned(), Json::from(sorts));
            }
        }
    }
    let editable: Vec<&str> = meta.states.iter().filter(|s| s.editable).map(|s| s.name).collect();
    let mut columns: Vec<&str> = if meta.has_number() { vec!["number"] } else { Vec::new() };
    columns.extend(meta.fields.iter().filter(|f| f.list && f.group.is_none()).map(|f| f.name));
    let sort = meta.date_field.and_then(|i| meta.field(i)).filter(|f| f.indexed).map(|f| format!("-{}", f.name));
    json!({
        "name": meta.name, "resource": meta.resource, "kind": meta.kind.name(), "label": text(&meta.label),
        "titleField": if meta.has_number() { "number" } else { "code" },
        "fields": columns_of,
        "tables": tables(registry, caller, place, meta),
        "states": states, "editableStates": editable,
        "actions": actions(registry, caller, kind),
        "permissions": {"read": true, "create": may("create"), "update": may("update"), "delete": may("delete"),
                        "export": may("export"), "unmask": may("unmask") || sees_custom},
        "list": {"columns": columns, "sort": sort},
    })
}

fn actions(registry: &Registry, caller: &Caller, kind: &dyn Kind) -> Vec<Json> {
    let meta = kind.meta();
    let name_of = |bit: usize| meta.states.get(bit).map_or("", |s: &StateMeta| s.name);
    kind.edges()
        .iter()
        .filter(|e| !e.system)
        .map(|e| {
            let from: Vec<&str> = (0..meta.states.len()).filter(|i| e.from & (1_u64 << i) != 0).map(name_of).collect();
            let said = e.data.map(|meta| (Place::of(registry.name, meta()), meta()));
            let data = said.map(|(place, meta)| fields(registry, caller, place, meta)).unwrap_or_default();
            let rows = said.map(|(place, meta)| tables(registry, caller, place, meta)).unwrap_or_default();
            json!({"name": e.name, "label": text(&e.label), "from": from, "to": name_of(usize::from(e.to)),
                   "allowed": caller.rights.allows(&registry.code(meta, e.name)), "data": data, "dataTables": rows})
        })
        .collect()
}

/// The tables of rows of a type, in whatever place it stands.
fn tables(registry: &Registry, caller: &Caller, place: Place<'_>, meta: &'static TypeMeta) -> Vec<Json> {
    let seen = meta.tables.iter().filter(|t| place.table(t.name).right(&caller.rights, "") > FieldRight::Hidden);
    seen.map(|t| {
        json!({
            "name": t.name, "label": text(&t.label), "minRows": t.min_rows,
            "fields": fields(registry, caller, place.table(t.name), (t.meta)()),
        })
    })
    .collect()
}

fn fields(registry: &Registry, caller: &Caller, place: Place<'_>, meta: &'static TypeMeta) -> Vec<Json> {
    let right = |f: &Field| place.right(&caller.rights, f.name);
    meta.fields.iter().filter(|f| right(f) > FieldRight::Hidden).map(|f| field(registry, (meta, f), right(f))).collect()
}

fn field(registry: &Registry, (meta, field): (&TypeMeta, &Field), right: FieldRight) -> Json {
    let mut map = Map::new();
    let mut put = |name: &str, value: Json| {
        map.insert(name.to_owned(), value);
    };
    let computed = field.computed || field.from_balance.is_some();
    put("name", Json::from(field.name));
    put("label", text(&field.label));
    put("help", field.help.as_ref().map_or(Json::Null, text));
    put("type", Json::from(field.ty.name()));
    put("group", Json::from(field.group));
    put("required", Json::from(field.required));
    put("computed", Json::from(computed));
    put("readOnly", Json::from(computed || right < FieldRight::Write));
    put("masked", Json::from(right == FieldRight::Masked));
    put("list", Json::from(field.list));
    put("filter", Json::from(meta.is_indexed(field)));
    put("sort", Json::from(meta.is_indexed(field)));
    put("search", Json::from(field.search));
    put("sum", Json::from(super::groups::is_summed((meta, field)) && right > FieldRight::Masked));
    put("default", field.default.and_then(|d| serde_json::from_str(d).ok()).unwrap_or(Json::Null));
    for (name, condition) in [
        ("visibleWhen", field.when.visible),
        ("requiredWhen", field.when.required),
        ("readOnlyWhen", field.when.readonly),
    ] {
        if let Some(condition) = condition {
            put(name, Json::from(condition));
        }
    }
    match &field.ty {
        FieldType::Decimal { kind, scale } => {
            put("kind", Json::from(kind.name()));
            put("decimals", Json::from(*scale));
        }
        FieldType::Text { max } | FieldType::LongText { max } => put("maxLength", Json::from(*max)),
        FieldType::Choice(list) | FieldType::TextList(list) => put("choices", Json::from(choices_json(list))),
        FieldType::State(list) => {
            let list: Vec<Json> = list.iter().map(|s| json!({"value": s.name, "label": text(&s.label)})).collect();
            put("choices", Json::from(list));
        }
        FieldType::Ref { target } | FieldType::RefList { target } => {
            let t = target();
            put("ref", json!({"cell": registry.name, "resource": t.resource, "type": t.name}));
        }
        FieldType::User => put("ref", json!({"cell": "platform", "resource": "users", "type": "user"})),
        FieldType::Department => {
            put("ref", json!({"cell": "platform", "resource": "departments", "type": "department"}));
        }
        FieldType::Secret(mask) => put("sensitive", Json::from(mask.name())),
        _ => {}
    }
    Json::Object(map)
}

/// A custom field, as the others are described; `None` when the caller may not see it.
fn custom_field(caller: &Caller, place: Place<'_>, definition: &Definition) -> Option<Json> {
    use CustomKind as K;
    let right = place.right(&caller.rights, &definition.name).min(place.right(&caller.rights, "custom"));
    let ty = match definition.kind {
        _ if definition.sensitive => "secret",
        K::Text if definition.indexed || definition.unique => "text",
        K::Text => "longtext",
        K::Integer => "integer",
        K::Decimal => "decimal",
        K::Bool => "boolean",
        K::Date => "date",
        K::DateTime => "instant",
        K::Choice => "choice",
    };
    let indexed = definition.indexed && !definition.sensitive && right > FieldRight::Masked;
    let mut described = json!({
        "name": definition.name, "group": "custom", "custom": true, "label": text(&definition.label),
        "help": definition.help.as_ref().map(text), "type": ty, "required": definition.required, "computed": false,
        "readOnly": right < FieldRight::Write, "masked": right == FieldRight::Masked, "list": false,
        "filter": indexed, "sort": indexed, "search": false, "sum": false, "default": null,
    });
    let more = match definition.kind {
        _ if definition.sensitive => json!({"sensitive": "all"}),
        K::Text => json!({"maxLength": if ty == "text" { 200 } else { 2_000 }}),
        K::Decimal => json!({"kind": "quantity", "decimals": definition.decimals}),
        K::Choice => {
            let choices = definition.choices.iter().map(|(value, label)| json!({"value": value, "label": text(label)}));
            json!({"choices": choices.collect::<Vec<_>>()})
        }
        K::Integer | K::Bool | K::Date | K::DateTime => json!({}),
    };
    if let (Json::Object(described), Json::Object(more)) = (&mut described, more) {
        described.extend(more);
    }
    (right > FieldRight::Hidden).then_some(described)
}

fn choices_json(list: &'static [Choice]) -> Vec<Json> {
    list.iter().map(|c| json!({"value": c.value, "label": text(&c.label)})).collect()
}

pub(super) fn text(text: &Text) -> Json {
    json!({"zh": text.zh, "en": text.en})
}

/// OpenAPI 3.1 of the cell, from the declarations.
pub(super) fn openapi(service: &Arc<Service>) -> Result<Reply> {
    Ok(Reply::ok(&crate::openapi::document(&service.cell.registry)))
}
