//! OpenAPI 3.1 from the declarations.

use crate::cell::Registry;
use crate::kind::Kind;
use paas_document::{Field, FieldType, TypeMeta};
use serde_json::{Map, Value as Json, json};

/// The document of a cell.
pub(crate) fn document(registry: &Registry) -> Json {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in &registry.kinds {
        let meta = kind.meta();
        schemas.insert(format!("{}.{}", registry.name, meta.name), schema(meta));
        add_paths(registry, &**kind, &mut paths);
    }
    for report in &registry.reports {
        let parameters: Vec<Json> = report
            .parameters
            .iter()
            .map(|p| json!({"name": p.name, "in": "query", "required": p.required, "schema": {"type": "string"}}))
            .collect();
        let operation =
            operation(report.label.en, &format!("{}.report.{}", registry.name, report.name), "200", json!({}));
        let mut operation = operation;
        if let Json::Object(map) = &mut operation {
            map.insert("parameters".to_owned(), Json::from(parameters));
        }
        paths.insert(format!("/api/v1/{}/reports/{}", registry.name, report.name), json!({"get": operation}));
    }
    for service in &registry.services {
        let code = format!("{}.{}", registry.name, service.permission);
        let mut number = 0;
        let path = service.path.split('/').map(|segment| match segment {
            "{}" => {
                number += 1;
                format!("{{p{number}}}")
            }
            other => other.to_owned(),
        });
        let path = format!("/api/v1/{}/{}", registry.name, path.collect::<Vec<_>>().join("/"));
        let operation = operation(&service.label().en, &code, "200", json!({"type": "object"}));
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        if let Json::Object(map) = entry {
            map.insert(service.method.to_ascii_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": registry.label.en, "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    })
}

fn add_paths(registry: &Registry, kind: &dyn Kind, paths: &mut Map<String, Json>) {
    let meta = kind.meta();
    let base = format!("/api/v1/{}/{}", registry.name, meta.resource);
    let reference = json!({"$ref": format!("#/components/schemas/{}.{}", registry.name, meta.name)});
    let code = |verb: &str| registry.code(meta, verb);
    let label = &meta.label.en;
    let mut many = Map::new();
    many.insert("get".to_owned(), operation(&format!("List: {label}"), &code("read"), "200", json!({})));
    let mut one = Map::new();
    one.insert("get".to_owned(), operation(&format!("Read: {label}"), &code("read"), "200", reference.clone()));
    if meta.kind.is_editable() {
        let body = |mut op: Json| {
            if let Json::Object(map) = &mut op {
                map.insert(
                    "requestBody".to_owned(),
                    json!({"required": true, "content": {"application/json": {"schema": reference}}}),
                );
            }
            op
        };
        // A setting is there from the start and stays.
        let comes_and_goes = meta.kind != paas_document::Kind::Setting;
        if comes_and_goes {
            many.insert(
                "post".to_owned(),
                body(operation(&format!("Create: {label}"), &code("create"), "201", reference.clone())),
            );
        }
        one.insert(
            "patch".to_owned(),
            body(operation(&format!("Change: {label}"), &code("update"), "200", reference.clone())),
        );
        if comes_and_goes {
            one.insert("delete".to_owned(), operation(&format!("Delete: {label}"), &code("delete"), "204", json!({})));
        }
    }
    paths.insert(base.clone(), Json::Object(many));
    if meta.kind == paas_document::Kind::Balance {
        return;
    }
    paths.insert(format!("{base}/{{id}}"), Json::Object(one));
    let actions: Vec<&str> = kind.edges().iter().filter(|e| !e.system).map(|e| e.name).collect();
    if !actions.is_empty() {
        let mut op = operation(&format!("Act on: {label}"), &code("<action>"), "200", reference.clone());
        if let Json::Object(map) = &mut op {
            map.insert(
                "requestBody".to_owned(),
                json!({"required": true, "content": {"application/json": {"schema": {
                    "type": "object", "required": ["action"],
                    "properties": {"action": {"enum": actions}, "version": {"type": "integer"},
                                   "comment": {"type": "string"}, "data": {"type": "object"}},
                }}}}),
            );
        }
        paths.insert(format!("{base}/{{id}}/transitions"), json!({"post": op}));
    }
    if registry.view(meta.name).is_some() {
        return;
    }
    let history = operation(&format!("History: {label}"), &code("read"), "200", json!({}));
    paths.insert(format!("{base}/{{id}}/history"), json!({"get": history}));
}

fn operation(summary: &str, permission: &str, status: &str, schema: Json) -> Json {
    let mut responses = Map::new();
    let answer = if status == "204" {
        json!({"description": "done"})
    } else {
        json!({"description": "done", "content": {"application/json": {"schema": schema}}})
    };
    responses.insert(status.to_owned(), answer);
    for (status, meaning) in [
        ("400", "invalid"),
        ("401", "not signed in"),
        ("403", "not allowed"),
        ("404", "not found"),
        ("409", "conflict"),
        ("422", "refused by a rule"),
        ("429", "too many"),
        ("503", "not available"),
    ] {
        responses.insert(status.to_owned(), json!({"description": meaning}));
    }
    json!({"summary": summary, "x-permission": permission, "responses": responses})
}

fn schema(meta: &'static TypeMeta) -> Json {
    let mut properties = Map::new();
    for field in meta.fields {
        properties.insert(field.name.to_owned(), property(field));
    }
    for table in meta.tables {
        properties.insert(table.name.to_owned(), json!({"type": "array", "items": schema((table.meta)())}));
    }
    let required: Vec<&str> = meta.fields.iter().filter(|f| f.required && !f.computed).map(|f| f.name).collect();
    json!({"type": "object", "title": meta.label.en, "properties": properties, "required": required})
}

fn property(field: &Field) -> Json {
    let mut out = match &field.ty {
        FieldType::Decimal { scale, .. } => json!({"type": ["string", "number"], "x-decimals": scale}),
        FieldType::Integer => json!({"type": "integer"}),
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::Instant => json!({"type": "string", "format": "date-time"}),
        FieldType::Text { max } | FieldType::LongText { max } => json!({"type": "string", "maxLength": max}),
        FieldType::Choice(list) => json!({"enum": list.iter().map(|c| c.value).collect::<Vec<_>>()}),
        FieldType::State(list) => json!({"enum": list.iter().map(|s| s.name).collect::<Vec<_>>()}),
        FieldType::TextList(_) | FieldType::Permissions | FieldType::RefList { .. } => json!({"type": "array"}),
        FieldType::Json | FieldType::AnyRef => json!({"type": "object"}),
        _ => json!({}),
    };
    if let Json::Object(map) = &mut out {
        map.insert("description".to_owned(), Json::from(format!("{} | {}", field.label.zh, field.label.en)));
        map.insert("readOnly".to_owned(), Json::from(field.computed));
    }
    out
}
