//! What only the platform's own cell needs of a rule's context: the tenant, and the directory of users and departments.

use crate::Ctx;
use paas_store::{DirectoryDepartment, DirectoryUser};
use paas_types::{Id, Result, Tenant};

impl Ctx<'_> {
    /// The tenant the transaction is for.
    pub fn tenant(&self) -> &Tenant {
        self.tx.tenant()
    }

    /// Puts a user into this cell's directory, so that records name their people.
    pub fn put_user(
        &mut self,
        id: Id,
        (username, name): (&str, &str),
        department: Option<Id>,
        active: bool,
    ) -> Result<()> {
        let user = DirectoryUser { id, username: username.to_owned(), name: name.to_owned(), department, active };
        self.tx.put_user(&user)
    }

    /// Puts a department into this cell's directory; `names` are code, name and name in English.
    pub fn put_department(
        &mut self,
        id: Id,
        (code, name, name_en): (&str, &str, Option<&str>),
        parent: Option<Id>,
        active: bool,
    ) -> Result<()> {
        let department = DirectoryDepartment {
            id,
            code: code.to_owned(),
            name: name.to_owned(),
            name_en: name_en.map(str::to_owned),
            parent,
            active,
        };
        self.tx.put_department(&department)
    }
}
