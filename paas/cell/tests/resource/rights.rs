//! What a caller may do and see.

use crate::world::{ADMIN, CLERK, World, grant, id_of, refusal};
use http::{Method, StatusCode};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};

#[tokio::test]
async fn a_rule_creates_as_the_caller_and_raises_by_itself() {
    let w = World::new().await;
    w.gadgets().await;
    let note = w.note("2026-11-24", &["1"]).await;
    let reads = ["toy.note.read", "toy.gadget.read", "toy.note.copy", "toy.note.slip"];
    let reader = w.member(vec![grant(&reads, GrantScope::All, &[])]);
    let (status, said) = w.act(&reader, "notes", &note, json!({"action": "copy", "version": 1})).await;
    assert_eq!(
        (status, said["details"]["permission"].as_str()),
        (StatusCode::FORBIDDEN, Some("toy.note.create")),
        "{said}"
    );
    let (status, said) = w.act(&reader, "notes", &note, json!({"action": "slip", "version": 1})).await;
    assert_eq!(
        (status, said.get("created")),
        (StatusCode::OK, None),
        "raised, but not named to who may not read it: {said}"
    );
    assert_eq!(w.get(ADMIN, "slips").await["total"], 1);
    let maker = w.member(vec![grant(&reads, GrantScope::All, &[]), grant(&["toy.note.create"], GrantScope::Own, &[])]);
    let body = json!({"action": "copy", "version": 2, "data": {"day": "2026-12-01", "lines": [{"quantity": "7"}]}});
    let (status, said) = w.act(&maker, "notes", &note, body).await;
    assert_eq!((status, said["created"][0]["type"].as_str()), (StatusCode::OK, Some("note")), "{said}");
    let copy = w.get(&maker, &format!("notes/{}", said["created"][0]["id"].as_str().unwrap())).await;
    assert_eq!((&copy["total"], &copy["owner"]["id"]), (&json!("7.000000"), &json!(maker)));
    let body =
        json!({"action": "copy", "version": 3, "data": {"day": "2026-12-01", "lines": [{"quantity": "0"}], "x": 1}});
    let (_, said) = w.act(&maker, "notes", &note, body).await;
    assert_eq!(refusal(&said).1, ["data.lines[0].quantity OUT_OF_BOUNDS", "data.x UNKNOWN_FIELD"]);
}

