//! Ledgers, counters, audit, events, idempotency, migration and the writer itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_document::{Field, Kind, Op, Record, TypeMeta, Value};
use paas_store::{AuditColumn, AuditQuery, AuditTest, DeadLetter, FeedFilter, Lock, Schema, Stored, Tx, TypeInfo};
use paas_types::{Code, Id, Instant, Refusal};
use std::sync::LazyLock;
use toys::*;

/// Changes data behind the store's back, as somebody with the rights of the owner.
fn behind(place: &Place, statements: &[&str]) -> Result<(), String> {
    if place.is_pg() {
        return place.meddle("toys", statements);
    }
    let file = rusqlite::Connection::open(place.dir().join("toys.db")).unwrap();
    statements.iter().try_for_each(|sql| file.execute_batch(sql)).map_err(|error| error.to_string())
}

on_both! {
    async fn sixteen_writers_keep_balances_and_counters_true(place: Place) {
        let store = store(&place).await;
        let shelves = [a_shelf(&store, 1, "A", "a").await, a_shelf(&store, 1, "B", "b").await];
        let gadget_id = put(&store, 1, a_gadget(shelves[0], "2026-01-01")).await.unwrap();
        let mut tasks = Vec::new();
        for writer in 0..16_usize {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut numbers = Vec::new();
                for step in 0..20_usize {
                    let result = store
                        .write(actor(1), move |tx| {
                            let before = tx.balance(stock(), &[Value::Id(shelves[step % 2]), Value::Null])?;
                            let after = tx.post(LEDGER(), &mut a_move(shelves[step % 2], 1_000_000))?;
                            let number = tx.counter("g")?;
                            tx.audit("post", None, None, None)?;
                            assert_eq!(before.get(2).int().unwrap() + 1_000_000, after.get(2).int().unwrap());
                            if (writer + step) % 5 == 0 { Err(Refusal::new(Code::BusinessRule)) } else { Ok(number) }
                        })
                        .await;
                    numbers.extend(result.ok());
                }
                numbers
            }));
        }
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.extend(task.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers.len(), 256);
        assert_eq!(numbers, (1..=256).collect::<Vec<i64>>(), "no gap and no number twice");
        assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
        let loaded = store.read(&tenant(1), move |tx| tx.load(gadget(), gadget_id, Lock::None)).await.unwrap().unwrap();
        assert_eq!(value(&*loaded, "stocked"), Value::Int(128_000_000));
    }

    async fn what_was_altered_behind_our_back_is_found(place: Place) {
        let store = store(&place).await;
        let shelf = a_shelf(&store, 1, "A", "a").await;
        let rows = move |tx: &mut paas_store::Tx| {
            tx.post(LEDGER(), &mut a_move(shelf, 5))?;
            tx.post(LEDGER(), &mut a_move(shelf, 7))?;
            tx.audit("one", Some(&Toy::new(gadget()).numbered("G1")), None, Some("{}".to_owned()))?;
            tx.audit("two", None, None, None)
        };
        store.write(actor(1), rows).await.unwrap();
        // The feed is read when everything is numbered.
        store.feed(0, 1, false).await.unwrap();
        let filter = paas_store::AuditFilter { limit: 9, ..Default::default() };
        let page = store.read(&tenant(1), move |tx| tx.audit_page(&filter)).await.unwrap();
        assert_eq!((page[0].seq, page[1].action.as_str(), page[1].number.as_deref()), (Some(2), "one", Some("G1")));
        for forbidden in [
            "UPDATE audit_log SET action = 'x'",
            "DELETE FROM audit_log",
            "DELETE FROM shelf_move",
            "UPDATE shelf_move SET quantity = 1",
        ] {
            assert!(behind(&place, &[forbidden]).unwrap_err().contains("append-only"), "{forbidden}");
        }
        assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
        let unlocked: &[&str] = if place.is_pg() {
            &[
                "ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY; ALTER TABLE audit_log DISABLE TRIGGER USER",
                "ALTER TABLE shelf_move NO FORCE ROW LEVEL SECURITY; ALTER TABLE shelf_move DISABLE TRIGGER USER",
            ]
        } else {
            &["DROP TRIGGER audit_log__no_update; DROP TRIGGER shelf_move__no_update"]
        };
        behind(&place, unlocked).unwrap();
        behind(&place, &["UPDATE audit_log SET action = 'xxx' WHERE action = 'one'"]).unwrap();
        behind(&place, &["UPDATE shelf_move SET quantity = quantity + 1 WHERE quantity = 5"]).unwrap();
        let found = store.prove(&tenant(1)).await.unwrap();
        let subjects: Vec<&str> = found.iter().map(|d| d.subject.as_str()).collect();
        assert_eq!(subjects, ["audit_log", "shelf_move", "stock"], "{found:?}");
    }

    async fn events_are_numbered_without_gaps_and_taken_once(place: Place) {
        let store = store(&place).await;
        let mut commits = store.commits();
        let subject = Id::fresh();
        for n in 0..5 {
            let result = store.write(actor(1 + n % 2), move |tx| {
                tx.emit("toys.gadget.built", subject, serde_json::json!({"n": n}))?;
                if n == 2 { Err(Refusal::new(Code::BusinessRule)) } else { Ok(()) }
            });
            assert_eq!(result.await.is_err(), n == 2);
        }
        let told = tokio::time::timeout(std::time::Duration::from_secs(30), commits.changed()).await;
        told.expect("others are told").unwrap();
        commits.mark_unchanged();
        let feed = store.feed(0, 100, false).await.unwrap();
        assert_eq!(feed.events.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((feed.last, feed.events[3].data["n"].as_i64(), &*feed.events[3].tenant.code), (4, Some(4), "t1"));
        let last = store.feed(0, 100, true).await.unwrap();
        assert_eq!(last.events.iter().map(|e| e.seq).collect::<Vec<_>>(), [3, 4], "the last of each tenant's subject");

        let epoch = feed.epoch.clone();
        let take = |seq: i64| {
            let epoch = epoch.clone();
            store.write(actor(1), move |tx| tx.advance("peer", seq, &epoch))
        };
        assert!(take(1).await.unwrap() && !take(1).await.unwrap() && take(2).await.unwrap());
        assert_eq!(store.cursor("peer").await.unwrap().unwrap().seq, 2);
        let letter = DeadLetter {
            id: Id::fresh(),
            producer: "peer".to_owned(),
            seq: 3,
            event_type: "x".to_owned(),
            subject,
            error: "no".to_owned(),
            attempts: 1,
            envelope: serde_json::json!({"a": 1}),
            at: Instant::from_micros(5),
        };
        let (put, id) = (letter.clone(), letter.id);
        store.write(actor(1), move |tx| tx.dead_letter(&put)).await.unwrap();
        assert_eq!(store.read(&tenant(1), |tx| tx.dead_letters(9)).await.unwrap(), [letter]);
        assert!(store.read(&tenant(1), move |tx| tx.blocked("peer", subject)).await.unwrap());
        store.write(actor(1), move |tx| tx.dead_letter_done(id)).await.unwrap();
        assert!(!store.read(&tenant(1), move |tx| tx.blocked("peer", subject)).await.unwrap());
    }

    async fn an_answer_is_kept_and_a_rehearsal_is_not(place: Place) {
        let store = store(&place).await;
        let answer = Stored { status: 201, body: b"{}".to_vec(), etag: Some("\"1\"".to_owned()), location: None };
        let kept = answer.clone();
        store.write(actor(1), move |tx| tx.remember("k", b"h", &kept)).await.unwrap();
        assert_eq!(store.read(&tenant(1), |tx| tx.idempotent("k", b"h")).await.unwrap(), Some(answer));
        let refused = store.read(&tenant(1), |tx| tx.idempotent("k", b"other")).await.unwrap_err();
        assert_eq!(refused.code(), Code::IdempotencyMismatch);
        assert_eq!(store.read(&tenant(2), |tx| tx.idempotent("k", b"h")).await.unwrap(), None);
        let mut later = actor(1);
        later.now = Some(Instant::from_micros(i64::MAX / 2));
        assert_eq!(store.write(later, |tx| tx.idempotent("k", b"h")).await.unwrap(), None);

        assert_eq!(store.rehearse(actor(1), |tx| tx.counter("c")).await.unwrap(), 1);
        assert_eq!(store.write(actor(1), |tx| tx.counter("c")).await.unwrap(), 1);
    }

    async fn the_writer_survives_panics_and_cuts_off_long_jobs(place: Place) {
        let store = store(&place).await;
        let panicked = store.write(actor(1), |_| -> paas_types::Result<()> { panic!("a rule") }).await.unwrap_err();
        assert_eq!(panicked.code(), Code::Internal);
        let shelf = a_shelf(&store, 1, "A", "a").await;
        let (slow, quick) = tokio::join!(
            store.write(actor(1), move |tx| {
                loop {
                    tx.post(LEDGER(), &mut a_move(shelf, 1))?;
                }
                #[allow(unreachable_code)]
                Ok(())
            }),
            store.write(actor(1), |tx| tx.counter("q")),
        );
        assert_eq!(slow.unwrap_err().code(), Code::Timeout);
        assert_eq!(quick.unwrap(), 1);
        assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
    }

    /// The clients of a busy store do not listen for ever: who would wait longer than they do is told in time.
    async fn who_waits_too_long_for_a_turn_is_told(place: Place) {
        const ASKED: usize = 200;
        let store = store(&place).await;
        let slow = || std::thread::sleep(std::time::Duration::from_millis(400));
        let mut writes = tokio::task::JoinSet::new();
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..ASKED {
            let (writer, reader) = (store.clone(), store.clone());
            writes.spawn(async move {
                writer.write(actor(1), move |tx| { slow(); tx.counter("served") }).await
            });
            reads.spawn(async move {
                reader.read(&tenant(1), move |_| { slow(); Ok(()) }).await
            });
        }
        let (mut served, mut told) = (0, 0);
        while let Some(write) = writes.join_next().await {
            match write.unwrap() {
                Ok(_) => served += 1,
                Err(refusal) => {
                    // A machine that stands still for a while cuts a job off: it did nothing either.
                    let late = refusal.code() == Code::Timeout;
                    assert!(late || (refusal.code(), refusal.retry_after_s()) == (Code::Unavailable, Some(1)));
                    told += u32::from(!late);
                }
            }
        }
        assert!(served > 3 && told > 3, "{served} were served and {told} were told");
        assert_eq!(store.write(actor(1), |tx| tx.counter("served")).await.unwrap(), served + 1, "who is told did nothing");
        let answers = reads.join_all().await;
        let told = answers.iter().filter_map(|read| read.as_ref().err()).map(paas_types::Refusal::code);
        assert!(told.clone().all(|code| code == Code::Unavailable) && (3..ASKED - 3).contains(&told.count()));
    }

    async fn a_reader_whose_caller_left_is_not_missed(place: Place) {
        let store = store(&place).await;
        let tenant = tenant(1);
        let gate = std::sync::Arc::new(tokio::sync::RwLock::new(()));
        let closed = gate.write().await;
        for _ in 0..4 {
            let gate = std::sync::Arc::clone(&gate);
            let read = store.read(&tenant, move |_| {
                drop(gate.blocking_read());
                Ok(())
            });
            assert!(tokio::time::timeout(std::time::Duration::from_millis(20), read).await.is_err());
        }
        drop(closed);
        for _ in 0..8 {
            store.ping().await.unwrap();
        }
    }
}

