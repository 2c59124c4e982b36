//! The audit log of all cells as one.

use crate::toy::{PASSWORD, Toy, Visitor};
use paas_cell::Checkpoint;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Acts in both cells, one second apart.
async fn some_acts(toy: &Toy) -> Json {
    let admin = toy.enter("toy", "admin", PASSWORD).await;
    toy.later(1);
    let shelf = admin.make("toy/shelves", json!({"code": "S1", "name": "One", "phone": "13912345678"})).await;
    toy.later(1);
    admin.make("platform/departments", json!({"code": "D1", "name": "One"})).await;
    toy.later(1);
    let (status, shelf) = admin.patch("toy/shelves", &shelf, json!({"name": "Uno", "phone": "13987654321"})).await;
    assert_eq!(status, 200, "{shelf}");
    toy.later(1);
    shelf
}

/// The administrator, once everything that was done stands in the log: on PostgreSQL it is numbered a moment later.
async fn settled<'a>(toy: &'a Toy) -> Visitor<'a> {
    let admin = toy.enter("toy", "admin", PASSWORD).await;
    let entered = format!("platform/audit-log?type=session&at[gte]={}", toy.now());
    for path in ["platform/audit-log?type=shelf&action=update", entered.as_str()] {
        while admin.list(path).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    admin
}

fn brief(row: &Json) -> (&str, &str, &str) {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    (text("cell"), text("type"), text("action"))
}

