//! What the names of constraints stand for.

use crate::tables::Table;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;

/// The longest name PostgreSQL keeps, bytes.
const LONGEST: usize = 63;

/// Columns by the name of their constraint.
#[derive(Default)]
pub(crate) struct Constraints {
    unique: HashMap<String, Vec<String>>,
    foreign: HashMap<String, String>,
}

impl Constraints {
    /// Those of these tables.
    pub fn of(tables: &[Table]) -> Constraints {
        let mut out = Constraints::default();
        for table in tables {
            let mut unique = |name: String, columns: &[String]| {
                let columns = columns.iter().filter(|c| *c != "tenant").cloned().collect();
                out.unique.insert(name, columns);
            };
            unique(key_name(table), &table.key);
            for index in table.indexes.iter().filter(|i| i.unique) {
                unique(short(&index.name), &index.columns);
            }
            for foreign in &table.foreign {
                out.foreign.insert(foreign_name(table, &foreign.column), foreign.column.clone());
            }
        }
        out
    }

    /// The columns of a unique constraint, without the tenant.
    pub fn unique(&self, name: &str) -> Vec<String> {
        self.unique.get(name).cloned().unwrap_or_default()
    }

    /// The column of a foreign key.
    pub fn foreign(&self, name: &str) -> Option<String> {
        self.foreign.get(name).cloned()
    }
}

/// The name of a table's primary key.
pub(crate) fn key_name(table: &Table) -> String {
    short(&format!("{}__key", table.name))
}

/// The name of a foreign key.
pub(crate) fn foreign_name(table: &Table, column: &str) -> String {
    short(&format!("{}__{column}__ref", table.name))
}

/// A name that PostgreSQL keeps whole: a long one ends with a part of its hash.
pub(crate) fn short(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let hash: String = Sha256::digest(name).iter().take(6).map(|b| format!("{b:02x}")).collect();
    let mut end = LONGEST - hash.len() - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{hash}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_stay_apart() {
        let (a, b) = (format!("{}a", "x".repeat(80)), format!("{}b", "x".repeat(80)));
        assert!(short(&a).len() == LONGEST && short(&a) != short(&b));
        assert_eq!(short("shelf__key"), "shelf__key");
    }
}
