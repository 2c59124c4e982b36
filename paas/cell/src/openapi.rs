//! OpenAPI 3.1 from the declarations: every call of the contract that the cell answers, with examples.

mod schemas;

use crate::cell::Registry;
use crate::kind::Kind;
use crate::report::ParameterType;
use paas_document::{FieldType, Kind as RecordKind, TypeMeta};
use schemas::{components, example, filter, schema};
use serde_json::{Map, Value as Json, json};

/// The document of a cell.
pub(crate) fn document(registry: &Registry) -> Json {
    let mut paths = Map::new();
    let mut parts = components();
    for kind in &registry.kinds {
        let meta = kind.meta();
        put(&mut parts, "schemas", &format!("{}.{}", registry.name, meta.name), schema(meta));
        Paths { registry, kind: &**kind, paths: &mut paths }.add();
    }
    add_reports(registry, &mut paths);
    add_services(registry, &mut paths);
    add_notices(registry, &mut paths);
    let meta =
        Operation::new("What the page needs to know, for the caller", "").answers("200", json!({"type": "object"}));
    paths.insert(format!("/api/v1/{}/meta", registry.name), json!({"get": meta.done()}));
    json!({
        "openapi": "3.1.0",
        "info": {"title": registry.label.en, "version": "1", "description": registry.label.zh},
        "paths": paths,
        "components": parts,
        "security": [{"bearer": []}],
    })
}

/// What others did to the caller's documents.
fn add_notices(registry: &Registry, paths: &mut Map<String, Json>) {
    let base = format!("/api/v1/{}/notices", registry.name);
    let id = json!({"type": "string", "format": "uuid"});
    let before = json!({"name": "before", "in": "query", "schema": id});
    let list = Operation::new("What others did to your documents, newest first", "").parameter(before);
    let list = list.answers("200", json!({"$ref": "#/components/schemas/Notices"}));
    paths.insert(base.clone(), json!({"get": list.done()}));
    let said = json!({"type": "object", "additionalProperties": false, "properties": {
        "ids": {"type": "array", "items": id, "maxItems": 50}, "upTo": id}});
    let counted = json!({"type": "object", "required": ["unseen"], "properties": {"unseen": {"type": "integer"}}});
    let see = Operation::new("You have seen these notices, or all up to one", "");
    let see = see.writes(false).body(said, json!({"ids": []})).answers("200", counted);
    paths.insert(format!("{base}/seen"), json!({"post": see.done()}));
}

fn put(parts: &mut Json, section: &str, name: &str, value: Json) {
    if let Some(Json::Object(map)) = parts.get_mut(section) {
        map.insert(name.to_owned(), value);
    }
}

fn tag(registry: &Registry, meta: &TypeMeta) -> String {
    format!("{}: {}", registry.name, meta.label.en)
}

/// One operation under construction.
struct Operation(Map<String, Json>);

impl Operation {
    fn new(summary: &str, permission: &str) -> Operation {
        let mut map = Map::new();
        map.insert("summary".to_owned(), Json::from(summary));
        if !permission.is_empty() {
            map.insert("x-permission".to_owned(), Json::from(permission));
        }
        map.insert("parameters".to_owned(), ["TenantId", "AcceptLanguage"].into_iter().map(parameter).collect());
        let refusals = [
            ("400", "Invalid"),
            ("401", "NotSignedIn"),
            ("403", "NotAllowed"),
            ("404", "NotFound"),
            ("405", "NoSuchMethod"),
            ("429", "TooMany"),
            ("500", "Failed"),
            ("503", "NotAvailable"),
            ("504", "TooSlow"),
        ];
        let refusals: Map<String, Json> = refusals.into_iter().map(refused).collect();
        map.insert("responses".to_owned(), Json::Object(refusals));
        Operation(map)
    }

    fn tagged(mut self, tag: &str) -> Operation {
        self.0.insert("tags".to_owned(), json!([tag]));
        self
    }

    /// A write: idempotent, with a trial, and the refusals of writes.
    fn writes(mut self, conflicts: bool) -> Operation {
        if let Some(Json::Object(map)) = self.0.get_mut("responses") {
            map.extend([("413", "TooLarge"), ("415", "NotJson"), ("422", "Refused")].into_iter().map(refused));
            map.extend(conflicts.then(|| refused(("409", "Conflicting"))));
        }
        self.with("RequestId").with("DryRun").with("Mask")
    }

    fn with(self, name: &str) -> Operation {
        self.parameter(parameter(name))
    }

