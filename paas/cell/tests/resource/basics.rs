//! The way through: create, change, act, read.

use crate::world::{ADMIN, CLERK, World};
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

#[tokio::test]
async fn a_document_is_created_changed_sent_and_remembered() {
    let w = World::new().await;
    let (status, gadget) = w
        .call(
            ADMIN,
            "a",
            Method::POST,
            "gadgets",
            json!({"code": "G1", "name": "齿轮", "nameEn": "Gear", "phone": "13800138000"}),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{gadget}");
    assert_eq!(gadget["phone"], "13800138000");
    let (status, note) = w
        .call(
            ADMIN,
            "a",
            Method::POST,
            "notes",
            json!({"day": "2026-11-24", "lines": [{"gadget": {"code": "G1"}, "quantity": "2.5"}]}),
        )
        .await;
    assert_eq!(status, StatusCode::CREATED, "{note}");
    assert_eq!((note["number"].as_str(), note["total"].as_str()), (Some("N2026-0001"), Some("2.500000")));
    let id = note["id"].as_str().unwrap().to_owned();

    let (status, stale) =
        w.call(ADMIN, "a", Method::PATCH, &format!("notes/{id}"), json!({"version": 9, "day": "2026-11-25"})).await;
    assert_eq!((status, stale["code"].as_str()), (StatusCode::CONFLICT, Some("CONFLICT")));
    let line = note["lines"][0]["id"].clone();
    let change = json!({"version": 1, "lines": [{"id": line, "quantity": 4}]});
    let (status, changed) = w.call(ADMIN, "a", Method::PATCH, &format!("notes/{id}"), change).await;
    assert_eq!((status, changed["total"].as_str()), (StatusCode::OK, Some("4.000000")), "{changed}");

    let (status, sent) = w
        .call(ADMIN, "a", Method::POST, &format!("notes/{id}/transitions"), json!({"action": "send", "version": 2}))
        .await;
    assert_eq!((status, sent["state"].as_str()), (StatusCode::OK, Some("sent")), "{sent}");
    let (_, shelves) = w.call(ADMIN, "a", Method::GET, "shelves", J::Null).await;
    assert_eq!(shelves["data"][0]["quantity"], "4.000000");
    assert_eq!(shelves["data"][0]["gadget"]["code"], "G1");
    let (status, again) = w
        .call(ADMIN, "a", Method::POST, &format!("notes/{id}/transitions"), json!({"action": "send", "version": 3}))
        .await;
    assert_eq!((status, again["code"].as_str()), (StatusCode::CONFLICT, Some("INVALID_TRANSITION")));
    let (_, history) = w.call(ADMIN, "a", Method::GET, &format!("notes/{id}/history"), J::Null).await;
    assert_eq!(history["data"].as_array().unwrap().len(), 3, "{history}");
}

#[tokio::test]
async fn a_broken_bound_changes_nothing_and_a_repeat_has_one_effect() {
    let w = World::new().await;
    w.call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G1", "name": "齿轮"})).await;
    let body = json!({"day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": -1}], "requestKey": "r-1"});
    let (_, note) = w.call(ADMIN, "a", Method::POST, "notes", body.clone()).await;
    let (status, replay) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    assert_eq!((status, &replay["id"]), (StatusCode::CREATED, &note["id"]));
    let other = json!({"day": "2026-11-25", "lines": [{"gadget": "G1", "quantity": -1}], "requestKey": "r-1"});
    let (status, _) = w.call(ADMIN, "a", Method::POST, "notes", other).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, notes) = w.call(ADMIN, "a", Method::GET, "notes", J::Null).await;
    assert_eq!(notes["total"], 1);

    let path = format!("notes/{}/transitions", note["id"].as_str().unwrap());
    let (status, refused) = w.call(ADMIN, "a", Method::POST, &path, json!({"action": "send", "version": 1})).await;
    assert_eq!(
        (status, refused["details"]["rule"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("toy.shelf.empty"))
    );
    let (_, note) = w.call(ADMIN, "a", Method::GET, &format!("notes/{}", note["id"].as_str().unwrap()), J::Null).await;
    assert_eq!((note["state"].as_str(), note["version"].as_i64()), (Some("draft"), Some(1)));
    let (status, trial) =
        w.call(ADMIN, "a", Method::POST, "gadgets?dryRun=true", json!({"code": "G2", "name": "x"})).await;
    assert_eq!(status, StatusCode::CREATED, "{trial}");
    let (_, gadgets) = w.call(ADMIN, "a", Method::GET, "gadgets", J::Null).await;
    assert_eq!(gadgets["total"], 1);
}

