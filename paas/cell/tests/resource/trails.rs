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
async fn whose_document_it_is_learns_what_others_did_with_it() {
    let w = World::new().await;
    w.gadgets().await;
    let own = grant(&["toy.note.create", "toy.note.read", "toy.note.update"], GrantScope::Own, &[]);
    let seller = w.member(vec![own, grant(&["toy.gadget.read"], GrantScope::All, &[])]);
    let body = json!({"day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": 1}]});
    let note = w.post(&seller, "notes", body.clone()).await;
    let (status, _) = w.patch(&seller, "notes", &note, json!({"version": 1, "remark": "mine"})).await;
    assert_eq!(status, StatusCode::OK);
    let none = w.get(&seller, "notices").await;
    assert_eq!(none, json!({"data": [], "unseen": 0, "next": null}), "what you do yourself is no news");
    let (_, note) = w.patch(ADMIN, "notes", &note, json!({"version": 2, "remark": "ours"})).await;
    let (status, _) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 3})).await;
    assert_eq!(status, StatusCode::OK);
    let told = w.get(&seller, "notices").await;
    let acts: Vec<&str> = told["data"].as_array().unwrap().iter().map(|n| n["action"].as_str().unwrap()).collect();
    assert_eq!((acts, &told["unseen"]), (vec!["send", "update"], &json!(2)));
    let first = &told["data"][0];
    assert_eq!(
        (&first["label"], &first["actor"]["name"], &first["resource"]),
        (&json!("发送"), &json!("T"), &json!("notes"))
    );
    assert_eq!((&first["subject"]["id"], &first["subject"]["number"]), (&note["id"], &json!("N2026-0001")));
    assert_eq!(w.get(ADMIN, "notices").await["data"], json!([]), "nobody reads another's");
    let one = json!({"ids": [first["id"]]});
    assert_eq!(w.post(ADMIN, "notices/seen", one.clone()).await["unseen"], 0);
    assert_eq!(w.get(&seller, "notices").await["unseen"], 2, "nobody marks another's");
    assert_eq!(w.post(&seller, "notices/seen", one).await["unseen"], 1);
    let second = w.post(&seller, "notes", body).await;
    let (status, _) = w.act(ADMIN, "notes", &second, json!({"action": "send", "version": 1})).await;
    assert_eq!(status, StatusCode::OK);
    let third = w.get(&seller, "notices").await;
    assert_eq!((third["data"].as_array().unwrap().len(), &third["unseen"]), (3, &json!(2)));
    let before = format!("notices?before={}", third["data"][0]["id"].as_str().unwrap());
    assert_eq!(w.get(&seller, &before).await["data"].as_array().unwrap().len(), 2);
    let all = json!({"upTo": third["data"][0]["id"]});
    assert_eq!(w.post(&seller, "notices/seen", all).await["unseen"], 0);
    let (status, bad) = w.call(&seller, "a", Method::POST, "notices/seen", json!({"ids": ["x"]})).await;
    assert_eq!((status, &bad["details"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("ids[0]")));
    // A draft handed over: its new owner learns of it, and what may no longer be read is not named.
    let body = json!({"day": "2026-11-24", "lines": [{"gadget": "G1", "quantity": 1}]});
    let draft = w.post(&seller, "notes", body).await;
    let own = grant(&["toy.note.read"], GrantScope::Own, &[]);
    let heir = w.member(vec![own]);
    w.get(&heir, "notes").await; // the directory knows who has called
    let (status, said) = w.patch(ADMIN, "notes", &draft, json!({"version": 1, "owner": heir})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    assert_eq!(w.get(&heir, "notices").await["data"][0]["subject"]["id"], draft["id"]);
    let left = w.get(&seller, "notices").await;
    assert_eq!((left["data"].as_array().unwrap().len(), &left["unseen"]), (3, &json!(0)));
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