    fn parameter(mut self, value: Json) -> Operation {
        if let Some(Json::Array(list)) = self.0.get_mut("parameters") {
            list.push(value);
        }
        self
    }

    fn body(mut self, schema: Json, example: Json) -> Operation {
        let content = json!({"application/json": {"schema": schema, "example": example}});
        self.0.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
        self
    }

    fn answers(self, status: &str, schema: Json) -> Operation {
        self.answers_as(status, json!({"application/json": {"schema": schema}}), json!({}))
    }

    fn answers_as(mut self, status: &str, content: Json, headers: Json) -> Operation {
        let mut answer = Map::new();
        answer.insert("description".to_owned(), Json::from("done"));
        if content.is_object() {
            answer.insert("content".to_owned(), content);
        }
        if headers.as_object().is_some_and(|h| !h.is_empty()) {
            answer.insert("headers".to_owned(), headers);
        }
        if let Some(Json::Object(map)) = self.0.get_mut("responses") {
            map.insert(status.to_owned(), Json::Object(answer));
        }
        self
    }

    fn done(self) -> Json {
        Json::Object(self.0)
    }
}

fn parameter(name: &str) -> Json {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn refused((status, name): (&str, &str)) -> (String, Json) {
    (status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")}))
}

fn files(formats: &[(&str, &str)], json: Json) -> Json {
    let binary = json!({"schema": {"type": "string", "format": "binary"}});
    let mut content: Map<String, Json> = formats.iter().map(|(_, mime)| ((*mime).to_owned(), binary.clone())).collect();
    content.insert("application/json".to_owned(), json!({"schema": json}));
    Json::Object(content)
}

const CSV: (&str, &str) = ("csv", "text/csv");
const XLSX: (&str, &str) = ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

const PDF: (&str, &str) = ("pdf", "application/pdf");
/// The formats of lists and of reports, beside JSON.
const LIST_FILES: [(&str, &str); 2] = [CSV, XLSX];
const REPORT_FILES: [(&str, &str); 3] = [CSV, XLSX, PDF];

/// The parameter `format`: JSON, which is usual, or one of the others.
fn format_parameter(others: &[(&str, &str)]) -> Json {
    let names: Vec<&str> = std::iter::once("json").chain(others.iter().map(|(name, _)| *name)).collect();
    json!({"name": "format", "in": "query", "schema": {"enum": names, "default": "json"}})
}

/// The paths of one type.
struct Paths<'a> {
    registry: &'a Registry,
    kind: &'a dyn Kind,
    paths: &'a mut Map<String, Json>,
}

impl Paths<'_> {
    fn add(mut self) {
        let meta = self.kind.meta();
        let label = &meta.label.en;
        let mut many = Map::new();
        many.insert("get".to_owned(), self.list(&format!("List: {label}"), "read", "List").done());
        let mut one = Map::new();
        let read = self.read(&format!("Read: {label}"), "read", self.reference(), true).with("Fields").with("Mask");
        one.insert("get".to_owned(), read.done());
        let changes = meta.kind.is_editable();
        let comes_and_goes = changes && meta.kind != RecordKind::Setting;
        if changes {
            let location = json!({"Location": {"schema": {"type": "string"}}, "ETag": {"schema": {"type": "string"}}});
            let content = json!({"application/json": {"schema": self.reference()}});
            // A setting is there once: who may change it writes the first one.
            let verb = if comes_and_goes { "create" } else { "update" };
            let create = self.operation(&format!("Create: {label}"), verb).writes(true);
            let create =
                create.body(self.new_one(), example(meta)).answers_as("201", content.clone(), location.clone());
            // A client-made id again.
            let create = create.answers_as("200", content, location);
            many.insert("post".to_owned(), create.done());
        }
        if comes_and_goes {
            let delete = self.one(&format!("Delete: {label}"), "delete").with("IfMatch").writes(true);
            one.insert("delete".to_owned(), delete.answers_as("204", Json::Null, json!({})).done());
            self.batch();
        }
        if changes {
            let patch = self.one(&format!("Change: {label}"), "update").with("IfMatch").writes(true);
            let patch = patch.body(self.reference(), json!({"version": 1})).answers("200", self.reference());
            one.insert("patch".to_owned(), patch.done());
        }
        self.insert("", many);
        if meta.kind != RecordKind::Setting {
            let export = self
                .list(&format!("Export: {label}"), "export", "Export")
                .parameter(format_parameter(&LIST_FILES))
                .with("Mask");
            let rows = json!({"type": "array", "items": self.reference()});
            let export = export.answers_as("200", files(&LIST_FILES, rows), json!({}));
            self.insert("/export", [("get".to_owned(), export.done())].into_iter().collect());
        }
        if meta.kind != RecordKind::Setting && self.registry.view(meta.name).is_none() {
            let groups = self.list(&format!("Groups: {label}"), "read", "Groups");
            self.insert("/groups", [("get".to_owned(), groups.done())].into_iter().collect());
        }
        if meta.kind == RecordKind::Balance {
            return;
        }
        self.insert("/{id}", one);
        self.actions();
        if self.registry.view(meta.name).is_some() {
            return;
        }
        for (path, what, schema) in [("history", "History", "History"), ("links", "Links", "Links")] {
            let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
            let mut operation = self.read(&format!("{what}: {label}"), "read", schema, false);
            if path == "history" {
                operation = operation.parameter(json!({
                    "name": "sights", "in": "query", "schema": {"type": "boolean", "default": false},
                    "description": "Instead of changes: who saw sensitive values of the record in clear, by itself",
                }));
            }
            self.insert(&format!("/{{id}}/{path}"), [("get".to_owned(), operation.done())].into_iter().collect());
        }
    }

    fn insert(&mut self, below: &str, operations: Map<String, Json>) {
        let path = format!("/api/v1/{}/{}{below}", self.registry.name, self.kind.meta().resource);
        self.paths.insert(path, Json::Object(operations));
    }

    fn reference(&self) -> Json {
        json!({"$ref": format!("#/components/schemas/{}.{}", self.registry.name, self.kind.meta().name)})
    }

    /// What a create says: answers may hold less, by field rights or because less was asked for, and changes too.
    fn new_one(&self) -> Json {
        let given = |f: &&paas_document::Field| f.required && !f.computed && f.group.is_none();
        let required: Vec<&str> = self.kind.meta().fields.iter().filter(given).map(|f| f.name).collect();
        json!({"allOf": [self.reference(), {"required": required}]})
    }

    fn operation(&self, summary: &str, verb: &str) -> Operation {
        let meta = self.kind.meta();
        Operation::new(summary, &self.registry.code(meta, verb)).tagged(&tag(self.registry, meta))
    }

    fn one(&self, summary: &str, verb: &str) -> Operation {
        self.operation(summary, verb).with("Id")
    }

    fn read(&self, summary: &str, verb: &str, schema: Json, tagged: bool) -> Operation {
        let headers = if tagged { json!({"ETag": {"schema": {"type": "string"}}}) } else { json!({}) };
        self.one(summary, verb).answers_as("200", json!({"application/json": {"schema": schema}}), headers)
    }

    /// A question: sorting, keyword, and a filter per indexed field.
    fn list(&self, summary: &str, verb: &str, what: &str) -> Operation {
        let meta = self.kind.meta();
        let mut operation = self.operation(summary, verb).with("Keyword");
        operation = if what == "Groups" { operation.with("By").with("Sum") } else { operation.with("Sort") };
        if self.registry.view(meta.name).is_none() {
            operation = operation.with("Or");
        }
        if what == "Groups" {
            operation = operation.answers("200", json!({"$ref": "#/components/schemas/Groups"}));
        }
        if what == "List" {
            for name in ["Page", "PageSize", "After", "Fields", "Mask"] {
                operation = operation.with(name);
            }
            let data = json!({"type": "array", "items": self.reference()});
            let page = json!({"allOf": [{"$ref": "#/components/schemas/Page"}, {"type": "object", "properties": {"data": data}}]});
            operation = operation.answers("200", page);
        }
        let indexed = |f: &&paas_document::Field| meta.is_indexed(f) || matches!(f.ty, FieldType::Secret(_));
        meta.fields.iter().filter(indexed).fold(operation, |operation, field| operation.parameter(filter(field)))
    }

    fn batch(&mut self) {
        let meta = self.kind.meta();
        let schema = json!({"type": "object", "required": ["items"], "properties": {
            "items": {"type": "array", "maxItems": 1000, "items": self.new_one()},
            "mode": {"enum": ["all-or-nothing", "each"], "default": "all-or-nothing"},
        }});
        let made = json!({"type": "object", "properties": {"data": {"type": "array", "items": self.reference()}}});
        let results = json!({"$ref": "#/components/schemas/Results"});
        let operation = self.operation(&format!("Create many: {}", meta.label.en), "create").writes(true);
        let operation = operation.body(schema, json!({"mode": "each", "items": [example(meta)]}));
        let operation = operation.answers("201", made).answers("200", results);
        self.insert("/batch", [("post".to_owned(), operation.done())].into_iter().collect());
    }

    fn actions(&mut self) {
        let meta = self.kind.meta();
        let open: Vec<_> = self.kind.edges().iter().filter(|e| !e.system).collect();
        let Some(first) = open.first() else { return };
        let mut names: Vec<&str> = open.iter().map(|e| e.name).collect();
        names.dedup();
        let data: Vec<Json> = open.iter().filter_map(|e| e.data).map(|data| schema(data())).collect();
        let data = if data.is_empty() { json!({"type": "object", "maxProperties": 0}) } else { json!({"anyOf": data}) };
        let schema = json!({"type": "object", "required": ["action"], "properties": {
            "action": {"enum": names}, "version": {"type": "integer"}, "comment": {"type": "string"}, "data": data,
        }});
        let created = json!({"allOf": [self.reference(), {"$ref": "#/components/schemas/Made"}]});
        let said = json!({"action": first.name, "version": 1});
        let operation = self.one(&format!("Act on: {}", meta.label.en), "<action>").with("IfMatch").writes(true);
        let operation = operation.body(schema, said).answers("200", created);
        self.insert("/{id}/transitions", [("post".to_owned(), operation.done())].into_iter().collect());
        let item = json!({"type": "object", "required": ["id", "version"], "properties": {"id": {"type": "string"}, "version": {"type": "integer"}}});
        let schema = json!({"type": "object", "required": ["action", "items"], "properties": {
            "action": {"enum": names}, "comment": {"type": "string"}, "data": {"type": "object"},
            "items": {"type": "array", "maxItems": 1000, "items": item},
        }});
        let said =
            json!({"action": first.name, "items": [{"id": "01900000-0000-7000-8000-000000000001", "version": 1}]});
        let operation = self.operation(&format!("Act on many: {}", meta.label.en), "<action>").writes(false);
        let results = json!({"$ref": "#/components/schemas/Results"});
        let operation = operation.body(schema, said).answers("200", results);
        self.insert("/transitions", [("post".to_owned(), operation.done())].into_iter().collect());
    }
}

