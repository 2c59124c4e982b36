//! A cell alone in the world: two tenants, members with exactly the rights a test gives them, calls signed as the
//! gateway signs them.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use paas_auth::{
    Context, ContextTenant, FieldRight, Grant, GrantScope, MasterKey, MemberKind, Policy, Principal, PrincipalMember,
    PrincipalPerson, PrincipalTenant,
};
use paas_cell::{Cell, Service, router};
use paas_document::TypeMeta;
use paas_link::{Call, Link, Peers, read_body};
use paas_store::Tape;
use paas_store::testing::{Grip, Meter, Place, multiply};
use paas_types::{Clock, Id, TenantKey};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// Changes answers on their way, to see whether a check notices.
pub type Tamper = fn(&Request<()>, Answer) -> Answer;

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as it is.
    pub bytes: Bytes,
    /// The body as JSON; null when it is none.
    pub json: Json,
}

impl Answer {
    /// The error code of the envelope; empty when there is none.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// The codes of the field errors with the paths they name.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        let list = self.json["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|e| (e["field"].as_str().unwrap_or(""), e["code"].as_str().unwrap_or(""))).collect()
    }

    /// The id of the record.
    pub fn id(&self) -> String {
        self.json["id"].as_str().unwrap_or_default().to_owned()
    }
}

/// A member of a tenant.
#[derive(Clone, Debug)]
pub struct Member {
    /// Membership id.
    pub id: Id,
    /// Position of the tenant: 0 or 1.
    pub tenant: usize,
    /// Its department.
    pub department: Option<Id>,
}

/// A cell with two tenants.
pub struct World {
    /// Drives the cell; checks themselves are plain code.
    pub runtime: tokio::runtime::Runtime,
    /// The cell's code.
    pub cell: &'static str,
    /// Everything it declares.
    pub types: Vec<&'static TypeMeta>,
    /// Every permission code it knows.
    pub permissions: Vec<String>,
    /// The descriptor for a caller who may everything.
    pub meta: Json,
    service: Arc<Service>,
    peers: Peers,
    members: Arc<Mutex<HashMap<Id, Principal>>>,
    admins: [Member; 2],
    place: Place,
    declared: fn() -> Cell,
}

const TENANTS: [&str; 2] = ["one", "two"];

fn tenant(position: usize) -> PrincipalTenant {
    let code = TENANTS[position];
    PrincipalTenant {
        key: TenantKey(i64::try_from(position).unwrap() + 1),
        code: code.into(),
        name: code.into(),
        state: "active".into(),
        zone: "Asia/Shanghai".into(),
    }
}

fn context_tenant(position: usize) -> ContextTenant {
    tenant(position).context()
}

impl World {
    /// A world for a cell, both tenants with its demo data.
    pub fn new(cell: fn() -> Cell, place: Place, tamper: Option<Tamper>) -> World {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let declared = cell();
        let (name, schema, permissions) = (declared.name(), declared.schema(), declared.permissions());
        let types = schema.types.iter().map(|t| t.meta).collect();
        let store = place.open(schema, Arc::new(master.clone()), Clock::system()).unwrap();
        let service = Service::new(declared, store, peers.clone(), &master, Clock::system());
        let mut served = router(Arc::clone(&service));
        if let Some(tamper) = tamper {
            served =
                served.layer(axum::middleware::from_fn(move |request: Request<Body>, next: axum::middleware::Next| {
                    let copy = Request::builder().method(request.method()).uri(request.uri()).body(()).unwrap();
                    async move { tampered(copy, next.run(request).await, tamper).await }
                }));
        }
        peers.connect(name, Link::local(served));
        let members: Arc<Mutex<HashMap<Id, Principal>>> = Arc::default();
        peers.connect("platform", Link::local(platform(Arc::clone(&members))));
        let nobody = Member { id: Id::NIL, tenant: 0, department: None };
        let admins = [nobody.clone(), nobody];
        let mut world = World {
            runtime,
            cell: name,
            types,
            permissions,
            meta: Json::Null,
            service,
            peers,
            members,
            admins,
            place,
            declared: cell,
        };
        for position in 0..2 {
            world.provision(position);
            let all = world.permissions.clone();
            world.admins[position] = world.member(position, &all, GrantScope::All);
        }
        world.meta = world.get(&world.admin(), "meta").json;
        world
    }

