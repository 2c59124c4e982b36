//! The directory: users and departments of the tenant as every cell knows them, fed by the platform's events.

use crate::api::{DirectoryDepartment, DirectoryUser};
use crate::{Cell, Col, Tx};
use paas_types::{Id, Result};

impl Tx {
    /// Puts a user into the directory.
    pub fn put_user(&mut self, user: &DirectoryUser) -> Result<()> {
        let params = vec![
            self.tenant_cell(),
            Cell::Id(user.id),
            Cell::Text(user.username.clone()),
            Cell::Text(user.name.clone()),
            Cell::id(user.department),
            Cell::Bool(user.active),
        ];
        let sql = "INSERT INTO directory_user (tenant, id, username, name, department, active) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, id) DO UPDATE SET username = excluded.username, \
                   name = excluded.name, department = excluded.department, active = excluded.active";
        self.send(sql, params)?;
        self.name_of_changed("directory_user", user.id);
        Ok(())
    }

    /// Puts a department into the directory.
    pub fn put_department(&mut self, department: &DirectoryDepartment) -> Result<()> {
        let params = vec![
            self.tenant_cell(),
            Cell::Id(department.id),
            Cell::Text(department.code.clone()),
            Cell::Text(department.name.clone()),
            Cell::text(department.name_en.as_deref()),
            Cell::id(department.parent),
            Cell::Bool(department.active),
        ];
        let sql = "INSERT INTO directory_department (tenant, id, code, name, name_en, parent, active) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, id) DO UPDATE SET code = excluded.code, \
                   name = excluded.name, name_en = excluded.name_en, parent = excluded.parent, active = excluded.active";
        self.send(sql, params)?;
        self.name_of_changed("directory_department", department.id);
        Ok(())
    }

    /// The user of the directory with this user name.
    pub fn resolve_user(&mut self, username: &str) -> Result<Option<Id>> {
        self.only("SELECT id FROM directory_user WHERE tenant = $1 AND username = $2 LIMIT 2", username)
    }

    /// The department of the directory with this code.
    pub fn resolve_department(&mut self, code: &str) -> Result<Option<Id>> {
        self.only("SELECT id FROM directory_department WHERE tenant = $1 AND code = $2 LIMIT 2", code)
    }

    fn only(&mut self, sql: &str, text: &str) -> Result<Option<Id>> {
        let rows = self.query(sql, &[self.tenant_cell(), Cell::Text(text.to_owned())], &[Col::Id])?;
        Ok(match rows.as_slice() {
            [only] => only.first().and_then(Cell::as_id),
            _ => None,
        })
    }

    /// These departments and all below them.
    pub fn departments_under(&mut self, roots: &[Id]) -> Result<Vec<Id>> {
        if roots.is_empty() {
            return Ok(Vec::new());
        }
        let mut params = vec![self.tenant_cell()];
        params.extend(roots.iter().map(|id| Cell::Id(*id)));
        let marks: Vec<String> = (2..=params.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "WITH RECURSIVE u(id) AS (SELECT d.id FROM directory_department d WHERE d.tenant = $1 AND d.id IN ({}) \
             UNION SELECT c.id FROM directory_department c JOIN u ON c.parent = u.id WHERE c.tenant = $1) SELECT id FROM u",
            marks.join(", ")
        );
        let rows = self.query(&sql, &params, &[Col::Id])?;
        let mut out: Vec<Id> = rows.into_iter().filter_map(|r| r.first().and_then(Cell::as_id)).collect();
        out.extend(roots.iter().filter(|root| !out.contains(root)).copied().collect::<Vec<_>>());
        Ok(out)
    }
}