fn add_services(registry: &Registry, paths: &mut Map<String, Json>) {
    for service in &registry.services {
        let mut operation = Operation::new(&service.label().en, &format!("{}.{}", registry.name, service.permission));
        let mut number = 0;
        let segments = service.path.split('/').map(|segment| {
            if segment != "{}" {
                return segment.to_owned();
            }
            number += 1;
            format!("{{p{number}}}")
        });
        let path = format!("/api/v1/{}/{}", registry.name, segments.collect::<Vec<_>>().join("/"));
        for n in 1..=number {
            let schema = json!({"type": "string"});
            operation =
                operation.parameter(json!({"name": format!("p{n}"), "in": "path", "required": true, "schema": schema}));
        }
        let operation = operation.answers("200", json!({"type": "object"}));
        if let Json::Object(map) = paths.entry(path).or_insert_with(|| json!({})) {
            map.insert(service.method.to_ascii_lowercase(), operation.done());
        }
    }
}

fn add_reports(registry: &Registry, paths: &mut Map<String, Json>) {
    for report in &registry.reports {
        let code = format!("{}.report.{}", registry.name, report.name);
        let mut operation =
            Operation::new(report.label.en, &code).tagged("Reports").parameter(format_parameter(&REPORT_FILES));
        for p in report.parameters {
            let schema = match p.ty {
                ParameterType::Date => json!({"type": "string", "format": "date"}),
                ParameterType::Ref(resource) => {
                    json!({"type": "string", "description": format!("code or id out of {resource}")})
                }
                ParameterType::Choice(list) => json!({"enum": list.iter().map(|c| c.value).collect::<Vec<_>>()}),
            };
            let description = format!("{} | {}", p.label.zh, p.label.en);
            operation = operation.parameter(
                json!({"name": p.name, "in": "query", "required": p.required, "description": description, "schema": schema}),
            );
        }
        let table = json!({"$ref": "#/components/schemas/Report"});
        let operation = operation.answers_as("200", files(&REPORT_FILES, table), json!({}));
        paths.insert(format!("/api/v1/{}/reports/{}", registry.name, report.name), json!({"get": operation.done()}));
    }
}
