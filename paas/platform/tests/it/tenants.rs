//! Tenants, through the gateway.

use crate::toy::{PASSWORD, Toy};
use paas_link::Link;
use serde_json::{Value as Json, json};

fn tenant(code: &str, cells: Json) -> Json {
    json!({"code": code, "name": "Shelf & Co", "adminUsername": "boss", "adminPassword": "boss-password", "cells": cells})
}

paas_store::on_both! {
    async fn a_new_tenant_is_at_work_when_the_answer_comes(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let made = operator.make("platform/tenants", tenant("shelf", json!(["toy"]))).await;
        assert_eq!((&made["state"], &made["cells"]), (&json!("active"), &json!(["toy"])));
        assert!(made.get("adminPassword").is_none() && made.get("adminHash").is_none());
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        assert_eq!(boss.list("toy/shelves").await[0]["code"], "S0", "the cell is seeded");
        let me = boss.get("auth/me").await.1;
        assert_eq!((&me["tenant"]["code"], &me["membership"]["username"]), (&json!("shelf"), &json!("boss")));
        assert_eq!(me["cells"], json!(["platform", "toy"]));
        let held = me["permissions"].to_string();
        for code in ["toy.shelf.create", "toy.shelf.unmask", "platform.user.create", "platform.audit-log.export"] {
            assert!(held.contains(code), "{code}");
        }
        assert!(!held.contains("platform.tenant."));
        let (_, meta) = boss.get("platform/meta").await;
        assert!(!meta["types"].as_array().unwrap().iter().any(|kind| kind["name"] == "tenant"), "not even the type");
        let (status, said) = boss.get("platform/tenants").await;
        assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")));
        assert_eq!(boss.post("platform/tenants", tenant("more", json!([]))).await.0, 403);
        let codes = operator.get("auth/me").await.1["permissions"].to_string();
        for verb in ["read", "create", "suspend", "resume"] {
            assert!(codes.contains(&format!("\"platform.tenant.{verb}\"")), "{verb}");
        }
    }

    async fn what_cannot_be_a_tenant_leaves_nothing(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        for (wrong, field) in [
            (tenant("shelf", json!(["toy", "nowhere"])), "cells[0]"),
            (tenant("Bad Code", json!([])), "code"),
            (
                json!({"code": "shelf", "name": "x", "adminUsername": "a", "adminPassword": "short", "cells": []}),
                "adminPassword",
            ),
            (json!({"code": "shelf", "name": "x", "adminPassword": "long-enough", "cells": []}), "adminUsername"),
            (json!({"code": "shelf", "name": "x", "adminUsername": "a", "cells": []}), "adminPassword"),
        ] {
            let (status, said) = operator.post("platform/tenants", wrong).await;
            assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some(field)), "{said}");
        }
        let (status, _) = operator.post("platform/tenants?dryRun=true", tenant("shelf", json!(["toy"]))).await;
        assert_eq!(status, 201);
        assert!(operator.list("platform/tenants?code=shelf").await.is_empty());
        operator.make("platform/tenants", tenant("shelf", json!(["toy"]))).await;
        let (status, said) = operator.post("platform/tenants", tenant("shelf", json!([]))).await;
        assert_eq!((status, said["code"].as_str()), (409, Some("DUPLICATE")));
    }

    async fn a_cell_that_was_not_there_is_made_good_by_the_same_request(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let there = toy.peers.link("toy").unwrap();
        toy.peers.connect("toy", Link::remote("http://127.0.0.1:1").unwrap());
        let new = tenant("shelf", json!(["toy"]));
        let (status, said) = operator.send("POST", "platform/tenants", &new, Some("the-same")).await;
        assert_eq!((status, said["code"].as_str()), (503, Some("UNAVAILABLE")), "{said}");
        assert_eq!(toy.sign_in("shelf", "boss", "boss-password").await.1["code"], "INVALID_CREDENTIALS");
        toy.peers.connect("toy", there);
        let (status, made) = operator.send("POST", "platform/tenants", &new, Some("the-same")).await;
        assert_eq!(status, 201, "{made}");
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        assert_eq!(boss.list("toy/shelves").await.len(), 1);
    }

    async fn many_at_once_are_all_at_work(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let items = json!({"items": [tenant("one", json!(["toy"])), tenant("two", json!([]))]});
        let (status, said) = operator.post("platform/tenants/batch", items).await;
        assert_eq!(status, 201, "{said}");
        toy.enter("one", "boss", "boss-password").await;
        toy.enter("two", "boss", "boss-password").await;
    }

    async fn cells_come_and_go(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let made = operator.make("platform/tenants", tenant("shelf", json!([]))).await;
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        let (status, said) = boss.get("toy/shelves").await;
        assert_eq!((status, said["code"].as_str()), (403, Some("CELL_NOT_ENABLED")));
        let (status, made) = operator.patch("platform/tenants", &made, json!({"cells": ["toy"]})).await;
        assert_eq!(status, 200, "{made}");
        boss.until("toy/shelves", 200).await;
        let (status, made) = operator.patch("platform/tenants", &made, json!({"cells": []})).await;
        assert_eq!(status, 200, "{made}");
        assert_eq!(boss.until("toy/shelves", 403).await["code"], "CELL_NOT_ENABLED");
        for (field, value) in [("code", "other"), ("adminUsername", "other"), ("adminPassword", "other-password")] {
            let (status, said) = operator.patch("platform/tenants", &made, json!({field: value})).await;
            assert_eq!((status, said["details"][0]["code"].as_str()), (400, Some("READ_ONLY")), "{said}");
        }
    }

    async fn suspended_means_closed_until_resumed(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let made = operator.make("platform/tenants", tenant("shelf", json!(["toy"]))).await;
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        assert_eq!(boss.get("toy/shelves").await.0, 200);
        let (status, made) = operator.act("platform/tenants", &made, "suspend").await;
        assert_eq!((status, made["state"].as_str()), (200, Some("suspended")), "{made}");
        for path in ["toy/shelves", "platform/users", "auth/me"] {
            assert_eq!(boss.until(path, 403).await["code"], "TENANT_SUSPENDED", "{path}");
        }
        assert_eq!(toy.sign_in("shelf", "boss", "boss-password").await.1["code"], "TENANT_SUSPENDED");
        assert_eq!(toy.sign_in("shelf", "boss", "wrong").await.1["code"], "INVALID_CREDENTIALS");
        let (status, said) = operator.act("platform/tenants", &made, "suspend").await;
        assert_eq!((status, said["code"].as_str()), (409, Some("INVALID_TRANSITION")));
        let (status, _) = operator.act("platform/tenants", &made, "resume").await;
        assert_eq!(status, 200);
        boss.until("toy/shelves", 200).await;
        let own = operator.list("platform/tenants?code=system").await.remove(0);
        let (status, said) = operator.act("platform/tenants", &own, "suspend").await;
        assert_eq!((status, said["details"]["rule"].as_str()), (422, Some("platform.tenant.operator")));
    }

    async fn a_person_sees_where_else_he_belongs(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let made = operator.make("platform/tenants", tenant("shelf", json!([]))).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let names = |me: &Json| -> Vec<String> {
            me["memberships"].as_array().unwrap().iter().map(|m| m["tenant"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&admin.get("auth/me").await.1), ["toy"]);
        let switch = json!({"grant_type": "switch_tenant", "tenant": "shelf"});
        assert_eq!(admin.post("auth/token", switch.clone()).await.0, 401);
        let mut proof = switch.clone();
        (proof["username"], proof["password"]) = (json!("boss"), json!("boss-password"));
        proof["currentPassword"] = json!(PASSWORD);
        assert_eq!(admin.post("auth/token", proof).await.0, 200);
        let me = admin.get("auth/me").await.1;
        assert_eq!(names(&me), ["toy", "shelf"]);
        assert_eq!(me["memberships"][1]["name"], "Shelf & Co");
        let (status, there) = admin.post("auth/token", switch.clone()).await;
        assert_eq!(status, 200, "{there}");
        let token = there["access_token"].as_str().unwrap().to_owned();
        let mut over = admin.clone();
        (over.tenant, over.token) = ("shelf".to_owned(), token);
        assert_eq!(over.get("auth/me").await.1["membership"]["username"], "boss");
        over.tenant = "toy".to_owned();
        assert_eq!(over.get("platform/users").await.1["code"], "TENANT_MISMATCH");
        operator.act("platform/tenants", &made, "suspend").await;
        assert_eq!(names(&admin.get("auth/me").await.1), ["toy"]);
        assert_eq!(admin.post("auth/token", switch).await.1["code"], "TENANT_SUSPENDED");
    }
    async fn a_silent_cell_takes_nothing_else_down(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        toy.peers.connect("other", Link::remote("http://127.0.0.1:1").unwrap());
        let own = operator.list("platform/tenants?code=toy").await.remove(0);
        let (status, said) = operator.patch("platform/tenants", &own, json!({"cells": ["other", "toy"]})).await;
        assert_eq!((status, said["code"].as_str()), (503, Some("UNAVAILABLE")), "{said}");
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        assert_eq!(admin.get("auth/me").await.1["cells"], json!(["platform", "other", "toy"]));
        assert_eq!(admin.get("toy/shelves").await.0, 200);
        let role = |code: &str| json!({"code": "r", "name": "R", "permissions": ["toy.shelf.*", code]});
        let (status, said) = admin.post("platform/roles", role("other.thing.read")).await;
        assert_eq!((status, said["code"].as_str()), (503, Some("UNAVAILABLE")), "{said}");
        let made = admin.make("platform/roles", role("toy.shelf.read")).await;
        assert_eq!(admin.patch("platform/roles", &made, json!({"name": "Other"})).await.0, 200);
        assert_eq!(admin.get("platform/audit-log").await.0, 503, "a log with a gap is none");
        let rows = admin.list("platform/audit-log?cell[in]=toy,platform").await;
        let id = rows[0]["id"].as_str().unwrap();
        assert_eq!(admin.list(&format!("platform/audit-log/{id}/history")).await.len(), 0);
    }
}