paas_store::on_both! {
    async fn what_happened_in_every_cell_is_one_list(place: Place) {
        let toy = Toy::new(place).await;
        let shelf = some_acts(&toy).await;
        let admin = settled(&toy).await;
        let (status, page) = admin.get("platform/audit-log?pageSize=4").await;
        assert_eq!(status, 200, "{page}");
        let rows = page["data"].as_array().unwrap();
        let order: Vec<_> = rows.iter().map(brief).collect();
        assert_eq!(
            order,
            [
                ("platform", "session", "create"),
                ("toy", "shelf", "update"),
                ("platform", "department", "create"),
                ("toy", "shelf", "create"),
            ]
        );
        let update = &rows[1];
        assert_eq!((&update["subject"], &update["number"]), (&shelf["id"], &json!("S1")));
        assert_eq!((update["actor"]["code"].as_str(), update["actorName"].as_str()), (Some("admin"), Some("Ann")));
        assert_eq!(update["before"]["name"], "One");
        assert_eq!(update["after"]["name"], "Uno");
        assert!(update["requestId"].as_str().unwrap().starts_with("request-"));
        assert!(!page.to_string().contains("13912345678") && !page.to_string().contains("13987654321"));
        assert!(!page.to_string().contains("argon2"));
        assert!(page["total"].as_u64().unwrap() > 4 && page["totalExact"] == true);

        let (status, one) = admin.get(&format!("platform/audit-log/{}", update["id"].as_str().unwrap())).await;
        assert_eq!((status, &one["after"]), (200, &update["after"]), "{one}");
        assert_eq!(admin.get("platform/audit-log/0198f000-0000-7000-8000-000000000001").await.0, 404);
        assert_eq!(admin.post("platform/audit-log", json!({})).await.0, 405);
    }

    async fn the_log_is_read_page_by_page_in_both_directions(place: Place) {
        let toy = Toy::new(place).await;
        some_acts(&toy).await;
        let admin = settled(&toy).await;
        for sort in ["-at", "at"] {
            let whole = admin.list(&format!("platform/audit-log?pageSize=200&sort={sort}")).await;
            let mut paged: Vec<Json> = Vec::new();
            let mut after = String::new();
            loop {
                let (status, page) = admin.get(&format!("platform/audit-log?pageSize=3&sort={sort}{after}")).await;
                assert_eq!(status, 200, "{page}");
                paged.extend(page["data"].as_array().unwrap().clone());
                match page["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            assert_eq!(paged, whole, "{sort}");
            let second = admin.list(&format!("platform/audit-log?pageSize=3&page=2&sort={sort}")).await;
            assert_eq!(second, whole[3..6], "{sort}");
            let times: Vec<&str> = whole.iter().map(|row| row["at"].as_str().unwrap()).collect();
            let mut sorted = times.clone();
            sorted.sort_unstable();
            if sort == "-at" {
                sorted.reverse();
            }
            assert_eq!(times, sorted);
        }
    }

    async fn filters_narrow_and_unknown_ones_are_errors(place: Place) {
        let toy = Toy::new(place).await;
        let shelf = some_acts(&toy).await;
        let admin = settled(&toy).await;
        let me = admin.list("platform/users?username=admin").await[0]["id"].as_str().unwrap().to_owned();
        let id = shelf["id"].as_str().unwrap();
        for (filter, number) in [
            (format!("subject={id}"), 2),
            (format!("subject={id}&action=update"), 1),
            ("cell=toy&number=S1".to_owned(), 2),
            ("cell=platform&number=S1".to_owned(), 0),
            ("cell[in]=toy,platform&number[startsWith]=S1".to_owned(), 2),
            ("type=shelf&action[ne]=create".to_owned(), 1),
            ("type=shelf&number[contains]=s&action[in]=update,delete".to_owned(), 1),
            (format!("actor={me}&type=department"), 1),
            ("actor[isNull]=true&type=department".to_owned(), 0),
            ("at[gte]=2027-01-15T08:00:03Z&type[in]=shelf,department".to_owned(), 1),
            ("at[lt]=2027-01-15T08:00:03Z&type[in]=shelf,department".to_owned(), 3),
            ("subject=nonsense".to_owned(), 0),
        ] {
            let (status, page) = admin.get(&format!("platform/audit-log?{filter}")).await;
            assert_eq!((status, page["data"].as_array().map(Vec::len)), (200, Some(number)), "{filter}: {page}");
            assert_eq!(page["total"], number, "{filter}");
        }
        for filter in ["before=x", "actor[gt]=0198f000-0000-7000-8000-000000000001", "nothing=1", "cell[gt]=a", "subject[contains]=2", "sort=action", "sort=nothing"] {
            let (status, said) = admin.get(&format!("platform/audit-log?{filter}")).await;
            assert_eq!((status, said["code"].as_str()), (400, Some("UNKNOWN_FILTER")), "{filter}: {said}");
        }
    }

    async fn the_log_is_for_those_who_may_and_of_their_tenant(place: Place) {
        let toy = Toy::new(place).await;
        some_acts(&toy).await;
        let admin = settled(&toy).await;
        let keeper = toy.enter("toy", "keeper", PASSWORD).await;
        for path in [
            "platform/audit-log",
            "platform/audit-log/checkpoint",
            "platform/audit-log/proof",
            "platform/audit-log/export?format=csv",
        ] {
            let (status, said) = keeper.get(path).await;
            assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")), "{path}: {said}");
        }
        let operator = toy.operator().await;
        let rows = operator.list("platform/audit-log?pageSize=200").await;
        assert!(rows.iter().all(|row| row["cell"] == "platform" && row["number"] != "D1"));
        let role = json!({"code": "reader", "name": "Reader", "permissions": ["platform.audit-log.read"],
            "fieldRights": {"toy.shelf.name": "hidden"}});
        admin.make("platform/roles", role).await;
        admin
            .make("platform/users", json!({"username": "reader", "password": "reader-password", "roles": ["reader"]}))
            .await;
        let reader = toy.enter("toy", "reader", "reader-password").await;
        assert!(!reader.list("platform/audit-log?type=shelf&action=update").await.is_empty());
        assert_eq!(reader.get("platform/audit-log/export").await.0, 403);
        let (_, csv) = admin.get("platform/audit-log/export?format=csv&type=shelf&sort=at").await;
        let lines: Vec<&str> = csv.as_str().unwrap().lines().collect();
        assert_eq!(lines.len(), 4, "{csv}");
        assert!(lines[0].contains("Action") && lines[3].contains("update"));
    }

    async fn a_hidden_field_is_not_in_the_log_either(place: Place) {
        let toy = Toy::new(place).await;
        some_acts(&toy).await;
        let admin = settled(&toy).await;
        let role = json!({"code": "blind", "name": "Blind", "permissions": ["platform.audit-log.read", "toy.shelf.read"],
            "fieldRights": {"toy.shelf.name": "hidden"}});
        admin.make("platform/roles", role).await;
        admin.make("platform/users", json!({"username": "blind", "password": "blind-password", "roles": ["blind"]})).await;
        let blind = toy.enter("toy", "blind", "blind-password").await;
        let rows = blind.list("platform/audit-log?type=shelf&action=update").await;
        assert!(rows[0]["after"].get("name").is_none() && rows[0]["before"].get("name").is_none(), "{}", rows[0]);
        assert!(rows[0]["after"].get("phone").is_some());
    }

    async fn a_checkpoint_says_how_far_each_chain_reaches(place: Place) {
        let toy = Toy::new(place).await;
        some_acts(&toy).await;
        let admin = settled(&toy).await;
        let (status, said) = admin.get("platform/audit-log/checkpoint").await;
        assert_eq!(status, 200, "{said}");
        let points = said["data"].as_array().unwrap();
        let (status, proof) = admin.get("platform/audit-log/proof").await;
        assert_eq!(status, 200, "{proof}");
        for (point, proven) in points.iter().zip(proof["data"].as_array().unwrap()) {
            assert_eq!((&proven["cell"], &proven["intact"]), (&point["cell"], &json!(true)), "{proof}");
            assert_eq!(proven["brokenAt"], json!(null));
            assert!(proven["size"].as_i64() >= point["size"].as_i64(), "{proof}");
        }
        let cells: Vec<&str> = points.iter().map(|point| point["cell"].as_str().unwrap()).collect();
        assert_eq!(cells, ["platform", "toy"]);
        for point in points {
            let read: Checkpoint = serde_json::from_value(point.clone()).unwrap();
            assert_eq!((read.tenant.as_str(), read.root.len()), ("toy", 64));
            let counted = admin.get(&format!("platform/audit-log?cell={}", read.cell)).await.1["total"].as_i64().unwrap();
            assert_eq!(read.size, counted);
            assert_eq!(point["signature"], read.signature(&toy.master));
        }
        admin.make("toy/shelves", json!({"code": "S2", "name": "Two"})).await;
        let size = points[1]["size"].as_i64().unwrap();
        let mut later = admin.get("platform/audit-log/checkpoint").await.1;
        while later["data"][1]["size"] == size {
            tokio::time::sleep(Duration::from_millis(20)).await;
            later = admin.get("platform/audit-log/checkpoint").await.1;
        }
        assert_eq!(later["data"][1]["size"], size + 1);
        assert_ne!(later["data"][1]["root"], points[1]["root"]);
    }
}
