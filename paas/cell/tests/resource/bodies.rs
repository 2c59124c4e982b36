//! What a body may say.

use crate::world::{ADMIN, World, id_of, refusal};
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn what_is_not_clear_json_is_refused() {
    let w = World::new().await;
    let deep = format!("{{\"code\":\"D\",\"name\":{}1{}}}", "[".repeat(1000), "]".repeat(1000));
    let bodies = [
        "",
        "{",
        "{\"code\":NaN}",
        "{\"code\":\"A\",\"code\":\"B\",\"name\":\"n\"}",
        "{\"code\":\"A\",\"name\":\"n\"} {}",
        deep.as_str(),
    ];
    for body in bodies {
        let answer = w.raw(ADMIN, (Method::POST, "gadgets"), &[JSON], body.as_bytes().to_vec()).await;
        let said = answer.json();
        assert_eq!(
            (answer.status, said["code"].as_str()),
            (StatusCode::BAD_REQUEST, Some("MALFORMED_REQUEST")),
            "{body:.40}"
        );
    }
    let good = b"{\"code\":\"A\",\"name\":\"n\"}".to_vec();
    for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = w.raw(ADMIN, (Method::POST, "gadgets"), &[("content-type", media)], good.clone()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{media}");
        assert_eq!(answer.json()["code"], "UNSUPPORTED_MEDIA_TYPE");
    }
    let huge = vec![b' '; 13 * 1024 * 1024];
    let answer = w.raw(ADMIN, (Method::POST, "gadgets"), &[JSON], huge).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("PAYLOAD_TOO_LARGE"))
    );
    for (method, path) in [
        (Method::PUT, "gadgets"),
        (Method::DELETE, "gadgets"),
        (Method::POST, "meta"),
        (Method::POST, "reports/on-shelf"),
        (Method::POST, "shelves"),
        (Method::DELETE, "toy-settings/01900000-0000-7000-8000-000000000001"),
    ] {
        let answer = w.raw(ADMIN, (method, path), &[JSON], b"{}".to_vec()).await;
        assert_eq!(answer.json()["code"], "METHOD_NOT_ALLOWED", "{path}");
    }
    assert_eq!(w.get(ADMIN, "gadgets").await["total"], 0, "nothing came of it");
    let charset = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(w.raw(ADMIN, (Method::POST, "gadgets"), &charset, good).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn every_wrong_value_is_named_by_its_path() {
    let w = World::new().await;
    w.gadgets().await;
    let line = |quantity: J| json!({"gadget": "G1", "quantity": quantity});
    let body = json!({"day": "2026-11-24", "maker": "nobody", "lines": [
        line(json!("1")), line(json!("1e400")), line(json!(true)), line(json!("0.1234567")), {"gadget": "G1", "quantity": 1, "owner": null},
    ]});
    let (status, said) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    let expected = [
        "lines[1].quantity OUT_OF_RANGE",
        "lines[2].quantity NOT_A_NUMBER",
        "lines[3].quantity TOO_MANY_DECIMALS",
        "lines[4].owner UNKNOWN_FIELD",
    ];
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refusal(&said), ("VALIDATION_FAILED".to_owned(), expected.map(str::to_owned).to_vec()));
    let body = json!({"day": "2026-11-24", "maker": "nobody", "lines": [line(json!(1)), {"gadget": "G9", "quantity": "99999999999999999"}]});
    let (_, said) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    assert_eq!(refusal(&said).1, ["lines[1].quantity OUT_OF_RANGE"], "too large for a quantity");
    let body =
        json!({"day": "2026-11-24", "maker": "nobody", "lines": [line(json!(1)), {"gadget": "G9", "quantity": " 1 "}]});
    let (_, said) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    assert_eq!(refusal(&said).1, ["maker NOT_FOUND", "lines[1].gadget NOT_FOUND"]);
    let unknown = json!({"code": "X", "name": "x", "colour": " blue ", "color": "blue"});
    let (_, said) = w.call(ADMIN, "a", Method::POST, "gadgets", unknown).await;
    assert_eq!(refusal(&said), ("UNKNOWN_FIELD".to_owned(), vec!["color UNKNOWN_FIELD".to_owned()]));
    let blanks = json!({"code": " X ", "name": " x ", "colour": "  ", "place": ""});
    let gadget = w.post(ADMIN, "gadgets", blanks).await;
    assert_eq!((&gadget["code"], &gadget["name"], &gadget["colour"]), (&json!("X"), &json!("x"), &J::Null));
    let (_, said) = w.call(ADMIN, "a", Method::POST, "notes/batch", json!({"items": [], "colour": 1})).await;
    assert_eq!(refusal(&said), ("UNKNOWN_FIELD".to_owned(), vec!["colour UNKNOWN_FIELD".to_owned()]));
    let (_, said) = w.call(ADMIN, "a", Method::POST, "notes/batch", json!({})).await;
    assert_eq!(refusal(&said).1, ["items REQUIRED"]);
}

