//! Fields that administrators add.

use crate::world::*;
use http::{Method, StatusCode};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};

/// A custom field of gadgets.
async fn define(world: &World, key: &str, more: J) -> J {
    let mut body =
        json!({"type": "gadgets", "key": key, "label": format!("字段 {key}"), "labelEn": key, "kind": "text"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.post(ADMIN, "custom-fields", body).await
}

async fn refused(world: &World, method: Method, path: &str, body: J) -> (StatusCode, String, Vec<String>) {
    let (status, answer) = world.call(ADMIN, "a", method, path, body).await;
    let (code, fields) = refusal(&answer);
    (status, code, fields)
}

async fn codes(world: &World, query: &str) -> Vec<String> {
    let found = world.get(ADMIN, &format!("gadgets?{query}")).await;
    found["data"].as_array().unwrap().iter().map(|g| g["code"].as_str().unwrap().to_owned()).collect()
}

fn gadget(code: &str, custom: J) -> J {
    json!({"code": code, "name": code, "custom": custom})
}

#[tokio::test]
async fn what_is_said_of_a_custom_field_is_kept_and_found() {
    let world = World::new().await;
    let (status, code, fields) = refused(&world, Method::POST, "gadgets", gadget("G0", json!({"colour": "red"}))).await;
    assert_eq!((status, code.as_str()), (StatusCode::BAD_REQUEST, "UNKNOWN_FIELD"));
    assert_eq!(fields, ["custom.colour UNKNOWN_FIELD"]);
    define(&world, "colour", json!({"indexed": true})).await;
    let made = world.post(ADMIN, "gadgets", gadget("G1", json!({"colour": " red "}))).await;
    assert_eq!(made["custom"], json!({"colour": "red"}));
    world.post(ADMIN, "gadgets", gadget("G2", json!({"colour": "rose"}))).await;
    world.post(ADMIN, "gadgets", json!({"code": "G3", "name": "plain"})).await;
    assert_eq!(world.get(ADMIN, &format!("gadgets/{}", id_of(&made))).await["custom"], json!({"colour": "red"}));
    for (query, expected) in [
        ("custom.colour=red", vec!["G1"]),
        ("custom.colour[startsWith]=r&sort=code", vec!["G1", "G2"]),
        ("custom.colour[in]=red,blue", vec!["G1"]),
        ("custom.colour[ne]=red&sort=code&code[startsWith]=G", vec!["G2", "G3"]),
        ("custom.colour[gt]=red", vec!["G2"]),
        ("custom.colour[isNull]=true&sort=code", vec!["G3"]),
        ("custom.colour[isNull]=false&sort=code", vec!["G1", "G2"]),
        ("sort=-custom.colour", vec!["G2", "G1", "G3"]),
        ("sort=custom.colour", vec!["G3", "G1", "G2"]),
        ("or=%5B%7B%22custom.colour%22:%22rose%22%7D,%7B%22code%22:%22G3%22%7D%5D&sort=code", vec!["G2", "G3"]),
    ] {
        assert_eq!(codes(&world, query).await, expected, "{query}");
    }
    let (status, answer) =
        world.patch(ADMIN, "gadgets", &made, json!({"version": 1, "custom": {"colour": "blue"}})).await;
    assert_eq!((status, &answer["custom"]), (StatusCode::OK, &json!({"colour": "blue"})), "{answer}");
    assert!(codes(&world, "custom.colour=red").await.is_empty());
    assert_eq!(codes(&world, "custom.colour=blue").await, ["G1"]);
    let history = world.get(ADMIN, &format!("gadgets/{}/history", id_of(&made))).await;
    let change = history["data"].as_array().unwrap().iter().find(|e| e["action"] == "update").unwrap();
    assert_eq!(
        (&change["before"]["custom"], &change["after"]["custom"]),
        (&json!({"colour": "red"}), &json!({"colour": "blue"}))
    );
    let (_, answer) = world.patch(ADMIN, "gadgets", &answer, json!({"version": 2, "custom": {"colour": null}})).await;
    assert!(answer.get("custom").is_none(), "{answer}");
}

#[tokio::test]
async fn kinds_take_their_values_and_no_others() {
    let world = World::new().await;
    let options = json!([{"value": "s", "label": "小", "labelEn": "Small"}, {"value": "l", "label": "大"}]);
    for (key, more) in [
        ("note", json!({})),
        ("count", json!({"kind": "integer", "indexed": true})),
        ("weight", json!({"kind": "decimal", "decimals": 3, "indexed": true})),
        ("fragile", json!({"kind": "bool", "indexed": true})),
        ("bought", json!({"kind": "date", "indexed": true})),
        ("seen", json!({"kind": "date-time", "indexed": true})),
        ("size", json!({"kind": "choice", "options": options, "indexed": true})),
    ] {
        define(&world, key, more).await;
    }
    let custom = json!({"note": "x".repeat(2000), "count": "-7", "weight": 1.5, "fragile": true, "bought": "2026-02-28",
                        "seen": "2026-01-02T03:04:05Z", "size": "s"});
    let made = world.post(ADMIN, "gadgets", gadget("G1", custom)).await;
    assert_eq!(
        made["custom"],
        json!({"note": "x".repeat(2000), "count": -7, "weight": "1.500", "fragile": true, "bought": "2026-02-28",
               "seen": "2026-01-02T03:04:05.000000Z", "size": "s"})
    );
    world.post(ADMIN, "gadgets", gadget("G2", json!({"count": 12, "weight": "-0.5", "size": "l"}))).await;
    for (query, expected) in [
        ("custom.count[gt]=-8&sort=custom.count", vec!["G1", "G2"]),
        ("custom.weight[lt]=0", vec!["G2"]),
        ("custom.weight=1.5", vec!["G1"]),
        ("custom.fragile=true", vec!["G1"]),
        ("custom.bought[lte]=2026-02-28", vec!["G1"]),
        ("custom.seen[gte]=2026-01-01T00:00:00Z", vec!["G1"]),
        ("custom.size=l", vec!["G2"]),
    ] {
        assert_eq!(codes(&world, query).await, expected, "{query}");
    }
    for (key, value, expected) in [
        ("note", json!("x".repeat(2001)), "TOO_LONG"),
        ("note", json!(1), "WRONG_TYPE"),
        ("count", json!("1.5"), "TOO_MANY_DECIMALS"),
        ("count", json!("many"), "NOT_A_NUMBER"),
        ("weight", json!("1.2345"), "TOO_MANY_DECIMALS"),
        ("fragile", json!("yes"), "WRONG_TYPE"),
        ("bought", json!("2026-02-30"), "INVALID_DATE"),
        ("seen", json!("noon"), "INVALID_INSTANT"),
        ("size", json!("m"), "INVALID_CHOICE"),
    ] {
        let (status, _, fields) = refused(&world, Method::POST, "gadgets", gadget("G9", json!({key: value}))).await;
        assert_eq!((status, fields), (StatusCode::BAD_REQUEST, vec![format!("custom.{key} {expected}")]));
    }
    for (query, reason) in
        [("custom.note=x", "not-indexed"), ("sort=custom.note", "not-indexed"), ("custom.size[gt]=a", "operator")]
    {
        let (status, answer) = world.call(ADMIN, "a", Method::GET, &format!("gadgets?{query}"), J::Null).await;
        assert_eq!(
            (status, &answer["details"]["reason"]),
            (StatusCode::BAD_REQUEST, &json!(reason)),
            "{query}: {answer}"
        );
    }
    let csv = world.raw(ADMIN, (Method::GET, "gadgets/export?format=csv&sort=code"), &[], vec![]).await.text();
    assert!(
        csv.lines().next().unwrap().ends_with("字段 seen,字段 size") && csv.contains(",-7,1.500,true,2026-02-28,"),
        "{csv}"
    );
}

#[tokio::test]
async fn what_must_be_given_or_unique_is_demanded() {
    let world = World::new().await;
    let [old, _] = world.gadgets().await;
    define(&world, "shelfmark", json!({"required": true, "unique": true})).await;
    let (_, _, fields) = refused(&world, Method::POST, "gadgets", json!({"code": "G3", "name": "x"})).await;
    assert_eq!(fields, ["custom.shelfmark REQUIRED"]);
    // What was there before stays as it is until its custom fields are spoken of.
    let (status, old) = world.patch(ADMIN, "gadgets", &old, json!({"version": 1, "name": "y"})).await;
    assert_eq!(status, StatusCode::OK, "{old}");
    world.post(ADMIN, "gadgets", gadget("G3", json!({"shelfmark": "A-1"}))).await;
    let (status, answer) =
        world.call(ADMIN, "a", Method::POST, "gadgets", gadget("G4", json!({"shelfmark": "A-1"}))).await;
    assert_eq!(
        (status, &answer["code"], &answer["details"]["field"]),
        (StatusCode::CONFLICT, &json!("DUPLICATE"), &json!("custom.shelfmark"))
    );
    let (status, _) = world.patch(ADMIN, "gadgets", &old, json!({"version": 2, "custom": {"shelfmark": "A-1"}})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(codes(&world, "code=G4").await.is_empty(), "what is refused changes nothing");
    let (status, old) =
        world.patch(ADMIN, "gadgets", &old, json!({"version": 2, "custom": {"shelfmark": "A-2"}})).await;
    assert_eq!((status, &old["version"]), (StatusCode::OK, &json!(3)), "{old}");
}

#[tokio::test]
async fn definitions_with_values_keep_their_meaning() {
    let world = World::new().await;
    let free = define(&world, "free", json!({})).await;
    let (status, free) = world.patch(ADMIN, "custom-fields", &free, json!({"version": 1, "kind": "integer"})).await;
    assert_eq!(status, StatusCode::OK, "{free}");
    let used = define(&world, "used", json!({})).await;
    let made = world.post(ADMIN, "gadgets", gadget("G1", json!({"used": "x"}))).await;
    world.post(ADMIN, "gadgets", gadget("G2", json!({"used": "x"}))).await;
    for (change, expected) in [
        (json!({"kind": "integer"}), "kind IN_USE"),
        (json!({"sensitive": true}), "sensitive IN_USE"),
        (json!({"unique": true}), "unique DUPLICATE"),
        (json!({"key": "other"}), "key READ_ONLY"),
        (json!({"type": "notes"}), "type READ_ONLY"),
    ] {
        let mut body = change.clone();
        body["version"] = json!(1);
        let (_, answer) = world.patch(ADMIN, "custom-fields", &used, body).await;
        assert_eq!(refusal(&answer).1, [expected], "{change}: {answer}");
    }
    let path = format!("custom-fields/{}", id_of(&used));
    let (status, answer) = world.call(ADMIN, "a", Method::DELETE, &path, J::Null).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("IN_USE")));
    // It may be found by from now on, and is not seen when it is out of use.
    let (status, used) = world.patch(ADMIN, "custom-fields", &used, json!({"version": 1, "indexed": true})).await;
    assert_eq!((status, &used["indexed"]), (StatusCode::OK, &json!(true)), "{used}");
    assert_eq!(codes(&world, "custom.used=x&sort=code").await, ["G1", "G2"]);
    let (status, used) = world.act(ADMIN, "custom-fields", &used, json!({"version": 2, "action": "disable"})).await;
    assert_eq!(status, StatusCode::OK, "{used}");
    let seen = world.get(ADMIN, &format!("gadgets/{}", id_of(&made))).await;
    assert_eq!(seen.get("custom"), Some(&json!({})), "{seen}");
    world.act(ADMIN, "custom-fields", &used, json!({"version": 3, "action": "enable"})).await;
    assert_eq!(world.get(ADMIN, &format!("gadgets/{}", id_of(&made))).await["custom"], json!({"used": "x"}));
    for (body, expected) in [
        (json!({"type": "nothings", "key": "a", "label": "a", "kind": "text"}), "type NOT_FOUND"),
        (json!({"type": "custom-fields", "key": "a", "label": "a", "kind": "text"}), "type NOT_FOUND"),
        (json!({"type": "gadgets", "key": "A b", "label": "a", "kind": "text"}), "key INVALID"),
        (json!({"type": "gadgets", "key": "a", "label": "a", "kind": "choice"}), "options INVALID"),
        (json!({"type": "gadgets", "key": "a", "label": "a", "kind": "bool", "sensitive": true}), "sensitive INVALID"),
        (
            json!({"type": "gadgets", "key": "a", "label": "a", "kind": "decimal", "decimals": 7}),
            "decimals OUT_OF_BOUNDS",
        ),
    ] {
        assert_eq!(refused(&world, Method::POST, "custom-fields", body.clone()).await.2, [expected], "{body}");
    }
}

#[tokio::test]
async fn sensitive_ones_are_sealed_and_masked() {
    let world = World::new().await;
    define(&world, "passport", json!({"sensitive": true, "unique": true})).await;
    let made = world.post(ADMIN, "gadgets", gadget("G1", json!({"passport": "E12345678"}))).await;
    let path = format!("gadgets/{}", id_of(&made));
    assert_eq!(world.get(ADMIN, &path).await["custom"], json!({"passport": "E12345678"}));
    let reader = world.member(vec![grant(&["toy.gadget.read", "toy.gadget.update"], GrantScope::All, &[])]);
    assert_eq!(world.get(&reader, &path).await["custom"], json!({"passport": "****"}));
    assert_eq!(codes(&world, "custom.passport=e12345678").await, ["G1"]);
    let (status, _) = world.call(&reader, "a", Method::GET, "gadgets?custom.passport=E12345678", J::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // A masked value sent back changes nothing.
    let (status, answer) =
        world.patch(&reader, "gadgets", &made, json!({"version": 1, "custom": {"passport": "****"}})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(codes(&world, "custom.passport=E12345678").await, ["G1"]);
    let history = world.get(ADMIN, &format!("{path}/history?sights=true")).await.to_string();
    assert!(!history.contains("E12345678") && history.contains("custom.passport"), "{history}");
}

#[tokio::test]
async fn rights_and_tenants_hold() {
    let world = World::new().await;
    define(&world, "finish", json!({"indexed": true})).await;
    let made = world.post(ADMIN, "gadgets", gadget("G1", json!({"finish": "crimson"}))).await;
    let path = format!("gadgets/{}", id_of(&made));
    let all = ["toy.gadget.read", "toy.gadget.update", "toy.gadget.export"];
    for (right, seen, status) in [
        (FieldRight::Hidden, None, StatusCode::BAD_REQUEST),
        (FieldRight::Masked, Some("****"), StatusCode::BAD_REQUEST),
        (FieldRight::Read, Some("crimson"), StatusCode::BAD_REQUEST),
    ] {
        let who = world.member(vec![grant(&all, GrantScope::All, &[("toy.gadget.custom.finish", right)])]);
        assert_eq!(world.get(&who, &path).await["custom"].get("finish").and_then(J::as_str), seen);
        let change = json!({"version": 1, "custom": {"finish": "blue"}});
        assert_eq!(world.patch(&who, "gadgets", &made, change).await.0, status, "{right:?}");
        let (found, _) = world.call(&who, "a", Method::GET, "gadgets?custom.finish=crimson", J::Null).await;
        assert_eq!(found == StatusCode::OK, right == FieldRight::Read, "{right:?}");
        let meta = world.get(&who, "meta").await.to_string();
        assert_eq!(meta.contains("finish"), right > FieldRight::Hidden);
        let history = world.get(&who, &format!("{path}/history")).await.to_string();
        assert_eq!(history.contains("crimson"), right == FieldRight::Read, "{history}");
    }
    // Another tenant has no such field, and nobody without the permission defines one.
    let (status, _) = world.call(ADMIN, "b", Method::POST, "gadgets", gadget("G1", json!({"finish": "crimson"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, meta) = world.call(ADMIN, "b", Method::GET, "meta", J::Null).await;
    assert!(!meta.to_string().contains("finish"));
    let who = world.member(vec![grant(&all, GrantScope::All, &[])]);
    let body = json!({"type": "gadgets", "key": "a", "label": "a", "kind": "text"});
    assert_eq!(world.call(&who, "a", Method::POST, "custom-fields", body).await.0, StatusCode::FORBIDDEN);
}
