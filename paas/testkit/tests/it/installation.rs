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
