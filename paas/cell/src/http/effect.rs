//! What somebody with certain rights may do here, as the gates of this cell themselves judge: for those who set rights up.

use super::meta::text;
use super::{Incoming, Reply, demand_all};
use crate::cell::{Registry, verbs_of};
use crate::kind::Kind;
use crate::rights::{Access, Place};
use crate::service::Service;
use paas_auth::{FieldRight, Policy};
use paas_document::{Kind as RecordKind, Scope};
use paas_types::{Code, Refusal, Result, Text};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The verbs that no action table names, with their labels.
const VERBS: &[(&str, Text)] = &[
    ("read", Text::of("查看", "Read")),
    ("create", Text::of("新建", "Create")),
    ("update", Text::of("修改", "Change")),
    ("delete", Text::of("删除", "Delete")),
    ("export", Text::of("导出", "Export")),
    ("unmask", Text::of("查看敏感内容", "See sensitive values")),
];

/// `POST /internal/effect`, the body a policy: its effect on every type, report and service of the cell.
pub(super) fn effect(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    let policy: Policy =
        serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))?;
    Ok(Reply::ok(&of(&service.cell.registry, &Access::Member(policy.compile()))))
}

fn of(registry: &Registry, access: &Access) -> Json {
    let types: Vec<Json> = registry.kinds.iter().filter_map(|kind| of_type(registry, access, &**kind)).collect();
    let held = |name: &str| {
        let code = format!("{}.{name}", registry.name);
        access.allows(&code).then(|| (code.clone(), demand_all(access, &code).is_ok()))
    };
    let reports = registry.reports.iter().filter_map(|r| Some((held(&format!("report.{}", r.name))?, r.label.text())));
    let services = registry.services.iter().filter_map(|s| Some((held(s.permission)?, s.label())));
    let opens = |((code, open), label): ((String, bool), Text)| json!({"permission": code, "label": text(&label), "open": open});
    json!({
        "cell": registry.name, "label": text(&registry.label), "types": types,
        "reports": reports.map(opens).collect::<Vec<_>>(), "services": services.map(opens).collect::<Vec<_>>(),
    })
}

/// The verbs held on a type, how far each reaches, and the fields that are less than free; `None` when nothing is held.
fn of_type(registry: &Registry, access: &Access, kind: &dyn Kind) -> Option<Json> {
    let meta = kind.meta();
    let reach = |verb: &str| {
        if registry.view(meta.name).is_some() {
            let whole = demand_all(access, &registry.code(meta, verb)).is_ok();
            return if whole { "all" } else { "none" };
        }
        let scope = registry.scope(access, meta, verb);
        let read = registry.scope(access, meta, "read");
        // Nothing is done with a record that is not seen.
        let owned = matches!(meta.kind, RecordKind::Master | RecordKind::Document);
        if owned && verb != "create" { named(&crate::rights::narrower(scope, &read)) } else { named(&scope) }
    };
    let common = VERBS.iter().map(|(verb, label)| (*verb, label.clone()));
    let actions = kind.edges().iter().filter(|e| !e.system).map(|e| (e.name, e.label.clone()));
    let permitted = verbs_of(kind);
    let mut verbs: Vec<(&str, Text)> = Vec::new();
    for (verb, label) in common.chain(actions) {
        let known = verbs.iter().any(|(name, _)| *name == verb);
        if !known && permitted.contains(&verb) && access.allows(&registry.code(meta, verb)) {
            verbs.push((verb, label));
        }
    }
    if verbs.is_empty() {
        return None;
    }
    let said = |(verb, label): &(&str, Text)| json!({"verb": verb, "label": text(label), "scope": reach(verb)});
    Some(json!({
        "type": meta.name, "resource": meta.resource, "kind": meta.kind.name(), "label": text(&meta.label),
        "verbs": verbs.iter().map(said).collect::<Vec<_>>(), "fields": restricted(registry, access, kind),
    }))
}

/// The fields, of rows too, that are hidden, masked or only read.
fn restricted(registry: &Registry, access: &Access, kind: &dyn Kind) -> Vec<Json> {
    let meta = kind.meta();
    let place = Place::of(registry.name, meta);
    let mut out = Vec::new();
    let mut note = |name: String, label: Json, right: FieldRight| {
        if right < FieldRight::Write {
            out.push(json!({"name": name, "label": label, "right": right}));
        }
    };
    for field in meta.fields.iter().filter(|field| !field.write_only) {
        note(field.name.to_owned(), text(&field.label), place.right(access, field.name));
    }
    for table in meta.tables {
        let rows = place.table(table.name);
        let whole = rows.right(access, "");
        if whole < FieldRight::Write {
            note(table.name.to_owned(), text(&table.label), whole);
            continue;
        }
        for field in (table.meta)().fields {
            let label = Text::new(
                format!("{} · {}", table.label.zh, field.label.zh),
                format!("{} · {}", table.label.en, field.label.en),
            );
            note(format!("{}.{}", table.name, field.name), text(&label), rows.right(access, field.name));
        }
    }
    out
}

/// What a scope reaches, in a word.
fn named(scope: &Scope) -> &'static str {
    match scope {
        Scope { all: true, .. } => "all",
        Scope { opened: Some(_), .. } => "own-and-shared",
        Scope { departments, .. } if !departments.is_empty() => "departments",
        Scope { parties, .. } if !parties.is_empty() => "parties",
        Scope { owner: Some(_), .. } => "own",
        _ => "none",
    }
}
