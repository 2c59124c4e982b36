//! Roles and users: what they are, and who may give what to whom.

use crate::toy::{PASSWORD, Toy, Visitor};
use serde_json::{Value as Json, json};

async fn clerk<'a>(toy: &'a Toy, permissions: Json, scope: &str) -> Visitor<'a> {
    let admin = toy.enter("toy", "admin", PASSWORD).await;
    let role = json!({"code": "clerk", "name": "Clerk", "permissions": permissions, "dataScope": scope});
    admin.make("platform/roles", role).await;
    admin.make("platform/departments", json!({"code": "D1", "name": "One"})).await;
    let user = json!({"username": "clerk", "password": "clerk-password", "roles": [{"code": "clerk"}],
        "department": {"code": "D1"}});
    admin.make("platform/users", user).await;
    toy.enter("toy", "clerk", "clerk-password").await
}

paas_store::on_both! {
    async fn wildcards_end_where_they_are_granted(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let role = |permissions: Json| json!({"code": "r", "name": "R", "permissions": permissions});
        let made = admin.make("platform/roles", role(json!(["toy.shelf.*", "toy.shelf.read"]))).await;
        let held: Vec<&str> = made["permissions"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        assert_eq!(
            held,
            [
                "toy.shelf.create",
                "toy.shelf.delete",
                "toy.shelf.disable",
                "toy.shelf.enable",
                "toy.shelf.export",
                "toy.shelf.read",
                "toy.shelf.unmask",
                "toy.shelf.update"
            ]
        );
        let (status, all) = admin.patch("platform/roles", &made, json!({"permissions": ["platform.*", "toy.*"]})).await;
        assert_eq!(status, 200, "{all}");
        let codes = all["permissions"].to_string();
        assert!(codes.contains("platform.audit-log.read") && !codes.contains('*') && !codes.contains("platform.tenant."));
        for wrong in ["toy.nothing.read", "other.*", "platform.tenant.read", "platform.tenant.*", "*", "toy"] {
            let (status, said) = admin.post("platform/roles", role(json!(["toy.shelf.read", wrong]))).await;
            assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some("permissions[1]")), "{wrong}: {said}");
        }
        let own = admin.get("auth/me").await.1;
        assert!(!own["permissions"].to_string().contains('*'), "the administrator's are expanded too");
    }

    async fn nobody_gives_more_than_he_has(place: Place) {
        let toy = Toy::new(place).await;
        let permissions = json!(["platform.user.*", "platform.role.*", "platform.department.read", "toy.shelf.read"]);
        let clerk = clerk(&toy, permissions, "department").await;
        let role = |permission: &str, scope: &str| json!({"code": format!("r-{scope}"), "name": "R", "permissions": [permission], "dataScope": scope});
        let (status, said) = clerk.post("platform/roles", role("toy.shelf.update", "own")).await;
        assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")), "{said}");
        assert_eq!(said["details"]["permission"], "toy.shelf.update");
        let (status, said) = clerk.post("platform/roles", role("toy.shelf.read", "all")).await;
        assert_eq!((status, said["details"]["field"].as_str()), (403, Some("permissions[0]")), "wider than own: {said}");
        let made = clerk.make("platform/roles", role("toy.shelf.read", "own")).await;
        let (status, said) = clerk.patch("platform/roles", &made, json!({"dataScope": "all"})).await;
        assert_eq!(status, 403, "{said}");
        let (status, said) = clerk.patch("platform/roles", &made, json!({"name": "Mine"})).await;
        assert_eq!((status, said["name"].as_str()), (200, Some("Mine")), "{said}");

        let user = |roles: Json| json!({"username": "fresh", "password": "fresh-password", "roles": roles, "department": {"code": "D1"}});
        let (status, said) = clerk.post("platform/users", user(json!([made["id"], {"code": "admin"}]))).await;
        assert!(matches!(status, 400 | 403), "what he cannot read or give: {said}");
        let fresh = clerk.make("platform/users", user(json!([made["id"]]))).await;
        let (status, said) = clerk.patch("platform/users", &fresh, json!({"password": "other-password"})).await;
        assert_eq!(status, 200, "{said}");
        toy.enter("toy", "fresh", "other-password").await;
    }

    async fn the_right_to_set_passwords_is_not_the_right_to_become_anybody(place: Place) {
        let toy = Toy::new(place).await;
        let desk = clerk(&toy, json!(["platform.user.*", "platform.role.read"]), "all").await;
        let admin = desk.list("platform/users?username=admin").await.remove(0);
        let (status, said) = desk.patch("platform/users", &admin, json!({"password": "taken-password"})).await;
        assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")), "{said}");
        toy.enter("toy", "admin", PASSWORD).await;
        let me = desk.list("platform/users?username=clerk").await.remove(0);
        let (status, said) = desk.patch("platform/users", &me, json!({"roles": [{"code": "admin"}]})).await;
        assert_eq!((status, said["details"]["field"].as_str()), (403, Some("roles[0]")), "{said}");
    }

    async fn a_new_password_and_a_disabled_account_end_sessions(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let user = json!({"username": "cleo", "name": "Cleo", "password": "cleo-password", "roles": ["keeper"]});
        let cleo = admin.make("platform/users", user).await;
        assert_eq!((&cleo["kind"], &cleo["state"]), (&json!("staff"), &json!("active")));
        assert!(cleo.get("password").is_none() && cleo.get("passwordHash").is_none());
        let before = toy.enter("toy", "cleo", "cleo-password").await;
        assert_eq!(before.get("toy/shelves").await.0, 200);
        let (status, cleo) = admin.patch("platform/users", &cleo, json!({"password": "other-password"})).await;
        assert_eq!(status, 200, "{cleo}");
        before.until("toy/shelves", 401).await;
        let after = toy.enter("toy", "cleo", "other-password").await;
        let (status, cleo) = admin.act("platform/users", &cleo, "disable").await;
        assert_eq!((status, cleo["state"].as_str()), (200, Some("disabled")), "{cleo}");
        after.until("toy/shelves", 401).await;
        let (status, cleo) = admin.act("platform/users", &cleo, "enable").await;
        assert_eq!((status, cleo["state"].as_str()), (200, Some("active")));
        after.until("toy/shelves", 401).await;
        toy.enter("toy", "cleo", "other-password").await;
        assert_eq!(admin.act("platform/users", &cleo, "unlock").await.0, 200);
        let me = admin.list("platform/users?username=admin").await.remove(0);
        let (status, said) = admin.act("platform/users", &me, "disable").await;
        assert_eq!((status, said["details"]["rule"].as_str()), (422, Some("platform.user.oneself")));
    }

    async fn sessions_are_seen_and_ended_within_scope(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let own = json!({"code": "own", "name": "Own", "dataScope": "own",
            "permissions": ["platform.session.read", "platform.session.revoke"]});
        admin.make("platform/roles", own).await;
        let user = admin.list("platform/users?username=keeper").await.remove(0);
        let (status, user) = admin.patch("platform/users", &user, json!({"roles": ["keeper", "own"]})).await;
        assert_eq!(status, 200, "{user}");
        let keeper = toy.enter("toy", "keeper", PASSWORD).await;
        let elsewhere = toy.enter("toy", "keeper", PASSWORD).await;
        let own = keeper.list("platform/sessions").await;
        assert_eq!(own.len(), 2);
        assert!(own.iter().all(|session| session["user"]["code"] == "keeper" && session.get("generation").is_none()));
        let all = admin.list("platform/sessions?pageSize=200").await;
        assert_eq!(all.len(), 3);
        let theirs = all.iter().find(|session| session["user"]["code"] == "admin").unwrap();
        assert_eq!(keeper.act("platform/sessions", theirs, "revoke").await.0, 404);
        for session in &own {
            assert_eq!(keeper.act("platform/sessions", session, "revoke").await.0, 200);
        }
        elsewhere.until("toy/shelves", 401).await;
        keeper.until("toy/shelves", 401).await;
        assert_eq!(admin.get("toy/shelves").await.0, 200);
        let (status, said) = admin.post("platform/sessions", json!({})).await;
        assert!(matches!(status, 400 | 403), "{said}");
    }
}
