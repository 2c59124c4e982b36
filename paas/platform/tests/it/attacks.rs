//! Members who try to become more than they are, through the gateway.

use crate::toy::{PASSWORD, Toy, Visitor};
use serde_json::{Value as Json, json};

/// A clerk of department D1, which has D1A below it; D2 stands beside. `rights` restricts fields.
async fn clerk<'a>(toy: &'a Toy, permissions: Json, scope: &str, rights: Json) -> Visitor<'a> {
    let admin = toy.enter("toy", "admin", PASSWORD).await;
    let role = json!({"code": "clerk", "name": "Clerk", "permissions": permissions, "dataScope": scope,
        "fieldRights": rights});
    admin.make("platform/roles", role).await;
    let look = json!({"code": "look", "name": "Look", "permissions": ["platform.department.read"]});
    admin.make("platform/roles", look).await;
    admin.make("platform/departments", json!({"code": "D1", "name": "One"})).await;
    admin.make("platform/departments", json!({"code": "D1A", "name": "One A", "parent": {"code": "D1"}})).await;
    admin.make("platform/departments", json!({"code": "D2", "name": "Two"})).await;
    let user = json!({"username": "clerk", "password": "clerk-password", "roles": [{"code": "clerk"}, {"code": "look"}],
        "department": {"code": "D1"}});
    admin.make("platform/users", user).await;
    toy.enter("toy", "clerk", "clerk-password").await
}

async fn shelf_tenant(toy: &Toy) -> (Visitor<'_>, Json) {
    let operator = toy.operator().await;
    let new = json!({"code": "shelf", "name": "Shelf", "adminUsername": "boss", "adminPassword": "boss-password",
        "cells": []});
    let made = operator.make("platform/tenants", new).await;
    (operator, made)
}

fn switch(tenant: &str) -> Json {
    json!({"grant_type": "switch_tenant", "tenant": tenant})
}

/// A switch to the account of `boss` there, with what shows who is there and who is here.
fn link(tenant: &str, current: &str) -> Json {
    let mut said = switch(tenant);
    (said["username"], said["password"]) = (json!("boss"), json!("boss-password"));
    said["currentPassword"] = json!(current);
    said
}

