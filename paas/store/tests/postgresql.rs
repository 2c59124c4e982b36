//! What only PostgreSQL has: roles, row level security, several writers, a server that goes away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_document::{Field, Kind, TypeMeta, Value};
use paas_store::{Lock, Store, Stored, Target};
use paas_types::{Clock, Code, Id, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::{Client, NoTls};
use toys::*;

/// A place on PostgreSQL, or the end of the test where there is no server.
macro_rules! place {
    () => {
        match Place::pg().unwrap() {
            Some(place) => place,
            None => return,
        }
    };
}

async fn raw(place: &Place, log: bool) -> Client {
    let config = place.sign_in("toys", log, &master()).unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await.unwrap().get(0)
}

async fn refused(client: &Client, statements: &[&str]) {
    for sql in statements {
        let error = client.batch_execute(sql).await.expect_err(sql);
        assert_eq!(error.code().map(|c| c.code()), Some("42501"), "{sql}: {error:?}");
    }
}

async fn as_tenant(client: &Client, tenant: i64) {
    client.batch_execute(&format!("SELECT set_config('app.tenant', '{tenant}', false)")).await.unwrap();
}

/// What the role of the application must not do, in whatever tenant.
const APP_MUST_NOT: &[&str] = &[
    "UPDATE shelf SET tenant = 2",
    "INSERT INTO counter (tenant, key, value) VALUES (2, 'x', 1)",
    "UPDATE audit_log SET action = 'x'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "UPDATE outbox SET data = 'x'",
    "DELETE FROM shelf_move",
    "INSERT INTO audit_seal (tenant, seq, id, seal) VALUES (1, 99, gen_random_uuid(), '')",
    "INSERT INTO outbox_seq (tenant, seq, id) VALUES (1, 99, gen_random_uuid())",
    "SELECT * FROM outbox_seq",
    "SELECT * FROM audit_wait",
    "DELETE FROM tenant",
    "UPDATE tenant SET data_key = ''",
    "UPDATE schema_field SET note = 'x'",
    "CREATE TABLE mine (x int)",
    "CREATE TEMP TABLE mine (x int)",
    "ALTER TABLE shelf DISABLE ROW LEVEL SECURITY",
    "DROP POLICY own ON shelf",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "SET ROLE pg_read_all_data",
];

#[tokio::test]
async fn the_application_cannot_go_past_its_tenant() {
    let place = place!();
    let store = store(&place).await;
    for key in [1, 2] {
        let shelf = a_shelf(&store, key, "A", "a").await;
        let job = move |tx: &mut paas_store::Tx| {
            tx.post(LEDGER(), &mut a_move(shelf, 5))?;
            tx.audit("post", None, None, None)?;
            tx.emit("toys.gadget.built", shelf, serde_json::json!({}))
        };
        store.write(actor(key), job).await.unwrap();
    }
    let app = raw(&place, false).await;
    for table in ["shelf", "stock", "shelf_move", "audit_log", "outbox", "tenant", "counter", "search_token"] {
        assert_eq!(count(&app, table).await, 0, "{table} without a tenant");
    }
    as_tenant(&app, 1).await;
    for table in ["shelf", "stock", "shelf_move", "audit_log", "outbox", "tenant"] {
        assert_eq!(count(&app, table).await, 1, "{table} of one tenant");
    }
    assert_eq!(app.execute("UPDATE shelf SET name = 'x' WHERE tenant = 2", &[]).await.unwrap(), 0);
    assert_eq!(app.execute("DELETE FROM stock WHERE tenant = 2", &[]).await.unwrap(), 0);
    let prefix = match place.target() {
        Target::Pg { prefix, .. } => prefix.clone(),
        Target::Lite { .. } => unreachable!("a place on PostgreSQL"),
    };
    refused(&app, APP_MUST_NOT).await;
    refused(&app, &[&format!("SET ROLE {prefix}_toys_owner"), &format!("ALTER ROLE {prefix}_toys_app BYPASSRLS")])
        .await;
    app.batch_execute("RESET ROLE").await.unwrap();
    assert_eq!(count(&app, "shelf").await, 1, "there is nothing to go back to");
    let open = "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' \
                WHERE c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity) \
                AND has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')";
    assert!(app.query(open, &[]).await.unwrap().is_empty(), "every table of a tenant is closed");

    store.feed(0, 9, false).await.unwrap();
    let log = raw(&place, true).await;
    assert_eq!(
        (count(&log, "audit_log").await, count(&log, "audit_seal").await, count(&log, "outbox_seq").await),
        (2, 2, 2)
    );
    refused(
        &log,
        &[
            "SELECT * FROM shelf",
            "SELECT data_key FROM tenant",
            "DELETE FROM audit_log",
            "UPDATE audit_seal SET seal = ''",
            "DELETE FROM outbox_seq",
            "INSERT INTO audit_log SELECT * FROM audit_log",
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_lock_crosswise_neither_wait_in_a_circle_nor_break_a_bound() {
    let place = place!();
    let store = store(&place).await;
    let shelves = [a_shelf(&store, 1, "A", "a").await, a_shelf(&store, 1, "B", "b").await];
    let filled = move |tx: &mut paas_store::Tx| {
        shelves.iter().try_for_each(|shelf| tx.post(LEDGER(), &mut a_move(*shelf, 100)).map(|_| ()))
    };
    store.write(actor(1), filled).await.unwrap();
    let mut tasks = Vec::new();
    for writer in 0..16_usize {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut taken = 0;
            for step in 0..10_usize {
                let (one, other) = (shelves[(writer + step) % 2], shelves[(writer + step + 1) % 2]);
                let result = store
                    .write(actor(1), move |tx| {
                        // Counters first, then one balance, a record, the other balance: nothing of it in order.
                        tx.counter("moves")?;
                        for place in [one, other] {
                            if tx.balance(stock(), &[Value::Id(place), Value::Null])?.get(2).int().unwrap() < 2 {
                                return Err(Refusal::new(Code::BusinessRule));
                            }
                            tx.post(LEDGER(), &mut a_move(place, -2))?;
                            tx.load(shelf(), place, Lock::Update)?;
                        }
                        Ok(())
                    })
                    .await;
                match result {
                    Ok(()) => taken += 1,
                    Err(refusal) => assert_eq!(refusal.code(), Code::BusinessRule, "{:?}", refusal.cause()),
                }
            }
            taken
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += task.await.unwrap();
    }
    assert_eq!(taken, 50, "all there was, and no more");
    assert_eq!(store.write(actor(1), |tx| tx.counter("moves")).await.unwrap(), 51, "numbers have no gaps");
    assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_balance_of_a_key_is_made_once() {
    let place = place!();
    let store = store(&place).await;
    let mut shelves = Vec::new();
    for n in 0..8 {
        shelves.push(a_shelf(&store, 1, &format!("S{n}"), "s").await);
    }
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (store, shelves) = (store.clone(), shelves.clone());
            tokio::spawn(async move {
                for shelf in shelves {
                    let job = move |tx: &mut paas_store::Tx| tx.post(LEDGER(), &mut a_move(shelf, 1)).map(|_| ());
                    store.write(actor(1), job).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
    let first = shelves[0];
    let sum = store.read(&tenant(1), move |tx| tx.balance(stock(), &[Value::Id(first), Value::Null])).await.unwrap();
    assert_eq!(sum.get(2), Value::Int(8));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_request_runs_once_however_close_it_follows() {
    let place = place!();
    let store = store(&place).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let job = |tx: &mut paas_store::Tx| {
                    if let Some(stored) = tx.idempotent("k", b"h")? {
                        return Ok(stored.status);
                    }
                    let number = tx.counter("runs")?;
                    let status = u16::try_from(number).unwrap();
                    tx.remember("k", b"h", &Stored { status, body: vec![1], etag: None, location: None })?;
                    Ok(status)
                };
                store.write(actor(1), job).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(store.write(actor(1), |tx| tx.counter("runs")).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_in_the_way_of_another_runs_again() {
    let place = place!();
    let store = store(&place).await;
    let mut shelves = [a_shelf(&store, 1, "A", "a").await, a_shelf(&store, 1, "B", "b").await];
    shelves.sort();
    let other = raw(&place, false).await;
    as_tenant(&other, 1).await;
    let id = shelves[0].to_string();
    other.batch_execute(&format!("BEGIN; SELECT 1 FROM shelf WHERE id = '{id}' FOR UPDATE")).await.unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let job = store.write(actor(1), move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        // The later one first: the earlier one may not be waited for.
        let high = tx.load(shelf(), shelves[1], Lock::Update)?.unwrap();
        let before = tx.load(shelf(), shelves[0], Lock::Update)?.unwrap();
        let mut after = before.boxed_clone();
        after.set(1, Value::Text("changed".to_owned())).unwrap();
        tx.update(&*before, &mut *after)?;
        Ok(high.id())
    });
    let release = async {
        while runs.load(Ordering::SeqCst) < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // It runs again, and waits for the lock.
        let watching = raw(&place, false).await;
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN \
                     (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
        while watching.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (done, ()) = tokio::join!(job, release);
    assert_eq!(done.unwrap(), shelves[1]);
    assert_eq!(runs.load(Ordering::SeqCst), 2, "once to find it taken, once with both held in order");
}

/// Carries bytes to the server until it is dropped.
struct Wire {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    async fn to(server: &str, port: u16) -> Wire {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (port, server) = (listener.local_addr().unwrap().port(), server.to_owned());
        let task = tokio::spawn(async move {
            let mut carried = tokio::task::JoinSet::new();
            while let Ok((mut here, _)) = listener.accept().await {
                let server = server.clone();
                carried.spawn(async move {
                    let Ok(mut there) = TcpStream::connect(server).await else { return };
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                    let _ = here.shutdown().await;
                });
            }
        });
        Wire { port, task }
    }

    async fn cut(self) -> u16 {
        self.task.abort();
        let _ = self.task.await;
        self.port
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_is_told_and_found_again() {
    let place = place!();
    let Target::Pg { url, prefix, .. } = place.target().clone() else { unreachable!("a place on PostgreSQL") };
    Store::migrate_pg(place.target(), &schema(), &master()).unwrap();
    let (account, server) = url.rsplit_once('@').unwrap();
    let wire = Wire::to(server, 0).await;
    let url = format!("{account}@127.0.0.1:{}", wire.port);
    let target = Target::Pg { url, prefix, max_connections: 6 };
    let store = Store::open(&target, schema(), master(), Clock::system()).unwrap();
    store.provision(&tenant(1), "A", "Asia/Shanghai").await.unwrap();
    a_shelf(&store, 1, "A", "a").await;

    let port = wire.cut().await;
    for _ in 0..4 {
        let gone = store.write(actor(1), |tx| tx.counter("c")).await.unwrap_err();
        assert_eq!(gone.code(), Code::Unavailable, "{:?}", gone.cause());
        assert_eq!(store.ping().await.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(store.feed(0, 1, false).await.unwrap_err().code(), Code::Unavailable);
    let refused = Store::open(&target, schema(), master(), Clock::system()).unwrap_err();
    assert!(refused.to_string().contains("cannot be reached"), "{refused}");

    let _wire = Wire::to(server, port).await;
    assert_eq!(store.write(actor(1), |tx| tx.counter("c")).await.unwrap(), 1);
    store.ping().await.unwrap();
    assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_writer_that_rested_is_not_late() {
    let place = place!();
    Store::migrate_pg(place.target(), &schema(), &master()).unwrap();
    let store = Store::open(place.target(), schema(), master(), Clock::system()).unwrap();
    store.provision(&tenant(1), "A", "Asia/Shanghai").await.unwrap();
    // As many as there may be writers, at once, so that each of them worked before.
    let all = async || {
        let jobs = (0..24).map(|_| store.write(actor(1), |tx| tx.counter("c")));
        futures_util::future::join_all(jobs).await
    };
    assert!(all().await.iter().all(Result::is_ok));
    // Longer than the end of a transaction may take.
    tokio::time::sleep(Duration::from_millis(10_500)).await;
    let late: Vec<_> = all().await.into_iter().filter_map(Result::err).collect();
    assert!(late.is_empty(), "{late:?}");
}

#[tokio::test]
async fn what_is_not_ready_is_refused_with_a_sentence() {
    let place = place!();
    let open = |master| Store::open(place.target(), schema(), master, Clock::system());
    let refused = open(master()).unwrap_err();
    assert!(refused.to_string().contains("run superpaas migrate"), "{refused}");
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| Store::migrate_pg(place.target(), &schema(), &master())));
        for migrated in both {
            migrated.join().unwrap().unwrap();
        }
    });
    let store = open(master()).unwrap();
    store.provision(&tenant(1), "A", "Asia/Shanghai").await.unwrap();
    let other = Arc::new(paas_auth::MasterKey::from_bytes([6; 32]));
    assert!(open(Arc::clone(&other)).unwrap_err().to_string().contains("not ready"));
    let refused = Store::migrate_pg(place.target(), &schema(), &other).unwrap_err();
    assert!(refused.to_string().contains("not the one"), "{refused}");
    open(master()).expect("a refused migration shut nobody out");
    let mut more = schema();
    let mut fields = shelf_fields();
    fields.push(Field { required: false, ..field("height", QUANTITY) });
    let grown: &'static TypeMeta = Box::leak(Box::new(meta("shelf", "shelf", Kind::Master, fields)));
    more.types[0].meta = grown;
    let grown = Store::open(place.target(), more, master(), Clock::system());
    assert!(grown.unwrap_err().to_string().contains("not as this program declares it"));
    let Target::Pg { prefix, max_connections, .. } = place.target().clone() else { unreachable!("on PostgreSQL") };
    let nowhere = Target::Pg { url: "postgres://a:secret@127.0.0.1:1".to_owned(), prefix, max_connections };
    let refused = Store::migrate_pg(&nowhere, &schema(), &master()).unwrap_err().to_string();
    assert!(refused.contains("cannot be reached") && !refused.contains("secret"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_on_one_database_number_without_gaps() {
    let place = place!();
    let one = store(&place).await;
    let other = Store::open(place.target(), schema(), master(), Clock::system()).unwrap();
    let tasks: Vec<_> = [one.clone(), other.clone()]
        .into_iter()
        .map(|store| {
            tokio::spawn(async move {
                for n in 0..20 {
                    let job = move |tx: &mut paas_store::Tx| {
                        tx.audit("step", None, None, None)?;
                        tx.emit("toys.gadget.built", Id::fresh(), serde_json::json!({"n": n}))?;
                        if n % 4 == 3 { Err(Refusal::new(Code::BusinessRule)) } else { Ok(()) }
                    };
                    let _ = store.write(actor(1 + n % 2), job).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let feed = other.feed(0, 100, false).await.unwrap();
    assert_eq!(feed.events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    assert_eq!(one.feed(0, 100, false).await.unwrap(), feed);
    for key in [1, 2] {
        assert_eq!(one.prove(&tenant(key)).await.unwrap(), []);
    }
    // A change of one is seen by the other when it is read next.
    let id = a_shelf(&one, 1, "A", "a").await;
    assert!(other.read(&tenant(1), move |tx| tx.load(shelf(), id, Lock::None)).await.unwrap().is_some());
}

#[tokio::test]
async fn tables_that_change_under_a_running_program_disturb_it_once_at_most() {
    let place = place!();
    let store = store(&place).await;
    let id = a_shelf(&store, 1, "A", "a").await;
    let rename = move |tx: &mut paas_store::Tx| {
        let before = tx.load(shelf(), id, Lock::Update)?.unwrap();
        let mut after = before.boxed_clone();
        after.set(1, text(&format!("{}x", before.get(1).text().unwrap()))).unwrap();
        tx.update(&*before, &mut *after)
    };
    for _ in 0..20 {
        store.write(actor(1), rename).await.unwrap();
    }
    place.meddle("toys", &["ALTER TABLE shelf ALTER COLUMN name TYPE varchar(500)"]).unwrap();
    for _ in 0..20 {
        store.write(actor(1), rename).await.unwrap();
    }
    let found = store.read(&tenant(1), move |tx| tx.load(shelf(), id, Lock::None)).await.unwrap().unwrap();
    assert_eq!(found.get(1).text().unwrap().len(), 41);

    let strange =
        paas_document::Query::all(5).filter(paas_document::Path::field(1), paas_document::Op::Eq, vec![text("a\0b")]);
    let refused = store.read(&tenant(1), move |tx| tx.find(shelf(), &strange)).await.err().unwrap();
    assert_eq!(refused.code(), Code::ValidationFailed);
}