    fn provision(&self, position: usize) {
        let tenant = tenant(position);
        let body = json!({"key": tenant.key.0, "name": tenant.name, "zone": tenant.zone, "demo": true});
        let call = Call::json(Method::PUT, &format!("/internal/tenants/{}", tenant.code), &body).unwrap();
        let context = Context { tenant: Some(tenant.context()), ..Context::system("provision", "t") };
        let (status, bytes) = self.runtime.block_on(self.peers.fetch(self.cell, context, call)).unwrap();
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
    }

    /// What is wrong with the conditions of its fields.
    pub fn condition_faults(&self) -> Vec<String> {
        (self.declared)().condition_faults().to_vec()
    }

    /// The administrator of the first tenant.
    pub fn admin(&self) -> Member {
        self.admins[0].clone()
    }

    /// The administrator of the second tenant.
    pub fn stranger(&self) -> Member {
        self.admins[1].clone()
    }

    /// A new member with exactly these permissions.
    pub fn member(&self, tenant: usize, permissions: &[String], scope: GrantScope) -> Member {
        self.member_with(
            tenant,
            vec![Grant { permissions: permissions.to_vec(), scope, field_rights: BTreeMap::new() }],
        )
    }

    /// A new member that may everything, with one right on a field, e.g. `toy.gadget.name`.
    pub fn restricted(&self, field: &str, right: FieldRight) -> Member {
        let field_rights = BTreeMap::from([(field.to_owned(), right)]);
        let grant = Grant { permissions: self.permissions.clone(), scope: GrantScope::All, field_rights };
        self.member_with(0, vec![grant])
    }

    /// A new member with these grants; it has a department of its own.
    pub fn member_with(&self, position: usize, grants: Vec<Grant>) -> Member {
        let (id, department) = (Id::fresh(), Some(Id::fresh()));
        let principal = Principal {
            membership: PrincipalMember {
                id,
                kind: MemberKind::Staff,
                username: format!("u-{id}"),
                name: "Member".into(),
            },
            person: PrincipalPerson { id },
            tenant: tenant(position),
            department,
            active: true,
            must_change_password: false,
            cells: vec![self.cell.to_owned()],
            limits: None,
            policy: Policy { version: 1, membership: id, grants },
        };
        self.members.lock().unwrap().insert(id, principal);
        Member { id, tenant: position, department }
    }

    #[allow(clippy::too_many_arguments)] // the parts of a request
    /// A call of a member; `path` follows `/api/v1/{cell}/`.
    pub fn send(&self, who: &Member, method: &str, path: &str, body: &Json, headers: &[(&str, &str)]) -> Answer {
        let json = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        self.send_bytes(who, method, path, json, headers)
    }