paas_store::on_both! {
    async fn a_stolen_access_token_links_no_account(place: Place) {
        let toy = Toy::new(place).await;
        shelf_tenant(&toy).await;
        let stolen = toy.enter("toy", "admin", PASSWORD).await;
        let mut bare = link("shelf", "");
        bare.as_object_mut().unwrap().remove("currentPassword");
        for without in [bare, link("shelf", "")] {
            let (status, said) = stolen.post("auth/token", without).await;
            assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some("currentPassword")), "{said}");
        }
        let (status, said) = stolen.post("auth/token", link("shelf", "a guess")).await;
        assert_eq!((status, said["code"].as_str()), (401, Some("INVALID_CREDENTIALS")), "{said}");
        assert_eq!(stolen.post("auth/token", switch("shelf")).await.0, 401, "nothing was linked");
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        assert_eq!(boss.get("auth/me").await.1["memberships"].as_array().map(Vec::len), Some(1));
        // Guesses are counted as at the front door.
        for _ in 0..9 {
            assert_eq!(stolen.post("auth/token", link("shelf", "a guess")).await.0, 401);
        }
        let (status, said) = stolen.post("auth/token", link("shelf", PASSWORD)).await;
        assert_eq!((status, said["code"].as_str()), (401, Some("ACCOUNT_LOCKED")), "{said}");
        toy.later(3_600);
        let owner = toy.enter("toy", "admin", PASSWORD).await;
        assert_eq!(owner.post("auth/token", link("shelf", PASSWORD)).await.0, 200);
    }

    async fn an_id_from_another_tenant_neither_takes_nor_locks_an_account(place: Place) {
        let toy = Toy::new(place).await;
        shelf_tenant(&toy).await;
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        let membership = boss.get("auth/me").await.1["membership"]["id"].clone();
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let copy = json!({"id": membership, "username": "copy", "password": "copy-password", "roles": ["admin"]});
        let made = admin.make("platform/users", copy).await;
        assert_eq!(made["id"], membership, "ids are the client's to choose, persons are not");
        let copy = toy.enter("toy", "copy", "copy-password").await;
        let here = copy.get("auth/me").await.1;
        assert_eq!((&here["tenant"]["code"], &here["membership"]["username"]), (&json!("toy"), &json!("copy")));
        let (status, said) = copy.post("auth/token", switch("shelf")).await;
        assert_eq!((status, said["code"].as_str()), (401, Some("INVALID_CREDENTIALS")), "{said}");
        let again = toy.enter("shelf", "boss", "boss-password").await;
        let there = again.get("auth/me").await.1;
        assert_eq!((&there["tenant"]["code"], &there["membership"]["username"]), (&json!("shelf"), &json!("boss")));
        assert_ne!(there["person"]["id"], here["person"]["id"]);
        assert_eq!(there["memberships"].as_array().map(Vec::len), Some(1));
    }

    async fn nobody_moves_himself_to_where_he_sees_more(place: Place) {
        let toy = Toy::new(place).await;
        let permissions = json!(["platform.user.*", "platform.role.*", "toy.shelf.read"]);
        let clerk = clerk(&toy, permissions, "department", json!({})).await;
        let me = clerk.list("platform/users?username=clerk").await.remove(0);
        let party = "0190a0a0-0000-7000-8000-000000000001";
        for (change, field) in [
            (json!({"kind": "partner", "parties": [party]}), "kind"),
            (json!({"department": {"code": "D2"}}), "department"),
            (json!({"department": {"code": "D1A"}}), "department"),
        ] {
            let (status, said) = clerk.patch("platform/users", &me, change).await;
            assert_eq!((status, said["details"]["field"].as_str()), (403, Some(field)), "{said}");
        }
        let (status, said) = clerk.patch("platform/users", &me, json!({"name": "Cle"})).await;
        assert_eq!((status, said["name"].as_str()), (200, Some("Cle")), "{said}");
        let role = json!({"code": "mine", "name": "Mine", "permissions": ["toy.shelf.read"], "dataScope": "department"});
        let role = clerk.make("platform/roles", role).await;
        let helper = |unit: &str, more: Json| {
            let mut user = json!({"username": format!("h-{unit}"), "password": "helper-password", "roles": [role["id"]],
                "department": {"code": unit}});
            user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            user
        };
        for wrong in [helper("D2", json!({})), helper("D1", json!({"kind": "partner", "parties": [party]}))] {
            let (status, said) = clerk.post("platform/users", wrong).await;
            assert_eq!((status, said["details"]["field"].as_str()), (403, Some("roles[0]")), "{said}");
        }
        clerk.make("platform/users", helper("D1", json!({"parties": [party]}))).await;
        for wider in ["department-tree", "party"] {
            let (status, said) = clerk.patch("platform/roles", &role, json!({"dataScope": wider})).await;
            assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")), "{wider}: {said}");
        }
    }

    async fn nobody_sheds_his_field_rights(place: Place) {
        let toy = Toy::new(place).await;
        let permissions = json!(["platform.user.*", "platform.role.*", "toy.shelf.read"]);
        let hidden = json!({"toy.shelf.phone": "hidden"});
        let clerk = clerk(&toy, permissions, "department", hidden.clone()).await;
        let role = |code: &str, rights: Json| {
            json!({"code": code, "name": "R", "permissions": ["toy.shelf.read"], "dataScope": "own", "fieldRights": rights})
        };
        for (code, rights) in [("a", json!({})), ("b", json!({"toy.shelf.phone": "masked"}))] {
            let (status, said) = clerk.post("platform/roles", role(code, rights)).await;
            assert_eq!((status, said["details"]["permission"].as_str()), (403, Some("toy.shelf.phone")), "{said}");
        }
        let made = clerk.make("platform/roles", role("c", hidden)).await;
        let (status, said) = clerk.patch("platform/roles", &made, json!({"fieldRights": {}})).await;
        assert_eq!(status, 403, "{said}");
        // One that sees more is not his to give either, whoever made it.
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let free = json!({"code": "free", "name": "F", "permissions": ["toy.shelf.read"], "dataScope": "own"});
        let free = admin.make("platform/roles", free).await;
        let more = json!({"code": "roles", "name": "R", "permissions": ["platform.role.read"]});
        admin.make("platform/roles", more).await;
        let user = admin.list("platform/users?username=clerk").await.remove(0);
        let (status, user) = admin.patch("platform/users", &user, json!({"roles": ["clerk", "look", "roles"]})).await;
        assert_eq!(status, 200, "{user}");
        let again = toy.enter("toy", "clerk", "clerk-password").await;
        let roles = json!({"roles": ["clerk", "look", "roles", free["id"]]});
        let (status, said) = again.patch("platform/users", &user, roles).await;
        assert_eq!((status, said["details"]["permission"].as_str()), (403, Some("toy.shelf.phone")), "{said}");
    }

    async fn a_restriction_of_nothing_is_refused(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let role = |code: &str, field: &str| {
            json!({"code": code, "name": "R", "permissions": ["toy.shelf.read"], "fieldRights": {field: "hidden"}})
        };
        // Whoever misspells a field would believe it hidden.
        for wrong in ["toy.shelf.fone", "toy.shelve.phone", "other.shelf.phone", "toy.shelf", "toy.shelf.*", "phone", ""] {
            let (status, said) = admin.post("platform/roles", role("wrong", wrong)).await;
            let detail = &said["details"][0];
            assert_eq!((status, detail["code"].as_str()), (400, Some("NOT_FOUND")), "{wrong}: {said}");
            assert_eq!(detail["field"], format!("fieldRights.{wrong}"));
        }
        for (at, right) in ["toy.shelf.phone", "platform.dictionary.items", "platform.dictionary.items.value",
            "platform.user.parties"].into_iter().enumerate() {
            admin.make("platform/roles", role(&format!("right{at}"), right)).await;
        }
    }

    async fn clerks_leave_those_above_them_alone(place: Place) {
        let toy = Toy::new(place).await;
        let permissions = json!(["platform.user.*", "platform.role.read", "platform.role.disable", "platform.role.enable",
            "toy.shelf.*"]);
        let desk = clerk(&toy, permissions, "all", json!({})).await;
        let admin = desk.list("platform/users?username=admin").await.remove(0);
        for change in [json!({"username": "other"}), json!({"roles": []}), json!({"mustChangePassword": true})] {
            let (status, said) = desk.patch("platform/users", &admin, change).await;
            assert_eq!((status, said["code"].as_str()), (403, Some("FORBIDDEN")), "{said}");
        }
        for action in ["disable", "unlock"] {
            assert_eq!(desk.act("platform/users", &admin, action).await.0, 403, "{action}");
        }
        let role = desk.list("platform/roles?code=admin").await.remove(0);
        assert_eq!(desk.act("platform/roles", &role, "disable").await.0, 403);
        let keeper = desk.list("platform/users?username=keeper").await.remove(0);
        let (status, said) = desk.patch("platform/users", &keeper, json!({"state": "disabled"})).await;
        assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some("state")), "{said}");
        assert_eq!(desk.act("platform/users", &keeper, "disable").await.0, 200);
        let me = desk.list("platform/users?username=clerk").await.remove(0);
        let (status, said) = desk.patch("platform/users", &me, json!({"password": "other-password"})).await;
        assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some("password")), "{said}");
        toy.enter("toy", "admin", PASSWORD).await;
    }

    async fn a_session_that_was_switched_to_ends_with_its_root(place: Place) {
        let toy = Toy::new(place).await;
        shelf_tenant(&toy).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        assert_eq!(admin.post("auth/token", link("shelf", PASSWORD)).await.0, 200);
        let (status, said) = admin.post("auth/token", switch("toy")).await;
        assert_eq!((status, said["details"][0]["field"].as_str()), (400, Some("tenant")), "{said}");
        let enter = |said: Json, tenant: &str| {
            let token = said["access_token"].as_str().unwrap().to_owned();
            let mut visitor = admin.clone();
            (visitor.tenant, visitor.token) = (tenant.to_owned(), token);
            visitor
        };
        let (status, there) = admin.post("auth/token", switch("shelf")).await;
        assert_eq!(status, 200, "{there}");
        let over = enter(there.clone(), "shelf");
        assert_eq!(over.get("auth/me").await.0, 200);
        let (status, back) = over.post("auth/token", switch("toy")).await;
        assert_eq!(status, 200, "{back}");
        let back = enter(back, "toy");
        assert_eq!(back.get("auth/me").await.0, 200);
        assert_eq!(admin.post("auth/revoke", json!({})).await.0, 200);
        over.until("auth/me", 401).await;
        back.until("auth/me", 401).await;
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": there["refresh_token"]});
        assert_eq!(toy.token(refresh).await.1["code"], "UNAUTHENTICATED");
        assert_eq!(over.post("auth/token", switch("toy")).await.0, 401);
    }

    async fn a_reset_ends_every_session_however_many(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let first = toy.sign_in("toy", "keeper", PASSWORD).await.1;
        for _ in 0..105 {
            let (status, _) = toy.sign_in("toy", "keeper", PASSWORD).await;
            assert_eq!(status, 200);
        }
        let keeper = admin.list("platform/users?username=keeper").await.remove(0);
        let (status, said) = admin.patch("platform/users", &keeper, json!({"password": "other-password"})).await;
        assert_eq!(status, 200, "{said}");
        assert!(!toy.principal(&toy.claims(&first)).await.active);
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]});
        assert_eq!(toy.token(refresh).await.1["code"], "UNAUTHENTICATED");
    }

    async fn an_administrator_who_left_does_not_come_back(place: Place) {
        let toy = Toy::new(place).await;
        let (operator, made) = shelf_tenant(&toy).await;
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        let me = boss.list("platform/users?username=boss").await.remove(0);
        let (status, said) = boss.patch("platform/users", &me, json!({"username": "chief"})).await;
        assert_eq!(status, 200, "{said}");
        let (status, made) = operator.patch("platform/tenants", &made, json!({"name": "Renamed"})).await;
        assert_eq!(status, 200, "{made}");
        assert_eq!(toy.sign_in("shelf", "boss", "boss-password").await.1["code"], "INVALID_CREDENTIALS");
        assert_eq!(boss.list("platform/users").await.len(), 1);
        assert_eq!(toy.sign_in("shelf", "chief", "boss-password").await.0, 200);
    }

    async fn a_renamed_administrator_gets_what_comes_later(place: Place) {
        let toy = Toy::new(place).await;
        let (operator, made) = shelf_tenant(&toy).await;
        let boss = toy.enter("shelf", "boss", "boss-password").await;
        let role = boss.list("platform/roles?code=boss").await.remove(0);
        let (status, said) = boss.patch("platform/roles", &role, json!({"code": "chiefs"})).await;
        assert_eq!(status, 200, "{said}");
        let me = boss.list("platform/users?username=boss").await.remove(0);
        let (status, said) = boss.patch("platform/users", &me, json!({"username": "chief"})).await;
        assert_eq!(status, 200, "{said}");
        // Somebody who takes the name and a role of that name takes nothing else with them.
        let bait = json!({"code": "boss", "name": "Bait", "permissions": ["platform.user.read"]});
        boss.make("platform/roles", bait).await;
        let thief = json!({"username": "boss", "password": "thief-password", "roles": ["boss"]});
        boss.make("platform/users", thief).await;
        let (status, said) = operator.patch("platform/tenants", &made, json!({"cells": ["toy"]})).await;
        assert_eq!(status, 200, "{said}");
        boss.until("toy/shelves", 200).await;
        let thief = toy.enter("shelf", "boss", "thief-password").await;
        assert_eq!(thief.get("toy/shelves").await.1["code"], "FORBIDDEN");
    }

    async fn what_shows_the_whole_house_takes_the_whole_scope(place: Place) {
        let toy = Toy::new(place).await;
        let permissions = json!(["platform.audit-log.*", "platform.event.*", "platform.health.*"]);
        let desk = clerk(&toy, permissions, "department", json!({})).await;
        let services = ["platform/audit-log/checkpoint", "platform/health-summary", "platform/events"];
        for path in ["platform/audit-log", "platform/audit-log/export?format=csv"].into_iter().chain(services) {
            let (status, said) = desk.get(path).await;
            assert_eq!((status, said["details"]["reason"].as_str()), (403, Some("scope")), "{path}: {said}");
        }
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let role = admin.list("platform/roles?code=clerk").await.remove(0);
        assert_eq!(admin.patch("platform/roles", &role, json!({"dataScope": "all"})).await.0, 200);
        let desk = toy.enter("toy", "clerk", "clerk-password").await;
        for path in ["platform/audit-log", "platform/audit-log/checkpoint"] {
            desk.until(path, 200).await;
        }
    }

    async fn a_repeated_request_shows_what_may_be_seen_today(place: Place) {
        let toy = Toy::new(place).await;
        let desk = clerk(&toy, json!(["toy.shelf.*"]), "own", json!({})).await;
        let body = json!({"code": "S9", "name": "Nine", "phone": "13800138000"});
        let again = || desk.send("POST", "toy/shelves", &body, Some("same"));
        let (status, first) = again().await;
        assert_eq!((status, first["phone"].as_str()), (201, Some("13800138000")), "{first}");
        assert_eq!(again().await.1, first);
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let restrict = async |change: Json| {
            let role = admin.list("platform/roles?code=clerk").await.remove(0);
            let (status, said) = admin.patch("platform/roles", &role, change).await;
            assert_eq!(status, 200, "{said}");
            tokio::time::sleep(std::time::Duration::from_millis(900)).await; // what the gateway knows is up to 0.8 s old
        };
        restrict(json!({"fieldRights": {"toy.shelf.name": "hidden", "toy.shelf.phone": "masked"}})).await;
        let (status, said) = again().await;
        assert_eq!((status, &said["id"], said["phone"].as_str()), (201, &first["id"], Some("138****8000")), "{said}");
        assert_eq!((said.get("name"), said["code"].as_str()), (None, Some("S9")), "{said}");
        restrict(json!({"fieldRights": {}})).await;
        let shelf = admin.list("toy/shelves?code=S9").await.remove(0);
        let me = admin.get("auth/me").await.1["membership"]["id"].clone();
        let (status, said) = admin.patch("toy/shelves", &shelf, json!({"owner": me})).await;
        assert_eq!(status, 200, "{said}");
        assert_eq!(desk.get(&format!("toy/shelves/{}", first["id"].as_str().unwrap())).await.0, 404);
        let (status, said) = again().await;
        assert_eq!((status, said), (201, json!({"id": first["id"], "version": first["version"]})));
    }
}
