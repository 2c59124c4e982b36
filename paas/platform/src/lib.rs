//! The platform's own cell: tenants, users, roles, departments, sessions, dictionaries, settings; signing in; who may
//! do what.

mod account;
mod admission;
mod department;
mod dictionary;
mod install;
mod me;
mod principal;
mod provision;
mod role;
mod session;
mod settings;
mod tenant;
mod throttle;
mod tokens;
mod user;

pub use department::Department;
pub use dictionary::{Dictionary, DictionaryItem};
pub use install::{NewTenant, NewUser, install};
pub use role::{DataScope, Role};
pub use session::{Session, SessionState};
pub use settings::Settings;
pub use tenant::{SYSTEM, TenantAccount, TenantState};
pub use user::{User, UserKind};

use paas_cell::{Cell, InternalRoute};

/// The cell, complete.
pub fn cell() -> Cell {
    Cell::new("platform", "平台 | Platform")
        .master(tenant::FLOW)
        .master(department::FLOW)
        .master(role::FLOW)
        .master(user::FLOW)
        .master(session::FLOW)
        .master(dictionary::FLOW)
        .setting::<Settings>(Some(settings::check))
        .menu("组织 | Organisation", &["user", "role", "department"])
        .menu("系统 | System", &["tenant-account", "session", "dictionary", "settings"])
        .tells::<department::DepartmentCreated>()
        .tells::<department::DepartmentChanged>()
        .tells::<user::UserCreated>()
        .tells::<user::UserChanged>()
        .completes("tenant-account", |service, context, record| Box::pin(provision::complete(service, context, record)))
        .route(InternalRoute {
            method: "POST",
            path: "auth/token",
            handler: |service, call| Box::pin(tokens::token(service, call)),
        })
        .route(InternalRoute {
            method: "POST",
            path: "auth/revoke",
            handler: |service, call| Box::pin(tokens::revoke(service, call)),
        })
        .route(InternalRoute {
            method: "POST",
            path: "auth/password",
            handler: |service, call| Box::pin(account::change_password(service, call)),
        })
        .route(InternalRoute {
            method: "GET",
            path: "auth/me",
            handler: |service, call| Box::pin(me::me(service, call)),
        })
        .route(InternalRoute {
            method: "GET",
            path: "principal",
            handler: |service, call| Box::pin(principal::answer(service, call)),
        })
}
