//! Bodies as they should not be: each is refused with a path and a code, and changes nothing.

use super::Run;
use paas_document::{Field, FieldType, RowTable, TypeMeta};
use serde_json::{Value as Json, json};

pub(super) fn unknown_fields_are_refused(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let mut body = run.sample(meta);
        body["noSuchField"] = json!(1);
        let answer = run.world.post(&admin, meta.resource, &body);
        let named = answer.json.to_string().contains("noSuchField");
        run.expect(answer.status == 400 && named, || format!("{}: {} {}", meta.name, answer.status, answer.json));
        for table in with_rows(meta, &run.sample(meta)) {
            let mut body = run.sample(meta);
            body[table.name][0]["noSuchField"] = json!(1);
            let answer = run.world.post(&admin, meta.resource, &body);
            let path = format!("{}[0].noSuchField", table.name);
            run.expect(answer.fields().contains(&(path.as_str(), "UNKNOWN_FIELD")), || {
                format!("{path}: {}", answer.json)
            });
        }
        let Some(made) = run.record(meta) else { continue };
        let body = json!({"version": 1, "noSuchField": null});
        let answer = run.world.send(&admin, "PATCH", &Run::path(meta, &made), &body, &[]);
        run.expect(answer.status == 400, || format!("PATCH {}: {}", meta.name, answer.json));
    }
}

/// The tables of which a sample has rows.
fn with_rows(meta: &'static TypeMeta, body: &Json) -> Vec<&'static RowTable> {
    meta.tables.iter().filter(|t| body[t.name][0].is_object()).collect()
}

/// Values no field of that type takes.
fn wrong(field: &Field) -> Vec<Json> {
    match field.ty {
        FieldType::Text { .. } | FieldType::LongText { .. } | FieldType::Secret(_) | FieldType::Password => {
            vec![json!(1), json!(true), json!([]), json!({}), json!("a\u{0}b")]
        }
        FieldType::Integer => vec![json!("x"), json!(1.5), json!([]), json!(true), json!("99999999999999999999")],
        FieldType::Decimal { .. } => {
            vec![
                json!("x"),
                json!([]),
                json!(true),
                json!("1,5"),
                json!("1e400"),
                json!("NaN"),
                json!("--1"),
                json!("1 000"),
            ]
        }
        FieldType::Bool => vec![json!("yes"), json!(1), json!([])],
        FieldType::Date => {
            vec![json!("2026-02-30"), json!("24.11.2026"), json!(1), json!("2026-11-24T00:00:00Z"), json!("0")]
        }
        FieldType::Instant => vec![json!("2026-11-24"), json!(1), json!("yesterday")],
        FieldType::Choice(_) | FieldType::State(_) => vec![json!("no-such-choice"), json!(1), json!([])],
        FieldType::Ref { .. } | FieldType::User | FieldType::Department => {
            vec![
                json!(1),
                json!([]),
                json!({"colour": "red"}),
                json!("00000000-0000-7000-8000-000000000009"),
                json!("no such code"),
            ]
        }
        FieldType::RefList { .. } => vec![json!("x"), json!([1]), json!(["00000000-0000-7000-8000-000000000009"])],
        FieldType::TextList(_) | FieldType::Permissions => vec![json!("x"), json!([1]), json!({})],
        FieldType::AnyRef | FieldType::Json => Vec::new(),
    }
}

pub(super) fn mistyped_fields_are_named(run: &mut Run) {
    for meta in run.creatable() {
        let good = run.sample(meta);
        for field in meta.fields.iter().filter(|f| f.group.is_none()) {
            for value in wrong(field) {
                let mut body = good.clone();
                body[field.name] = value.clone();
                refused_at(run, meta.resource, &body, (field.name, &value));
            }
        }
        for table in with_rows(meta, &good) {
            for field in (table.meta)().fields.iter().filter(|f| f.group.is_none()) {
                for value in wrong(field) {
                    let mut body = good.clone();
                    body[table.name][0][field.name] = value.clone();
                    refused_at(run, meta.resource, &body, (&format!("{}[0].{}", table.name, field.name), &value));
                }
            }
            let mut body = good.clone();
            body[table.name] = json!({"0": {}});
            refused_at(run, meta.resource, &body, (table.name, &json!({})));
        }
        for field in
            meta.fields.iter().filter(|f| f.required && f.default.is_none() && !f.computed && f.group.is_none())
        {
            if good.get(field.name).is_none() {
                continue;
            }
            let mut body = good.clone();
            body[field.name] = Json::Null;
            refused_at(run, meta.resource, &body, (field.name, &Json::Null));
        }
    }
}

fn refused_at(run: &mut Run, resource: &str, body: &Json, (path, value): (&str, &Json)) {
    let answer = run.world.post(&run.world.admin(), resource, body);
    let named = answer.fields().iter().any(|(field, code)| field.starts_with(path) && !code.is_empty());
    run.expect(answer.status == 400 && named, || {
        format!("{resource}: {path} = {value} answers {} {}", answer.status, answer.json)
    });
}

pub(super) fn limits_hold(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let answer = run.world.get(&admin, &format!("{}?pageSize=201", meta.resource));
        run.refused(&answer, 400, "VALIDATION_FAILED", &format!("{}?pageSize=201", meta.resource));
        let answer = run.world.get(&admin, &format!("{}?page=0", meta.resource));
        run.expect(answer.status == 400, || format!("{}?page=0: {}", meta.resource, answer.json));
        let good = run.sample(meta);
        for field in meta.fields.iter().filter(|f| f.group.is_none() && !f.computed && f.from_balance.is_none()) {
            let over = match field.ty {
                FieldType::Text { max } | FieldType::LongText { max } => json!("字".repeat(max as usize + 1)),
                FieldType::Decimal { scale, .. } => json!(format!("1.{}1", "0".repeat(scale as usize))),
                _ => continue,
            };
            let mut body = good.clone();
            body[field.name] = over;
            let answer = run.world.post(&admin, meta.resource, &body);
            let code = if matches!(field.ty, FieldType::Decimal { .. }) { "TOO_MANY_DECIMALS" } else { "TOO_LONG" };
            run.expect(answer.fields().contains(&(field.name, code)), || {
                format!("{}.{}: expected {code}, got {:.300}", meta.name, field.name, answer.json.to_string())
            });
            if let FieldType::Decimal { .. } = field.ty {
                let mut body = good.clone();
                body[field.name] = json!("99999999999999999999");
                let answer = run.world.post(&admin, meta.resource, &body);
                run.expect(answer.status == 400, || {
                    format!("{}.{} takes 10²⁰: {}", meta.name, field.name, answer.json)
                });
            }
        }
        for table in with_rows(meta, &good) {
            let mut body = good.clone();
            body[table.name] = Json::from(vec![body[table.name][0].clone(); 2_001]);
            let answer = run.world.post(&admin, meta.resource, &body);
            run.expect(answer.status == 400 || answer.status == 413, || {
                format!("{}: 2,001 rows: {:.200}", meta.name, answer.json.to_string())
            });
            if table.min_rows > 0 {
                let mut body = good.clone();
                body[table.name] = json!([]);
                let answer = run.world.post(&admin, meta.resource, &body);
                run.expect(answer.fields().contains(&(table.name, "REQUIRED")), || {
                    format!("{}: no rows: {}", meta.name, answer.json)
                });
            }
        }
    }
}