#[tokio::test]
async fn what_is_created_or_changed_stays_within_the_callers_scope() {
    let w = World::new().await;
    let [g1, g2] = w.gadgets().await;
    let party = GrantScope::Parties(vec![id_of(&g1).parse().unwrap()]);
    let all = ["toy.note.*", "toy.shelf.read", "toy.shelf-move.read", "toy.toy-settings.read"];
    let partner = w.member(vec![grant(&all, party, &[]), grant(&["toy.gadget.read"], GrantScope::All, &[])]);
    let body =
        |maker: &J| json!({"day": "2026-11-24", "maker": id_of(maker), "lines": [{"gadget": "G1", "quantity": 1}]});
    let (status, said) = w.call(&partner, "a", Method::POST, "notes", body(&g2)).await;
    assert_eq!((status, said["details"]["reason"].as_str()), (StatusCode::FORBIDDEN, Some("scope")));
    let note = w.post(&partner, "notes", body(&g1)).await;
    let (status, said) = w.patch(&partner, "notes", &note, json!({"version": 1, "maker": "G2"})).await;
    assert_eq!((status, said["details"]["reason"].as_str()), (StatusCode::FORBIDDEN, Some("scope")));
    let (status, _) = w.patch(&partner, "notes", &note, json!({"version": 1, "remark": "ok"})).await;
    assert_eq!(status, StatusCode::OK);
    let other = w.post(ADMIN, "notes", body(&g2)).await;
    let (status, _) = w.call(&partner, "a", Method::GET, &format!("notes/{}", id_of(&other)), J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = w.patch(&partner, "notes", &other, json!({"version": 1, "remark": "x"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(w.get(&partner, "notes").await["total"], 1);
    // Ledgers belong to nobody: a partner sees those of its party, and no settings.
    for (gadget, version) in [("G1", 1), ("G2", 1)] {
        let lines = json!([{"gadget": gadget, "quantity": 3}]);
        let note = w.post(ADMIN, "notes", json!({"day": "2026-11-24", "lines": lines})).await;
        let (status, _) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": version})).await;
        assert_eq!(status, StatusCode::OK);
    }
    for (resource, count) in [("shelves", 1), ("shelf-moves", 1), ("toy-settings", 0)] {
        assert_eq!(w.get(&partner, resource).await["total"], count, "{resource}");
    }
}

#[tokio::test]
async fn owner_and_department_are_set_by_who_may() {
    let w = World::new().await;
    let own = w.member(vec![grant(&["toy.gadget.*"], GrantScope::Own, &[])]);
    let mine = w.post(&own, "gadgets", json!({"code": "M", "name": "m"})).await;
    assert_eq!(mine["owner"]["id"], json!(own));
    w.get(CLERK, "gadgets").await;
    let body = json!({"version": 1, "owner": {"id": CLERK}});
    let (status, said) = w.patch(&own, "gadgets", &mine, body.clone()).await;
    assert_eq!((status, said["details"]["reason"].as_str()), (StatusCode::FORBIDDEN, Some("scope")), "{said}");
    let (status, given) = w.patch(ADMIN, "gadgets", &mine, body).await;
    assert_eq!((status, &given["owner"]["id"]), (StatusCode::OK, &json!(CLERK)), "{given}");
    let (status, _) = w.call(&own, "a", Method::GET, &format!("gadgets/{}", id_of(&mine)), J::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let theirs = w.get(CLERK, "gadgets").await;
    assert_eq!((&theirs["total"], &theirs["data"][0]["code"]), (&json!(1), &json!("M")));
    let by_name = json!({"code": "N", "name": "n", "owner": given["owner"]["code"]});
    assert_eq!(w.post(ADMIN, "gadgets", by_name).await["owner"]["id"], json!(CLERK));
    let (_, said) =
        w.call(ADMIN, "a", Method::POST, "gadgets", json!({"code": "O", "name": "o", "department": "D9"})).await;
    assert_eq!(refusal(&said).1, ["department NOT_FOUND"]);
    let history = w.get(ADMIN, &format!("gadgets/{}/history", id_of(&mine))).await;
    assert_eq!(history["data"][0]["after"]["owner"]["id"], json!(CLERK), "{history}");
}

#[tokio::test]
async fn fields_are_hidden_masked_or_read_only_in_records_and_their_rows() {
    let w = World::new().await;
    let [gadget, _] = w.gadgets().await;
    let note = w.note("2026-11-24", &["1"]).await;
    let fields = [
        ("toy.note.remark", FieldRight::Hidden),
        ("toy.note.lines.price", FieldRight::Masked),
        ("toy.note.lines.quantity", FieldRight::Read),
        ("toy.gadget.colour", FieldRight::Hidden),
        ("toy.gadget.weight", FieldRight::Masked),
    ];
    let some = w.member(vec![grant(
        &["toy.note.read", "toy.note.update", "toy.gadget.read", "toy.gadget.update"],
        GrantScope::All,
        &fields,
    )]);
    let seen = w.get(&some, &format!("notes/{}", id_of(&note))).await;
    assert_eq!((seen.get("remark"), &seen["lines"][0]["price"]), (None, &json!("****")), "{seen}");
    let line = seen["lines"][0].clone();
    let with = |name: &str, value: J| {
        let mut line = line.clone();
        line[name] = value;
        json!({"version": 1, "lines": [line]})
    };
    for (body, expected) in [
        (json!({"version": 1, "remark": "x"}), "remark UNKNOWN_FIELD"),
        (with("price", json!("1")), "lines[0].price READ_ONLY"),
        (with("quantity", json!("2")), "lines[0].quantity READ_ONLY"),
    ] {
        let (status, said) = w.patch(&some, "notes", &note, body).await;
        assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec![expected.to_owned()]), "{said}");
    }
    let (status, same) = w.patch(&some, "notes", &note, json!({"version": 1, "lines": [line]})).await;
    assert_eq!(status, StatusCode::OK, "stars and equal values change nothing: {same}");
    let whole = w.get(ADMIN, &format!("notes/{}", id_of(&note))).await;
    assert_eq!(whole["lines"][0]["price"], "1.00000000");
    let (status, said) =
        w.patch(ADMIN, "notes", &note, json!({"version": 2, "lines": [{"id": line["id"], "price": "****"}]})).await;
    assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec!["lines[0].price WRONG_TYPE".to_owned()]));
    let phone = w.get(&some, &format!("gadgets/{}", id_of(&gadget))).await["phone"].clone();
    assert_eq!(phone, "138****8000");
    let (status, _) = w.patch(&some, "gadgets", &gadget, json!({"version": 1, "phone": phone})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(w.get(ADMIN, &format!("gadgets/{}", id_of(&gadget))).await["phone"], "13800138000");
    let meta = w.get(&some, "meta").await;
    let note = meta["types"].as_array().unwrap().iter().find(|t| t["name"] == "note").unwrap();
    let price = note["tables"][0]["fields"].as_array().unwrap().iter().find(|f| f["name"] == "price").unwrap();
    assert_eq!((&price["masked"], &price["readOnly"]), (&json!(true), &json!(true)));
}
