//! What the store needs to know of a type again and again, made once at opening.

use crate::Col;
use crate::api::{Schema, TypeInfo};
use crate::ddl::q;
use crate::tables::{Column, columns_of, single_id_key};
use paas_document::{Field, FieldType, Kind, Record, TypeMeta};
use paas_types::{Id, Refusal, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// A type with its SQL.
pub(crate) struct Plan {
    pub meta: &'static TypeMeta,
    pub blank: Option<fn() -> Box<dyn Record>>,
    /// Columns before the fields: `id`, head, row or balance columns; without the tenant.
    pub lead: Vec<(&'static str, Col)>,
    /// Columns of each field; empty for those read from a balance.
    pub fields: Vec<Vec<Column>>,
    /// `t.…` of every lead column and field, in order.
    pub select: String,
    /// Their kinds.
    pub cols: Vec<Col>,
    /// A balance by its tenant and key bytes.
    pub by_key: String,
    /// As `select`, where a balance with fields read from it is joined once by `joins`.
    pub joined: String,
    /// One join per balance that fields are read from, beginning with a space; empty when there is none.
    pub joins: String,
    /// A record by its tenant and id.
    pub by_id: String,
    /// Whether a job remembers what it read of this type: records whose fields read from balances, and those of their
    /// rows, each come from one.
    pub keeps: bool,
    /// The fields that are read from one balance.
    pub derived: Vec<Derived>,
    /// `INSERT` of the tenant, the lead columns and the fields.
    pub insert: String,
    /// Table and columns of an insert, and how many values a row has.
    into: (String, usize),
}

impl Plan {
    fn new(meta: &'static TypeMeta, blank: Option<fn() -> Box<dyn Record>>, pg: bool) -> Plan {
        let lead = lead_of(meta);
        let fields: Vec<Vec<Column>> = meta.fields.iter().map(columns_of).collect();
        let mut select: Vec<String> = lead.iter().map(|(name, _)| format!("t.{}", q(name))).collect();
        let mut cols: Vec<Col> = lead.iter().map(|(_, col)| *col).collect();
        let mut joined = select.clone();
        let mut joins = Joins::default();
        for (field, columns) in meta.fields.iter().zip(&fields) {
            match balance_expression(field, "t", pg) {
                Some(expression) => {
                    joined.push(joins.expression(field, pg).unwrap_or_else(|| expression.clone()));
                    select.push(expression);
                    cols.push(Col::Int);
                }
                None => {
                    for column in columns.iter().filter(|c| !is_blind(field, c)) {
                        select.push(format!("t.{}", q(&column.name)));
                        joined.push(format!("t.{}", q(&column.name)));
                        cols.push(column.col);
                    }
                }
            }
        }
        let mut names: Vec<String> = vec![q("tenant")];
        names.extend(lead.iter().map(|(name, _)| q(name)));
        names.extend(fields.iter().flatten().map(|c| q(&c.name)));
        let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
        let into = (format!("INSERT INTO {} ({})", q(meta.table), names.join(", ")), marks.len());
        let insert = format!("{} VALUES ({})", into.0, marks.join(", "));
        let select = select.join(", ");
        let by_key =
            format!("SELECT {select} FROM {} t WHERE t.\"tenant\" = $1 AND t.\"key_bytes\" = $2", q(meta.table));
        let (joined, joins) = (joined.join(", "), joins.text);
        let by_id =
            format!("SELECT {joined} FROM {} t{joins} WHERE t.\"tenant\" = $1 AND t.\"id\" = $2", q(meta.table));
        // The texts that are asked most are written as their database numbers values.
        let native = |sql: String| if pg { sql } else { crate::lite::numbered(&sql).into_owned() };
        let (by_key, by_id, insert) = (native(by_key), native(by_id), native(insert));
        let rows = meta.tables.iter().map(|table| (table.meta)());
        let keeps = meta.has_head() && std::iter::once(meta).chain(rows).all(Derived::are_all_of);
        let derived = Derived::of(meta);
        Plan { meta, blank, lead, fields, select, cols, joined, joins, by_id, keeps, derived, by_key, insert, into }
    }

    /// Whether what is read from balances is found by the record's own identity.
    pub fn is_by_id(&self) -> bool {
        self.derived.iter().all(|derived| derived.by.is_none())
    }

    /// A text that inserts so many rows at once.
    pub fn insert_many(&self, rows: usize) -> String {
        let (into, width) = &self.into;
        let row = |row: usize| {
            let marks: Vec<String> = (1..=*width).map(|n| format!("${}", row * width + n)).collect();
            format!("({})", marks.join(", "))
        };
        format!("{into} VALUES {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
    }

    /// A blank record of the type.
    pub fn blank(&self) -> Result<Box<dyn Record>> {
        self.blank.map(|blank| blank()).ok_or_else(|| {
            Refusal::internal(format!("{} is a row type that the schema does not list by itself", self.meta.name))
        })
    }
}

/// A field whose value is the sum of measures of one balance, found by an identity.
pub(crate) struct Derived {
    /// Index of the field.
    pub field: usize,
    /// The balance.
    pub balance: &'static TypeMeta,
    /// Index of the field that says which one; `None` for the record's own identity.
    pub by: Option<usize>,
    /// Indexes of measures that are added.
    pub plus: Vec<usize>,
    /// Indexes of measures that are subtracted.
    pub minus: Vec<usize>,
}

impl Derived {
    fn of(meta: &'static TypeMeta) -> Vec<Derived> {
        meta.fields.iter().enumerate().filter_map(|(index, field)| Derived::of_field(meta, index, field)).collect()
    }

    fn of_field(meta: &'static TypeMeta, index: usize, field: &Field) -> Option<Derived> {
        let from = field.from_balance?;
        let balance = (from.balance)();
        let key = balance.fields.iter().find(|f| f.key)?;
        let by = match from.by {
            "id" => None,
            column => Some(paas_document::find_field(meta.fields, column)?),
        };
        let measures = |columns: &[&str]| {
            columns
                .iter()
                .map(|column| paas_document::find_field(balance.fields, column))
                .collect::<Option<Vec<usize>>>()
        };
        let (plus, minus) = (measures(from.plus)?, measures(from.minus)?);
        let one = single_id_key(balance) && key.column == from.key;
        one.then_some(Derived { field: index, balance, by, plus, minus })
    }

    fn are_all_of(meta: &'static TypeMeta) -> bool {
        let read = meta.fields.iter().filter(|f| f.from_balance.is_some()).count();
        Derived::of(meta).len() == read
    }

    /// Under which identity a record's balance is kept.
    pub fn key(&self, record: &dyn Record) -> Option<Id> {
        match self.by {
            None => Some(record.id()),
            Some(field) => record.get(field).id(),
        }
    }
}

/// Whether a column is the blind index beside a sealed field.
pub(crate) fn is_blind(field: &Field, column: &Column) -> bool {
    matches!(field.ty, FieldType::Secret(_)) && column.name != field.column
}

fn lead_of(meta: &TypeMeta) -> Vec<(&'static str, Col)> {
    match meta.kind {
        Kind::Row => vec![("id", Col::Id), ("parent", Col::Id), ("position", Col::Int)],
        Kind::Ledger => {
            vec![("id", Col::Id), ("previous", Col::Id), ("posted_at", Col::Instant), ("seal", Col::Bytes)]
        }
        Kind::Balance => vec![("key_bytes", Col::Bytes), ("last_entry", Col::Id)],
        Kind::Master | Kind::Document | Kind::Setting => {
            let mut lead = vec![("id", Col::Id), ("version", Col::Int)];
            if meta.has_number() {
                lead.push(("number", Col::Text));
            }
            lead.extend([
                ("created_at", Col::Instant),
                ("created_by", Col::Id),
                ("updated_at", Col::Instant),
                ("updated_by", Col::Id),
                ("owner", Col::Id),
                ("department", Col::Id),
            ]);
            if meta.is_customizable() {
                lead.push(("custom", Col::Text));
            }
            lead
        }
    }
}

/// The sub-select of a field that is read from a balance.
pub(crate) fn balance_expression(field: &Field, alias: &str, pg: bool) -> Option<String> {
    let from = field.from_balance?;
    let balance = (from.balance)();
    let plus = from.plus.iter().map(|c| format!(" + COALESCE(b.{}, 0)", q(c)));
    let minus = from.minus.iter().map(|c| format!(" - COALESCE(b.{}, 0)", q(c)));
    let sum: String = std::iter::once("0".to_owned()).chain(plus).chain(minus).collect();
    // PostgreSQL keeps identities as such; to have their bytes takes a function, which no index serves behind a guard of rows.
    let key = if single_id_key(balance) && !pg { "key_bytes" } else { from.key };
    let by = format!("{alias}.{}", q(from.by));
    Some(format!(
        "(SELECT CAST(COALESCE(SUM({sum}), 0) AS BIGINT) FROM {} b WHERE b.\"tenant\" = {alias}.\"tenant\" AND b.{} = {by})",
        q(balance.table),
        q(key)
    ))
}

/// Balances joined to a record or row `t`, each once.
#[derive(Default)]
struct Joins {
    text: String,
    known: Vec<(&'static str, &'static str)>,
}

impl Joins {
    /// The expression of a field read from a balance that is kept under the one identity the field names; a balance of
    /// another kind may have several rows and is summed by a sub-select. So is every one on PostgreSQL, which would read
    /// the whole balance for a hash join.
    fn expression(&mut self, field: &Field, pg: bool) -> Option<String> {
        let from = field.from_balance?;
        let balance = (from.balance)();
        if pg || !single_id_key(balance) {
            return None;
        }
        let wanted = (balance.table, from.by);
        let place = self.known.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            let n = self.known.len();
            self.text.push_str(&format!(
                " LEFT JOIN {} b{n} ON b{n}.\"tenant\" = t.\"tenant\" AND b{n}.\"key_bytes\" = t.{}",
                q(balance.table),
                q(from.by)
            ));
            self.known.push(wanted);
            n
        });
        let term = |sign: &str, c: &str| format!(" {sign} COALESCE(b{place}.{}, 0)", q(c));
        let plus = from.plus.iter().map(|c| term("+", c));
        let sum: String = plus.chain(from.minus.iter().map(|c| term("-", c))).collect();
        Some(format!("CAST(0{sum} AS BIGINT)"))
    }
}

/// The plans of all types, by table.
pub(crate) struct Plans {
    by_table: HashMap<&'static str, Arc<Plan>>,
    pub schema: Schema,
}

impl Plans {
    pub fn new(schema: &Schema, pg: bool) -> Plans {
        let mut by_table = HashMap::new();
        for TypeInfo { meta, blank } in schema.types.iter().copied() {
            for rows in meta.tables {
                let row = (rows.meta)();
                by_table.entry(row.table).or_insert_with(|| Arc::new(Plan::new(row, None, pg)));
            }
            by_table.insert(meta.table, Arc::new(Plan::new(meta, Some(blank), pg)));
        }
        Plans { by_table, schema: schema.clone() }
    }

    pub fn get(&self, meta: &TypeMeta) -> Result<Arc<Plan>> {
        self.by_table
            .get(meta.table)
            .cloned()
            .ok_or_else(|| Refusal::internal(format!("{} is not a type of this cell", meta.name)))
    }
}