pub(super) fn system_fields_cannot_be_set(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let mut names = vec![
            ("createdAt", json!("2001-01-01T00:00:00Z")),
            ("updatedAt", json!("2001-01-01T00:00:00Z")),
            ("createdBy", json!("00000000-0000-7000-8000-000000000009")),
            ("updatedBy", json!("00000000-0000-7000-8000-000000000009")),
            ("version", json!(9)),
        ];
        if meta.has_number() {
            names.push(("number", json!("MADE-UP-1")));
        }
        for (name, value) in names {
            let mut body = run.sample(meta);
            body[name] = value;
            let answer = run.world.post(&admin, meta.resource, &body);
            run.expect(answer.fields().contains(&(name, "READ_ONLY")), || {
                format!("{}.{name}: {}", meta.name, answer.json)
            });
        }
        let Some(made) = run.record(meta) else { continue };
        // What was read may be sent back as it is.
        let mut whole = run.world.get(&admin, &Run::path(meta, &made)).json;
        if let Some(map) = whole.as_object_mut() {
            map.remove("allowedActions");
        }
        let answer = run.world.send(&admin, "PATCH", &Run::path(meta, &made), &whole, &[]);
        let rule = answer.status == 422 || answer.code() == "INVALID_TRANSITION";
        run.expect(answer.status == 200 || rule, || {
            format!("{}: its own answer is refused: {}", meta.name, answer.json)
        });
    }
}

pub(super) fn malformed_bodies_are_refused(run: &mut Run) {
    let admin = run.world.admin();
    let deep = format!("{}1{}", "{\"a\":".repeat(1_000), "}".repeat(1_000));
    let bodies: [&[u8]; 11] = [
        b"{",
        b"nul",
        b"[]",
        b"\"text\"",
        b"1",
        b"{\"code\":\"a\",\"code\":\"b\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\xff\"}",
        b"{'name':1}",
        b"{\"a\":1}{\"b\":2}",
        deep.as_bytes(),
    ];
    for meta in run.creatable() {
        for body in bodies {
            let answer = run.world.send_bytes(&admin, "POST", meta.resource, body.to_vec(), &[]);
            run.expect(answer.status == 400, || {
                format!(
                    "{}: {:.60} answers {} {:.200}",
                    meta.name,
                    String::from_utf8_lossy(body),
                    answer.status,
                    answer.json.to_string()
                )
            });
        }
        let xml = [("Content-Type", "application/xml")];
        let answer = run.world.send_bytes(&admin, "POST", meta.resource, b"<a/>".to_vec(), &xml);
        run.refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE", meta.name);
    }
}
