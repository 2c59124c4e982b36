//! What the cell says of itself: the page's descriptor and OpenAPI.

use crate::world::{ADMIN, World, grant};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn the_descriptor_has_what_a_form_and_a_dialog_need() {
    let w = World::new().await;
    let meta = w.get(ADMIN, "meta").await;
    let of = |name: &str| meta["types"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap().clone();
    let note = of("note");
    let copy = note["actions"].as_array().unwrap().iter().find(|a| a["name"] == "copy").unwrap().clone();
    assert_eq!(
        (&copy["data"][0]["name"], &copy["data"][0]["required"], &copy["allowed"]),
        (&json!("day"), &json!(true), &json!(true))
    );
    assert_eq!((&copy["dataTables"][0]["name"], &copy["dataTables"][0]["minRows"]), (&json!("lines"), &json!(0)));
    assert_eq!(copy["dataTables"][0]["fields"][0]["kind"], "quantity");
    let send = note["actions"].as_array().unwrap().iter().find(|a| a["name"] == "send").unwrap().clone();
    assert_eq!(
        (&send["data"], &send["dataTables"], &send["from"], &send["to"]),
        (&json!([]), &json!([]), &json!(["draft"]), &json!("sent"))
    );
    let gadget = of("gadget");
    let state = gadget["fields"].as_array().unwrap().iter().find(|f| f["name"] == "state").unwrap().clone();
    assert_eq!(state["readOnly"], true, "actions change it");
    let verbs: Vec<&str> = gadget["actions"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["disable", "enable"]);
    assert_eq!(
        meta["reports"][0]["drill"],
        json!([
            {"columns": ["quantity"], "resource": "gadgets", "with": [{"to": "code", "column": "gadget"}]},
            {"columns": ["gadget"], "report": "on-shelf", "with": [{"to": "asOf", "parameter": "asOf"}]},
        ])
    );
    let fields = [("toy.note.lines", FieldRight::Hidden), ("toy.note.remark", FieldRight::Read)];
    let some = w.member(vec![grant(&["toy.note.read", "toy.note.update"], GrantScope::All, &fields)]);
    let meta = w.get(&some, "meta").await;
    assert_eq!(meta["types"].as_array().unwrap().len(), 1);
    assert_eq!(meta["types"][0]["tables"], json!([]));
    assert_eq!(meta["reports"][0]["allowed"], false);
    assert_eq!(meta["reports"][0]["drill"], json!([]), "figures lead only where the caller may go");
}

/// Every `$ref` in a document.
fn references(value: &J, out: &mut BTreeSet<String>) {
    match value {
        J::Object(map) => {
            for (name, item) in map {
                match item {
                    J::String(text) if name == "$ref" => {
                        out.insert(text.clone());
                    }
                    item => references(item, out),
                }
            }
        }
        J::Array(items) => items.iter().for_each(|item| references(item, out)),
        _ => {}
    }
}

#[tokio::test]
async fn openapi_describes_every_call_and_refers_to_nothing_missing() {
    let w = World::new().await;
    let api = w.get(ADMIN, "openapi.json").await;
    let calls: BTreeSet<String> = api["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let path = path.trim_start_matches("/api/v1/toy/").to_owned();
            item.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
        })
        .filter(|call| {
            call.contains(" notes")
                || call.contains(" shelves")
                || call.contains(" toy-settings")
                || call.contains("reports")
        })
        .collect();
    let expected = [
        "get notes",
        "post notes",
        "post notes/batch",
        "get notes/export",
        "get notes/groups",
        "post notes/transitions",
        "get notes/{id}",
        "patch notes/{id}",
        "delete notes/{id}",
        "get notes/{id}/history",
        "get notes/{id}/links",
        "post notes/{id}/transitions",
        "get shelves",
        "get shelves/export",
        "get shelves/groups",
        "get toy-settings",
        "post toy-settings",
        "get toy-settings/{id}",
        "patch toy-settings/{id}",
        "get toy-settings/{id}/history",
        "get toy-settings/{id}/links",
        "get reports/on-shelf",
        "get reports/shelf-book",
    ];
    assert_eq!(calls, expected.into_iter().map(str::to_owned).collect());
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    for reference in found {
        assert!(api.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let create = &api["paths"]["/api/v1/toy/notes"]["post"];
    let example = create["requestBody"]["content"]["application/json"]["example"].clone();
    assert_eq!(example, json!({"day": "2026-01-31", "lines": [{"gadget": {"code": "C01"}, "quantity": "1.000000"}]}));
    w.post(ADMIN, "gadgets", json!({"code": "C01", "name": "n"})).await;
    w.post(ADMIN, "notes", example).await;
    assert_eq!(create["x-permission"], "toy.note.create");
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.contains_key("401") && answers.contains_key("503"), "{method} {path}");
            assert_eq!(answers.contains_key("413"), method != "get", "{method} {path}");
        }
    }
}
