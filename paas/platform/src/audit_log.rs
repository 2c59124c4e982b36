//! The audit log of all cells of a tenant as one: every cell keeps its own beside its data, sealed with it; here their
//! rows are merged by time.

use crate::admission::account_of;
use crate::principal::cells_of;
use paas_auth::Context;
use paas_cell::prelude::*;
use paas_cell::{Found, InternalCall, Service, ServiceRoute};
use paas_document::{Cursor, Filter, HeadField, Page, Path, Query, Step};
use paas_link::Call;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a cell may take.
const DEADLINE: Duration = Duration::from_secs(8);
/// How long a cell may take to read its whole chain.
const PROOF_DEADLINE: Duration = Duration::from_secs(25);
/// Rows asked of a cell at once.
const STEP: usize = 1_000;
/// As far as page numbers lead; beyond, `after` goes on.
const PAGED: usize = 10_000;
/// What it can be sorted by.
pub(crate) const SORTS: &[&str] = &["at"];

/// 审计日志 | Audit log
#[derive(View, Clone, Debug)]
#[view(name = "audit-log", resource = "audit-log")]
pub struct AuditLog {
    /// Identity: the cell and the position in its chain.
    pub id: Id,
    /// 时间 | Time
    #[field(list, indexed)]
    pub at: Instant,
    /// 操作人 | Who
    #[field(list, indexed)]
    pub actor: Option<UserRef>,
    /// 当时姓名 | Name at the time
    #[field(list)]
    pub actor_name: String,
    /// 操作 | Action
    #[field(list, indexed)]
    pub action: String,
    /// 应用 | Application
    #[field(list, indexed)]
    pub cell: String,
    /// 类型 | Type
    #[field(list, indexed, name = "type")]
    pub kind: Option<String>,
    /// 记录 | Record
    #[field(indexed)]
    pub subject: Option<String>,
    /// 单号 | Number
    #[field(list, indexed)]
    pub number: Option<String>,
    /// 修改前 | Before
    pub before: Json,
    /// 修改后 | After
    pub after: Json,
    /// 请求编号 | Request id
    #[field(indexed)]
    pub request_id: String,
    /// 链路编号 | Trace id
    #[field(indexed)]
    pub trace_id: String,
    /// 序号 | Position in the chain
    pub seq: Option<i64>,
}

/// `GET /platform/audit-log/checkpoint`
pub(crate) const CHECKPOINT: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "audit-log/checkpoint",
    permission: "audit-log.read",
    label: ("审计检查点", "Audit checkpoint"),
    handler: |service, call| Box::pin(checkpoint(service, call)),
};

/// `GET /platform/audit-log/proof`
pub(crate) const PROOF: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "audit-log/proof",
    permission: "audit-log.read",
    label: ("核验审计日志", "Audit proof"),
    handler: |service, call| Box::pin(proof(service, call)),
};

/// Whether every row of the tenant's chain, in every cell, is sealed as it was written.
async fn proof(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let mut found = Vec::new();
    for cell in cells(&service, &call.context).await? {
        let ask = Call::get("/internal/audit/proof")?.within(PROOF_DEADLINE);
        found.push(service.peers().json::<Json>(&cell, call.context.clone(), ask).await?);
    }
    Ok(json!({"data": found}))
}

/// How far the sealed chain of the tenant reaches in every cell, signed: kept outside, it proves later that nothing
/// before it was cut.
async fn checkpoint(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let mut points = Vec::new();
    for cell in cells(&service, &call.context).await? {
        let ask = Call::get("/internal/audit/checkpoint")?.within(DEADLINE);
        points.push(service.peers().json::<Json>(&cell, call.context.clone(), ask).await?);
    }
    Ok(json!({"data": points}))
}

async fn cells(service: &Arc<Service>, context: &Context) -> Result<Vec<String>> {
    let code = context.tenant.as_ref().map(|tenant| tenant.code.as_str()).unwrap_or_default();
    Ok(cells_of(&account_of(service, code).await?.ok_or_else(Refusal::not_found)?))
}

