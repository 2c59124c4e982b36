//! The platform's own cell: tenants, users, roles, departments, sessions, dictionaries, settings; signing in; who may
//! do what, and who did.

mod account;
mod admission;
mod audit_log;
mod delegation;
mod department;
mod dictionary;
mod install;
mod me;
mod operations;
mod principal;
mod provision;
mod resume;
mod role;
mod role_effect;
mod sample;
mod saved_view;
mod session;
mod settings;
mod tenant;
mod throttle;
mod tokens;
mod user;

pub use audit_log::AuditLog;
pub use department::Department;
pub use dictionary::{Dictionary, DictionaryItem};
pub use install::{NewTenant, NewUser, install};
pub use resume::complete_unfinished;
pub use role::{DataScope, Role};
pub use saved_view::{SavedView, ViewState};
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
        .master(saved_view::FLOW)
        .personal("saved-view", "state", "shared")
        .setting::<Settings>(Some(settings::check))
        .view::<AuditLog>(
            |service, context, query| Box::pin(audit_log::find(service, context, query)),
            audit_log::SORTS,
        )
        .service(audit_log::CHECKPOINT)
        .service(audit_log::PROOF)
        .service(role_effect::EFFECT)
        .service(role_effect::TRIAL)
        .service(sample::SHOW)
        .service(sample::OPEN)
        .service(sample::CLOSE)
        .service(operations::EVENTS_ROUTE)
        .service(operations::LETTERS_ROUTE)
        .service(operations::REPLAY_ROUTE)
        .service(operations::DISCARD_ROUTE)
        .service(operations::HEALTH_ROUTE)
        .menu("组织 | Organisation", &["user", "role", "department"])
        .menu("系统 | System", &["tenant", "session", "dictionary", "settings", "audit-log"])
        .tells::<department::DepartmentCreated>()
        .tells::<department::DepartmentChanged>()
        .tells::<department::DepartmentDeleted>()
        .tells::<user::UserCreated>()
        .tells::<user::UserChanged>()
        .tells::<user::UserDeleted>()
        .asks("role", |service, context| Box::pin(principal::codes(service, context)))
        .asks("tenant", |service, context| Box::pin(provision::cells(service, context)))
        .completes("tenant", |service, context, record| Box::pin(provision::complete(service, context, record)))
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