#[tokio::test]
async fn rows_are_matched_by_id_and_read_only_values_must_agree() {
    let w = World::new().await;
    w.gadgets().await;
    let note = w.note("2026-11-24", &["1", "2"]).await;
    let (first, second) = (note["lines"][0]["id"].clone(), note["lines"][1]["id"].clone());
    // The whole record sent back changes nothing.
    let mut back = note.clone();
    back.as_object_mut().unwrap().remove("allowedActions");
    let (status, same) = w.patch(ADMIN, "notes", &note, back).await;
    assert_eq!((status, &same["lines"]), (StatusCode::OK, &note["lines"]), "{same}");
    let change = json!({"version": same["version"], "total": "8.000000", "lines": [{"id": second, "quantity": 5}, {"gadget": "G2", "quantity": 3}]});
    let (status, now) = w.patch(ADMIN, "notes", &note, change).await;
    assert_eq!((status, now["lines"][0]["id"].clone()), (StatusCode::OK, second.clone()), "{now}");
    assert_eq!(now["lines"][1]["gadget"]["code"], "G2");
    let version = now["version"].clone();
    for (body, field) in [
        (json!({"lines": [{"id": first, "quantity": 1}]}), "lines[0].id NOT_FOUND"),
        (json!({"lines": [{"id": second}, {"id": second}]}), "lines[1].id DUPLICATE"),
        (json!({"lines": []}), "lines REQUIRED"),
        (json!({"total": "7"}), "total READ_ONLY"),
        (json!({"state": "sent"}), "state READ_ONLY"),
        (json!({"number": "N-1"}), "number READ_ONLY"),
        (json!({"createdAt": "2020-01-01T00:00:00Z"}), "createdAt READ_ONLY"),
        (json!({"day": null}), "day REQUIRED"),
        (json!({"owner": "nobody"}), "owner NOT_FOUND"),
    ] {
        let mut body = body;
        body["version"] = version.clone();
        let (status, said) = w.patch(ADMIN, "notes", &note, body).await;
        assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec![field.to_owned()]), "{said}");
    }
    let (status, said) = w.patch(ADMIN, "notes", &note, json!({"day": "2026-11-25"})).await;
    assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec!["version REQUIRED".to_owned()]));
    let path = format!("notes/{}", id_of(&note));
    let answer = w.raw(ADMIN, (Method::PATCH, &path), &[JSON, ("if-match", "\"1\"")], b"{}".to_vec()).await;
    assert_eq!((answer.status, &answer.json()["details"]["version"]), (StatusCode::CONFLICT, &version));
}

#[tokio::test]
async fn masters_go_out_of_use_and_are_not_chosen_again() {
    let w = World::new().await;
    let [gadget, _] = w.gadgets().await;
    let note = w.note("2026-11-24", &["1"]).await;
    let (status, off) = w.act(ADMIN, "gadgets", &gadget, json!({"action": "disable", "version": 1})).await;
    assert_eq!((status, off["state"].as_str()), (StatusCode::OK, Some("disabled")), "{off}");
    let body = json!({"day": "2026-11-24", "maker": "G1", "lines": [{"gadget": "G1", "quantity": 1}]});
    let (_, said) = w.call(ADMIN, "a", Method::POST, "notes", body).await;
    assert_eq!(refusal(&said).1, ["maker DISABLED", "lines[0].gadget DISABLED"]);
    let line = note["lines"][0].clone();
    let change = json!({"version": 1, "lines": [{"id": line["id"], "gadget": line["gadget"], "quantity": 9}]});
    let (status, kept) = w.patch(ADMIN, "notes", &note, change).await;
    assert_eq!(
        (status, kept["total"].as_str()),
        (StatusCode::OK, Some("9.000000")),
        "what refers to it already keeps it: {kept}"
    );
    let (status, said) = w.patch(ADMIN, "gadgets", &gadget, json!({"version": 2, "state": "active"})).await;
    assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec!["state READ_ONLY".to_owned()]));
    let (status, _) = w.act(ADMIN, "gadgets", &gadget, json!({"action": "enable", "version": 2})).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_setting_is_there_once() {
    let w = World::new().await;
    let list = w.get(ADMIN, "toy-settings").await;
    let setting = &list["data"][0];
    assert_eq!((&list["total"], &setting["limit"], &setting["colour"]), (&json!(1), &json!(5), &json!("red")));
    let (status, said) = w.call(ADMIN, "a", Method::POST, "toy-settings", json!({"limit": 7})).await;
    assert_eq!((status, said["code"].as_str()), (StatusCode::CONFLICT, Some("DUPLICATE")));
    let body = json!({"version": setting["version"], "limit": 9});
    let (status, now) = w.patch(ADMIN, "toy-settings", setting, body).await;
    assert_eq!((status, &now["limit"], &now["colour"]), (StatusCode::OK, &json!(9), &json!("red")), "{now}");
    let (status, _) = w.call(ADMIN, "a", Method::POST, "toy-settings", json!({"limit": 0})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    // What only the house has written gives way to the first that people write.
    assert_eq!(w.get(ADMIN, "plain-settings").await["data"][0]["limit"], 5);
    let (status, said) = w.call(ADMIN, "a", Method::POST, "plain-settings", json!({"limit": null})).await;
    assert_eq!((status, refusal(&said).1), (StatusCode::BAD_REQUEST, vec!["limit REQUIRED".to_owned()]));
    let (status, first) = w.call(ADMIN, "a", Method::POST, "plain-settings", json!({"limit": 7})).await;
    assert_eq!((status, &first["limit"]), (StatusCode::CREATED, &json!(7)), "{first}");
    let (status, _) = w.call(ADMIN, "a", Method::POST, "plain-settings", json!({"limit": 8})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(w.get(ADMIN, "plain-settings").await["total"], 1);
}
