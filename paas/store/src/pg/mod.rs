//! PostgreSQL: a connection on a runtime of its own thread. Writes are kept back and sent together with the next
//! question, or with the commit, so that a job waits for the network a few times only.

pub(crate) mod constraints;
mod ddl;
pub(crate) mod flush;
mod job;
pub(crate) mod locks;
pub(crate) mod migrate;
mod pool;
pub(crate) mod sequencer;
pub(crate) mod server;
mod tls;
mod wire;

use crate::budget::Budget;
use crate::cell::{Cell, Col, Fault, KEPT_TEXT};
use crate::plan::Plan;
use constraints::Constraints;
use futures_util::future::{MaybeDone, maybe_done};
use locks::Locks;
use paas_types::Id;
use server::Way;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant as Moment};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

pub(crate) use job::WAITING;
pub(crate) use pool::Pool;

/// Statements kept prepared per connection.
const STATEMENTS: usize = 1_024;
/// Writes kept back at most.
const KEPT_BACK: usize = 256;
/// How much longer than the server's own limit an answer is awaited, milliseconds.
const GRACE_MS: u64 = 2_000;
/// How much later than its limit the server may tell that it cut a statement off, milliseconds; later, it stood still.
const LATE_MS: u64 = 500;
/// How long a commit or a rollback may take, milliseconds.
const WRAP_UP_MS: u64 = 10_000;
/// How long the store's own work may take, milliseconds.
const OWN_WORK_MS: u64 = 600_000;

/// A question for rows of some columns.
pub(crate) struct Question<'q> {
    pub sql: &'q str,
    pub params: Vec<Cell>,
    pub columns: &'q [Col],
    pub then: Then,
}

/// What follows from the outcome of a write that was kept back.
pub(crate) enum Then {
    /// A fault is a fault.
    Nothing,
    /// It takes a lock: a fault means to run again.
    Lock,
    /// It makes the first balance of a key: when another was quicker, run again.
    First,
    /// It inserts several rows: when one is refused, run again with one after another, to see which.
    Many,
    /// A refusal is explained with the fields of a record.
    Explain { plan: Arc<Plan>, prefix: String },
    /// As `Explain`, and the record must have been touched, else somebody else changed it.
    Touch { plan: Arc<Plan>, id: Id },
}

/// A statement that failed, and what follows from it.
pub(crate) struct Missed {
    pub fault: Fault,
    pub then: Then,
}

impl From<Fault> for Missed {
    fn from(fault: Fault) -> Missed {
        Missed { fault, then: Then::Nothing }
    }
}

enum Kind {
    /// Several statements without values.
    Batch(String),
    /// How many rows it touched is of interest.
    Count(Statement),
    /// The rows are.
    Rows(Statement),
}

struct Ask {
    kind: Kind,
    params: Vec<Cell>,
    then: Then,
}

#[derive(Default)]
struct Answer {
    touched: u64,
    rows: Vec<Row>,
}

struct Session {
    client: Client,
    /// Ends with the connection.
    task: JoinHandle<()>,
    statements: HashMap<String, Statement>,
}

/// A connection; made when it is needed and again after it was lost.
pub(crate) struct Pg {
    way: Way,
    constraints: Arc<Constraints>,
    runtime: Option<Runtime>,
    session: Option<Session>,
    /// How many connections were made, the present one included.
    sessions: u64,
    kept_back: Vec<Ask>,
    open: bool,
    pub budget: Budget,
    /// What the server lets a statement of the running job take.
    granted: Option<Duration>,
    pub locks: Locks,
    /// Why the job must run again, once it must.
    pub again: Option<String>,
    /// The watch under which the running job commits; without one it waits for the disk itself.
    pub watch: Option<u64>,
}

impl Drop for Pg {
    fn drop(&mut self) {
        self.session = None;
        if let Some(runtime) = self.runtime.take() {
            // A store may be dropped where blocking is not allowed.
            runtime.shutdown_background();
        }
    }
}

