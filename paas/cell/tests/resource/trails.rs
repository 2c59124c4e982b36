//! Where a record came from: its history and its links.

use crate::world::{ADMIN, World, grant, id_of};
use http::{Method, StatusCode};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};

#[tokio::test]
async fn history_names_what_it_refers_to_and_hides_what_is_hidden() {
    let w = World::new().await;
    let [gadget, _] = w.gadgets().await;
    let note = w
        .post(
            ADMIN,
            "notes",
            json!({"day": "2026-11-24", "maker": "G1", "remark": "r", "lines": [{"gadget": "G1", "quantity": 1}]}),
        )
        .await;
    let line = json!({"id": note["lines"][0]["id"], "gadget": "G2"});
    let (status, _) =
        w.patch(ADMIN, "notes", &note, json!({"version": 1, "maker": "G2", "remark": "s", "lines": [line]})).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 2, "comment": "go"})).await;
    assert_eq!(status, StatusCode::OK);
    let path = format!("notes/{}/history", id_of(&note));
    let history = w.get(ADMIN, &path).await;
    let actions: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["comment", "send", "update", "create"]);
    let [comment, send, update, create] = [0, 1, 2, 3].map(|i| &history["data"][i]);
    assert_eq!(comment["after"]["comment"], "go");
    assert_eq!(
        (&send["label"], &send["before"]["state"], &send["after"]["state"]),
        (&json!("发送"), &json!("draft"), &json!("sent"))
    );
    let g = |code: &str, name: &str| json!([code, name]);
    let named = |v: &J| json!([v["code"], v["name"]]);
    assert_eq!(
        (named(&update["before"]["maker"]), named(&update["after"]["maker"])),
        (g("G1", "齿轮"), g("G2", "弹簧"))
    );
    assert_eq!(named(&update["after"]["lines"][0]["gadget"]), g("G2", "弹簧"));
    assert_eq!((&create["before"], &create["after"]["number"]), (&J::Null, &json!("N2026-0001")));
    assert_eq!(create["actor"]["name"], "T");
    let fields = [
        ("toy.note.remark", FieldRight::Hidden),
        ("toy.note.lines", FieldRight::Hidden),
        ("toy.note.maker", FieldRight::Masked),
    ];
    let some = w.member(vec![grant(&["toy.note.read"], GrantScope::All, &fields)]);
    let update = w.get(&some, &path).await["data"][2].clone();
    assert_eq!(
        (update["after"].get("remark"), update["after"].get("lines"), &update["after"]["maker"]),
        (None, None, &json!("****"))
    );
    let phones = w.get(ADMIN, &format!("gadgets/{}/history", id_of(&gadget))).await;
    assert_eq!(phones["data"][0]["after"]["phone"], "138****8000", "the audit never holds it in clear");
    let own = w.member(vec![grant(&["toy.note.read"], GrantScope::Own, &[])]);
    let (status, _) = w.call(&own, "a", Method::GET, &path, J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_lead_both_ways_to_what_the_caller_may_see() {
    let w = World::new().await;
    w.gadgets().await;
    let first = w.note("2026-11-24", &["1"]).await;
    let (_, said) = w.act(ADMIN, "notes", &first, json!({"action": "copy", "version": 1})).await;
    let second = w.get(ADMIN, &format!("notes/{}", said["created"][0]["id"].as_str().unwrap())).await;
    let (_, said) = w.act(ADMIN, "notes", &second, json!({"action": "slip", "version": 1})).await;
    let slip = said["created"][0].clone();
    let lines = json!([{"gadget": "G1", "quantity": 1, "basis": id_of(&second)}]);
    let third = w.post(ADMIN, "notes", json!({"day": "2026-11-25", "lines": lines})).await;
    assert_eq!(third["lines"][0]["basis"], json!({"id": id_of(&second), "number": "N2026-0002"}));
    let links = |who: &str, resource: &str, record: &J| {
        let (who, path) = (who.to_owned(), format!("{resource}/{}/links", id_of(record)));
        let w = &w;
        async move {
            let said = w.get(&who, &path).await;
            let said = said["data"].as_array().unwrap().iter();
            said.map(|l| {
                format!(
                    "{} {} {}",
                    l["direction"].as_str().unwrap(),
                    l["type"].as_str().unwrap(),
                    l["number"].as_str().unwrap()
                )
            })
            .collect::<Vec<_>>()
        }
    };
    assert_eq!(links(ADMIN, "notes", &first).await, ["to note N2026-0002"]);
    assert_eq!(links(ADMIN, "notes", &second).await, ["from note N2026-0001", "to slip S0001", "to note N2026-0003"]);
    assert_eq!(links(ADMIN, "notes", &third).await, ["from note N2026-0002"]);
    assert_eq!(links(ADMIN, "slips", &slip).await, ["from note N2026-0002"]);
    let notes_only = w.member(vec![grant(&["toy.note.read"], GrantScope::All, &[])]);
    assert_eq!(links(&notes_only, "notes", &second).await, ["from note N2026-0001", "to note N2026-0003"]);
    let one = w.get(ADMIN, &format!("notes/{}/links", id_of(&first))).await["data"][0].clone();
    assert_eq!(
        (&one["resource"], &one["state"], &one["date"]),
        (&json!("notes"), &json!("draft"), &json!("2026-11-24"))
    );
}
