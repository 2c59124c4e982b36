//! Exports and reports as files.

use crate::world::{ADMIN, Answer, World, grant, refusal};
use http::{Method, StatusCode};
use paas_auth::{FieldRight, GrantScope};
use serde_json::{Value as J, json};
use std::collections::{BTreeSet, HashMap};

async fn export(w: &World, who: &str, query: &str) -> Answer {
    w.raw(who, (Method::GET, query), &[("accept-language", "en-US")], Vec::new()).await
}

/// 450 gadgets: three steps of an export.
async fn many(w: &World) {
    for part in 0..3 {
        let items: Vec<J> = (0..150)
            .map(|i| json!({"code": format!("X{:03}", part * 150 + i), "name": "=1+1", "weight": "-2.5", "phone": "13800138000"}))
            .collect();
        w.post(ADMIN, "gadgets/batch", json!({"items": items})).await;
    }
}

#[tokio::test]
async fn an_export_holds_every_record_of_the_list() {
    let w = World::new().await;
    many(&w).await;
    let answer = export(&w, ADMIN, "gadgets/export?format=json&sort=code").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    let rows = answer.json();
    let codes: Vec<&str> = rows.as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!((codes.len(), codes[0], codes[449]), (450, "X000", "X449"));
    let answer = export(&w, ADMIN, "gadgets/export?format=csv&sort=-code&code[gte]=X100").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"gadgets.csv\"");
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 351);
    assert_eq!(lines[0], "Code,Name,English name,Phone,Colour,Weight,Place,State");
    assert_eq!(lines[1], "X449,'=1+1,,13800138000,,-2.500000,,active");
    assert_eq!(export(&w, ADMIN, "notes/export?format=json").await.json(), json!([]));
    assert_eq!(export(&w, ADMIN, "notes/export?format=csv").await.text().lines().count(), 1);
    for (query, code) in
        [("format=pdf", "VALIDATION_FAILED"), ("color=red", "UNKNOWN_FILTER"), ("colour=red", "UNKNOWN_FILTER")]
    {
        let answer = export(&w, ADMIN, &format!("gadgets/export?{query}")).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)));
    }
}

#[tokio::test]
async fn balances_are_exported_beyond_one_step() {
    let w = World::new().await;
    many(&w).await;
    let lines: Vec<J> = (0..450).map(|i| json!({"gadget": format!("X{i:03}"), "quantity": "1"})).collect();
    let note = w.post(ADMIN, "notes", json!({"day": "2026-11-24", "lines": lines})).await;
    let (status, said) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 1})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let rows = export(&w, ADMIN, "shelves/export?format=json").await.json();
    let gadgets: BTreeSet<&str> =
        rows.as_array().unwrap().iter().map(|r| r["gadget"]["code"].as_str().unwrap()).collect();
    assert_eq!(gadgets.len(), 450);
    let first = w.get(ADMIN, "shelves?pageSize=200").await;
    assert!(first["next"].is_string(), "a page of balances has a next one");
}

#[tokio::test]
async fn an_export_obeys_scope_field_rights_and_masks() {
    let w = World::new().await;
    w.gadgets().await;
    let fields = [("toy.gadget.name", FieldRight::Hidden), ("toy.gadget.weight", FieldRight::Masked)];
    let some = w.member(vec![
        grant(&["toy.gadget.read", "toy.gadget.create"], GrantScope::All, &fields),
        grant(&["toy.gadget.export"], GrantScope::Own, &fields),
    ]);
    let body = json!({"code": "MINE", "phone": "13800138000", "name": "x"});
    let (_, said) = w.call(&some, "a", Method::POST, "gadgets", body).await;
    assert_eq!(refusal(&said).1, ["name UNKNOWN_FIELD"]);
    w.post(
        ADMIN,
        "gadgets",
        json!({"code": "MINE", "phone": "13800138000", "name": "x", "weight": 2, "owner": some_owner(&w, &some).await}),
    )
    .await;
    let text = export(&w, &some, "gadgets/export?format=csv").await.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines, ["Code,English name,Phone,Colour,Weight,Place,State", "MINE,,138****8000,,****,,active"]);
    let reader = w.member(vec![grant(&["toy.gadget.read"], GrantScope::All, &[])]);
    assert_eq!(export(&w, &reader, "gadgets/export?format=csv").await.status, StatusCode::FORBIDDEN);
}

/// Makes a member known here by a call, and names it.
async fn some_owner(w: &World, who: &str) -> String {
    w.get(who, "gadgets").await;
    who.to_owned()
}

