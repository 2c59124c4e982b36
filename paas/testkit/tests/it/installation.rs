//! The platform, two toy cells and the gateway: people are known wherever records name them.

use paas_testkit::toys::{keeper, maker};
use paas_testkit::{World, until};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_departments_are_known_in_cells_they_never_called() {
    let world = World::start(vec![maker(), keeper()]).await;
    let admin = world.tenant("acme", &["maker", "keeper"]).await;
    let unit = world.call(&admin, "POST", "platform/departments", &json!({"code": "D1", "name": "一部"})).await;
    assert_eq!(unit.status, 201, "{}", unit.json);
    let ann = world.user(&admin, "ann", &["keeper.ban.read"]).await;

    let ban = json!({"code": "X", "watcher": ann["id"], "unit": {"code": "D1"}});
    until("the keeper knows both", async || {
        let said = world.call(&admin, "POST", "keeper/bans?dryRun=true", &ban).await;
        said.status == 201
    })
    .await;
    let said = world.call(&admin, "POST", "keeper/bans", &ban).await;
    assert_eq!((said.status, &said.json["watcher"]["name"]), (201, &json!("ann")), "{}", said.json);
    assert_eq!(said.json["unit"]["name"], "一部");

    // A change and a disabled user arrive as well.
    let path = format!("platform/users/{}", ann["id"].as_str().unwrap());
    let change = json!({"name": "Ann Lee", "version": ann["version"]});
    let changed = world.call(&admin, "PATCH", &path, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.json);
    world.act(&admin, "platform/users", &changed.json, "disable").await;
    let record = format!("keeper/bans/{}", said.json["id"].as_str().unwrap());
    let name = async || world.get(&admin, &record).await["watcher"]["name"].clone();
    until("the new name is shown", async || name().await == "Ann Lee").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_do_in_one_cell_is_traced_in_the_other() {
    let world = World::start(vec![maker(), keeper()]).await;
    let admin = world.tenant("acme", &["maker", "keeper"]).await;
    let made = world.call(&admin, "POST", "maker/gadgets", &json!({"code": "G", "name": "g"})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let turned = world.act(&admin, "maker/gadgets", &made.json, "turn").await;
    world.act(&admin, "maker/gadgets", &turned, "turn").await;
    let traces = async || world.get(&admin, "keeper/traces?code=G").await["data"].clone();
    until("both turns are traced", async || traces().await[0]["turn"] == 2).await;
    let id = traces().await[0]["id"].as_str().unwrap().to_owned();
    let history = world.get(&admin, &format!("keeper/traces/{id}/history")).await;
    assert!(history["data"].as_array().is_some_and(|rows: &Vec<Value>| rows.len() >= 3), "{history}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_see_events_and_replay_what_could_not_be_taken() {
    let world = World::start(vec![maker(), keeper()]).await;
    let admin = world.tenant("acme", &["maker", "keeper"]).await;
    let other = world.tenant("umbra", &["maker", "keeper"]).await;
    let operator = world.operator().await;
    let ban = world.call(&admin, "POST", "keeper/bans", &json!({"code": "BAD"})).await.json;
    let made = world.call(&admin, "POST", "maker/gadgets", &json!({"code": "BAD", "name": "g"})).await.json;
    world.act(&admin, "maker/gadgets", &made, "turn").await;

    let kind = "platform/events?type=maker.gadget.turned";
    let seen = world.get(&admin, kind).await["data"].clone();
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["data"]["turn"]), (1, &json!(1)), "{seen}");
    assert_eq!(world.get(&other, kind).await["data"], json!([]));
    let seen = world.get(&operator, kind).await["data"].clone();
    assert_eq!(
        (&seen[0]["tenantId"], &seen[0]["data"]),
        (&json!("acme"), &Value::Null),
        "contents are the tenant's own"
    );
    let later = format!("{kind}&since=2999-01-01T00:00:00Z");
    assert_eq!(world.get(&admin, &later).await["data"], json!([]));
    for (path, code) in [
        ("platform/events?colour=red", "UNKNOWN_FILTER"),
        ("platform/events?limit=0", "VALIDATION_FAILED"),
        ("platform/events?since=yesterday", "VALIDATION_FAILED"),
        ("platform/events?type=a%26b", "VALIDATION_FAILED"),
    ] {
        let said = world.call(&admin, "GET", path, &Value::Null).await;
        assert_eq!((said.status, said.json["code"].as_str()), (400, Some(code)), "{path}");
    }

    let letters = async |who| world.get(who, "platform/dead-letters").await["data"].clone();
    until("it is put aside for good", async || letters(&admin).await[0]["state"] == "dead").await;
    assert_eq!(letters(&other).await, json!([]));
    assert_eq!(letters(&operator).await[0]["tenantId"], "acme");
    let health = world.get(&admin, "platform/health-summary").await;
    let of = |health: &Value, cell: &str| {
        health["cells"].as_array().unwrap().iter().find(|c| c["cell"] == cell).cloned().unwrap()
    };
    assert_eq!((&health["status"], &of(&health, "keeper")["deadLetters"]), (&json!("up"), &json!(1)), "{health}");
    let theirs = world.get(&other, "platform/health-summary").await;
    assert_eq!(of(&theirs, "keeper")["deadLetters"], 0);

    // Who may not, cannot; whose it is not, does not find it.
    world.user(&admin, "ann", &["platform.event.read"]).await;
    let ann = world.sign_in("acme", "ann").await;
    assert_eq!(world.get(&ann, kind).await["data"], json!([]), "events show what records show");
    let id = letters(&admin).await[0]["id"].as_str().unwrap().to_owned();
    let replay = format!("platform/dead-letters/{id}/replay");
    for (who, path, status) in [(&ann, "platform/dead-letters", 403), (&ann, "platform/health-summary", 403)] {
        assert_eq!(world.call(who, "GET", path, &Value::Null).await.status, status);
    }
    assert_eq!(world.call(&ann, "POST", &replay, &Value::Null).await.status, 403);
    assert_eq!(world.call(&other, "POST", &replay, &Value::Null).await.status, 404);

    let said = world.call(&operator, "POST", &replay, &Value::Null).await;
    assert_eq!(
        (said.status, said.json["state"].as_str()),
        (200, Some("dead")),
        "the ban is still there: {}",
        said.json
    );
    let path = format!("keeper/bans/{}", ban["id"].as_str().unwrap());
    let gone = world
        .send("DELETE", &format!("/api/v1/{path}"), &world.headers(&admin, &[("if-match", "\"1\"")]), &Value::Null)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.json);
    let said = world.call(&admin, "POST", &replay, &Value::Null).await;
    assert_eq!((said.status, said.json["state"].as_str()), (200, Some("settled")), "{}", said.json);
    assert_eq!(world.get(&admin, "keeper/traces?code=BAD").await["data"][0]["turn"], 1);
    assert_eq!(letters(&admin).await, json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_whose_provisioning_was_cut_off_is_completed_later() {
    let mut world = World::start(vec![maker(), keeper()]).await;
    let operator = world.operator().await;
    world.cells.close("keeper").await;
    let body = json!({"code": "acme", "name": "acme", "cells": ["maker", "keeper"], "adminUsername": "admin",
        "adminPassword": "Toys@12345"});
    let said = world.call(&operator, "POST", "platform/tenants", &body).await;
    assert!(said.status >= 500, "{}", said.json);
    assert!(paas_platform::complete_unfinished(world.cells.service("platform")).await.is_err());
    world.cells.add(keeper());
    assert_eq!(paas_platform::complete_unfinished(world.cells.service("platform")).await, Ok(1));
    assert_eq!(paas_platform::complete_unfinished(world.cells.service("platform")).await, Ok(0));
    let admin = world.sign_in("acme", "admin").await;
    assert_eq!(world.get(&admin, "keeper/traces").await["total"], 0);
}