fn grown(fields: Vec<Field>) -> &'static TypeMeta {
    Box::leak(Box::new(TypeMeta { tree: true, ..meta("shelf", "shelf", Kind::Master, fields) }))
}

static WIDER: LazyLock<&'static TypeMeta> = LazyLock::new(|| {
    let mut fields = shelf_fields();
    fields[1].indexed = true;
    fields.push(Field { default: Some("\"1.5\""), ..field("height", QUANTITY) });
    fields.push(Field { required: false, ..field("beside", paas_document::FieldType::Ref { target: shelf }) });
    grown(fields)
});
static NARROWER: LazyLock<&'static TypeMeta> = LazyLock::new(|| {
    let mut fields = shelf_fields();
    fields.remove(1);
    grown(fields)
});

fn with_shelf(meta: &'static TypeMeta, blank: fn() -> Box<dyn Record>) -> Schema {
    let mut schema = schema();
    schema.types[0] = TypeInfo { meta, blank };
    schema
}

on_both! {
    async fn tables_grow_and_lose_nothing(place: Place) {
        let store = store(&place).await;
        let id = a_shelf(&store, 1, "A", "one").await;
        put(&store, 1, a_gadget(id, "2026-01-01")).await.unwrap();
        store.close().await;
        let refused = open_with(&place, with_shelf(*NARROWER, || Box::new(Toy::new(*NARROWER)))).unwrap_err();
        assert!(refused.to_string().contains("shelf.name"), "{refused}");
        let store = open_with(&place, with_shelf(*WIDER, || Box::new(Toy::new(*WIDER)))).unwrap();
        let loaded = store.read(&tenant(1), move |tx| tx.load(*WIDER, id, Lock::None)).await.unwrap().unwrap();
        assert_eq!(value(&*loaded, "height"), Value::Int(1_500_000));
        let refused = store
            .write(actor(1), move |tx| {
                let record = tx.load(*WIDER, id, Lock::Update)?.unwrap();
                tx.delete(&*record)
            })
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InUse, "foreign keys survive the rebuild");
        store.close().await;
        let mut without = schema();
        without.types.remove(1);
        let refused = open_with(&place, without).unwrap_err();
        assert!(refused.to_string().contains("no longer declared"), "{refused}");
        behind(&place, &["DROP INDEX shelf__tenant__name__id"]).expect("the index is there");
    }

    async fn the_audit_log_answers_questions_and_says_how_far_it_reaches(place: Place) {
        let store = store(&place).await;
        for step in 0..5_i64 {
            let job = move |tx: &mut Tx| {
                let toy = Toy::new(shelf()).with("code", text(&format!("S_{step}"))).with("name", text("n"));
                tx.audit(if step % 2 == 0 { "even" } else { "odd" }, Some(&toy), None, None)
            };
            store.write(actor(1), job).await.unwrap();
        }
        // On PostgreSQL the sequencer numbers what is committed a moment later.
        while store.read(&tenant(1), Tx::audit_head).await.unwrap().0 < 5 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let ask = |tests: Vec<(AuditColumn, Op, Vec<Value>)>, beyond, ascending| {
            let tests = tests.into_iter().map(|(column, op, values)| AuditTest { column, op, values }).collect();
            let query = AuditQuery { tests, beyond, ascending, limit: 3 };
            let store = store.clone();
            async move {
                let whose = tenant(1);
                let read = store.read(&whose, move |tx| Ok((tx.audit_rows(&query)?, tx.audit_count(&query)?)));
                let (rows, count) = read.await.unwrap();
                (rows.into_iter().map(|row| row.seq.unwrap()).collect::<Vec<_>>(), count)
            }
        };
        assert_eq!(ask(vec![], None, false).await, (vec![5, 4, 3], (5, true)));
        assert_eq!(ask(vec![], Some(3), false).await.0, [2, 1]);
        assert_eq!(ask(vec![], Some(3), true).await.0, [4, 5]);
        let even = (AuditColumn::Action, Op::Eq, vec![text("even")]);
        assert_eq!(ask(vec![even.clone()], None, true).await, (vec![1, 3, 5], (3, true)));
        for (op, value, found) in [
            (Op::Eq, "S_2", vec![3]),
            (Op::In, "S_2", vec![3]),
            (Op::Contains, "s_4", vec![5]),
            (Op::Contains, "S%", vec![]),
            (Op::StartsWith, "S_", vec![1, 3, 5]),
            (Op::Gte, "S_3", vec![5]),
            (Op::Ne, "S_2", vec![1, 5]),
        ] {
            let test = (AuditColumn::Number, op, vec![text(value)]);
            assert_eq!(ask(vec![even.clone(), test], None, true).await.0, found, "{op:?} {value}");
        }
        for (column, op, value, number) in [
            (AuditColumn::Number, Op::IsNull, Value::Bool(false), 5),
            (AuditColumn::At, Op::Lt, Value::Instant(Instant::from_micros(1)), 0),
            (AuditColumn::Actor, Op::Eq, Value::Id(Id::NIL), 5),
            (AuditColumn::Subject, Op::Eq, Value::Id(Id::fresh()), 0),
            (AuditColumn::Seq, Op::Lte, Value::Int(2), 2),
        ] {
            assert_eq!(ask(vec![(column, op, vec![value])], None, true).await.1, (number, true), "{column:?}");
        }
        let (size, root) = store.read(&tenant(1), Tx::audit_head).await.unwrap();
        assert_eq!((size, store.audit_seal(&tenant(1), 5).await.unwrap()), (5, Some(root)));
        assert_eq!(store.audit_seal(&tenant(1), 6).await.unwrap(), None);
        assert_eq!(store.read(&tenant(2), Tx::audit_head).await.unwrap(), (0, Vec::new()));
    }

    async fn the_inbox_the_marks_and_the_narrowed_log_are_each_tenants_own(place: Place) {
        let store = store(&place).await;
        let (event, subject, old) = (Id::fresh(), Id::fresh(), Id::from_bytes([0; 16]));
        let take = |tenant, id| store.write(actor(tenant), move |tx| tx.take_event("toys", id));
        assert!(take(1, old).await.unwrap());
        assert_eq!((take(1, event).await, take(1, event).await, take(2, event).await), (Ok(true), Ok(false), Ok(true)));
        assert!(take(1, old).await.unwrap(), "what is older than the logs was forgotten");
        let mark = |tenant| store.write(actor(tenant), |tx| Ok((tx.mark("seeded")?, tx.is_marked("seeded")?)));
        assert_eq!((mark(1).await, mark(1).await), (Ok((true, true)), Ok((false, true))));
        assert!(!store.read(&tenant(2), |tx| tx.is_marked("seeded")).await.unwrap());
        assert!(store.read(&tenant(2), |tx| tx.is_provisioned()).await.unwrap());
        assert!(!store.read(&tenant(99), |tx| tx.is_provisioned()).await.unwrap());

        for (who, kind) in [(1, "toys.gadget.built"), (2, "toys.gadget.built"), (1, "toys.gadget.sold")] {
            store.write(actor(who), move |tx| tx.emit(kind, subject, serde_json::json!({}))).await.unwrap();
        }
        let filter = FeedFilter { limit: 9, tenant: Some(tenant(1).key), ..FeedFilter::default() };
        let seqs = |feed: paas_store::Feed| feed.events.iter().map(|e| e.seq).collect::<Vec<_>>();
        assert_eq!(seqs(store.feed_where(filter.clone()).await.unwrap()), [1, 3]);
        let newest = FeedFilter { newest: true, limit: 2, tenant: None, ..filter.clone() };
        assert_eq!(seqs(store.feed_where(newest).await.unwrap()), [2, 3]);
        let typed =
            FeedFilter { event_type: Some("toys.gadget.sold".to_owned()), since: Some(Instant::from_micros(0)), ..filter };
        assert_eq!(seqs(store.feed_where(typed).await.unwrap()), [3]);

        let letter = |n: i64| DeadLetter {
            id: Id::fresh(),
            producer: "toys".to_owned(),
            seq: n,
            event_type: "toys.gadget.built".to_owned(),
            subject,
            error: "no".to_owned(),
            attempts: 1,
            envelope: serde_json::json!({}),
            at: Instant::from_micros(n),
        };
        let (second, first) = (letter(2), letter(1));
        let put = [second.clone(), first.clone()];
        store.write(actor(1), move |tx| put.iter().try_for_each(|l| tx.dead_letter(l))).await.unwrap();
        let wanted = first.id;
        let found = store
            .read(&tenant(1), move |tx| {
                Ok((tx.dead_letters_of("toys", subject, 9)?, tx.dead_letter_open(wanted)?, tx.dead_letter_count()?))
            })
            .await;
        assert_eq!(found.unwrap(), (vec![first.clone(), second], Some(first), 2));
        let elsewhere = store.read(&tenant(2), move |tx| tx.dead_letter_open(wanted)).await.unwrap();
        assert_eq!(elsewhere, None);
    }

    async fn balances_are_read_page_after_page(place: Place) {
        let store = store(&place).await;
        for n in 0..5 {
            let shelf = a_shelf(&store, 1, &format!("S{n}"), "a").await;
            store.write(actor(1), move |tx| tx.post(LEDGER(), &mut a_move(shelf, 1 + n % 2))).await.unwrap();
        }
        let mut query = paas_document::Query::all(2);
        let (mut seen, mut pages) = (std::collections::BTreeSet::new(), 0);
        loop {
            let asked = query.clone();
            let found = store.read(&tenant(1), move |tx| tx.find(stock(), &asked)).await.unwrap();
            seen.extend(found.records.iter().map(|r| format!("{:?}", r.get(0))));
            pages += 1;
            match found.next {
                Some(cursor) => query.page = paas_document::Page::After(cursor),
                None => break,
            }
        }
        assert_eq!((seen.len(), pages), (5, 3));
    }
}
