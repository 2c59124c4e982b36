//! What the tenant's own settings and records do at the front door.

use crate::toy::{PASSWORD, Toy};
use serde_json::{Value as Json, json};

paas_store::on_both! {
    async fn limits_reach_the_door_and_not_the_demo(place: Place) {
        let toy = Toy::new(place).await;
        toy.install("demo", false, true).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let set = admin.make("platform/settings", json!({"limits": {"userPerSecond": 1}})).await;
        assert_eq!(set["limits"], json!({"userPerSecond": 1, "tenantPerSecond": 2000}));
        let refused = admin.until("platform/users", 429).await;
        assert_eq!(refused["code"], "RATE_LIMITED");
        let demo = toy.enter("demo", "admin", PASSWORD).await;
        demo.make("platform/settings", json!({"limits": {"userPerSecond": 1, "tenantPerSecond": 1}})).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        for _ in 0..20 {
            assert_eq!(demo.get("platform/users").await.0, 200);
        }
    }

    async fn whoever_has_a_first_password_changes_it_first(place: Place) {
        let toy = Toy::new(place).await;
        let first = toy.enter("system", "admin", PASSWORD).await;
        for path in ["platform/tenants", "platform/meta", "auth/me"] {
            let (status, said) = first.get(path).await;
            assert_eq!((status, said["code"].as_str()), (403, Some("PASSWORD_CHANGE_REQUIRED")), "{path}");
        }
        let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
        let (status, said) = first.post("auth/password", change("wrong-password", "second-password")).await;
        assert_eq!((status, said["code"].as_str()), (401, Some("INVALID_CREDENTIALS")), "{said}");
        for (new, code) in [("short", "TOO_SHORT"), (PASSWORD, "UNCHANGED")] {
            let (status, said) = first.post("auth/password", change(PASSWORD, new)).await;
            assert_eq!((status, said["details"][0]["code"].as_str()), (400, Some(code)), "{said}");
        }
        assert_eq!(first.post("auth/password", change(PASSWORD, "second-password")).await.0, 200);
        assert_eq!(first.get("platform/tenants").await.0, 200, "the same session goes on");
        assert_eq!(toy.sign_in("system", "admin", PASSWORD).await.1["code"], "INVALID_CREDENTIALS");
    }

    async fn nobody_locks_out_another(place: Place) {
        let toy = Toy::new(place).await;
        for _ in 0..12 {
            assert_eq!(toy.sign_in("toy", "admin", "wrong-password").await.1["code"], "INVALID_CREDENTIALS");
        }
        let (status, said) = toy.sign_in("toy", "admin", PASSWORD).await;
        assert_eq!((status.as_u16(), said["code"].as_str()), (401, Some("ACCOUNT_LOCKED")));
        // From the gateway's network the account is open.
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        assert_eq!(toy.sign_in("toy", "keeper", PASSWORD).await.0, 200);
        let me = admin.list("platform/users?username=admin").await.remove(0);
        toy.later(1);
        assert_eq!(admin.act("platform/users", &me, "unlock").await.0, 200);
        assert_eq!(toy.sign_in("toy", "admin", PASSWORD).await.0, 200);
        for name in ["admin", "nobody"] {
            let mut answers: Vec<Json> = Vec::new();
            for _ in 0..40 {
                answers.push(toy.sign_in("toy", name, "wrong-password").await.1["code"].clone());
            }
            answers.dedup();
            assert_eq!(answers, [json!("INVALID_CREDENTIALS"), json!("RATE_LIMITED")], "{name}");
        }
    }

    async fn services_sign_in_with_their_secret_and_people_do_not(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let robot = json!({"username": "robot", "password": "robot-secret", "kind": "service", "roles": ["keeper"]});
        admin.make("platform/users", robot).await;
        let grant = |id: &str, secret: &str| json!({"grant_type": "client_credentials", "tenant": "toy", "client_id": id, "client_secret": secret});
        let (status, said) = admin.post("auth/token", grant("robot", "robot-secret")).await;
        assert_eq!((status, said.get("refresh_token").is_some()), (200, false), "{said}");
        for (id, secret) in [("robot", "wrong-secret"), ("keeper", PASSWORD)] {
            assert_eq!(admin.post("auth/token", grant(id, secret)).await.1["code"], "INVALID_CREDENTIALS");
        }
        let (status, said) = admin.post("auth/token", json!({"grant_type": "magic"})).await;
        assert_eq!((status, said["code"].as_str()), (400, Some("VALIDATION_FAILED")));
    }

    async fn dictionaries_and_departments_are_kept(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let words =
            json!({"code": "colour", "name": "颜色", "nameEn": "Colour", "items": [{"value": "red", "name": "红"}]});
        let made = admin.make("platform/dictionaries", words).await;
        assert_eq!((&made["name"], &made["items"][0]["value"]), (&json!("Colour"), &json!("red")));
        let top = admin.make("platform/departments", json!({"code": "D1", "name": "One", "manager": "keeper"})).await;
        assert_eq!(top["manager"]["code"], "keeper");
        let below =
            admin.make("platform/departments", json!({"code": "D2", "name": "Two", "parent": {"code": "D1"}})).await;
        let (status, said) = admin.patch("platform/departments", &top, json!({"parent": below["id"]})).await;
        assert_eq!((status, said["details"][0]["code"].as_str()), (400, Some("CIRCLE")), "{said}");
        let under = admin.list("platform/departments?parent.code=D1").await;
        assert_eq!(under.len(), 1);
        let settings = json!({"zone": "Nowhere/City"});
        assert_eq!(admin.post("platform/settings", settings).await.0, 400);
    }
}
