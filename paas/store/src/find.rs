//! Questions: pages of records, and sums.

use crate::api::{Found, SumRow};
use crate::convert::plain;
use crate::ddl::q;
use crate::filter::{Builder, Expression, value_of};
use crate::search::Words;
use crate::{Cell, Col, Tx};
use paas_document::{Cursor, Filter, HeadField, Kind, Op, Page, Path, Query, Sort, Step, TypeMeta, Value};
use paas_types::{Refusal, Result, Text};
use serde_json::json;

/// Totals are counted no further.
const COUNTED: u64 = 10_000;
/// Groups of a sum; a question with more is refused, because a sum that leaves some out is wrong.
const GROUPS: usize = 100_000;
/// Records that people have summed by groups at once, and the groups they get.
const SUMMED: u64 = 100_000;
const SHOWN: usize = 1_000;

impl Tx {
    /// A page of records without their rows.
    pub fn find(&mut self, meta: &'static TypeMeta, query: &Query) -> Result<Found> {
        let plan = self.plan(meta)?;
        let words = match &query.keyword {
            Some(keyword) => self.words(meta, keyword)?,
            None => Vec::new(),
        };
        let led = self.leading(meta, &query.either)?;
        let (mut total, mut exact) = (0, false);
        let mut way = Way::Free;
        if query.count {
            way = if words.iter().any(Words::are_few) || words.is_empty() { Way::Free } else { Way::ByOrder };
            let asked = self.asked(meta, query, (&words, &led, way))?;
            let (from, conditions) = (&asked.from, asked.conditions.join(" AND "));
            let text =
                format!("SELECT COUNT(*) FROM (SELECT 1 FROM {from} WHERE {conditions} LIMIT {}) counted", COUNTED + 1);
            (total, exact) = self.count(&text, &asked.params)?;
            way = way_of(meta, query, exact);
        }
        let mut asked = self.asked(meta, query, (&words, &led, way))?;
        let size = query.page_size.clamp(1, 10_000);
        let mut offset = 0;
        match &query.page {
            Page::Number(number) => offset = u64::from(number.saturating_sub(1)) * u64::from(size),
            Page::After(cursor) => asked.after(cursor)?,
        }
        let select: Vec<String> = asked.sorts.iter().map(|(e, _)| e.sql.clone()).collect();
        let text = format!(
            "SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {} OFFSET {offset}",
            plan.select,
            select.join(", "),
            asked.from,
            asked.conditions.join(" AND "),
            asked.order(way, self.is_pg()),
            u64::from(size) + 1
        );
        let sorts = asked.sorts;
        let mut cols = plan.cols.clone();
        cols.extend(sorts.iter().map(|(e, _)| e.col));
        let rows = self.query(&text, &asked.params, &cols)?;
        let more = rows.len() > size as usize;
        let mut records = Vec::with_capacity(rows.len());
        let mut last = None;
        for mut cells in rows.into_iter().take(size as usize) {
            let keys = cells.split_off(plan.cols.len());
            let mut record = plan.blank()?;
            self.fill(&plan, &mut *record, cells)?;
            last = Some((record.id(), keys));
            records.push(record);
        }
        // A record's identity stands in the cursor; a balance has none, so there its key is one of the values.
        let told = query.sort.len() + usize::from(meta.kind == Kind::Balance);
        let next = last.filter(|_| more).map(|(id, keys)| {
            let own = sorts.iter().zip(keys).take(told);
            Cursor { values: own.map(|((e, _), cell)| sort_value(e, cell)).collect(), id }
        });
        Ok(Found { records, total, total_exact: exact, next })
    }

    /// The parts of a statement.
    fn asked(
        &mut self,
        meta: &'static TypeMeta,
        query: &Query,
        (words, led, way): (&[Words], &[bool], Way),
    ) -> Result<Asked> {
        let mut sql = Builder::new(self, meta);
        sql.hide_filters(way == Way::ByOrder);
        let conditions = conditions(&mut sql, meta, query, (words, led))?;
        sql.hide_filters(false);
        let sorts = sorts(&mut sql, meta, &query.sort)?;
        Ok(Asked { from: sql.from(), conditions, sorts, params: sql.params })
    }

    fn count(&mut self, sql: &str, params: &[Cell]) -> Result<(u64, bool)> {
        let row = self.query_one(sql, params, &[Col::Int])?;
        let n = row.and_then(|r| r.first().map(Cell::as_int)).unwrap_or_default();
        let n = u64::try_from(n).unwrap_or_default();
        Ok((n.min(COUNTED), n <= COUNTED))
    }

