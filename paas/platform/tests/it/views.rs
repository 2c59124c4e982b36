//! Saved views: each member's own, shared ones of everybody; and what a role does, before anybody holds it.

use crate::toy::{PASSWORD, Toy};
use serde_json::{Value as Json, json};

fn view(name: &str) -> Json {
    json!({"cell": "toy", "type": "shelf", "name": name,
        "definition": {"search": {"state": "active"}, "layout": {"columns": ["code"], "widths": {"code": 90}, "frozen": 1}}})
}

async fn names(who: &crate::toy::Visitor<'_>, query: &str) -> Vec<String> {
    let list = who.list(&format!("platform/saved-views?{query}")).await;
    let mut names: Vec<String> = list.iter().map(|v| v["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

paas_store::on_both! {
    async fn views_are_their_owners_own_until_they_are_shared(place: Place) {
        let toy = Toy::new(place).await;
        let (admin, keeper) = (toy.enter("toy", "admin", PASSWORD).await, toy.enter("toy", "keeper", PASSWORD).await);
        let mine = keeper.make("platform/saved-views", view("Mine")).await;
        let theirs = admin.make("platform/saved-views", view("Theirs")).await;
        assert_eq!((&mine["state"], &mine["isDefault"]), (&json!("private"), &json!(false)));
        assert_eq!(mine["definition"]["layout"]["widths"]["code"], 90);
        assert_eq!(names(&keeper, "type=shelf").await, ["Mine"]);
        assert_eq!(names(&admin, "type=shelf").await, ["Theirs"], "private even to who may do everything");
        assert_eq!(admin.get(&format!("platform/saved-views/{}", mine["id"].as_str().unwrap())).await.0, 404);

        assert_eq!(keeper.act("platform/saved-views", &mine, "share").await.0, 403, "sharing is a permission");
        let (status, shared) = admin.act("platform/saved-views", &theirs, "share").await;
        assert_eq!((status, shared["state"].as_str()), (200, Some("shared")), "{shared}");
        assert_eq!(names(&keeper, "type=shelf").await, ["Mine", "Theirs"]);
        assert_eq!(names(&keeper, "type=shelf&state=shared").await, ["Theirs"]);
        let groups = keeper.list("platform/saved-views/groups?by=state").await;
        assert_eq!(groups.iter().map(|g| g["count"].as_u64().unwrap()).sum::<u64>(), 2);
        assert_eq!(keeper.patch("platform/saved-views", &shared, json!({"name": "Mine now"})).await.0, 403);
        let (status, stale) = admin.patch("platform/saved-views", &theirs, json!({"name": "Late"})).await;
        assert_eq!((status, stale["code"].as_str(), &stale["details"]["version"]), (409, Some("CONFLICT"), &json!(2)));

        let (status, mine) = keeper.patch("platform/saved-views", &mine, json!({"name": "My own"})).await;
        assert_eq!((status, &mine["version"]), (200, &json!(2)), "{mine}");
        let (status, private) = admin.act("platform/saved-views", &shared, "withdraw").await;
        assert_eq!((status, private["state"].as_str()), (200, Some("private")), "{private}");
        assert_eq!(names(&keeper, "type=shelf").await, ["My own"]);
        let elsewhere = toy.enter("system", "admin", PASSWORD).await;
        assert!(matches!(elsewhere.get("platform/saved-views").await.0, 200 | 403));
    }

    async fn a_list_has_one_default_of_a_person_and_one_for_everybody(place: Place) {
        let toy = Toy::new(place).await;
        let (admin, keeper) = (toy.enter("toy", "admin", PASSWORD).await, toy.enter("toy", "keeper", PASSWORD).await);
        let usual = |name: &str| {
            let mut view = view(name);
            view["isDefault"] = json!(true);
            view
        };
        let first = admin.make("platform/saved-views", usual("First")).await;
        admin.make("platform/saved-views", usual("Second")).await;
        keeper.make("platform/saved-views", usual("Third")).await;
        let defaults = async |who: &crate::toy::Visitor<'_>| {
            let list = who.list("platform/saved-views?type=shelf").await;
            let mut names: Vec<String> =
                list.iter().filter(|v| v["isDefault"] == true).map(|v| v["name"].as_str().unwrap().to_owned()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!((defaults(&admin).await, defaults(&keeper).await), (vec!["Second".to_owned()], vec!["Third".to_owned()]));
        let first = admin.get(&format!("platform/saved-views/{}", first["id"].as_str().unwrap())).await.1;
        let (status, first) = admin.act("platform/saved-views", &first, "share").await;
        assert_eq!(status, 200, "{first}");
        let (status, _) = admin.patch("platform/saved-views", &first, json!({"isDefault": true})).await;
        assert_eq!(status, 200);
        assert_eq!(defaults(&keeper).await, ["First", "Third"], "the shared one and his own");
    }

    async fn a_view_is_of_a_list_one_may_read_and_of_bounded_size(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        admin.make("platform/users", json!({"username": "newcomer", "password": "newcomer-password"})).await;
        let newcomer = toy.enter("toy", "newcomer", "newcomer-password").await;
        assert_eq!(newcomer.list("platform/saved-views").await.len(), 0, "who has no role keeps views all the same");
        for (body, field, code) in [
            (view("x"), "type", "NOT_FOUND"),
            ({ let mut v = view("x"); v["type"] = json!("nothing"); v }, "type", "NOT_FOUND"),
        ] {
            let (status, said) = newcomer.post("platform/saved-views", body).await;
            assert_eq!((status, &said["details"][0]["field"], &said["details"][0]["code"]), (400, &json!(field), &json!(code)), "{said}");
        }
        for (definition, code) in [
            (json!({"search": {"q": "x".repeat(9_000)}}), "TOO_LONG"),
            (json!({"script": "alert(1)"}), "INVALID"),
            (json!({"layout": {"frozen": 9}}), "INVALID"),
            (json!("text"), "INVALID"),
        ] {
            let mut body = view("x");
            body["definition"] = definition;
            let (status, said) = admin.post("platform/saved-views", body).await;
            assert_eq!((status, &said["details"][0]["field"], &said["details"][0]["code"]), (400, &json!("definition"), &json!(code)), "{said}");
        }
        let made = admin.make("platform/saved-views", view("Gone")).await;
        let id = made["id"].as_str().unwrap();
        let (status, said) = admin.send("DELETE", &format!("platform/saved-views/{id}"), &Json::Null, None).await;
        assert_eq!(status, 400, "a version is required: {said}");
    }

    async fn the_effect_of_a_role_is_what_its_holder_may_do(place: Place) {
        let toy = Toy::new(place).await;
        let admin = toy.enter("toy", "admin", PASSWORD).await;
        let role = json!({"permissions": ["toy.shelf.*", "platform.audit-log.read", "platform.settings.read", "platform.tenant.read"],
            "dataScope": "own", "fieldRights": {"toy.shelf.phone": "hidden", "toy.shelf.name": "read"}});
        let (status, said) = admin.post("platform/roles/effect", role.clone()).await;
        assert_eq!(status, 200, "{said}");
        assert_eq!((&said["dataScope"], &said["silent"]), (&json!("own"), &json!([])));
        let cell = |name: &str| said["cells"].as_array().unwrap().iter().find(|c| c["cell"] == name).unwrap().clone();
        let of = |cell: &Json, name: &str| cell["types"].as_array().unwrap().iter().find(|t| t["type"] == name).cloned();
        let shelf = of(&cell("toy"), "shelf").unwrap();
        let verbs: Vec<&str> = shelf["verbs"].as_array().unwrap().iter().map(|v| v["verb"].as_str().unwrap()).collect();
        assert_eq!(verbs, ["read", "create", "update", "delete", "export", "unmask", "disable", "enable"]);
        assert!(shelf["verbs"].as_array().unwrap().iter().all(|v| v["scope"] == "own"), "{shelf}");
        let fields: Vec<String> = shelf["fields"].as_array().unwrap().iter().map(|f| format!("{} {}", f["name"].as_str().unwrap(), f["right"].as_str().unwrap())).collect();
        assert_eq!(fields, ["name read", "phone hidden"]);
        let platform = cell("platform");
        assert_eq!(of(&platform, "audit-log").unwrap()["verbs"][0]["scope"], "none", "what shows everything takes the scope all");
        assert_eq!(of(&platform, "settings").unwrap()["verbs"][0]["scope"], "all", "settings are all or nothing");
        assert!(of(&platform, "tenant").is_none(), "tenants are the operator's");

        let mut stored = role.clone();
        stored["code"] = json!("trial");
        stored["name"] = json!("Trial");
        stored["permissions"] = json!(["toy.shelf.*", "platform.audit-log.read", "platform.settings.read"]);
        let made = admin.make("platform/roles", stored).await;
        let (status, kept) = admin.get(&format!("platform/roles/{}/effect", made["id"].as_str().unwrap())).await;
        assert_eq!((status, &kept["cells"]), (200, &said["cells"]));
        for (wrong, expected) in [(json!({"dataScope": "galaxy"}), 400), (json!({"fieldRights": {"a": "b"}}), 400), (json!({"nothing": 1}), 400)] {
            assert_eq!(admin.post("platform/roles/effect", wrong).await.0, expected);
        }
        let keeper = toy.enter("toy", "keeper", PASSWORD).await;
        assert_eq!(keeper.post("platform/roles/effect", role).await.0, 403);
        assert_eq!(admin.get("platform/roles/01900000-0000-7000-8000-000000000009/effect").await.0, 404);
    }
}
