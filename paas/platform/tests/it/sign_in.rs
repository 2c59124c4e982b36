//! Signing in, staying in, going, and new tenants, over signed calls as the gateway makes them.

use crate::toy::Toy;
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

paas_store::on_both! {
    async fn what_is_wrong_is_told_only_after_the_right_password(place: Place) {
        let toy = Toy::new(place).await;
        for (tenant, username, password) in
            [("toy", "admin", "wrong"), ("toy", "nobody", "first-password"), ("nowhere", "admin", "first-password")]
        {
            let (status, said) = toy.sign_in(tenant, username, password).await;
            assert_eq!((status, said["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("INVALID_CREDENTIALS")));
        }
        for _ in 0..10 {
            let (_, said) = toy.sign_in("toy", "admin", "wrong").await;
            assert_eq!(said["code"], "INVALID_CREDENTIALS");
        }
        let (_, said) = toy.sign_in("toy", "admin", "first-password").await;
        assert_eq!(said["code"], "ACCOUNT_LOCKED");
        toy.later(16 * 60);
        let (status, said) = toy.sign_in("toy", "admin", "first-password").await;
        assert_eq!(status, StatusCode::OK, "{said}");
        let who = toy.principal(&toy.claims(&said)).await;
        assert!(who.active && !who.must_change_password && who.policy.compile().allows("platform.user.create"));
        assert!(!who.policy.compile().allows("platform.tenant.create"));
    }

    async fn refresh_tokens_rotate_and_a_copy_ends_the_family(place: Place) {
        let toy = Toy::new(place).await;
        let (_, first) = toy.sign_in("toy", "admin", "first-password").await;
        let refresh = |token: &Json| json!({"grant_type": "refresh_token", "refresh_token": token});
        let (status, second) = toy.token(refresh(&first["refresh_token"])).await;
        assert_eq!(status, StatusCode::OK, "{second}");
        toy.later(20);
        let (_, again) = toy.token(refresh(&first["refresh_token"])).await;
        assert_eq!(again["refresh_token"], second["refresh_token"]);
        toy.later(20);
        let (status, _) = toy.token(refresh(&first["refresh_token"])).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let (status, _) = toy.token(refresh(&second["refresh_token"])).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(!toy.principal(&toy.claims(&second)).await.active);
    }

    async fn the_first_password_is_changed_and_sessions_end(place: Place) {
        let toy = Toy::new(place).await;
        let (_, other) = toy.sign_in("system", "admin", "first-password").await;
        let (_, mine) = toy.sign_in("system", "admin", "first-password").await;
        assert!(toy.principal(&toy.claims(&mine)).await.must_change_password);
        let change = |new: &str| json!({"currentPassword": "first-password", "newPassword": new});
        let target = "/internal/auth/password";
        let person = toy.person(&mine, "r").await;
        let (status, said) = toy.call(person.clone(), Method::POST, target, change("short")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        let (status, said) = toy.call(person.clone(), Method::POST, target, change("second-password")).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        let who = toy.principal(&toy.claims(&mine)).await;
        assert!(who.active && !who.must_change_password);
        assert!(!toy.principal(&toy.claims(&other)).await.active);
        let (status, said) = toy.call(person.clone(), Method::GET, "/internal/auth/me", Json::Null).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        assert_eq!((&said["tenant"]["code"], &said["membership"]["username"]), (&json!("system"), &json!("admin")));
        let (status, _) = toy.call(person, Method::POST, "/internal/auth/revoke", json!({})).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!toy.principal(&toy.claims(&mine)).await.active);
    }

    async fn the_operator_makes_and_suspends_tenants(place: Place) {
        let toy = Toy::new(place).await;
        let (_, operator) = toy.sign_in("system", "admin", "first-password").await;
        let new = json!({"code": "shelf", "name": "Shelf", "adminUsername": "boss", "adminPassword": "boss-password", "cells": []});
        let person = toy.person(&operator, "r-1").await;
        let (status, made) = toy.call(person, Method::POST, "/api/v1/platform/tenants", new.clone()).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        assert!(made.get("adminPassword").is_none() && made.get("adminHash").is_none());
        let (status, boss) = toy.sign_in("shelf", "boss", "boss-password").await;
        assert_eq!(status, StatusCode::OK, "{boss}");
        let person = toy.person(&boss, "r-2").await;
        let (status, _) = toy.call(person, Method::POST, "/api/v1/platform/tenants", new).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let user = json!({"username": "cleo", "name": "Cleo", "password": "cleo-password"});
        let person = toy.person(&boss, "r-3").await;
        let (status, said) = toy.call(person, Method::POST, "/api/v1/platform/users", user).await;
        assert_eq!(status, StatusCode::CREATED, "{said}");
        assert!(said.get("password").is_none() && said.get("passwordHash").is_none());
        assert_eq!(toy.sign_in("shelf", "cleo", "cleo-password").await.0, StatusCode::OK);
        let act = |action: &str, record: &Json| json!({"action": action, "version": record["version"]});
        let target = format!("/api/v1/platform/users/{}/transitions", said["id"].as_str().unwrap());
        let person = toy.person(&boss, "r-4").await;
        let (status, off) = toy.call(person, Method::POST, &target, act("disable", &said)).await;
        assert_eq!(status, StatusCode::OK, "{off}");
        assert_eq!(toy.sign_in("shelf", "cleo", "cleo-password").await.1["code"], "ACCOUNT_LOCKED");
        let target = format!("/api/v1/platform/tenants/{}/transitions", made["id"].as_str().unwrap());
        let person = toy.person(&operator, "r-5").await;
        let (status, said) = toy.call(person, Method::POST, &target, act("suspend", &made)).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        assert_eq!(toy.sign_in("shelf", "boss", "boss-password").await.1["code"], "TENANT_SUSPENDED");
        assert_eq!(toy.sign_in("shelf", "boss", "wrong-password").await.1["code"], "INVALID_CREDENTIALS");
    }

    async fn a_person_goes_from_one_membership_to_another(place: Place) {
        let toy = Toy::new(place).await;
        let (_, here) = toy.sign_in("toy", "admin", "first-password").await;
        let switch = |more: Json| {
            let mut said = json!({"grant_type": "switch_tenant", "tenant": "system"});
            said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            said
        };
        let token = "/internal/auth/token";
        let refused = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(json!({}))).await;
        assert_eq!(refused.0, StatusCode::UNAUTHORIZED);
        let proof = json!({"username": "admin", "password": "first-password", "currentPassword": "first-password"});
        let (status, there) = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(proof)).await;
        assert_eq!(status, StatusCode::OK, "{there}");
        let (status, again) = toy.call(toy.person(&here, "r").await, Method::POST, token, switch(json!({}))).await;
        assert_eq!(status, StatusCode::OK, "{again}");
        let (before, after) = (toy.claims(&here), toy.claims(&again));
        assert_eq!((before.pid, after.ten.as_str()), (after.pid, "system"));
    }
}