    /// Sums of measures per group: the group's values, the sums, the number of records. More than 100,000 groups are
    /// refused.
    pub fn sum(
        &mut self,
        meta: &'static TypeMeta,
        filters: &[Filter],
        group: &[Path],
        measures: &[usize],
    ) -> Result<Vec<SumRow>> {
        let query = Query { filters: filters.to_vec(), ..Query::all(1) };
        self.summed(meta, (&query, &[], &[]), (group, measures), GROUPS)
    }

    /// What [`Tx::sum`] answers, of the records that a question finds. More than 100,000 of them are refused, and more than
    /// 1,000 groups.
    pub fn groups(
        &mut self,
        meta: &'static TypeMeta,
        query: &Query,
        group: &[Path],
        measures: &[usize],
    ) -> Result<Vec<SumRow>> {
        let words = match &query.keyword {
            Some(keyword) => self.words(meta, keyword)?,
            None => Vec::new(),
        };
        let led = self.leading(meta, &query.either)?;
        let mut sql = Builder::new(self, meta);
        let conditions = conditions(&mut sql, meta, query, (&words, &led))?.join(" AND ");
        let from = sql.from();
        let text =
            format!("SELECT COUNT(*) FROM (SELECT 1 FROM {from} WHERE {conditions} LIMIT {}) counted", SUMMED + 1);
        let params = sql.params;
        let found = self.query_one(&text, &params, &[Col::Int])?.and_then(|row| row.first().map(Cell::as_int));
        if found.and_then(|n| u64::try_from(n).ok()).is_none_or(|n| n > SUMMED) {
            return Err(too_many_records());
        }
        self.summed(meta, (query, &words, &led), (group, measures), SHOWN)
    }

    fn summed(
        &mut self,
        meta: &'static TypeMeta,
        (query, words, led): (&Query, &[Words], &[bool]),
        (group, measures): (&[Path], &[usize]),
        most: usize,
    ) -> Result<Vec<SumRow>> {
        let mut sql = Builder::new(self, meta);
        let conditions = conditions(&mut sql, meta, query, (words, led))?;
        let groups: Vec<Expression> = group.iter().map(|path| sql.path(path)).collect::<Result<_>>()?;
        let mut select: Vec<String> = groups.iter().map(|e| e.sql.clone()).collect();
        for measure in measures {
            let e = sql.path(&Path::field(*measure))?;
            if e.col != Col::Int {
                return Err(Refusal::internal("only numbers are summed"));
            }
            select.push(format!("CAST(COALESCE(SUM({}), 0) AS BIGINT)", e.sql));
        }
        select.push("COUNT(*)".to_owned());
        let by: Vec<String> = groups.iter().map(|e| e.sql.clone()).collect();
        let tail = if by.is_empty() {
            String::new()
        } else {
            let order: Vec<String> =
                groups.iter().map(|e| format!("{}{}", e.sql, direction(false, e.nullable))).collect();
            format!(" GROUP BY {} ORDER BY {} LIMIT {}", by.join(", "), order.join(", "), most + 1)
        };
        let text = format!("SELECT {} FROM {} WHERE {}{tail}", select.join(", "), sql.from(), conditions.join(" AND "));
        let params = sql.params;
        let mut cols: Vec<Col> = groups.iter().map(|e| e.col).collect();
        cols.extend(std::iter::repeat_n(Col::Int, measures.len() + 1));
        let mut out = Vec::new();
        let rows = self.query(&text, &params, &cols)?;
        if rows.len() > most {
            return Err(too_many_groups(most));
        }
        for row in rows {
            let mut cells = row.into_iter();
            let keys = groups.iter().map(|e| value_of(e, cells.next().unwrap_or(Cell::Null))).collect();
            let mut numbers: Vec<i64> = cells.map(|c| c.as_int()).collect();
            let count = numbers.pop().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
            out.push((keys, numbers, count));
        }
        Ok(out)
    }
}

/// Nothing (`NULL`) is the least value, on every database.
fn direction(down: bool, nullable: bool) -> &'static str {
    match (down, nullable) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, false) => " DESC",
        (true, true) => " DESC NULLS LAST",
    }
}

