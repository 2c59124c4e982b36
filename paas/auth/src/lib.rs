//! Who may do what, and how it is proven: the master key and everything derived from it (sealed fields, access tokens,
//! the signed context between gateway and cells), passwords, and compiled rights. No I/O but the key file.

mod context;
mod key;
mod password;
mod policy;
mod principal;
mod replay;
mod token;
mod vault;

pub use context::{CONTEXT_HEADER, Context, ContextKey, ContextTenant, MemberKind, body_digest};
pub use key::{KeyError, MasterKey, digest, fresh_token};
pub use password::Passwords;
pub use policy::{FieldRight, Grant, GrantScope, Policy, Rights, covers, expand, touches};
pub use principal::{Limits, Principal, PrincipalMember, PrincipalPerson, PrincipalTenant};
pub use replay::ReplayGuard;
pub use token::{ACCESS_SECONDS, Claims, TokenKey};
pub use vault::{Sealer, Wrapped};
