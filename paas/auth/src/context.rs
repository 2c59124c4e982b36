//! The signed context: what the gateway (or another cell) vouches for towards one cell, for one call, once.

use crate::MasterKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use paas_types::{Code, Id, Instant, Lang, Refusal, Result, Tenant, TenantKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroize as _;

/// The header that carries it.
pub const CONTEXT_HEADER: &str = "x-context";
const VALID_MS: i64 = 30_000;
const AHEAD_MS: i64 = 5_000;

/// What kind of member calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// Works for the tenant.
    Staff,
    /// Another company or person the tenant deals with; sees only records of its own parties.
    Partner,
    /// Another system.
    Service,
    /// A machine.
    Device,
    /// A cell or the gateway itself; never a person's token.
    System,
}

impl MemberKind {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            MemberKind::Staff => "staff",
            MemberKind::Partner => "partner",
            MemberKind::Service => "service",
            MemberKind::Device => "device",
            MemberKind::System => "system",
        }
    }

    /// The kind with this name; `System` is not one a person can have and is not found here.
    pub fn of_person(name: &str) -> Option<MemberKind> {
        [MemberKind::Staff, MemberKind::Partner, MemberKind::Service, MemberKind::Device]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// The tenant a call is made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextTenant {
    /// Its key in the databases.
    pub key: TenantKey,
    /// Its code.
    pub code: String,
    /// Its time zone (IANA name).
    pub zone: String,
    /// Its name.
    pub name: String,
}

impl ContextTenant {
    /// As the store wants it.
    pub fn tenant(&self) -> Tenant {
        Tenant { key: self.key, code: self.code.as_str().into() }
    }
}

/// Everything a cell is told about a call. Method, path, query and body are part of it, so that it fits no other call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Context {
    /// The cell it is meant for.
    pub cell: String,
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// Query as sent, without `?`; empty when there is none.
    pub query: String,
    /// SHA-256 of the body, base64url.
    pub body_sha256: String,
    /// The tenant; `None` for calls above tenants.
    pub tenant: Option<ContextTenant>,
    /// The caller's membership; nil for the system.
    pub membership: Id,
    /// The person behind the membership; `None` for the system.
    pub person: Option<Id>,
    /// The session; `None` for the system.
    pub session: Option<Id>,
    /// The caller's name, for the audit.
    pub person_name: String,
    /// The caller's department.
    pub department: Option<Id>,
    /// What kind of member calls.
    pub kind: MemberKind,
    /// Version of the caller's policy; a cell that holds an older one fetches it anew.
    pub policy_version: i64,
    /// Request id: idempotency key and the thread through all logs.
    pub request_id: String,
    /// Distinguishes several calls under one request id.
    pub attempt: u32,
    /// When it was signed, milliseconds since the epoch.
    pub issued_at_ms: i64,
    /// W3C trace id.
    pub trace_id: String,
    /// The language of messages.
    #[serde(serialize_with = "write_lang", deserialize_with = "read_lang")]
    pub lang: Lang,
    /// What caused a call of the system: an event or a document.
    pub cause: Option<String>,
}

impl Context {
    /// A context in which the system itself calls; [`ContextKey::sign`]ing callers fill in the call.
    pub fn system(request_id: &str, trace_id: &str) -> Context {
        Context {
            cell: String::new(),
            method: String::new(),
            path: String::new(),
            query: String::new(),
            body_sha256: String::new(),
            tenant: None,
            membership: Id::NIL,
            person: None,
            session: None,
            person_name: String::new(),
            department: None,
            kind: MemberKind::System,
            policy_version: 0,
            request_id: request_id.to_owned(),
            attempt: 0,
            issued_at_ms: 0,
            trace_id: trace_id.to_owned(),
            lang: Lang::Zh,
            cause: None,
        }
    }

    /// The same, for a tenant.
    #[must_use]
    pub fn for_tenant(mut self, tenant: ContextTenant) -> Context {
        self.tenant = Some(tenant);
        self
    }
}

fn write_lang<S: Serializer>(lang: &Lang, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(lang.tag())
}

fn read_lang<'de, D: Deserializer<'de>>(input: D) -> Result<Lang, D::Error> {
    Ok(Lang::from_header(&String::deserialize(input)?))
}

/// SHA-256 of a body as the context carries it.
pub fn body_digest(body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(crate::digest(body))
}

/// The key between everyone who may call a cell and that cell.
#[derive(Clone)]
pub struct ContextKey {
    cell: String,
    key: [u8; 32],
}

impl ContextKey {
    /// The key of one cell.
    pub fn of_cell(master: &MasterKey, cell: &str) -> ContextKey {
        ContextKey { cell: cell.to_owned(), key: master.derive(&format!("context:{cell}")) }
    }