/// What a record must be like for a question to find it.
fn conditions(
    sql: &mut Builder<'_>,
    meta: &'static TypeMeta,
    query: &Query,
    (words, led): (&[Words], &[bool]),
) -> Result<Vec<String>> {
    let mut conditions = vec!["t.\"tenant\" = $1".to_owned()];
    for filter in &query.filters {
        conditions.push(sql.filter(filter)?);
    }
    for (either, leads) in query.either.iter().zip(led) {
        conditions.push(sql.either(either, *leads)?);
    }
    if !query.scope.all {
        conditions.push(sql.scope(&query.scope));
    }
    if query.keyword.is_some() {
        conditions.extend(crate::search::conditions(sql, meta, words));
    }
    Ok(conditions)
}

fn too_many_records() -> Refusal {
    let message = Text::of(
        "要分组的记录过多，请先用筛选缩小范围。",
        "There are too many records to group; please narrow the list with a filter first.",
    );
    Refusal::rule("platform.group.too-many-records", message, json!({"limit": SUMMED}))
}

fn too_many_groups(most: usize) -> Refusal {
    let message =
        Text::of("汇总的分组过多，请缩小范围后重试。", "The summary has too many groups; please narrow the question.");
    Refusal::rule("platform.sum.too-many-groups", message, json!({"limit": most}))
}

/// The sort keys; the id is always the last one, in the direction of the one before.
fn sorts(sql: &mut Builder<'_>, meta: &'static TypeMeta, wanted: &[Sort]) -> Result<Vec<(Expression, bool)>> {
    let mut out = Vec::with_capacity(wanted.len() + 1);
    for sort in wanted {
        out.push((sql.path(&sort.path)?, sort.descending));
    }
    if meta.kind == Kind::Balance {
        let key = Expression::raw("t.\"key_bytes\"", Col::Bytes);
        out.push((key, wanted.last().is_some_and(|s| s.descending)));
    } else if !wanted.iter().any(|s| s.path.via.is_none() && s.path.step == Step::Head(HeadField::Id)) {
        let down = wanted.last().is_some_and(|s| s.descending);
        out.push((Expression::raw("t.\"id\"", Col::Id), down));
    }
    Ok(out)
}

/// How a page is found. SQLite does not know how many records a condition leaves, and PostgreSQL guesses; here it was
/// counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As it sees fit: an index has both the condition and the order, or there is no condition.
    Free,
    /// By the conditions, which leave few; they are sorted then.
    ByFilter,
    /// In order, until the page is full; the conditions leave many.
    ByOrder,
}

fn way_of(meta: &'static TypeMeta, query: &Query, few: bool) -> Way {
    let by_default = match query.sort.as_slice() {
        [] => meta.default_sort().is_none(),
        [only] => meta.default_sort().is_some() && only.path.via.is_none() && is_step(only.path.step, meta.date_field),
        _ => false,
    };
    let first = query.sort.first().map(|sort| &sort.path);
    let served = query.filters.iter().any(|filter| {
        let one = matches!(filter.op, Op::Eq | Op::IsNull) && filter.path.via.is_none();
        let kept = match filter.path.step {
            Step::Field(index) => meta.field(index).is_some_and(|f| meta.is_indexed(f)),
            Step::Head(head) => head == HeadField::Id,
            Step::Custom(_) => return false,
        };
        (by_default && one && kept) || first == Some(&filter.path)
    });
    let plain = query.filters.is_empty() && query.either.is_empty() && query.keyword.is_none();
    match (plain, served && query.either.is_empty(), few) {
        (true, ..) | (_, true, _) => Way::Free,
        (_, _, true) => Way::ByFilter,
        (_, _, false) => Way::ByOrder,
    }
}

fn is_step(step: Step, index: Option<usize>) -> bool {
    index.is_some_and(|index| step == Step::Field(index))
}

/// A statement in parts.
struct Asked {
    from: String,
    conditions: Vec<String>,
    sorts: Vec<(Expression, bool)>,
    params: Vec<Cell>,
}

impl Asked {
    /// What it is ordered by. No index serves an expression, which is what is wanted when the conditions lead.
    fn order(&self, way: Way, pg: bool) -> String {
        let key = |e: &Expression| match (way, pg) {
            (Way::ByFilter, false) => format!("+{}", e.sql),
            (Way::ByFilter, true) => format!("COALESCE({0}, {0})", e.sql),
            _ => e.sql.clone(),
        };
        let order = self.sorts.iter().map(|(e, down)| format!("{}{}", key(e), direction(*down, e.nullable)));
        order.collect::<Vec<_>>().join(", ")
    }