/// Answers a question about the log.
pub(crate) async fn find(service: Arc<Service>, context: Context, query: Query) -> Result<Found> {
    let ascending = query.sort.first().is_some_and(|sort| !sort.descending);
    let mut asked = Asked { cells: cells(&service, &context).await?, tests: Vec::new(), ascending };
    for filter in &query.filters {
        asked.narrow(filter)?;
    }
    let size = usize::try_from(query.page_size).unwrap_or(STEP);
    let (skipped, mut places) = match &query.page {
        Page::Number(page) => {
            (usize::try_from(page.saturating_sub(1)).unwrap_or(PAGED).saturating_mul(size), Places::new())
        }
        Page::After(cursor) => (0, places(cursor)),
    };
    if skipped > PAGED {
        return Err(Refusal::field(
            "page",
            "OUT_OF_BOUNDS",
            Text::of("请用 after 继续翻页，或缩小范围。", "Go on with `after`, or narrow the question."),
        ));
    }
    let mut streams = Vec::with_capacity(asked.cells.len());
    let (mut total, mut exact) = (0_u64, true);
    for cell in asked.cells.clone() {
        let stream = Stream::read(
            &service,
            &context,
            (&asked, &cell),
            places.get(&cell).copied(),
            (skipped + size + 1, query.count),
        );
        let stream = stream.await?;
        total = total.saturating_add(stream.total);
        exact &= stream.exact;
        streams.push(stream);
    }
    let rows = merge(streams, ascending);
    let more = rows.len() > skipped + size;
    let mut records: Vec<Box<dyn paas_document::Record>> = Vec::with_capacity(size);
    for (position, (cell, row)) in rows.into_iter().take(skipped + size).enumerate() {
        if let Some(seq) = row.seq {
            places.insert(cell.clone(), seq);
        }
        if position >= skipped {
            records.push(Box::new(row.record(&cell)?));
        }
    }
    let capped = u64::try_from(PAGED).unwrap_or(u64::MAX);
    Ok(Found {
        records,
        total: total.min(capped),
        total_exact: exact && total <= capped,
        next: more.then(|| cursor(&places)),
    })
}

/// How far each cell has been read.
type Places = BTreeMap<String, i64>;

fn cursor(places: &Places) -> Cursor {
    let values = places.iter().flat_map(|(cell, seq)| [Value::Text(cell.clone()), Value::Int(*seq)]);
    Cursor { values: values.collect(), id: Id::NIL }
}

fn places(cursor: &Cursor) -> Places {
    let pairs = cursor.values.chunks(2).filter_map(|pair| match pair {
        [Value::Text(cell), Value::Int(seq)] => Some((cell.clone(), *seq)),
        _ => None,
    });
    pairs.collect()
}

/// What every cell is asked.
struct Asked {
    cells: Vec<String>,
    tests: Vec<Json>,
    ascending: bool,
}

impl Asked {
    /// Adds a condition: which cells, or what each of them tests.
    fn narrow(&mut self, filter: &Filter) -> Result<()> {
        let meta = AuditLog::meta_of();
        let field = match filter.path {
            Path { via: None, step: Step::Head(HeadField::Id) } => return self.only(filter),
            Path { via: None, step: Step::Field(index) } => meta.field(index).map_or("", |field| field.name),
            _ => "",
        };
        let unknown = || Refusal::new(Code::UnknownFilter).with(json!({"filter": field, "reason": "not-indexed"}));
        let values: Vec<String> = filter.values.iter().map(text).collect();
        if field == "cell" {
            match filter.op {
                Op::Eq | Op::In => self.cells.retain(|cell| values.contains(cell)),
                Op::Ne => self.cells.retain(|cell| !values.contains(cell)),
                _ => return Err(unknown()),
            }
            return Ok(());
        }
        let op = match filter.op {
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::Gt => "gt",
            Op::Gte => "gte",
            Op::Lt => "lt",
            Op::Lte => "lte",
            Op::In => "in",
            Op::Contains if !matches!(field, "actor" | "at" | "subject") => "contains",
            Op::StartsWith if !matches!(field, "actor" | "at" | "subject") => "startsWith",
            Op::IsNull => "isNull",
            _ => return Err(unknown()),
        };
        if !meta.field_named(field).and_then(|i| meta.field(i)).is_some_and(|f| f.indexed) {
            return Err(unknown());
        }
        self.tests.push(json!({"field": field, "op": op, "values": values}));
        Ok(())
    }

    /// One row, by its identity.
    fn only(&mut self, filter: &Filter) -> Result<()> {
        let (Op::Eq, Some(Value::Id(id))) = (filter.op, filter.values.first()) else {
            return Err(Refusal::new(Code::UnknownFilter).with(json!({"filter": "id"})));
        };
        let (stem, seq) = parts(*id);
        self.cells.retain(|cell| stem_of(cell) == stem);
        self.tests.push(json!({"field": "seq", "op": "eq", "values": [seq.to_string()]}));
        Ok(())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Id(id) => id.to_string(),
        Value::Instant(at) => at.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The identity of a row: eight bytes of the cell's digest, then the position in its chain.
fn identity(cell: &str, seq: i64) -> Id {
    let mut bytes = [0_u8; 16];
    let parts = stem_of(cell).into_iter().chain(seq.to_be_bytes());
    bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
    Id::from_bytes(bytes)
}

fn stem_of(cell: &str) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = paas_auth::digest(cell.as_bytes());
    [a, b, c, d, e, f, g, h]
}

fn parts(id: Id) -> ([u8; 8], i64) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *id.bytes();
    ([a, b, c, d, e, f, g, h], i64::from_be_bytes([i, j, k, l, m, n, o, p]))
}

