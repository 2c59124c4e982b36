//! Writes that are sent again, and trials.

use crate::world::{ADMIN, World, id_of};
use http::{Method, StatusCode};
use paas_types::Id;
use serde_json::{Value as J, json};

async fn keyed(w: &World, key: &str, path: &str, body: &str) -> (StatusCode, J, String) {
    let headers = [("content-type", "application/json"), ("x-request-id", key)];
    let answer = w.raw(ADMIN, (Method::POST, path), &headers, body.as_bytes().to_vec()).await;
    (answer.status, answer.json(), answer.header("x-idempotent-replay").to_owned())
}

#[tokio::test]
async fn the_same_request_has_one_effect_whatever_its_spelling() {
    let w = World::new().await;
    let (status, first, replay) = keyed(&w, "k", "gadgets", r#"{"code":"G1","name":"n","weight":1.50}"#).await;
    assert_eq!((status, replay.as_str()), (StatusCode::CREATED, ""), "{first}");
    let (status, again, replay) = keyed(&w, "k", "gadgets", r#" {"name":"\u006e", "weight":1.50, "code":"G1"} "#).await;
    assert_eq!((status, replay.as_str(), &again), (StatusCode::CREATED, "true", &first));
    for (path, body) in [
        ("gadgets", r#"{"code":"G1","name":"n","weight":1.500001}"#),
        ("gadgets?dryRun=false", r#"{"code":"G1","name":"n","weight":1.50}"#),
    ] {
        let (status, said, _) = keyed(&w, "k", path, body).await;
        assert_eq!(
            (status, said["code"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("IDEMPOTENCY_MISMATCH")),
            "{said}"
        );
    }
    let (status, said, _) = keyed(&w, "k2", "gadgets", r#"{"code":"G1","name":"n"}"#).await;
    assert_eq!((status, said["details"]["field"].as_str()), (StatusCode::CONFLICT, Some("code")));
    let (status, _, _) = keyed(&w, "k2", "gadgets", r#"{"code":"G2","name":"n"}"#).await;
    assert_eq!(status, StatusCode::CREATED, "a refusal is not kept");
}

#[tokio::test]
async fn a_call_on_many_is_rebuilt_from_its_items() {
    let w = World::new().await;
    let body = r#"{"mode":"each","items":[{"code":"A","name":"a"},{"code":"B"},{"code":"C","name":"c"}]}"#;
    let (status, first, _) = keyed(&w, "m", "gadgets/batch", body).await;
    assert_eq!(status, StatusCode::OK);
    let codes: Vec<i64> = first["data"].as_array().unwrap().iter().map(|i| i["status"].as_i64().unwrap()).collect();
    assert_eq!(codes, [201, 400, 201], "{first}");
    assert_eq!(first["data"][1]["error"]["details"][0]["field"], "name");
    let (_, again, replay) = keyed(&w, "m", "gadgets/batch", body).await;
    assert_eq!(replay, "true");
    assert_eq!(again["data"][2]["record"]["id"], first["data"][2]["record"]["id"]);
    assert_eq!(w.get(ADMIN, "gadgets").await["total"], 2);
    let body = r#"{"items":[{"code":"D","name":"d"},{"code":"A","name":"a"}]}"#;
    let (status, said, _) = keyed(&w, "n", "gadgets/batch", body).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::CONFLICT, Some("DUPLICATE")));
    assert_eq!(w.get(ADMIN, "gadgets").await["total"], 2, "all or nothing");

    let items: Vec<J> = [0, 2].iter().map(|i| json!({"id": first["data"][*i]["record"]["id"], "version": 1})).collect();
    let body =
        json!({"action": "disable", "items": [items[0], items[1], {"id": Id::fresh(), "version": 1}]}).to_string();
    let (_, done, _) = keyed(&w, "t", "gadgets/transitions", &body).await;
    let states: Vec<&J> = done["data"].as_array().unwrap().iter().map(|i| &i["record"]["state"]).collect();
    assert_eq!(states, [&json!("disabled"), &json!("disabled"), &J::Null], "{done}");
    assert_eq!(done["data"][2]["error"]["code"], "NOT_FOUND");
    let (_, again, replay) = keyed(&w, "t", "gadgets/transitions", &body).await;
    assert_eq!((replay.as_str(), &again["data"][0]), ("true", &done["data"][0]));
}

#[tokio::test]
async fn a_client_made_id_never_makes_a_second_record() {
    let w = World::new().await;
    w.gadgets().await;
    let id = Id::fresh().to_string();
    let body = json!({"id": id, "day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": "1"}, {"gadget": "G2", "quantity": 2}]});
    let (status, note) = w.call(ADMIN, "a", Method::POST, "notes", body.clone()).await;
    assert_eq!((status, id_of(&note)), (StatusCode::CREATED, id.as_str()), "{note}");
    let (status, again) = w.call(ADMIN, "a", Method::POST, "notes", body.clone()).await;
    assert_eq!(
        (status, &again["number"], &again["lines"]),
        (StatusCode::OK, &note["number"], &note["lines"]),
        "{again}"
    );
    let mut other = body.clone();
    other["lines"][1]["quantity"] = json!(3);
    let (status, said) = w.call(ADMIN, "a", Method::POST, "notes", other).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::CONFLICT, Some("DUPLICATE")));
    assert_eq!(w.get(ADMIN, "notes").await["total"], 1);
    let (status, _) = w
        .call(
            ADMIN,
            "a",
            Method::POST,
            "gadgets",
            json!({"id": "018f0000-0000-4000-8000-000000000000", "code": "X", "name": "x"}),
        )
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "not a UUIDv7");
    // The same id in another tenant is another record, and says nothing of this one.
    let (status, _) = w.call(ADMIN, "b", Method::POST, "gadgets", json!({"id": id, "code": "X", "name": "x"})).await;
    assert_eq!(status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_trial_runs_every_rule_and_leaves_nothing() {
    let w = World::new().await;
    w.gadgets().await;
    let body = json!({"day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": "-1"}]});
    let (status, trial) = w.call(ADMIN, "a", Method::POST, "notes?dryRun=true", body.clone()).await;
    assert_eq!((status, trial["total"].as_str()), (StatusCode::CREATED, Some("-1.000000")));
    assert_eq!(w.get(ADMIN, "notes").await["total"], 0);
    let note = w.post(ADMIN, "notes", body).await;
    assert_eq!(note["number"], "N2026-0001", "the trial took no number");
    let path = format!("notes/{}/transitions?dryRun=true", id_of(&note));
    let (status, said) = w.call(ADMIN, "a", Method::POST, &path, json!({"action": "send", "version": 1})).await;
    assert_eq!((status, said["details"]["rule"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("toy.shelf.empty")));
    for (query, code) in [("dryRun=yes", "VALIDATION_FAILED"), ("dryrun=true", "UNKNOWN_FILTER")] {
        let (status, said) =
            w.call(ADMIN, "a", Method::POST, &format!("gadgets?{query}"), json!({"code": "Z", "name": "z"})).await;
        assert_eq!((status, said["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)));
    }
    let delete = format!("notes/{}?dryRun=true", id_of(&note));
    let (status, _) = w.call(ADMIN, "a", Method::DELETE, &delete, J::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(w.get(ADMIN, "notes").await["total"], 1);
}