    fn bind(&mut self, cell: Cell) -> String {
        self.params.push(cell);
        format!("${}", self.params.len())
    }

    /// Only what comes after a cursor. Nothing (`NULL`) sorts as the least value.
    fn after(&mut self, cursor: &Cursor) -> Result<()> {
        let told = self.sorts.iter().zip(&cursor.values);
        let mut values: Vec<Cell> = told.map(|((e, _), value)| sort_cell(e, value)).collect::<Result<_>>()?;
        if values.len() < self.sorts.len() {
            values.push(Cell::Id(cursor.id));
        }
        if values.len() != self.sorts.len() {
            return Err(Refusal::internal("a cursor of another order"));
        }
        let down = self.sorts.first().is_some_and(|(_, down)| *down);
        let plain = self.sorts.iter().all(|(e, d)| !e.nullable && *d == down);
        let condition = if plain { self.beyond(values, down) } else { self.beyond_each(values) };
        self.conditions.push(condition);
        Ok(())
    }

    /// One comparison of all keys, which an index serves.
    fn beyond(&mut self, values: Vec<Cell>, down: bool) -> String {
        let marks: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        let keys: Vec<&str> = self.sorts.iter().map(|(e, _)| e.sql.as_str()).collect();
        format!("({}) {} ({})", keys.join(", "), if down { "<" } else { ">" }, marks.join(", "))
    }

    fn beyond_each(&mut self, values: Vec<Cell>) -> String {
        let (mut any, mut equal): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for (at, value) in values.into_iter().enumerate() {
            let mark = if value == Cell::Null { String::new() } else { self.bind(value) };
            let Some((e, down)) = self.sorts.get(at) else { continue };
            let x = &e.sql;
            let (beyond, same) = match (mark.is_empty(), *down, e.nullable) {
                (true, true, _) => ("1 = 0".to_owned(), format!("{x} IS NULL")),
                (true, false, _) => (format!("{x} IS NOT NULL"), format!("{x} IS NULL")),
                (_, false, _) => (format!("{x} > {mark}"), format!("{x} = {mark}")),
                (_, true, false) => (format!("{x} < {mark}"), format!("{x} = {mark}")),
                (_, true, true) => (format!("({x} < {mark} OR {x} IS NULL)"), format!("{x} = {mark}")),
            };
            let mut all = equal.clone();
            all.push(beyond);
            any.push(format!("({})", all.join(" AND ")));
            equal.push(same);
        }
        format!("({})", any.join(" OR "))
    }
}

/// A sort key in a cursor; bytes are written as hexadecimal text.
fn sort_value(expression: &Expression, cell: Cell) -> Value {
    match cell {
        Cell::Bytes(bytes) => Value::Text(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        cell => value_of(expression, cell),
    }
}

/// A sort key out of a cursor.
fn sort_cell(expression: &Expression, value: &Value) -> Result<Cell> {
    let (Col::Bytes, Value::Text(text)) = (expression.col, value) else { return plain(value.clone()) };
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = digits.map(|pair| pair.and_then(|digits| u8::from_str_radix(digits, 16).ok()));
    let bytes: Option<Vec<u8>> = bytes.collect();
    bytes.map(Cell::Bytes).ok_or_else(|| Refusal::internal("a cursor of another order"))
}

impl Tx {
    /// The identity of the record with this number or code; `None` when there is none, or several share it.
    pub fn resolve(&mut self, meta: &'static TypeMeta, code: &str) -> Result<Option<paas_types::Id>> {
        let column = match meta.code_field().and_then(|i| meta.field(i)) {
            _ if meta.has_number() => "number",
            Some(field) => field.column,
            None => return Ok(None),
        };
        if let Some(known) = self.recall_id(meta, code) {
            return Ok(Some(known));
        }
        let sql = format!("SELECT \"id\" FROM {} WHERE \"tenant\" = $1 AND {} = $2 LIMIT 2", q(meta.table), q(column));
        let rows = self.query(&sql, &[self.tenant_cell(), Cell::Text(code.to_owned())], &[Col::Id])?;
        let found = match rows.as_slice() {
            [only] => only.first().and_then(Cell::as_id),
            _ => None,
        };
        if let Some(id) = found {
            self.keep_id(meta, code, id);
        }
        Ok(found)
    }
}
