//! Shapes: of records from their declarations, and those that every cell shares.

use paas_document::{Field, FieldType, Kind as RecordKind, TypeMeta};
use paas_types::Code;
use serde_json::{Map, Value as Json, json};

const REFERENCE: &str = "#/components/schemas/Reference";

/// The shape of a record or of a row.
pub(super) fn schema(meta: &'static TypeMeta) -> Json {
    let mut properties = Map::new();
    if meta.kind != RecordKind::Balance {
        properties.insert("id".to_owned(), json!({"type": "string", "format": "uuid"}));
    }
    if meta.has_head() {
        properties.extend(head(meta));
    }
    if meta.is_customizable() {
        properties.insert("custom".to_owned(), custom());
    }
    for field in meta.fields {
        match field.group {
            None => {
                properties.insert(field.name.to_owned(), property(field));
            }
            Some(group) => {
                let holder = properties.entry(group.to_owned());
                let holder = holder.or_insert_with(|| json!({"type": "object", "properties": {}}));
                if let Some(Json::Object(inner)) = holder.get_mut("properties") {
                    inner.insert(field.name.to_owned(), property(field));
                }
            }
        }
    }
    for table in meta.tables {
        let description = format!("{} | {}", table.label.zh, table.label.en);
        properties.insert(
            table.name.to_owned(),
            json!({"type": "array", "description": description, "minItems": table.min_rows, "items": schema((table.meta)())}),
        );
    }
    let mut out =
        json!({"type": "object", "title": meta.label.en, "description": meta.label.zh, "properties": properties});
    if let (RecordKind::Row, Json::Object(map)) = (meta.kind, &mut out) {
        let given = meta.fields.iter().filter(|f| f.required && !f.computed && f.group.is_none());
        map.insert("required".to_owned(), given.map(|f| f.name).collect());
    }
    out
}

/// Values of the fields that a tenant added: which, only its descriptor says.
fn custom() -> Json {
    let about = "自定义字段的值：键见 /meta，没有值的字段不出现 | Values of custom fields: see /meta for their keys; what has no value is not there";
    json!({"type": "object", "description": about,
           "additionalProperties": {"type": ["string", "number", "boolean", "null"]}})
}

