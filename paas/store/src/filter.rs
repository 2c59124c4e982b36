//! Conditions as SQL.

use crate::convert::{normal, plain, seal_label};
use crate::ddl::q;
use crate::plan::balance_expression;
use crate::tables::{col_of, search_column};
use crate::{Cell, Col, Tx};
use paas_document::{Either, Field, FieldType, Filter, HeadField, Kind, Op, Path, Scope, Step, TypeMeta, Value};
use paas_types::{Id, Refusal, Result, Secret};

/// Alternatives that more records meet do not lead.
const FEW: i64 = 10_000;
/// Records referred to that are named one by one.
const REFERRED: usize = 100;

impl Expression {
    /// A column that no field stands for.
    pub fn raw(sql: &str, col: Col) -> Expression {
        Expression { sql: sql.to_owned(), col, nullable: false, field: None }
    }
}

/// Builds one statement over a type `t`: parameters (`$1` is the tenant) and the joins its paths need.
pub(crate) struct Builder<'a> {
    tx: &'a mut Tx,
    meta: &'static TypeMeta,
    pub params: Vec<Cell>,
    joins: Vec<usize>,
    hidden: bool,
}

/// An expression with its kind.
pub(crate) struct Expression {
    pub sql: String,
    pub col: Col,
    pub nullable: bool,
    /// The declared field, when it is one, with the type that has it.
    field: Option<(&'static TypeMeta, &'static Field)>,
}

