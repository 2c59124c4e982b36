//! Lists: filters, order, pages.

use crate::world::{ADMIN, CLERK, World, grant, id_of};
use http::{Method, StatusCode};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};

fn codes(list: &J) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect()
}

/// Places P1 ← P2 ← P3, and gadgets A B C D of different weight, colour and place.
async fn furnish(w: &World) -> [J; 3] {
    let p1 = w.post(ADMIN, "places", json!({"code": "P1", "name": "上"})).await;
    let p2 = w.post(ADMIN, "places", json!({"code": "P2", "name": "中", "parent": "P1"})).await;
    let p3 = w.post(ADMIN, "places", json!({"code": "P3", "name": "下", "parent": {"code": "P2"}})).await;
    for (code, weight, colour, place) in
        [("A", "1", "red", "P1"), ("B", "2.5", "blue", "P2"), ("C", "3", "red", "P3"), ("D", "", "", "")]
    {
        let body = json!({"code": code, "name": format!("物件{code}"), "nameEn": format!("Gadget {code}"), "weight": weight,
            "colour": colour, "place": place, "phone": "13800138000"});
        w.post(ADMIN, "gadgets", body).await;
    }
    [p1, p2, p3]
}

#[tokio::test]
async fn every_operator_says_what_it_says() {
    let w = World::new().await;
    let [p1, p2, _] = furnish(&w).await;
    let (p1, p2) = (id_of(&p1), id_of(&p2));
    for (query, expected) in [
        ("code=A".to_owned(), "A"),
        ("code=%20A%20".to_owned(), "A"),
        ("code[ne]=A".to_owned(), "B C D"),
        ("code[in]=A,%20C".to_owned(), "A C"),
        ("code[gt]=B".to_owned(), "C D"),
        ("code[startsWith]=A".to_owned(), "A"),
        ("name[contains]=C".to_owned() + "&code[gte]=A", "C"),
        ("weight[gte]=2.5".to_owned(), "B C"),
        ("weight[lt]=2.5".to_owned(), "A"),
        ("weight[lte]=2.5&weight[gt]=1".to_owned(), "B"),
        ("weight=3.000000".to_owned(), "C"),
        ("weight[isNull]=true".to_owned(), "D"),
        ("weight[isNull]=false".to_owned(), "A B C"),
        (format!("place={p2}"), "B"),
        (format!("place.id={p2}"), "B"),
        ("place.code=P3".to_owned(), "C"),
        ("place.code[in]=P1,P3".to_owned(), "A C"),
        ("place.name=%E4%B8%AD".to_owned(), "B"),
        (format!("place[under]={p2}"), "B C"),
        (format!("place[under]={p1}"), "A B C"),
        ("state=active&colour=red".to_owned(), "A C"),
        ("state=active&colour=".to_owned(), "D"),
        ("state[ne]=active".to_owned(), ""),
        ("q=gadget".to_owned(), "A B C D"),
        ("phone=13800138000&weight=1".to_owned(), "A"),
        ("phone=13800138000".to_owned(), "A B C D"),
    ] {
        let list = w.get(ADMIN, &format!("gadgets?{query}&sort=code")).await;
        assert_eq!(codes(&list).join(" "), expected, "{query}");
        assert_eq!(list["total"], list["data"].as_array().unwrap().len(), "{query}");
    }
    let under = w.get(ADMIN, &format!("places?id[under]={p2}&sort=-code")).await;
    assert_eq!(codes(&under), ["P3", "P2"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_reason() {
    let w = World::new().await;
    furnish(&w).await;
    for (query, code, reason) in [
        ("colour=red", "UNKNOWN_FILTER", "not-indexed"),
        ("colour[isNull]=true", "UNKNOWN_FILTER", "not-indexed"),
        ("sort=colour", "UNKNOWN_FILTER", "not-indexed"),
        ("sort=place.code", "UNKNOWN_FILTER", ""),
        ("code[like]=A", "UNKNOWN_FILTER", "operator"),
        ("code[eq=A", "UNKNOWN_FILTER", "operator"),
        ("weight[contains]=1", "UNKNOWN_FILTER", "operator"),
        ("state[gt]=active", "UNKNOWN_FILTER", "operator"),
        ("code[under]=A", "UNKNOWN_FILTER", "operator"),
        ("place.parent[under]=A", "UNKNOWN_FILTER", "operator"),
        ("phone[contains]=138", "UNKNOWN_FILTER", ""),
        ("phone[startsWith]=138", "UNKNOWN_FILTER", ""),
        ("phone[isNull]=true", "UNKNOWN_FILTER", ""),
        ("sort=phone", "UNKNOWN_FILTER", ""),
        ("color=red", "UNKNOWN_FILTER", ""),
        ("place.size=1", "UNKNOWN_FILTER", ""),
        ("code.x=1", "UNKNOWN_FILTER", ""),
        ("asOf=2026-01-01", "UNKNOWN_FILTER", ""),
        ("dryRun=true", "UNKNOWN_FILTER", ""),
        ("format=csv", "UNKNOWN_FILTER", ""),
        ("weight=heavy", "VALIDATION_FAILED", ""),
        ("place=P1", "VALIDATION_FAILED", ""),
        ("createdAt[gt]=2026-01-01T00:00:00Z", "UNKNOWN_FILTER", "not-indexed"),
        ("sort=-createdAt", "UNKNOWN_FILTER", "not-indexed"),
        ("weight[isNull]=maybe", "VALIDATION_FAILED", ""),
        ("page=0", "VALIDATION_FAILED", ""),
        ("pageSize=0", "VALIDATION_FAILED", ""),
        ("pageSize=201", "VALIDATION_FAILED", ""),
        ("pageSize=x", "VALIDATION_FAILED", ""),
        ("after=zz", "VALIDATION_FAILED", ""),
        ("after=5b5d", "VALIDATION_FAILED", ""),
        ("fields=secret", "UNKNOWN_FIELD", ""),
        ("code=%zz", "MALFORMED_REQUEST", ""),
    ] {
        let (status, body) = w.call(ADMIN, "a", Method::GET, &format!("gadgets?{query}"), J::Null).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{query}: {body}");
        assert_eq!(body["details"]["reason"].as_str().unwrap_or_default(), reason, "{query}");
    }
    for path in ["shelves?id=01900000-0000-7000-8000-000000000001", "shelves?createdAt[gt]=2026-01-01T00:00:00Z"] {
        let (_, body) = w.call(ADMIN, "a", Method::GET, path, J::Null).await;
        assert_eq!(body["code"], "UNKNOWN_FILTER", "{path}");
    }
}

#[tokio::test]
async fn what_may_not_be_seen_cannot_be_asked_about() {
    let w = World::new().await;
    furnish(&w).await;
    let fields = [("toy.gadget.weight", FieldRight::Hidden), ("toy.gadget.name", FieldRight::Masked)];
    let some = w.member(vec![grant(&["toy.gadget.read"], GrantScope::All, &fields)]);
    for query in ["weight=1", "sort=weight", "name=x&state=active", "q=gadget", "phone=13800138000", "place.parent=x"] {
        let (_, body) = w.call(&some, "a", Method::GET, &format!("gadgets?{query}"), J::Null).await;
        assert_eq!(body["code"], "UNKNOWN_FILTER", "{query}");
    }
    let (_, body) = w.call(&some, "a", Method::GET, "gadgets?fields=weight", J::Null).await;
    assert_eq!(body["code"], "UNKNOWN_FIELD");
    let list = w.get(&some, "gadgets?place.code=P1").await;
    assert_eq!(
        (codes(&list), list["data"][0].get("weight"), &list["data"][0]["name"]),
        (vec!["A"], None, &json!("****"))
    );
}

#[tokio::test]
async fn pages_and_cursors_show_everything_once() {
    let w = World::new().await;
    w.gadgets().await;
    for (day, quantity) in
        [("2026-01-03", "1"), ("2026-01-01", "2"), ("2026-01-02", "3"), ("2026-01-01", "4"), ("2026-01-03", "5")]
    {
        w.note(day, &[quantity]).await;
    }
    let all = w.get(ADMIN, "notes?sort=-day,number").await;
    let numbers: Vec<&str> = all["data"].as_array().unwrap().iter().map(|n| n["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["N2026-0001", "N2026-0005", "N2026-0003", "N2026-0002", "N2026-0004"]);
    assert_eq!(
        (&all["page"], &all["pageSize"], &all["total"], &all["totalExact"], &all["next"]),
        (&json!(1), &json!(50), &json!(5), &json!(true), &J::Null)
    );
    for start in ["notes?sort=-day,number&pageSize=2", "notes?pageSize=2", "notes?sort=state&pageSize=2"] {
        let (mut path, mut seen) = (start.to_owned(), Vec::new());
        for _ in 0..3 {
            let page = w.get(ADMIN, &path).await;
            assert_eq!(page["total"], 5);
            seen.extend(page["data"].as_array().unwrap().iter().map(|n| n["number"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            assert!(next.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "URL-safe: {next}");
            path = format!("{start}&after={next}");
        }
        let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (5, 5), "{start}");
    }
    let page = w.get(ADMIN, "notes?sort=-day,number&pageSize=2&page=3").await;
    assert_eq!((page["data"].as_array().unwrap().len(), &page["next"]), (1, &J::Null));
    let cursor = w.get(ADMIN, "notes?sort=-day,number&pageSize=2").await["next"].as_str().unwrap().to_owned();
    let (status, _) = w.call(ADMIN, "a", Method::GET, &format!("notes?sort=state&after={cursor}"), J::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a cursor of another order");
    let list = w.get(ADMIN, "notes?fields=day,total,owner").await;
    let mut names: Vec<&String> = list["data"][0].as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["day", "id", "owner", "total"]);
}

#[tokio::test]
async fn names_follow_the_language() {
    let w = World::new().await;
    w.gadgets().await;
    w.note("2026-11-24", &["1"]).await;
    for (language, name, line, action) in [("zh-CN", "齿轮", "齿轮", "发送"), ("en-US", "Gear", "Gear", "Send")] {
        let language = [("accept-language", language)];
        let list = w.raw(ADMIN, (Method::GET, "gadgets?code=G1"), &language, Vec::new()).await.json();
        assert_eq!(list["data"][0]["name"], name);
        let id = w.get(ADMIN, "notes").await["data"][0]["id"].as_str().unwrap().to_owned();
        let note = w.raw(ADMIN, (Method::GET, &format!("notes/{id}")), &language, Vec::new()).await;
        assert_eq!(note.header("etag"), "\"1\"");
        assert_eq!(
            (&note.json()["lines"][0]["gadget"]["name"], &note.json()["allowedActions"][0]["label"]),
            (&json!(line), &json!(action))
        );
        let refused = w.raw(ADMIN, (Method::GET, "gadgets/x"), &language, Vec::new()).await.json();
        assert_eq!(refused["message"].as_str().unwrap().is_ascii(), action == "Send");
    }
    for q in ["gear", "齿轮", "cl", "G1"] {
        let found =
            w.get(ADMIN, &format!("gadgets?q={}", q.bytes().map(|b| format!("%{b:02x}")).collect::<String>())).await;
        assert_eq!(found["total"], 1, "{q}");
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}

#[tokio::test]
async fn alternatives_widen_and_obey_every_rule() {
    let w = World::new().await;
    furnish(&w).await;
    for (more, or, expected) in [
        ("", json!([{"code": "A"}, {"code": " C "}]), "A C"),
        ("", json!([{"code": "A", "colour": "blue"}, {"place.code": "P2"}]), "B"),
        ("", json!([{"weight[gte]": 3}, {"weight[isNull]": true}]), "C D"),
        ("", json!([{"code[in]": ["A", "D"]}, {"code[startsWith]": "B"}]), "A B D"),
        ("state=active&", json!([{"colour": "red"}, {"colour": "blue"}]), "A B C"),
        ("colour=red&", json!([{"code": "A"}, {"code": "B"}]), "A"),
        (
            "or=%5B%7B%22code%22%3A%22A%22%7D%2C%7B%22code%22%3A%22B%22%7D%5D&",
            json!([{"colour": "blue"}, {"code": "D"}]),
            "B",
        ),
        ("", json!([{"phone": "13800138000", "weight": "1"}, {"code": "D"}]), "A D"),
        ("q=gadget&", json!([{"colour": "red"}]), "A C"),
    ] {
        let list = w.get(ADMIN, &format!("gadgets?{more}or={}&sort=code", escaped(&or.to_string()))).await;
        assert_eq!(codes(&list).join(" "), expected, "{or}");
        assert_eq!(list["total"], list["data"].as_array().unwrap().len(), "{or}");
    }
    let none = || json!({"code": "A"});
    for (or, code, reason) in [
        (json!([{"colour": "red"}, {"code": "A"}]), "UNKNOWN_FILTER", "not-indexed"),
        (json!([{"code[like]": "A"}]), "UNKNOWN_FILTER", "operator"),
        (json!([{"color": "red"}]), "UNKNOWN_FILTER", ""),
        (json!([{"phone[contains]": "138"}]), "UNKNOWN_FILTER", ""),
        (json!([{"weight": "heavy"}]), "VALIDATION_FAILED", ""),
        (json!([{"code": {"a": 1}}]), "VALIDATION_FAILED", ""),
        (json!([]), "VALIDATION_FAILED", ""),
        (json!([{}]), "VALIDATION_FAILED", ""),
        (json!({"code": "A"}), "VALIDATION_FAILED", ""),
        (json!(std::iter::repeat_with(none).take(21).collect::<Vec<J>>()), "VALIDATION_FAILED", ""),
    ] {
        let path = format!("gadgets?or={}", escaped(&or.to_string()));
        let (status, body) = w.call(ADMIN, "a", Method::GET, &path, J::Null).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{or}: {body}");
        assert_eq!(body["details"]["reason"].as_str().unwrap_or_default(), reason, "{or}");
    }
    let some =
        w.member(vec![grant(&["toy.gadget.read"], GrantScope::All, &[("toy.gadget.weight", FieldRight::Hidden)])]);
    let path = format!("gadgets?or={}", escaped("[{\"code\":\"A\"},{\"code\":\"B\",\"weight\":\"1\"}]"));
    let (_, body) = w.call(&some, "a", Method::GET, &path, J::Null).await;
    assert_eq!(body["code"], "UNKNOWN_FILTER");
    let own = w.get(CLERK, &format!("gadgets?or={}", escaped("[{\"code\":\"A\"},{\"code\":\"B\"}]"))).await;
    assert_eq!((&own["total"], &own["data"]), (&json!(0), &json!([])), "alternatives stay inside the data scope");
}

#[tokio::test]
async fn groups_say_what_the_list_holds() {
    let w = World::new().await;
    let [p1, ..] = furnish(&w).await;
    let said = w.get(ADMIN, "gadgets/groups?by=place&sum=weight").await;
    let of = |group: &J| {
        format!(
            "{} {} {}",
            group["keys"]["place"]["code"].as_str().unwrap_or("-"),
            group["count"],
            group["sums"]["weight"]
        )
    };
    let mut groups: Vec<String> = said["data"].as_array().unwrap().iter().map(of).collect();
    groups.sort_unstable();
    assert_eq!(groups, ["- 1 \"0.000000\"", "P1 1 \"1.000000\"", "P2 1 \"2.500000\"", "P3 1 \"3.000000\""]);
    assert_eq!(said["by"], json!(["place"]));
    let two = w.get(ADMIN, &format!("gadgets/groups?by=state,colour&place[under]={}&sum=weight", id_of(&p1))).await;
    let red = two["data"].as_array().unwrap().iter().find(|g| g["keys"]["colour"] == "red").unwrap();
    assert_eq!(
        (&red["keys"]["state"], &red["count"], &red["sums"]["weight"]),
        (&json!("active"), &json!(2), &json!("4.000000"))
    );
    for (query, code, reason) in [
        ("", "VALIDATION_FAILED", ""),
        ("by=", "VALIDATION_FAILED", ""),
        ("by=state,place,code", "VALIDATION_FAILED", ""),
        ("by=colour", "UNKNOWN_FILTER", "not-indexed"),
        ("by=colour&q=", "UNKNOWN_FILTER", "not-indexed"),
        ("by=phone", "UNKNOWN_FILTER", ""),
        ("by=place.code", "UNKNOWN_FILTER", ""),
        ("by=nothing", "UNKNOWN_FILTER", ""),
        ("by=id", "UNKNOWN_FILTER", "not-grouped"),
        ("by=state&sum=name", "UNKNOWN_FILTER", "not-summed"),
        ("by=state&sum=phone", "UNKNOWN_FILTER", ""),
        ("by=state&page=2", "UNKNOWN_FILTER", ""),
        ("by=state&sort=code", "UNKNOWN_FILTER", ""),
    ] {
        let (status, body) = w.call(ADMIN, "a", Method::GET, &format!("gadgets/groups?{query}"), J::Null).await;
        assert_eq!((status, body["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{query}: {body}");
        assert_eq!(body["details"]["reason"].as_str().unwrap_or_default(), reason, "{query}");
    }
    let fields = [("toy.gadget.weight", FieldRight::Masked), ("toy.gadget.place", FieldRight::Hidden)];
    let some = w.member(vec![grant(&["toy.gadget.read"], GrantScope::All, &fields)]);
    for query in ["by=place", "by=state&sum=weight"] {
        let (_, body) = w.call(&some, "a", Method::GET, &format!("gadgets/groups?{query}"), J::Null).await;
        assert_eq!(body["code"], "UNKNOWN_FILTER", "{query}");
    }
    assert_eq!(w.get(CLERK, "gadgets/groups?by=state").await["data"], json!([]), "nothing of it is the clerk's");
    let nobody = w.member(vec![grant(&["toy.place.read"], GrantScope::All, &[])]);
    let (status, _) = w.call(&nobody, "a", Method::GET, "gadgets/groups?by=state", J::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