fn head(meta: &TypeMeta) -> Map<String, Json> {
    let reference = json!({"$ref": REFERENCE});
    let instant = json!({"type": "string", "format": "date-time", "readOnly": true});
    let action = json!({"type": "object", "properties": {"action": {"type": "string"}, "label": {"type": "string"}}});
    let mut map: Map<String, Json> = [
        ("version", json!({"type": "integer"})),
        ("createdAt", instant.clone()),
        ("createdBy", reference.clone()),
        ("updatedAt", instant),
        ("updatedBy", reference.clone()),
        ("owner", reference.clone()),
        ("department", reference),
        ("allowedActions", json!({"type": "array", "readOnly": true, "items": action})),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if meta.has_number() {
        map.insert("number".to_owned(), json!({"type": ["string", "null"], "readOnly": true}));
    }
    map
}

fn property(field: &Field) -> Json {
    let mut out = shape(field);
    if let Json::Object(map) = &mut out {
        map.insert("description".to_owned(), Json::from(format!("{} | {}", field.label.zh, field.label.en)));
        if field.computed || field.from_balance.is_some() {
            map.insert("readOnly".to_owned(), Json::from(true));
        }
        if field.write_only {
            map.insert("writeOnly".to_owned(), Json::from(true));
        }
        for (name, condition) in [("x-required-when", field.when.required), ("x-read-only-when", field.when.readonly)] {
            if let Some(condition) = condition {
                map.insert(name.to_owned(), Json::from(condition));
            }
        }
        if let Some(default) = field.default.and_then(|d| serde_json::from_str(d).ok()) {
            map.insert("default".to_owned(), default);
        }
    }
    out
}

fn shape(field: &Field) -> Json {
    let ty = |name: &str| if field.required { json!(name) } else { json!([name, "null"]) };
    match &field.ty {
        FieldType::Decimal { scale, kind } => {
            let types = if field.required { json!(["string", "number"]) } else { json!(["string", "number", "null"]) };
            json!({"type": types, "x-decimals": scale, "x-kind": kind.name()})
        }
        FieldType::Integer => json!({"type": ty("integer")}),
        FieldType::Bool => json!({"type": ty("boolean")}),
        FieldType::Date => json!({"type": ty("string"), "format": "date"}),
        FieldType::Instant => json!({"type": ty("string"), "format": "date-time"}),
        FieldType::Text { max } | FieldType::LongText { max } => json!({"type": ty("string"), "maxLength": max}),
        FieldType::Secret(mask) => json!({"type": ty("string"), "x-sensitive": mask.name()}),
        FieldType::Password => json!({"type": ty("string"), "format": "password"}),
        FieldType::Choice(list) => {
            let mut values: Vec<Json> = list.iter().map(|c| Json::from(c.value)).collect();
            values.extend((!field.required).then_some(Json::Null));
            json!({"enum": values})
        }
        FieldType::State(list) => json!({"enum": list.iter().map(|s| s.name).collect::<Vec<_>>()}),
        FieldType::Ref { .. } | FieldType::User | FieldType::Department => {
            json!({"anyOf": [{"$ref": REFERENCE}, {"type": ty("string")}]})
        }
        FieldType::RefList { .. } => {
            json!({"type": "array", "items": {"anyOf": [{"$ref": REFERENCE}, {"type": "string"}]}})
        }
        FieldType::TextList(_) | FieldType::Permissions => json!({"type": "array", "items": {"type": "string"}}),
        FieldType::Json | FieldType::AnyRef => json!({"type": ["object", "null"]}),
    }
}

/// A filter over a field; operators stand in brackets behind the name.
pub(super) fn filter(field: &'static Field) -> Json {
    let name = field.group.map_or_else(|| field.name.to_owned(), |group| format!("{group}.{}", field.name));
    let operators = match &field.ty {
        FieldType::Secret(_) => "equality only, for who may unmask",
        FieldType::Text { .. } | FieldType::LongText { .. } => "ne gt gte lt lte in contains startsWith isNull",
        FieldType::Decimal { .. } | FieldType::Integer | FieldType::Date | FieldType::Instant => {
            "ne gt gte lt lte in isNull"
        }
        FieldType::Ref { target } if target().tree => "ne in isNull under; a field of the record by dotted path",
        FieldType::Ref { .. } => "ne in isNull; a field of the record by dotted path",
        FieldType::Department => "ne in isNull under",
        _ => "ne in isNull",
    };
    let description = format!("{} | {}; {operators}", field.label.zh, field.label.en);
    json!({"name": name, "in": "query", "description": description, "schema": {"type": "string"}})
}

/// A body that creates such a record.
pub(super) fn example(meta: &'static TypeMeta) -> Json {
    let mut map = Map::new();
    for field in meta.fields.iter().filter(|f| f.required && !f.computed && f.from_balance.is_none()) {
        let value = value(field);
        match field.group {
            None => {
                map.insert(field.name.to_owned(), value);
            }
            Some(group) => {
                if let Json::Object(inner) = map.entry(group.to_owned()).or_insert_with(|| json!({})) {
                    inner.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    for table in meta.tables.iter().filter(|t| t.min_rows > 0) {
        map.insert(table.name.to_owned(), json!([example((table.meta)())]));
    }
    Json::Object(map)
}

fn value(field: &Field) -> Json {
    match &field.ty {
        FieldType::Decimal { scale, .. } => Json::from(format!("1.{}", "0".repeat(*scale as usize))),
        FieldType::Integer => json!(1),
        FieldType::Bool => json!(true),
        FieldType::Date => json!("2026-01-31"),
        FieldType::Instant => json!("2026-01-31T08:00:00Z"),
        FieldType::Choice(list) => json!(list.first().map(|c| c.value)),
        FieldType::State(list) => json!(list.first().map(|s| s.name)),
        FieldType::Ref { target } if target().has_number() => json!({"number": "N-0001"}),
        FieldType::Ref { target } if target().code_field().is_some() => json!({"code": "C01"}),
        FieldType::Ref { .. } | FieldType::User | FieldType::Department => {
            json!({"id": "01900000-0000-7000-8000-000000000001"})
        }
        FieldType::RefList { .. } | FieldType::TextList(_) | FieldType::Permissions => json!([]),
        FieldType::Json | FieldType::AnyRef => json!({}),
        FieldType::Text { .. } | FieldType::LongText { .. } | FieldType::Secret(_) | FieldType::Password => {
            if field.name == "code" { json!("C01") } else { json!(field.label.en) }
        }
    }
}

/// What every cell shares.
pub(super) fn components() -> Json {
    json!({
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        "schemas": shared(),
        "parameters": parameters(),
        "responses": responses(),
    })
}

fn shared() -> Json {
    let text = json!({"type": "string"});
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    let fault = json!({"type": "object", "properties": {"field": {"type": "string", "description": "JSON path"}, "code": text, "message": text}});
    let change = json!({"type": "object", "properties": {
        "at": {"type": "string", "format": "date-time"}, "actor": {"$ref": REFERENCE}, "action": text, "label": {"type": ["string", "null"]},
        "before": {"type": ["object", "null"]}, "after": {"type": ["object", "null"]}, "requestId": text}});
    let link = json!({"type": "object", "properties": {
        "direction": {"enum": ["from", "to"]}, "type": text, "resource": text, "label": text, "id": text,
        "number": {"type": ["string", "null"]}, "date": {"type": ["string", "null"]}, "state": {"type": ["string", "null"]}}});
    let made =
        json!({"type": "object", "properties": {"type": text, "id": text, "number": {"type": ["string", "null"]}}});
    let notice = json!({"type": "object", "properties": {
        "id": text, "at": {"type": "string", "format": "date-time"}, "actor": {"$ref": REFERENCE}, "action": text,
        "label": {"type": ["string", "null"]}, "type": text, "resource": text,
        "subject": {"type": "object", "properties": {"id": text, "number": {"type": ["string", "null"]}}},
        "seen": {"type": "boolean"}}});
    let result = json!({"type": "object", "properties": {
        "index": {"type": "integer"}, "status": {"type": "integer"}, "record": {"type": "object"},
        "error": {"$ref": "#/components/schemas/Refusal"}}});
    let column = json!({"type": "object", "properties": {"name": text, "label": text, "type": text}});
    json!({
        "Refusal": {"type": "object", "required": ["code", "message", "details", "requestId"], "properties": {
            "code": {"enum": codes}, "message": text, "requestId": text,
            "details": {"anyOf": [{"type": "array", "items": fault}, {"type": ["object", "null"]}]}}},
        "Reference": {"type": ["object", "null"], "properties": {
            "id": text, "code": {"type": ["string", "null"]}, "number": {"type": ["string", "null"]}, "name": {"type": ["string", "null"]}}},
        "Page": {"type": "object", "properties": {
            "page": {"type": ["integer", "null"]}, "pageSize": {"type": "integer"},
            "total": {"type": "integer", "maximum": 10000}, "totalExact": {"type": "boolean"},
            "next": {"type": ["string", "null"], "description": "for after="}}},
        "History": {"type": "object", "properties": {"data": {"type": "array", "items": change}}},
        "Links": {"type": "object", "properties": {"data": {"type": "array", "items": link}}},
        "Notices": {"type": "object", "required": ["data", "unseen", "next"], "properties": {
            "data": {"type": "array", "items": notice}, "unseen": {"type": "integer", "maximum": 100}, "next": {"type": ["string", "null"]}}},
        "Made": {"type": "object", "properties": {"created": {"type": "array", "items": made}}},
        "Groups": {"type": "object", "properties": {
            "by": {"type": "array", "items": {"type": "string"}},
            "data": {"type": "array", "items": {"type": "object", "properties": {
                "keys": {"type": "object"}, "count": {"type": "integer"}, "sums": {"type": "object"}}}}}},
        "Results": {"type": "object", "properties": {"data": {"type": "array", "items": result}}},
        "Report": {"type": "object", "properties": {
            "columns": {"type": "array", "items": column}, "rows": {"type": "array", "items": {"type": "object"}},
            "totals": {"type": "object"}, "asOf": {"type": "string", "format": "date"}}},
    })
}

fn parameters() -> Json {
    let query = |name: &str, schema: Json, about: &str| json!({"name": name, "in": "query", "schema": schema, "description": about});
    let header = |name: &str, required: bool, about: &str| json!({"name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": about});
    json!({
        "TenantId": header("X-Tenant-Id", true, "code of the tenant, which must be the token's"),
        "AcceptLanguage": {"name": "Accept-Language", "in": "header", "schema": {"enum": ["zh-CN", "en-US"], "default": "zh-CN"}},
        "RequestId": header("X-Request-ID", false, "idempotency key: a repeated write has one effect and the same answer"),
        "IfMatch": header("If-Match", false, "the version, quoted; or `version` in the body"),
        "Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
        "DryRun": query("dryRun", json!({"type": "boolean", "default": false}), "all rules run, nothing stays"),
        "Page": query("page", json!({"type": "integer", "minimum": 1, "default": 1}), ""),
        "PageSize": query("pageSize", json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}), ""),
        "After": query("after", json!({"type": "string"}), "`next` of the page before"),
        "Sort": query("sort", json!({"type": "string"}), "fields by comma, `-` for descending; indexed ones only"),
        "Keyword": query("q", json!({"type": "string"}), "keyword"),
        "Or": query("or", json!({"type": "string"}), "JSON list of groups of conditions, of which one holds at least: `[{\"state\":\"open\"},{\"total[gte]\":\"100\",\"state\":\"closed\"}]`; may be said several times, and all other conditions hold as well"),
        "By": query("by", json!({"type": "string"}), "one or two fields, by comma; of more than 100,000 records or 1,000 groups none are made"),
        "Sum": query("sum", json!({"type": "string"}), "number fields to add up, by comma"),
        "Fields": query("fields", json!({"type": "string"}), "fields wanted, by comma"),
        "Mask": query("mask", json!({"type": "boolean", "default": false}), "sensitive values come masked, also those the caller may see in clear: nothing is seen and nothing noted"),
    })
}

fn responses() -> Json {
    let refusal = |code: Code, details: Json| {
        let example = json!({"code": code.as_str(), "message": code.en(), "details": details, "requestId": "01900000-0000-7000-8000-000000000002"});
        let content =
            json!({"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}, "example": example}});
        json!({"description": code.en(), "content": content})
    };
    let field = json!([{"field": "lines[2].quantity", "code": "TOO_MANY_DECIMALS", "message": "Quantity has too many decimals."}]);
    json!({
        "Invalid": refusal(Code::ValidationFailed, field),
        "NotSignedIn": refusal(Code::Unauthenticated, Json::Null),
        "NotAllowed": refusal(Code::Forbidden, json!({"permission": "cell.type.verb"})),
        "NotFound": refusal(Code::NotFound, Json::Null),
        "NoSuchMethod": refusal(Code::MethodNotAllowed, Json::Null),
        "Conflicting": refusal(Code::Conflict, json!({"version": 4})),
        "TooLarge": refusal(Code::PayloadTooLarge, Json::Null),
        "NotJson": refusal(Code::UnsupportedMediaType, Json::Null),
        "Refused": refusal(Code::BusinessRule, json!({"rule": "cell.subject.rule"})),
        "TooMany": refusal(Code::RateLimited, Json::Null),
        "Failed": refusal(Code::Internal, Json::Null),
        "NotAvailable": refusal(Code::Unavailable, Json::Null),
        "TooSlow": refusal(Code::Timeout, Json::Null),
    })
}