#[tokio::test]
async fn tenants_scopes_and_rights_hold() {
    let w = World::new().await;
    let (_, gadget) = w
        .call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G1", "name": "齿轮", "phone": "13800138000"}))
        .await;
    let path = format!("gadgets/{}", gadget["id"].as_str().unwrap());
    let (status, _) = w.call(ADMIN, "b", Method::GET, &path, J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, list) = w.call(ADMIN, "b", Method::GET, "gadgets?code=G1", J::Null).await;
    assert_eq!(list["total"], 0);
    let (status, _) = w.call(CLERK, "a", Method::GET, &path, J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "outside the data scope");
    for (method, path) in
        [(Method::POST, "gadgets"), (Method::GET, "notes"), (Method::GET, "gadgets/export"), (Method::GET, "shelves")]
    {
        let (status, body) = w.call(CLERK, "a", method, path, json!({"code": "X", "name": "x"})).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::FORBIDDEN, Some("FORBIDDEN")), "{path}");
    }
    let (status, _) = w.call(ADMIN, "a", Method::DELETE, &path, J::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn conditions_of_fields_are_held_to() {
    let w = World::new().await;
    let heavy = json!({"code": "G1", "name": "n", "weight": "100.5"});
    let (status, body) = w.call(ADMIN, "a", Method::POST, "gadgets", heavy).await;
    assert_eq!((status, &body["details"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("colour")), "{body}");
    assert_eq!(body["details"][0]["code"], "REQUIRED");
    let light = json!({"code": "G1", "name": "n", "weight": "100"});
    let (status, made) = w.call(ADMIN, "a", Method::POST, "gadgets", light).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let path = format!("gadgets/{}", made["id"].as_str().unwrap());
    for (version, patch, wanted) in [
        (1, json!({"weight": "101"}), ("REQUIRED", "colour")),
        (1, json!({"weight": "101", "colour": "black"}), ("", "")),
        (2, json!({"colour": "red"}), ("READ_ONLY", "colour")),
        (2, json!({"colour": "black", "name": "m"}), ("", "")),
    ] {
        let mut patch = patch;
        patch["version"] = json!(version);
        let (status, body) = w.call(ADMIN, "a", Method::PATCH, &path, patch).await;
        let first = &body["details"][0];
        let told = (first["code"].as_str().unwrap_or_default(), first["field"].as_str().unwrap_or_default());
        assert_eq!(told, wanted, "{status} {body}");
    }
    let line = |price: &str| json!({"gadget": made["id"], "quantity": "1", "price": price});
    let note = json!({"day": "2026-02-03", "lines": [line("1"), line("-0.01")]});
    let (_, body) = w.call(ADMIN, "a", Method::POST, "notes", note).await;
    assert_eq!(body["details"][0]["field"], "lines[1].basis", "{body}");
    let (_, meta) = w.call(ADMIN, "a", Method::GET, "meta", J::Null).await;
    let types = meta["types"].as_array().unwrap();
    let gadget = types.iter().find(|t| t["name"] == "gadget").unwrap();
    let colour = gadget["fields"].as_array().unwrap().iter().find(|f| f["name"] == "colour").unwrap();
    assert_eq!(colour["requiredWhen"], "weight.gt('100')");
    assert!(colour["visibleWhen"].is_null());
}

#[tokio::test]
async fn bad_input_is_named_field_by_field() {
    let w = World::new().await;
    let (status, body) = w
        .call(ADMIN, "a", Method::POST, "notes", json!({"day": "2026-02-30", "lines": [{"quantity": "0.1234567"}]}))
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let fields: Vec<&str> = body["details"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["day", "lines[0].quantity", "lines[0].gadget"]);
    for (path, code) in [
        ("notes?colour=red", "UNKNOWN_FILTER"),
        ("notes?total=1", "UNKNOWN_FILTER"),
        ("notes?pageSize=201", "VALIDATION_FAILED"),
        ("notes?sort=total", "UNKNOWN_FILTER"),
        ("gadgets?phone[contains]=138", "UNKNOWN_FILTER"),
        ("notes?fields=x", "UNKNOWN_FIELD"),
    ] {
        let (status, body) = w.call(ADMIN, "a", Method::GET, path, J::Null).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{path}");
    }
    let (status, body) =
        w.call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "G", "name": "n", "color": 1})).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("UNKNOWN_FIELD")));
    let (status, body) = w.call(ADMIN, "a", Method::POST, "gadgets", json!([1])).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some("MALFORMED_REQUEST")));
}