    /// The cell it belongs to.
    pub fn cell(&self) -> &str {
        &self.cell
    }

    /// The header value for a context.
    pub fn sign(&self, context: &Context) -> Result<String> {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(context).map_err(Refusal::internal)?);
        let tag: [u8; 32] = self.mac(&payload)?.finalize().into_bytes().into();
        Ok(format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// The context in a header, when it was signed for this cell and this very call not longer than 30 s ago; else
    /// `UNAUTHENTICATED` (the log says why). Single use is the matter of [`crate::ReplayGuard`].
    pub fn verify(&self, header: &str, call: (&str, &str, &str), body: &[u8], now: Instant) -> Result<Context> {
        let (method, path, query) = call;
        let (payload, tag) = header.split_once('.').ok_or_else(|| refused("no signature"))?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| refused("unreadable signature"))?;
        self.mac(payload)?.verify_slice(&tag).map_err(|_| refused("wrong signature"))?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| refused("unreadable context"))?;
        let context: Context = serde_json::from_slice(&json).map_err(|_| refused("unreadable context"))?;
        let age_ms = now.micros().div_euclid(1000).saturating_sub(context.issued_at_ms);
        if context.cell != self.cell {
            return Err(refused("meant for another cell"));
        }
        if !(-AHEAD_MS..=VALID_MS).contains(&age_ms) {
            return Err(refused("stale, or from the future"));
        }
        if context.method != method || context.path != path || context.query != query {
            return Err(refused("signed for another call"));
        }
        if context.body_sha256 != body_digest(body) {
            return Err(refused("signed for another body"));
        }
        Ok(context)
    }

    fn mac(&self, payload: &str) -> Result<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(Refusal::internal)?;
        mac.update(payload.as_bytes());
        Ok(mac)
    }
}

impl Drop for ContextKey {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextKey({})", self.cell)
    }
}

fn refused(why: &'static str) -> Refusal {
    Refusal::new(Code::Unauthenticated).caused_by(format_args!("signed context: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            cell: "toy".to_owned(),
            method: "POST".to_owned(),
            path: "/api/v1/toy/gadgets".to_owned(),
            query: "dryRun=true".to_owned(),
            body_sha256: body_digest(b"{}"),
            issued_at_ms: 1_800_000_000_000,
            attempt: 3,
            lang: Lang::En,
            kind: MemberKind::Staff,
            membership: Id::fresh(),
            ..Context::system("r-1", "0af7651916cd43dd8448eb211c80319c")
        }
        .for_tenant(ContextTenant {
            key: TenantKey(4),
            code: "demo".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            name: "示例".to_owned(),
        })
    }

    #[test]
    fn it_fits_one_call_to_one_cell_for_a_short_time() {
        let master = MasterKey::from_bytes([5; 32]);
        let key = ContextKey::of_cell(&master, "toy");
        let said = context();
        let header = key.sign(&said).unwrap();
        let now = Instant::from_micros(1_800_000_000_000_000);
        let call = ("POST", "/api/v1/toy/gadgets", "dryRun=true");
        assert_eq!(key.verify(&header, call, b"{}", now).unwrap(), said);
        assert_eq!(key.verify(&header, call, b"{}", now.plus_seconds(30)).unwrap(), said);

        let refused = |result: Result<Context>| assert_eq!(result.unwrap_err().code(), Code::Unauthenticated);
        refused(key.verify(&header, call, b"{ }", now));
        refused(key.verify(&header, call, b"{}", now.plus_seconds(31)));
        refused(key.verify(&header, call, b"{}", now.plus_seconds(-6)));
        refused(key.verify(&header, ("GET", call.1, call.2), b"{}", now));
        refused(key.verify(&header, (call.0, "/api/v1/toy/shelves", call.2), b"{}", now));
        refused(key.verify(&header, (call.0, call.1, ""), b"{}", now));
        refused(ContextKey::of_cell(&master, "other").verify(&header, call, b"{}", now));
        refused(ContextKey::of_cell(&MasterKey::from_bytes([6; 32]), "toy").verify(&header, call, b"{}", now));
        let for_other = key.sign(&Context { cell: "other".to_owned(), ..said.clone() }).unwrap();
        refused(key.verify(&for_other, call, b"{}", now));
        let (payload, tag) = header.split_once('.').unwrap();
        let other = key.sign(&Context { membership: Id::fresh(), ..said }).unwrap();
        for bad in ["", ".", payload, &format!("{payload}."), &format!("{}.{tag}", other.split('.').next().unwrap())] {
            refused(key.verify(bad, call, b"{}", now));
        }
    }
}