impl Pg {
    pub fn new(way: Way, constraints: Arc<Constraints>) -> Result<Pg, Fault> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Fault::Other(format!("no runtime for a connection: {e}")))?;
        Ok(Pg {
            way,
            constraints,
            runtime: Some(runtime),
            session: None,
            sessions: 0,
            kept_back: Vec::new(),
            open: false,
            budget: Budget::new(),
            granted: None,
            locks: Locks::default(),
            again: None,
            watch: None,
        })
    }

    /// Connects unless connected. The error is the driver's own.
    pub fn connect(&mut self) -> Result<(), ConnectError> {
        let Some(runtime) = &self.runtime else { return Err(ConnectError::Silent) };
        if let Some(session) = &self.session {
            // What the server said meanwhile (that it goes away) is only read while the runtime runs.
            runtime.block_on(async {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
            });
            if !session.client.is_closed() {
                return Ok(());
            }
            self.session = None;
        }
        let Way { config, tls } = &self.way;
        let connecting = async {
            let limit = Duration::from_millis(server::CONNECT_MS + GRACE_MS);
            let connected = tokio::time::timeout(limit, config.connect(tls.clone())).await;
            let (client, connection) = connected.map_err(|_| ConnectError::Silent)?.map_err(ConnectError::Told)?;
            let task = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a database connection ended");
                }
            });
            Ok((client, task))
        };
        let (client, task) = runtime.block_on(connecting)?;
        self.session = Some(Session { client, task, statements: HashMap::new() });
        self.sessions += 1;
        Ok(())
    }

    /// Waits for something as long as the connection lives; without one, for so long at most.
    pub fn until_lost<T>(&mut self, what: impl Future<Output = T>, else_for: Duration) -> Option<T> {
        let runtime = self.runtime.as_ref()?;
        let lost = async {
            match &mut self.session {
                Some(session) => drop((&mut session.task).await),
                None => tokio::time::sleep(else_for).await,
            }
        };
        runtime.block_on(async {
            tokio::select! {
                biased;
                got = what => Some(got),
                () = lost => None,
            }
        })
    }

    /// Which connection this is, from 1.
    pub fn sessions(&self) -> u64 {
        self.sessions
    }

    /// Whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Begins a transaction with the first question; sets what is to hold in it.
    pub fn begin_with(&mut self, begin: &str, settings: &str, values: Vec<Cell>) -> Result<(), Fault> {
        // What the last transaction was given to end in is long over when nobody came since.
        self.budget.lift();
        self.begin(begin.to_owned())?;
        let kind = Kind::Rows(self.prepare(settings, &values)?);
        self.kept_back.push(Ask { kind, params: values, then: Then::Nothing });
        Ok(())
    }

    /// Begins a transaction with the first question.
    pub fn begin(&mut self, sql: String) -> Result<(), Fault> {
        self.kept_back.clear();
        self.granted = None;
        self.connect().map_err(|e| Fault::Lost(e.to_string()))?;
        self.open = true;
        self.kept_back.push(Ask { kind: Kind::Batch(sql), params: Vec::new(), then: Then::Nothing });
        Ok(())
    }

    /// Sends what was kept back and commits. When the answer does not arrive, nobody knows: the caller asks again.
    pub fn commit(&mut self) -> Result<(), Missed> {
        if self.kept_back.iter().any(|ask| matches!(ask.then, Then::Touch { .. })) {
            self.send(Vec::new())?;
        }
        let commit = Ask { kind: Kind::Batch("COMMIT".to_owned()), params: Vec::new(), then: Then::Nothing };
        self.send(vec![commit])?;
        self.open = false;
        Ok(())
    }

    /// Begins the budget of a job, which the server keeps too.
    pub fn grant(&mut self, ms: u64) {
        self.granted = Some(Duration::from_millis(ms));
        self.budget.start(ms);
    }

    /// The job is over; what is left is the end of its transaction.
    pub fn wrap_up(&mut self) {
        self.granted = None;
        self.budget.start(WRAP_UP_MS);
    }

    /// Takes everything back.
    pub fn roll_back(&mut self) {
        self.kept_back.clear();
        if std::mem::take(&mut self.open) && self.session.is_some() {
            self.wrap_up();
            let ask = Ask { kind: Kind::Batch("ROLLBACK".to_owned()), params: Vec::new(), then: Then::Nothing };
            if self.send(vec![ask]).is_err() {
                self.session = None;
            }
        }
    }

    /// How many statements stay prepared.
    #[cfg(feature = "testing")]
    pub fn prepared(&self) -> usize {
        self.session.as_ref().map_or(0, |session| session.statements.len())
    }

    /// Keeps a write back until the next question.
    pub fn keep_back(&mut self, sql: &str, params: Vec<Cell>, then: Then) -> Result<(), Missed> {
        let kind = Kind::Count(self.prepare(sql, &params)?);
        self.kept_back.push(Ask { kind, params, then });
        if self.kept_back.len() >= KEPT_BACK {
            self.send(Vec::new())?;
        }
        Ok(())
    }

    /// Runs a statement and answers how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Missed> {
        let kind = Kind::Count(self.prepare(sql, params)?);
        let answers = self.send(vec![Ask { kind, params: params.to_vec(), then: Then::Nothing }])?;
        Ok(answers.first().map_or(0, |a| a.touched))
    }

    /// Runs statements without values.
    pub fn batch(&mut self, sql: &str) -> Result<(), Missed> {
        self.send(vec![Ask { kind: Kind::Batch(sql.to_owned()), params: Vec::new(), then: Then::Nothing }]).map(|_| ())
    }

    /// Asks for rows of these columns.
    pub fn query(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>, Missed> {
        let question = Question { sql, params: params.to_vec(), columns, then: Then::Nothing };
        Ok(self.query_all(vec![question])?.pop().unwrap_or_default())
    }

    /// Asks several questions at once.
    pub fn query_all(&mut self, questions: Vec<Question<'_>>) -> Result<Vec<Vec<Vec<Cell>>>, Missed> {
        let (mut asks, mut columns) = (Vec::with_capacity(questions.len()), Vec::with_capacity(questions.len()));
        for question in questions {
            let kind = Kind::Rows(self.prepare(question.sql, &question.params)?);
            asks.push(Ask { kind, params: question.params, then: question.then });
            columns.push(question.columns);
        }
        let answers = self.send(asks)?.into_iter().zip(columns);
        let rows = |answer: Answer, columns: &[Col]| {
            answer.rows.iter().map(|row| wire::cells(row, columns)).collect::<Result<_, Fault>>()
        };
        answers.map(|(answer, columns)| rows(answer, columns).map_err(Missed::from)).collect()
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.budget.left_ms().map_or(OWN_WORK_MS, |left| left.saturating_add(GRACE_MS)))
    }

    fn prepare(&mut self, sql: &str, params: &[Cell]) -> Result<Statement, Fault> {
        if self.budget.is_over() {
            return Err(Fault::Timeout);
        }
        let limit = self.limit();
        let (Some(runtime), Some(session)) = (&self.runtime, &mut self.session) else { return Err(lost()) };
        if let Some(known) = session.statements.get(sql) {
            return Ok(known.clone());
        }
        let types: Vec<_> = params.iter().map(wire::type_of).collect();
        let preparing = async { tokio::time::timeout(limit, session.client.prepare_typed(sql, &types)).await };
        let statement = match runtime.block_on(preparing) {
            Ok(Ok(statement)) => statement,
            Ok(Err(error)) => {
                let fault = wire::fault(&error, &self.constraints);
                return Err(self.noted(fault));
            }
            Err(_) => return Err(self.noted(lost())),
        };
        if session.statements.len() >= STATEMENTS {
            session.statements.clear();
        }
        if sql.len() <= KEPT_TEXT {
            session.statements.insert(sql.to_owned(), statement.clone());
        }
        Ok(statement)
    }

    /// A lost connection is not used again.
    fn noted(&mut self, fault: Fault) -> Fault {
        if matches!(fault, Fault::Lost(_)) {
            self.session = None;
            self.open = false;
        }
        fault
    }

    /// The server ends what takes longer than the whole budget. An answer that comes later tells of a server that stood
    /// still, which is not the job's own slowness.
    fn stood_still(&self, waited: Duration, well: bool) -> bool {
        let slack = Duration::from_millis(if well { 0 } else { LATE_MS });
        self.granted.is_some_and(|granted| waited > granted + slack)
    }

    /// Sends what was kept back and these; answers these only. The first that failed is the failure.
    fn send(&mut self, asks: Vec<Ask>) -> Result<Vec<Answer>, Missed> {
        if self.budget.is_over() {
            return Err(Fault::Timeout.into());
        }
        let before = self.kept_back.len();
        let mut all = std::mem::take(&mut self.kept_back);
        all.extend(asks);
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let (limit, asked) = (self.limit(), Moment::now());
        let (Some(runtime), Some(session)) = (&self.runtime, &self.session) else { return Err(lost().into()) };
        let asking = async {
            let running = all.iter().map(|ask| ask_one(&session.client, ask)).collect();
            tokio::time::timeout(limit, in_order(running)).await
        };
        let Ok(answers) = runtime.block_on(asking) else { return Err(self.noted(lost()).into()) };
        if self.stood_still(asked.elapsed(), answers.iter().all(Result::is_ok)) {
            return Err(self.noted(Fault::Lost("the database server stood still".to_owned())).into());
        }
        let mut out = Vec::with_capacity(all.len() - before);
        for (index, (ask, answer)) in all.into_iter().zip(answers).enumerate() {
            let fault = match answer {
                Err(error) => wire::fault(&error, &self.constraints),
                Ok(answer) if answer.touched == 0 && matches!(ask.then, Then::Touch { .. }) => Fault::Untouched,
                Ok(answer) => {
                    if index >= before {
                        out.push(answer);
                    }
                    continue;
                }
            };
            return Err(Missed { fault: self.noted(fault), then: ask.then });
        }
        Ok(out)
    }
}

