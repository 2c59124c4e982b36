//! The sample company: made, entered and closed by a company's own administrator, beside its books.

use crate::toy::{PASSWORD, Toy, Visitor};
use serde_json::{Value as Json, json};

/// A session in another membership of the same person.
async fn switched<'a>(who: &Visitor<'a>, tenant: &str) -> Visitor<'a> {
    let (status, said) = who.post("auth/token", json!({"grant_type": "switch_tenant", "tenant": tenant})).await;
    assert_eq!(status, 200, "{said}");
    who.at(tenant, said["access_token"].as_str().unwrap())
}

async fn homes(who: &Visitor<'_>) -> Vec<String> {
    let me = who.get("auth/me").await.1;
    me["memberships"].as_array().unwrap().iter().map(|m| m["tenant"].as_str().unwrap().to_owned()).collect()
}

paas_store::on_both! {
    async fn a_sample_company_comes_and_goes_beside_the_own_books(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        assert_eq!(admin.get("platform/sample-company").await.1, json!({"state": "none", "tenant": null}));
        let keeper = toy.enter("toy", "keeper", PASSWORD).await;
        for method in ["GET", "POST", "DELETE"] {
            assert_eq!(keeper.send(method, "platform/sample-company", &Json::Null, None).await.0, 403, "{method}");
        }
        let before = admin.list("platform/audit-log?cell=toy").await.len();
        let (status, made) = admin.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &made["state"], &made["tenant"]["code"]), (200, &json!("open"), &json!("toy-sample")), "{made}");
        assert_eq!(admin.list("toy/shelves").await.len(), 1, "the own company is as it was");
        assert_eq!(admin.list("platform/audit-log?cell=toy").await.len(), before);
        assert_eq!(homes(&admin).await, ["toy", "toy-sample"]);

        let inside = switched(&admin, "toy-sample").await;
        let codes: Vec<Json> = inside.list("toy/shelves?sort=code").await.into_iter().map(|s| s["code"].clone()).collect();
        assert_eq!(codes, ["D1", "S0"], "seed and demo data");
        assert_eq!(inside.get("auth/me").await.1["tenant"]["sampleOf"], "toy");
        inside.make("toy/shelves", json!({"code": "S9", "name": "Ninth"})).await;
        let (status, said) = inside.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &said["details"]["rule"]), (422, &json!("platform.sample-company.impossible")));
        assert_eq!(toy.sign_in("toy-sample", "admin", PASSWORD).await.1["code"], "INVALID_CREDENTIALS", "no password");

        let (status, closed) = admin.send("DELETE", "platform/sample-company", &Json::Null, None).await;
        assert_eq!((status, &closed["state"]), (200, &json!("closed")));
        assert_eq!(inside.until("toy/shelves", 403).await["code"], "TENANT_SUSPENDED");
        assert_eq!(homes(&admin).await, ["toy"]);
        let (status, open) = admin.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &open["state"], &open["tenant"]["code"]), (200, &json!("open"), &json!("toy-sample")));
        let again = switched(&admin, "toy-sample").await;
        assert_eq!(again.list("toy/shelves").await.len(), 3, "as it was left, and seeded once");
    }

    async fn the_operator_has_the_last_word_on_a_sample_company(place: Place) {
        let toy = Toy::new(place).await;
        let operator = toy.operator().await;
        let taken = json!({"code": "toy-sample", "name": "Taken", "adminUsername": "boss", "adminPassword": "boss-password", "cells": ["toy"]});
        operator.make("platform/tenants", taken).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let (status, made) = admin.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &made["tenant"]["code"]), (200, &json!("toy-sample-2")), "a code that is taken is left alone: {made}");
        let record = operator.list("platform/tenants?code=toy-sample-2").await.remove(0);
        assert_eq!((&record["sampleOf"], &record["state"]), (&json!("toy"), &json!("active")));
        assert_eq!(operator.act("platform/tenants", &record, "suspend").await.0, 200);
        let (status, said) = admin.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &said["details"]["rule"]), (422, &json!("platform.sample-company.suspended")), "{said}");
        let (status, said) = operator.post("platform/sample-company", json!({})).await;
        assert_eq!((status, &said["details"]["rule"]), (422, &json!("platform.sample-company.impossible")), "{said}");

        let record = operator.list("platform/tenants?code=toy-sample-2").await.remove(0);
        assert_eq!(operator.act("platform/tenants", &record, "resume").await.0, 200);
        let own = operator.list("platform/tenants?code=toy").await.remove(0);
        assert_eq!(operator.act("platform/tenants", &own, "suspend").await.0, 200);
        let record = operator.list("platform/tenants?code=toy-sample-2").await.remove(0);
        assert_eq!(record["state"], "suspended", "a company takes its sample along");
    }
}
