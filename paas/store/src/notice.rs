//! Notices: what others did to a member's records, until the member has seen it.

use crate::audit::numbered;
use crate::{Cell, Col, Tx};
use paas_document::Record;
use paas_types::{Id, Instant, Result};

/// How many notices a member keeps; older ones go as new ones come.
const KEPT: u32 = 500;

/// One notice.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Identity; later ones are greater.
    pub id: Id,
    /// When.
    pub at: Instant,
    /// Who did it.
    pub actor: Id,
    /// Its name at the time.
    pub actor_name: String,
    /// What was done: `update`, `delete` or the name of a transition.
    pub action: String,
    /// Type of the record.
    pub kind: String,
    /// The record.
    pub subject: Id,
    /// Its number or code at the time.
    pub number: Option<String>,
    /// Whether the member has seen it.
    pub seen: bool,
}

impl Tx {
    /// Tells a member what the actor has just done to a record.
    pub fn notify(&mut self, recipient: Id, action: &str, record: &dyn Record) -> Result<()> {
        let actor = self.actor().clone();
        let sql = "INSERT INTO notice (tenant, recipient, id, at, actor, actor_name, action, kind, subject, number, seen) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let cells = vec![
            self.tenant_cell(),
            Cell::Id(recipient),
            Cell::Id(Id::fresh()),
            Cell::Instant(self.now()),
            Cell::Id(actor.user),
            Cell::Text(actor.user_name.to_string()),
            Cell::Text(action.to_owned()),
            Cell::Text(record.meta().name.to_owned()),
            Cell::Id(record.id()),
            Cell::text(numbered(record).as_deref()),
            Cell::Bool(false),
        ];
        self.send(sql, cells)?;
        // One of the oldest goes whenever one comes, once there are enough.
        let sql = format!(
            "DELETE FROM notice WHERE tenant = $1 AND recipient = $2 AND id = (SELECT id FROM notice \
             WHERE tenant = $1 AND recipient = $2 ORDER BY id DESC LIMIT 1 OFFSET {KEPT})"
        );
        self.send(&sql, vec![self.tenant_cell(), Cell::Id(recipient)])
    }

    /// The newest notices of a member, or the newest before one.
    pub fn notices(&mut self, recipient: Id, before: Option<Id>, limit: u32) -> Result<Vec<Notice>> {
        self.notices_where("AND id < $3 ", recipient, before.map(Cell::Id), limit)
    }

    /// The newest notices that a member has not seen.
    pub fn unseen_notices(&mut self, recipient: Id, limit: u32) -> Result<Vec<Notice>> {
        self.notices_where("AND seen = $3 ", recipient, Some(Cell::Bool(false)), limit)
    }

    fn notices_where(&mut self, test: &str, recipient: Id, value: Option<Cell>, limit: u32) -> Result<Vec<Notice>> {
        let mut params = vec![self.tenant_cell(), Cell::Id(recipient)];
        let test = if value.is_some() { test } else { "" };
        params.extend(value);
        let sql = format!(
            "SELECT id, at, actor, actor_name, action, kind, subject, number, seen FROM notice \
             WHERE tenant = $1 AND recipient = $2 {test}ORDER BY id DESC LIMIT {limit}"
        );
        let cols = [Col::Id, Col::Instant, Col::Id, Col::Text, Col::Text, Col::Text, Col::Id, Col::Text, Col::Bool];
        Ok(self.query(&sql, &params, &cols)?.into_iter().filter_map(notice).collect())
    }

    /// Marks notices of a member as seen: these, or all up to one.
    pub fn see_notices(&mut self, recipient: Id, ids: &[Id], up_to: Option<Id>) -> Result<()> {
        let mut params = vec![self.tenant_cell(), Cell::Id(recipient), Cell::Bool(true)];
        let which = match up_to {
            Some(last) => {
                params.push(Cell::Id(last));
                "id <= $4".to_owned()
            }
            None if ids.is_empty() => return Ok(()),
            None => {
                params.extend(ids.iter().map(|id| Cell::Id(*id)));
                let marks: Vec<String> = (4..=params.len()).map(|n| format!("${n}")).collect();
                format!("id IN ({})", marks.join(", "))
            }
        };
        self.send(&format!("UPDATE notice SET seen = $3 WHERE tenant = $1 AND recipient = $2 AND {which}"), params)
    }
}

fn notice(cells: Vec<Cell>) -> Option<Notice> {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    Some(Notice {
        id: next().as_id()?,
        at: next().as_instant(),
        actor: next().as_id()?,
        actor_name: next().into_text()?,
        action: next().into_text()?,
        kind: next().into_text()?,
        subject: next().as_id()?,
        number: next().into_text(),
        seen: matches!(next(), Cell::Bool(true)),
    })
}
