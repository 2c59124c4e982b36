//! What every cell makes of the platform's events: its own read-only directory of users and departments.

use crate::Ctx;
use crate::cell::Reaction;
use crate::events::Heard;
use paas_types::{Refusal, Result};
use serde_json::Value as Json;

/// The events of users and departments, version 1, each with the whole state.
pub(super) const HEARS: &[(&str, Reaction)] = &[
    ("platform.user.created", user),
    ("platform.user.changed", user),
    ("platform.user.disabled", user),
    ("platform.user.enabled", user),
    ("platform.user.deleted", user),
    ("platform.department.created", department),
    ("platform.department.changed", department),
    ("platform.department.disabled", department),
    ("platform.department.enabled", department),
    ("platform.department.deleted", department),
];

fn user(ctx: &mut Ctx<'_>, heard: &Heard) -> Result<()> {
    let username = heard.text("username").ok_or_else(|| missing(heard, "username"))?;
    let name = heard.text("name").unwrap_or(username);
    ctx.put_user(heard.subject, (username, name), heard.id_of("department"), active(heard))
}

fn department(ctx: &mut Ctx<'_>, heard: &Heard) -> Result<()> {
    let code = heard.text("code").ok_or_else(|| missing(heard, "code"))?;
    let name = heard.text("name").ok_or_else(|| missing(heard, "name"))?;
    let names = (code, name, heard.text("nameEn"));
    ctx.put_department(heard.subject, names, heard.id_of("parent"), active(heard))
}

/// What happened says it, else the state does: a record that is gone keeps its name here, since others refer to it.
fn active(heard: &Heard) -> bool {
    let gone = heard.event_type.ends_with(".deleted") || heard.event_type.ends_with(".disabled");
    !gone && heard.data.get("active").and_then(Json::as_bool).unwrap_or(true)
}

fn missing(heard: &Heard, field: &str) -> Refusal {
    Refusal::internal(format!("{} says no {field}", heard.event_type))
}
