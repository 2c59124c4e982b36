//! Every refusal that is a cell's own: its status, its code, its envelope.

use crate::world::{ADMIN, World, id_of};
use axum::body::Body;
use http::{Method, Request, StatusCode};
use paas_auth::Context;
use paas_link::Call;
use paas_types::Id;
use serde_json::{Value as J, json};

#[tokio::test]
async fn what_the_state_forbids_names_the_state_and_what_is_allowed() {
    let w = World::new().await;
    let [gadget, other] = w.gadgets().await;
    let note = w.note("2026-11-24", &["1"]).await;
    let (status, sent) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 1})).await;
    assert_eq!(status, StatusCode::OK);
    let actions: Vec<&str> =
        sent["allowedActions"].as_array().unwrap().iter().map(|a| a["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["copy"]);
    let (status, said) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 2})).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::CONFLICT, Some("INVALID_TRANSITION")));
    assert_eq!(said["details"], json!({"state": "sent", "action": "send", "allowed": ["copy"]}));
    let (status, said) = w.patch(ADMIN, "notes", &note, json!({"version": 2, "remark": "x"})).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::CONFLICT, Some("INVALID_TRANSITION")));
    let delete = |path: String, version: &'static str| {
        let w = &w;
        async move { w.raw(ADMIN, (Method::DELETE, &path), &[("if-match", version)], Vec::new()).await }
    };
    let answer = delete(format!("notes/{}", id_of(&note)), "\"2\"").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::CONFLICT, Some("INVALID_TRANSITION")));
    let answer = delete(format!("gadgets/{}", id_of(&gadget)), "\"1\"").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::CONFLICT, Some("IN_USE")));
    let answer = delete(format!("gadgets/{}", id_of(&other)), "\"9\"").await;
    assert_eq!((answer.status, &answer.json()["details"]), (StatusCode::CONFLICT, &json!({"version": 1})));
    let answer = delete(format!("gadgets/{}", id_of(&other)), "\"1\"").await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    let (status, said) = w.act(ADMIN, "notes", &note, json!({"action": "fly", "version": 2})).await;
    assert_eq!((status, said["details"][0]["code"].as_str()), (StatusCode::BAD_REQUEST, Some("UNKNOWN_ACTION")));
    let (status, said) = w.act(ADMIN, "notes", &note, json!({"action": "copy", "version": 2, "why": 1})).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::BAD_REQUEST, Some("UNKNOWN_FIELD")));
}

#[tokio::test]
async fn a_fault_of_ours_says_nothing_of_the_inside() {
    let w = World::new().await;
    w.gadgets().await;
    let body = json!({"day": "2026-11-24", "remark": "inside", "lines": [{"gadget": "G1", "quantity": 1}]});
    let note = w.post(ADMIN, "notes", body).await;
    let path = format!("notes/{}/transitions", id_of(&note));
    let headers = [("content-type", "application/json"), ("accept-language", "en-US")];
    let answer = w.raw(ADMIN, (Method::POST, &path), &headers, br#"{"action":"break","version":1}"#.to_vec()).await;
    let said = answer.json();
    assert_eq!((answer.status, said["code"].as_str()), (StatusCode::INTERNAL_SERVER_ERROR, Some("INTERNAL")));
    assert!(!answer.text().contains("inside") && !answer.text().contains("panic"), "{said}");
    let mut names: Vec<&String> = said.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["code", "details", "message", "requestId"]);
    assert!(said["requestId"].as_str().unwrap().parse::<Id>().is_ok());
    assert_eq!(w.get(ADMIN, &format!("notes/{}", id_of(&note))).await["version"], 1, "and the cell goes on");
}

#[tokio::test]
async fn a_call_without_context_or_tenant_is_nobodys() {
    let w = World::new().await;
    let link = w.peers.link("toy").unwrap();
    let request = Request::get("/api/v1/toy/gadgets").body(Default::default()).unwrap();
    let answer = link.call(request, std::time::Duration::from_secs(5)).await.unwrap();
    let status = answer.status();
    let said: J = serde_json::from_slice(&body(answer.into_body()).await).unwrap();
    assert_eq!((status, said["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("UNAUTHENTICATED")));
    let call = Call::get("/api/v1/toy/gadgets").unwrap();
    let (status, said) = w.peers.fetch("toy", Context::system("r", "t"), call).await.unwrap();
    let said: J = serde_json::from_slice(&said).unwrap();
    assert_eq!((status, said["code"].as_str()), (StatusCode::BAD_REQUEST, Some("MISSING_TENANT_ID")));
    for path in ["gadgets/x", "gadgets/01900000-0000-7000-8000-00000000ffff", "gizmos", "gadgets/x/y", "reports/none"] {
        let (status, said) = w.call(ADMIN, "a", Method::GET, path, J::Null).await;
        assert_eq!((status, said["code"].as_str()), (StatusCode::NOT_FOUND, Some("NOT_FOUND")), "{path}");
    }
}

async fn body(body: Body) -> Vec<u8> {
    axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec()
}

#[tokio::test]
async fn a_create_says_where_the_record_is() {
    let w = World::new().await;
    let good = br#"{"code":"A","name":"a"}"#.to_vec();
    let answer = w.raw(ADMIN, (Method::POST, "gadgets"), &[("content-type", "application/json")], good).await;
    let made = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/toy/gadgets/{}", id_of(&made)));
    assert_eq!((answer.header("etag"), &made["version"]), ("\"1\"", &json!(1)));
    for name in ["createdAt", "updatedAt", "owner", "createdBy", "updatedBy", "allowedActions", "state"] {
        assert!(!made[name].is_null(), "{name}");
    }
    let blind = br#"{"id":"x","code":"B","name":"b"}"#.to_vec();
    let answer = w.raw(ADMIN, (Method::POST, "gadgets"), &[("content-type", "application/json")], blind).await;
    assert_eq!(answer.json()["details"][0]["field"], "id");
}