/// A row as a cell answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    seq: Option<i64>,
    at: String,
    actor: Id,
    actor_name: String,
    action: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    subject: Option<String>,
    number: Option<String>,
    before: Json,
    after: Json,
    request_id: String,
    trace_id: String,
}

impl Row {
    fn at(&self) -> Instant {
        self.at.parse().unwrap_or(Instant::from_micros(0))
    }

    fn record(self, cell: &str) -> Result<AuditLog> {
        Ok(AuditLog {
            id: identity(cell, self.seq.unwrap_or_default()),
            at: self.at.parse().map_err(|()| Refusal::internal("an audit row without an instant"))?,
            actor: Some(self.actor).filter(|id| !id.is_nil()).map(UserRef),
            actor_name: self.actor_name,
            action: self.action,
            cell: cell.to_owned(),
            kind: self.kind,
            subject: self.subject,
            number: self.number,
            before: self.before,
            after: self.after,
            request_id: self.request_id,
            trace_id: self.trace_id,
            seq: self.seq,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    rows: Vec<Row>,
    total: u64,
    total_exact: bool,
}

/// The first rows of one cell.
struct Stream {
    cell: String,
    rows: std::collections::VecDeque<Row>,
    total: u64,
    exact: bool,
}

impl Stream {
    async fn read(
        service: &Arc<Service>,
        context: &Context,
        (asked, cell): (&Asked, &str),
        mut beyond: Option<i64>,
        (wanted, count): (usize, bool),
    ) -> Result<Stream> {
        let mut stream = Stream { cell: cell.to_owned(), rows: Default::default(), total: 0, exact: true };
        loop {
            let first = stream.rows.is_empty();
            let limit = STEP.min(wanted - stream.rows.len());
            let body = json!({
                "tests": asked.tests, "beyond": beyond, "ascending": asked.ascending, "limit": limit,
                "count": count && first,
            });
            let call = Call::json(http::Method::POST, "/internal/audit", &body)?.within(DEADLINE);
            let answer: Answer = service.peers().json(cell, context.clone(), call).await?;
            if first {
                (stream.total, stream.exact) = (answer.total, answer.total_exact);
            }
            let got = answer.rows.len();
            beyond = answer.rows.last().and_then(|row| row.seq);
            stream.rows.extend(answer.rows);
            if got < limit || stream.rows.len() >= wanted || beyond.is_none() {
                return Ok(stream);
            }
        }
    }
}

/// One order out of several, each in the order of its own chain.
fn merge(mut streams: Vec<Stream>, ascending: bool) -> Vec<(String, Row)> {
    let mut rows = Vec::new();
    loop {
        let heads = streams.iter().enumerate().filter_map(|(i, stream)| Some((i, stream.rows.front()?.at())));
        let next = if ascending {
            heads.min_by_key(|(_, at)| *at)
        } else {
            // Of equal ones the first cell's, in both directions.
            heads.rev().max_by_key(|(_, at)| *at)
        };
        let Some(stream) = next.and_then(|(i, _)| streams.get_mut(i)) else { return rows };
        if let Some(row) = stream.rows.pop_front() {
            rows.push((stream.cell.clone(), row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64, second: i64) -> Row {
        let at = Instant::from_micros((1_800_000_000 + second) * 1_000_000).to_string();
        Row {
            seq: Some(seq),
            at,
            actor: Id::NIL,
            actor_name: String::new(),
            action: String::new(),
            kind: None,
            subject: None,
            number: None,
            before: Json::Null,
            after: Json::Null,
            request_id: String::new(),
            trace_id: String::new(),
        }
    }

    fn stream(cell: &str, rows: &[(i64, i64)]) -> Stream {
        let rows = rows.iter().map(|(seq, second)| row(*seq, *second)).collect();
        Stream { cell: cell.to_owned(), rows, total: 0, exact: true }
    }

    #[test]
    fn rows_of_several_cells_become_one_order() {
        let order = |rows: Vec<(String, Row)>| -> Vec<String> {
            rows.iter().map(|(cell, row)| format!("{cell}{}", row.seq.unwrap())).collect()
        };
        let down = vec![stream("a", &[(3, 30), (2, 20), (1, 10)]), stream("b", &[(2, 20), (1, 5)])];
        assert_eq!(order(merge(down, false)), ["a3", "a2", "b2", "a1", "b1"]);
        let up = vec![stream("a", &[(1, 10), (2, 20)]), stream("b", &[(1, 5), (2, 20)])];
        assert_eq!(order(merge(up, true)), ["b1", "a1", "a2", "b2"]);
    }

    #[test]
    fn an_identity_names_cell_and_position() {
        let id = identity("toy", 77);
        assert_eq!(parts(id), (stem_of("toy"), 77));
        assert_ne!(identity("toys", 77), id);
    }

    #[test]
    fn a_cursor_keeps_the_place_in_every_cell() {
        let kept: Places = [("a".to_owned(), 3), ("b".to_owned(), 9)].into();
        assert_eq!(places(&cursor(&kept)), kept);
    }
}