#[tokio::test]
async fn a_spreadsheet_has_typed_cells_and_a_sheet_for_the_rows() {
    let w = World::new().await;
    w.gadgets().await;
    w.post(ADMIN, "notes", json!({"day": "2026-11-24", "remark": "=HYPERLINK(1)", "lines": [{"gadget": "G1", "quantity": "2.5"}, {"gadget": "G2", "quantity": 1}]})).await;
    let answer = export(&w, ADMIN, "notes/export?format=xlsx").await;
    assert_eq!(answer.header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    let parts = unzip(&answer.body);
    let [first, second] = ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"].map(|p| parts[p].as_str());
    assert!(!first.contains("<f>") && first.contains("=HYPERLINK(1)"), "a text stays a text: {first}");
    assert!(first.contains("<v>3.5</v>"), "a number is a number: {first}");
    assert!(first.contains("<v>46350</v>"), "a date is a date: {first}");
    assert_eq!(second.matches("N2026-0001").count(), 2, "a line per row, with its number: {second}");
    assert!(second.contains("<v>2.5</v>") && second.contains("G2"));
    assert!(parts["xl/workbook.xml"].contains("\"Lines 1\""));
}

#[tokio::test]
async fn a_report_is_checked_and_comes_as_a_file_too() {
    let w = World::new().await;
    w.gadgets().await;
    let note = w.note("2026-11-24", &["2.5"]).await;
    w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 1})).await;
    let report = w.get(ADMIN, "reports/on-shelf?asOf=2026-11-24&gadget=G1").await;
    assert_eq!(report["columns"][1], json!({"name": "quantity", "label": "数量", "type": "quantity"}));
    assert_eq!(report["rows"][0], json!({"gadget": "G1", "quantity": "2.500000"}));
    assert_eq!((&report["rows"][1]["isGroup"], &report["asOf"]), (&json!(true), &json!("2026-11-24")));
    assert_eq!(report["totals"], json!({"quantity": "2.500000"}));
    for (query, code, details) in [
        ("", "VALIDATION_FAILED", "asOf REQUIRED"),
        ("asOf=soon", "VALIDATION_FAILED", "asOf INVALID"),
        ("asOf=2026-11-24&gadget=G9", "VALIDATION_FAILED", "gadget NOT_FOUND"),
        ("asOf=2026-11-24&format=docx", "VALIDATION_FAILED", "format INVALID_CHOICE"),
        ("asOf=2026-11-24&colour=red", "UNKNOWN_FILTER", ""),
    ] {
        let (status, body) = w.call(ADMIN, "a", Method::GET, &format!("reports/on-shelf?{query}"), J::Null).await;
        let (said, fields) = refusal(&body);
        assert_eq!((status, said.as_str(), fields.join(" ").as_str()), (StatusCode::BAD_REQUEST, code, details));
    }
    let csv = export(&w, ADMIN, "reports/on-shelf?asOf=2026-11-24&format=csv").await;
    assert_eq!(csv.text(), "Gadget,Quantity\nG1,2.500000\n'=SUM,2.500000\nTotal,2.500000\n");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"on-shelf.csv\"");
    let xlsx = export(&w, ADMIN, "reports/on-shelf?asOf=2026-11-24&format=xlsx").await;
    assert!(unzip(&xlsx.body)["xl/worksheets/sheet1.xml"].contains("<v>2.5</v>"));
    let none = w.member(vec![grant(&["toy.gadget.*"], GrantScope::All, &[])]);
    assert_eq!(export(&w, &none, "reports/on-shelf?asOf=2026-11-24").await.status, StatusCode::FORBIDDEN);
    // Its figures are those of all records.
    for scope in [GrantScope::Own, GrantScope::Parties(Vec::new()), GrantScope::Departments(Vec::new())] {
        let some = w.member(vec![grant(&["toy.*"], scope, &[])]);
        let answer = export(&w, &some, "reports/on-shelf?asOf=2026-11-24").await;
        assert_eq!(
            (answer.status, answer.json()["details"]["reason"].as_str()),
            (StatusCode::FORBIDDEN, Some("scope"))
        );
        let meta = w.get(&some, "meta").await;
        assert_eq!(meta["reports"][0]["allowed"], false);
    }
}

/// The parts of a spreadsheet that the tests look at, by name.
fn unzip(bytes: &[u8]) -> HashMap<&'static str, String> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut parts = HashMap::new();
    for name in ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
        if let Ok(mut part) = archive.by_name(name) {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut part, &mut text).unwrap();
            parts.insert(name, text);
        }
    }
    parts
}