fn lost() -> Fault {
    Fault::Lost("the database connection is gone".to_owned())
}

async fn ask_one(client: &Client, ask: &Ask) -> Result<Answer, tokio_postgres::Error> {
    let params: Vec<&(dyn ToSql + Sync)> = ask.params.iter().map(|cell| cell as &(dyn ToSql + Sync)).collect();
    match &ask.kind {
        Kind::Batch(sql) => client.batch_execute(sql).await.map(|()| Answer::default()),
        Kind::Count(statement) => {
            let touched = client.execute(statement, &params).await?;
            Ok(Answer { touched, rows: Vec::new() })
        }
        Kind::Rows(statement) => {
            let rows = client.query(statement, &params).await?;
            Ok(Answer { touched: rows.len() as u64, rows })
        }
    }
}

/// Starts all futures in this order, before any is awaited: their statements travel together.
async fn in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut all: Vec<Pin<Box<MaybeDone<F>>>> = futures.into_iter().map(|f| Box::pin(maybe_done(f))).collect();
    std::future::poll_fn(|context| {
        for future in &mut all {
            let _ = future.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let mut out = Vec::with_capacity(all.len());
    for mut future in all {
        future.as_mut().await;
        out.extend(future.as_mut().take_output());
    }
    out
}

/// Why there is no connection.
pub(crate) enum ConnectError {
    /// Nobody answered in time.
    Silent,
    /// What the driver or the server told.
    Told(tokio_postgres::Error),
}

impl std::fmt::Display for ConnectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConnectError::Silent => f.write_str("the database server does not answer"),
            ConnectError::Told(error) => match (error.as_db_error(), std::error::Error::source(error)) {
                (Some(told), _) => f.write_str(told.message()),
                (None, Some(source)) => write!(f, "{source}"),
                (None, None) => write!(f, "{error}"),
            },
        }
    }
}