    #[allow(clippy::too_many_arguments)] // the parts of a request
    /// As [`World::send`], with a body of any bytes.
    pub fn send_bytes(
        &self,
        who: &Member,
        method: &str,
        path: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let target = format!("/api/v1/{}/{path}", self.cell);
        let mut call = Call::new(method.parse().unwrap(), &target).unwrap();
        if !body.is_empty() {
            call.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        }
        call.body = body.into();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            call.headers.insert(name, value.parse().unwrap());
        }
        let english =
            headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("accept-language") && *value == "en-US");
        let request_id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
        let request_id = request_id.map_or_else(|| Id::fresh().to_string(), |(_, value)| (*value).to_owned());
        let context = Context {
            tenant: Some(context_tenant(who.tenant)),
            membership: who.id,
            person: Some(who.id),
            person_name: "Member".into(),
            department: who.department,
            kind: MemberKind::Staff,
            policy_version: 1,
            lang: if english { paas_types::Lang::En } else { paas_types::Lang::Zh },
            ..Context::system(&request_id, "t")
        };
        self.runtime.block_on(async {
            let answer = self.peers.send(self.cell, context, call).await.unwrap();
            read(answer).await
        })
    }

    /// `GET` of a member.
    pub fn get(&self, who: &Member, path: &str) -> Answer {
        self.send(who, "GET", path, &Json::Null, &[])
    }

    /// `POST` of a member.
    pub fn post(&self, who: &Member, path: &str, body: &Json) -> Answer {
        self.send(who, "POST", path, body, &[])
    }

    /// Proves that every balance of both tenants equals its entries and that the audit chain is whole.
    pub fn prove(&self) -> Vec<String> {
        let mut found = Vec::new();
        for row in self.runtime.block_on(self.service.store().tenants()).unwrap() {
            let wrong = self.runtime.block_on(self.service.store().prove(&row.tenant)).unwrap();
            found.extend(wrong.into_iter().map(|d| format!("{}: {}: {}", row.tenant.code, d.subject, d.text)));
        }
        found
    }

    /// Copies records of the first tenant so many times; answers the types that have none to copy. The indexes of
    /// the table `without` are left out.
    pub fn multiply(&self, position: usize, rows: u32, without: Option<&str>) -> Vec<&'static str> {
        multiply(&self.place, &(self.declared)().schema(), tenant(position).key, (rows, without)).unwrap()
    }

    /// The record of what the cell asks its database.
    pub fn tape(&self) -> Arc<Tape> {
        self.service.store().tape()
    }

    /// What asks questions again beside the cell.
    pub fn meter(&self) -> Meter {
        Meter::new(&self.place, self.cell, &MasterKey::from_bytes([7; 32])).unwrap()
    }

    /// Whether several write at once.
    pub fn has_many_writers(&self) -> bool {
        self.place.is_pg()
    }

    /// Holds a record of the first tenant as somebody does who is going to change it.
    pub fn grip(&self, meta: &TypeMeta, id: &str) -> Grip {
        let master = MasterKey::from_bytes([7; 32]);
        Grip::on((&self.place, self.cell, &master), (meta.table, tenant(0).key, id.parse().unwrap())).unwrap()
    }

    /// What the descriptor says about a type.
    pub fn described(&self, name: &str) -> &Json {
        let types = self.meta["types"].as_array().unwrap();
        types.iter().find(|t| t["name"] == name).unwrap_or_else(|| panic!("the descriptor has no type {name}"))
    }

    /// The permission code of a verb on a type.
    pub fn code(&self, meta: &TypeMeta, verb: &str) -> String {
        format!("{}.{}.{verb}", self.cell, meta.name)
    }

    /// The types people create: masters and documents.
    pub fn creatable(&self) -> Vec<&'static TypeMeta> {
        use paas_document::Kind;
        let may = |t: &&&'static TypeMeta| {
            matches!(t.kind, Kind::Master | Kind::Document) && self.permissions.contains(&self.code(t, "create"))
        };
        self.types.iter().filter(may).copied().collect()
    }
}

async fn read(answer: Response<Body>) -> Answer {
    let (head, body) = answer.into_parts();
    let bytes = read_body(body, 64 << 20).await.unwrap();
    let json = serde_json::from_slice(&bytes).unwrap_or(Json::Null);
    Answer { status: head.status.as_u16(), headers: head.headers, bytes, json }
}

async fn tampered(request: Request<()>, answer: Response, tamper: Tamper) -> Response {
    let said = tamper(&request, read(answer).await);
    let body = if said.json.is_null() { said.bytes } else { said.json.to_string().into() };
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(said.status).unwrap();
    *answer.headers_mut() = said.headers;
    answer.headers_mut().remove(http::header::CONTENT_LENGTH);
    answer
}

/// A platform that knows the members a test made, and nothing else.
fn platform(members: Arc<Mutex<HashMap<Id, Principal>>>) -> axum::Router {
    axum::Router::new().fallback(move |request: Request<Body>| {
        let query = request.uri().query().unwrap_or_default();
        let id = query.split('&').find_map(|pair| pair.strip_prefix("membership=")).and_then(|t| t.parse().ok());
        let found = id.and_then(|id: Id| members.lock().unwrap().get(&id).cloned());
        async move {
            match found {
                Some(principal) => axum::Json(principal).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    })
}
