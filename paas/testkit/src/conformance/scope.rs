//! Data scopes, with a record just inside and one just outside.

use super::Run;
use super::world::{Answer, Member};
use paas_auth::{Grant, GrantScope};
use paas_document::TypeMeta;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) fn data_scopes_hold(run: &mut Run) {
    let permissions = run.world.permissions.clone();
    let grant = |scope| Grant { permissions: permissions.clone(), scope, field_rights: BTreeMap::new() };
    for meta in run.creatable() {
        // Own: what one made is inside, what another made is outside.
        let all = run.world.member(0, &permissions, GrantScope::All);
        let Some(outside) = run.record_of(&all, meta) else { continue };
        let own = run.world.member_with(0, vec![grant(GrantScope::Own), sights(run, meta)]);
        if let Some(inside) = run.record_of(&own, meta) {
            held(run, &own, meta, (&inside, &outside), "own");
        }
        // Departments: the same, by the department of who made it.
        let member = run.world.member(0, &permissions, GrantScope::All);
        let Some(inside) = run.record_of(&member, meta) else { continue };
        let scope = GrantScope::Departments(member.department.into_iter().collect());
        let reader = run.world.member_with(0, vec![grant(scope), sights(run, meta)]);
        held(run, &reader, meta, (&inside, &outside), "departments");
        let nothing = run.world.member_with(0, vec![grant(GrantScope::Departments(Vec::new()))]);
        let answer = run.world.get(&nothing, meta.resource);
        run.expect(answer.json["total"] == 0, || {
            format!("{}: no department and yet {}", meta.name, answer.json["total"])
        });
    }
}

/// Sight of all other types, so that a body may refer to them.
fn sights(run: &Run, meta: &TypeMeta) -> Grant {
    let own = format!("{}.{}.", run.world.cell, meta.name);
    let permissions =
        run.world.permissions.iter().filter(|c| c.ends_with(".read") && !c.starts_with(&own)).cloned().collect();
    Grant { permissions, scope: GrantScope::All, field_rights: BTreeMap::new() }
}

fn held(run: &mut Run, who: &Member, meta: &'static TypeMeta, (inside, outside): (&Answer, &Answer), scope: &str) {
    let what = |call: &str| format!("{} with scope {scope}: {call}", meta.name);
    let (near, far) = (Run::path(meta, inside), Run::path(meta, outside));
    let answer = run.world.get(who, &near);
    run.expect(answer.status == 200, || what(&format!("its own record answers {}", answer.json)));
    let version = [("If-Match", "\"1\"")];
    for (method, path, body) in [
        ("GET", far.clone(), Json::Null),
        ("GET", format!("{far}/history"), Json::Null),
        ("PATCH", far.clone(), json!({})),
        ("DELETE", far.clone(), Json::Null),
    ] {
        let answer = run.world.send(who, method, &path, &body, &version);
        run.refused(&answer, 404, "NOT_FOUND", &what(&format!("{method} outside")));
    }
    for action in run.world.described(meta.name)["actions"].as_array().cloned().unwrap_or_default() {
        let body = json!({"action": action["name"], "version": 1});
        let answer = run.world.post(who, &format!("{far}/transitions"), &body);
        run.refused(&answer, 404, "NOT_FOUND", &what(&format!("{} outside", action["name"])));
    }
    let list = run.world.get(who, &format!("{}?pageSize=200", meta.resource));
    let ids: Vec<&Json> =
        list.json["data"].as_array().map(|l| l.iter().map(|r| &r["id"]).collect()).unwrap_or_default();
    let right =
        ids.contains(&&inside.json["id"]) && !ids.contains(&&outside.json["id"]) && list.json["total"] == ids.len();
    run.expect(right, || what(&format!("the list of {} with total {}", ids.len(), list.json["total"])));
    let export = run.world.get(who, &format!("{}/export?format=json", meta.resource));
    let has = |id: &str| export.bytes.windows(id.len()).any(|w| w == id.as_bytes());
    run.expect(has(&inside.id()) && !has(&outside.id()), || what("the export"));
    let admin = run.world.admin();
    let now = run.world.get(&admin, &far);
    run.expect(now.json["version"] == 1, || what("the record outside was changed"));
}