impl<'a> Builder<'a> {
    pub fn new(tx: &'a mut Tx, meta: &'static TypeMeta) -> Builder<'a> {
        let params = vec![tx.tenant_cell()];
        Builder { tx, meta, params, joins: Vec::new(), hidden: false }
    }

    /// The type asked about.
    pub fn meta(&self) -> &'static TypeMeta {
        self.meta
    }

    /// The transaction asked in.
    pub fn tx(&mut self) -> &mut Tx {
        self.tx
    }

    /// Whether conditions are to be kept from SQLite's choice of an index.
    pub fn hide_filters(&mut self, hidden: bool) {
        self.hidden = hidden && !self.tx.is_pg();
    }

    /// What makes PostgreSQL look anew for each record, not gather all first.
    pub fn each(&self) -> &'static str {
        if self.tx.is_pg() { " OFFSET 0" } else { "" }
    }

    /// What hides a column: no index serves an expression.
    pub fn hidden(&self) -> &'static str {
        if self.hidden { "+" } else { "" }
    }

    /// Adds a parameter and answers its place.
    pub fn bind(&mut self, cell: Cell) -> String {
        self.params.push(cell);
        format!("${}", self.params.len())
    }

    /// `FROM` with the joins of the paths used so far.
    pub fn from(&self) -> String {
        let mut sql = format!("{} t", q(self.meta.table));
        for index in &self.joins {
            if let Some((field, target)) = self.meta.field(*index).and_then(|f| Some((f, target_of(f)?))) {
                sql.push_str(&format!(
                    " LEFT JOIN {} v{index} ON v{index}.\"tenant\" = t.\"tenant\" AND v{index}.\"id\" = t.{}",
                    q(target.table),
                    q(field.column)
                ));
            }
        }
        sql
    }

    /// The expression of a path.
    pub fn path(&mut self, path: &Path) -> Result<Expression> {
        let unknown = || Refusal::internal("a path that the type does not have");
        let (meta, alias) = match path.via {
            None => (self.meta, "t".to_owned()),
            Some(index) => {
                let target = self.meta.field(index).and_then(target_of).ok_or_else(unknown)?;
                if !self.joins.contains(&index) {
                    self.joins.push(index);
                }
                (target, format!("v{index}"))
            }
        };
        let (column, col, nullable, field) = match path.step {
            Step::Head(head) => {
                let (column, col, nullable) = head_column(head);
                (column.to_owned(), col, nullable, None)
            }
            Step::Custom(field) => {
                return Ok(Expression { sql: self.custom_value(field), col: Col::Bytes, nullable: true, field: None });
            }
            Step::Field(index) => {
                let field = meta.field(index).ok_or_else(unknown)?;
                if let Some(sql) = balance_expression(field, &alias, self.tx.is_pg()) {
                    return Ok(Expression { sql, col: Col::Int, nullable: false, field: Some((meta, field)) });
                }
                (search_column(field), col_of(&field.ty), !field.required, Some((meta, field)))
            }
        };
        let sql = format!("{}{alias}.{}", self.hidden(), q(&column));
        Ok(Expression { sql, col, nullable: nullable || path.via.is_some(), field })
    }

    fn cell(&mut self, expression: &Expression, value: &Value) -> Result<Cell> {
        match expression.field {
            Some((meta, field)) if matches!(field.ty, FieldType::Secret(_)) => {
                let clear = match value {
                    Value::Secret(clear) => clear.clone(),
                    Value::Text(text) => Secret::new(text.clone()),
                    Value::Null => return Ok(Cell::Null),
                    _ => return Err(Refusal::internal("a sensitive field is compared with text only")),
                };
                let label = seal_label(self.tx.tenant().key.0, meta, field);
                let blind = self.tx.sealer()?.blind(&label, normal(&clear).expose().as_bytes());
                Ok(Cell::Bytes(blind.to_vec()))
            }
            _ => plain(value.clone()),
        }
    }

    /// One condition. What is said of a record referred to is said of few of them: they are looked up first, so that the
    /// index of the reference serves.
    pub fn filter(&mut self, filter: &Filter) -> Result<String> {
        let positive = !matches!(filter.op, Op::IsNull | Op::Ne) && !filter.values.iter().any(Value::is_null);
        match filter.path.via.and_then(|via| self.meta.field(via)) {
            Some(field) if positive => match self.referred(field, filter)? {
                Some(ids) => {
                    let column = format!("{}t.{}", self.hidden(), q(field.column));
                    let marks: Vec<String> = ids.into_iter().map(|id| self.bind(Cell::Id(id))).collect();
                    Ok(match marks.as_slice() {
                        [] => "1 = 0".to_owned(),
                        [one] => format!("{column} = {one}"),
                        several => format!("{column} IN ({})", several.join(", ")),
                    })
                }
                None => self.condition(filter),
            },
            _ => self.condition(filter),
        }
    }

    /// Alternatives: one group of conditions holds at least. When they lead, the records of each group are looked up by
    /// its own index: no index serves conditions that are joined by OR.
    pub fn either(&mut self, either: &Either, leads: bool) -> Result<String> {
        let mut any = Vec::with_capacity(either.groups.len());
        if leads {
            let key = if self.meta.kind == Kind::Balance { "key_bytes" } else { "id" };
            for group in &either.groups {
                let of = self.of_group(group)?;
                any.push(format!("SELECT t.{} {of}", q(key)));
            }
            return Ok(format!("t.{} IN ({})", q(key), any.join(" UNION ALL ")));
        }
        for group in &either.groups {
            let all: Vec<String> = group.iter().map(|filter| self.filter(filter)).collect::<Result<_>>()?;
            any.push(format!("({})", all.join(" AND ")));
        }
        Ok(if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) })
    }

    /// `FROM` and `WHERE` of the records that meet a group of conditions, with joins of its own.
    fn of_group(&mut self, group: &[Filter]) -> Result<String> {
        let joins = std::mem::take(&mut self.joins);
        let all: Result<Vec<String>> = group.iter().map(|filter| self.filter(filter)).collect();
        let from = self.from();
        self.joins = joins;
        Ok(format!("FROM {from} WHERE t.\"tenant\" = $1 AND {}", all?.join(" AND ")))
    }

    /// The records that a field may refer to and a condition holds for; `None` when they are many.
    fn referred(&mut self, field: &'static Field, filter: &Filter) -> Result<Option<Vec<Id>>> {
        let Some(target) = target_of(field) else { return Ok(None) };
        let mut inner = Builder::new(self.tx, target);
        let path = Path { via: None, step: filter.path.step };
        let condition = inner.condition(&Filter { path, op: filter.op, values: filter.values.clone() })?;
        let sql = format!(
            "SELECT t.\"id\" FROM {} WHERE t.\"tenant\" = $1 AND {condition} LIMIT {}",
            inner.from(),
            REFERRED + 1
        );
        let params = inner.params;
        let rows = self.tx.query(&sql, &params, &[Col::Id])?;
        let ids: Vec<Id> = rows.iter().filter_map(|row| row.first().and_then(Cell::as_id)).collect();
        Ok((ids.len() <= REFERRED).then_some(ids))
    }

    fn condition(&mut self, filter: &Filter) -> Result<String> {
        if let Step::Custom(field) = filter.path.step {
            return self.custom(field, filter);
        }
        let expression = self.path(&filter.path)?;
        let e = expression.sql.as_str();
        let first = filter.values.first().cloned().unwrap_or(Value::Null);
        let comparison = match filter.op {
            Op::IsNull => {
                let no = matches!(first, Value::Bool(false));
                return Ok(format!("{e} IS {}NULL", if no { "NOT " } else { "" }));
            }
            Op::In => {
                let mut marks = Vec::with_capacity(filter.values.len());
                for value in &filter.values {
                    let cell = self.cell(&expression, value)?;
                    marks.push(self.bind(cell));
                }
                return Ok(if marks.is_empty() {
                    "1 = 0".to_owned()
                } else {
                    format!("{e} IN ({})", marks.join(", "))
                });
            }
            Op::Under => return self.under(&filter.path, e, &first),
            Op::Eq if first.is_null() => return Ok(format!("{e} IS NULL")),
            Op::Eq => "=",
            Op::Ne => "IS DISTINCT FROM",
            Op::Gt => ">",
            Op::Gte => ">=",
            Op::Lt => "<",
            Op::Lte => "<=",
            Op::Contains => {
                let text = Cell::Text(first.text().unwrap_or_default().to_owned());
                let mark = self.bind(text);
                return Ok(match self.tx.is_pg() {
                    true => format!("strpos(lower({e}), lower({mark})) > 0"),
                    false => format!("instr(lower({e}), lower({mark})) > 0"),
                });
            }
            Op::StartsWith => {
                let text = first.text().unwrap_or_default().to_owned();
                let from = self.bind(Cell::Text(text.clone()));
                let to = self.bind(Cell::Text(format!("{text}\u{10FFFF}")));
                return Ok(format!("({e} >= {from} AND {e} < {to})"));
            }
        };
        let cell = self.cell(&expression, &first)?;
        let mark = self.bind(cell);
        Ok(format!("{e} {comparison} {mark}"))
    }

    /// The node and what lies below it.
    fn under(&mut self, path: &Path, e: &str, node: &Value) -> Result<String> {
        let (table, parent) = match path {
            Path { via: None, step: Step::Head(HeadField::Id) } => (self.meta.table, parent_of(self.meta)),
            Path { step: Step::Head(HeadField::Department), .. } => ("directory_department", Some("parent")),
            Path { via: None, step: Step::Field(index) } => match self.meta.field(*index) {
                Some(Field { ty: FieldType::Department, .. }) => ("directory_department", Some("parent")),
                Some(field) => target_of(field).map_or(("", None), |t| (t.table, parent_of(t))),
                None => ("", None),
            },
            _ => ("", None),
        };
        let parent = parent.ok_or_else(|| Refusal::internal("only a tree has an “under”"))?;
        let mark = self.bind(Cell::id(node.id()));
        Ok(format!(
            "{e} IN (WITH RECURSIVE u(id) AS (SELECT n.\"id\" FROM {table} n WHERE n.\"tenant\" = $1 AND n.\"id\" = {mark} \
             UNION SELECT c.\"id\" FROM {table} c JOIN u ON c.{parent} = u.id WHERE c.\"tenant\" = $1) SELECT id FROM u)",
            table = q(table),
            parent = q(parent)
        ))
    }

    /// The condition of a scope; nothing when it is empty.
    pub fn scope(&mut self, scope: &Scope) -> String {
        if scope.all {
            return "1 = 1".to_owned();
        }
        let mut any: Vec<String> = Vec::new();
        if self.meta.has_head() {
            if let Some(owner) = scope.owner {
                any.push(format!("t.\"owner\" = {}", self.bind(Cell::Id(owner))));
            }
            if !scope.departments.is_empty() {
                let marks: Vec<String> = scope.departments.iter().map(|d| self.bind(Cell::Id(*d))).collect();
                any.push(format!("t.\"department\" IN ({})", marks.join(", ")));
            }
        }
        if let (Some(field), false) = (self.meta.party_field.and_then(|i| self.meta.field(i)), scope.parties.is_empty())
        {
            let marks: Vec<String> = scope.parties.iter().map(|p| self.bind(Cell::Id(*p))).collect();
            any.push(format!("t.{} IN ({})", q(field.column), marks.join(", ")));
        }
        if let Some((field, value)) = scope.opened.and_then(|(i, value)| Some((self.meta.field(i)?, value))) {
            any.push(format!("t.{} = {}", q(field.column), self.bind(Cell::Text(value.to_owned()))));
        }
        if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
    }
}

impl Tx {
    /// Which of the alternatives of a question lead to their records: those of which an index serves each group, and that
    /// few records meet.
    pub(crate) fn leading(&mut self, meta: &'static TypeMeta, alternatives: &[Either]) -> Result<Vec<bool>> {
        alternatives.iter().map(|either| self.leads(meta, either)).collect()
    }

    fn leads(&mut self, meta: &'static TypeMeta, either: &Either) -> Result<bool> {
        if !either.groups.iter().all(|group| group.iter().any(|filter| is_served(meta, filter))) {
            return Ok(false);
        }
        let mut found = 0;
        for group in &either.groups {
            let mut sql = Builder::new(self, meta);
            let of = sql.of_group(group)?;
            let text = format!("SELECT COUNT(*) FROM (SELECT 1 {of} LIMIT {}) counted", FEW + 1);
            let params = sql.params;
            let row = self.query_one(&text, &params, &[Col::Int])?;
            found += row.and_then(|row| row.first().map(Cell::as_int)).unwrap_or_default();
            if found > FEW {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether an index leads to the records that meet a condition.
fn is_served(meta: &'static TypeMeta, filter: &Filter) -> bool {
    let field = match (filter.path.via, filter.path.step) {
        (Some(via), _) => meta.field(via),
        (None, Step::Head(head)) => return matches!(head, HeadField::Id | HeadField::Number),
        (None, Step::Field(index)) => meta.field(index),
        (None, Step::Custom(_)) => None,
    };
    let custom = matches!(filter.path.step, Step::Custom(_));
    let kept = custom || field.is_some_and(|f| meta.is_indexed(f) || matches!(f.ty, FieldType::Secret(_)));
    let narrow = match filter.op {
        Op::Ne | Op::Contains => false,
        // What has no value of a custom field stands nowhere.
        Op::IsNull => custom == matches!(filter.values.first(), Some(Value::Bool(false))),
        _ => !(custom && filter.values.iter().any(Value::is_null)),
    };
    kept && narrow
}

fn parent_of(meta: &'static TypeMeta) -> Option<&'static str> {
    meta.field_named("parent").and_then(|i| meta.field(i)).map(|f| f.column)
}

fn target_of(field: &'static Field) -> Option<&'static TypeMeta> {
    match &field.ty {
        FieldType::Ref { target } => Some(target()),
        _ => None,
    }
}

fn head_column(head: HeadField) -> (&'static str, Col, bool) {
    match head {
        HeadField::Id => ("id", Col::Id, false),
        HeadField::Version => ("version", Col::Int, false),
        HeadField::Number => ("number", Col::Text, true),
        HeadField::CreatedAt => ("created_at", Col::Instant, false),
        HeadField::CreatedBy => ("created_by", Col::Id, false),
        HeadField::UpdatedAt => ("updated_at", Col::Instant, false),
        HeadField::UpdatedBy => ("updated_by", Col::Id, false),
        HeadField::Owner => ("owner", Col::Id, true),
        HeadField::Department => ("department", Col::Id, true),
    }
}

/// The declared type of an expression, to turn its cell back into a value.
pub(crate) fn value_of(expression: &Expression, cell: Cell) -> Value {
    match expression.field {
        Some((_, field)) => crate::convert::value(&field.ty, cell),
        None => crate::convert::value(&FieldType::Text { max: 0 }, cell),
    }
}
