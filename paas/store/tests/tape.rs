//! What is recorded of a writer and played again on a copy gives the same database.
#![allow(clippy::unwrap_used, missing_docs)]

mod toys;

use paas_store::{Actor, Lock, Step, Stored, Tx};
use paas_types::{Instant, Refusal};
use rusqlite::Connection;
use std::path::Path;
use toys::*;

#[tokio::test]
async fn a_tape_played_on_a_copy_gives_the_same_rows() {
    let place = Place::lite();
    let store = store(&place).await;
    let shelf = a_shelf(&store, 1, "A", "one").await;
    let tape = store.tape();
    put(&store, 1, a_gadget(shelf, "2026-01-01").numbered("G0")).await.unwrap();
    assert_eq!(tape.stop(), [], "nothing is kept before it was asked for");
    store.close().await;

    let copy = place.dir().join("copy.db");
    std::fs::copy(place.dir().join("toys.db"), &copy).unwrap();
    let store = open_with(&place, schema()).unwrap();
    let tape = store.tape();
    tape.start();
    for day in 1..=5 {
        put(&store, 1, a_gadget(shelf, &format!("2026-01-0{day}")).numbered(&format!("G{day}"))).await.unwrap();
    }
    let steps = tape.stop();
    put(&store, 1, a_gadget(shelf, "2026-02-01").numbered("G6")).await.unwrap();
    assert_eq!(tape.stop(), [], "nor after it was stopped");
    assert_eq!(steps.iter().filter(|step| **step == Step::Job { writes: true }).count(), 5);

    play(&copy, &steps);
    store.close().await;
    assert_eq!(rows(&copy), rows(&place.dir().join("toys.db")) - 1);
    assert_eq!(rows(&copy), 6);
}

#[tokio::test]
async fn a_job_asks_for_a_master_once_and_sees_its_own_change() {
    let place = Place::lite();
    let store = store(&place).await;
    let shelf_a = a_shelf(&store, 1, "A", "one").await;
    let tape = store.tape();
    tape.start();
    let names = store
        .write(actor(1), move |tx| {
            let name = shelf().fields.iter().position(|f| f.name == "name").unwrap();
            let mut seen = Vec::new();
            for _ in 0..3 {
                seen.push(tx.load(shelf(), shelf_a, Lock::None)?.unwrap().get(name));
            }
            let before = tx.load(shelf(), shelf_a, Lock::Update)?.unwrap();
            let mut after = before.boxed_clone();
            after.set(name, text("two")).unwrap();
            tx.update(&*before, &mut *after)?;
            seen.push(tx.load(shelf(), shelf_a, Lock::None)?.unwrap().get(name));
            Ok(seen)
        })
        .await
        .unwrap();
    assert_eq!(names, [text("one"), text("one"), text("one"), text("two")]);
    let asked = |step: &&Step| matches!(step, Step::Statement { sql, .. } if sql.starts_with("SELECT") && sql.contains("FROM \"shelf\" t"));
    assert_eq!(tape.stop().iter().filter(asked).count(), 1, "nobody else writes: what it read and wrote it knows");
    // A later job sees what was committed, not what was taken back; what is sensitive is asked for by each.
    tape.start();
    let renamed = move |tx: &mut Tx, to: &str| {
        let name = shelf().fields.iter().position(|f| f.name == "name").unwrap();
        let before = tx.load(shelf(), shelf_a, Lock::Update)?.unwrap();
        let mut after = before.boxed_clone();
        after.set(name, text(to)).unwrap();
        tx.update(&*before, &mut *after)?;
        Ok::<_, Refusal>(before.get(name))
    };
    store.rehearse(actor(1), move |tx| renamed(tx, "tried")).await.unwrap();
    let refused = store.write(actor(1), move |tx| renamed(tx, "lost").and(Err::<(), _>(Refusal::not_found()))).await;
    assert!(refused.is_err());
    assert_eq!(store.write(actor(1), move |tx| renamed(tx, "three")).await.unwrap(), text("two"));
    assert_eq!(store.write(actor(1), move |tx| renamed(tx, "four")).await.unwrap(), text("three"));
    assert_eq!(tape.stop().iter().filter(asked).count(), 4);
    store.close().await;
}

/// Statistics are as old as the last time the database was closed. Whatever they say, no change reads a whole table.
#[tokio::test]
async fn no_change_reads_a_whole_table_when_statistics_are_old() {
    let place = Place::lite();
    let store = store(&place).await;
    let shelf_a = a_shelf(&store, 1, "A", "one").await;
    let tape = store.tape();
    tape.start();
    // Answers of a day, and as many of the next: those of yesterday go when the last has come.
    let days = [0, 90_000_000_000];
    for (number, day) in (0..32).zip(days.into_iter().flat_map(|day| [day; 16])) {
        let work = move |tx: &mut Tx| {
            let before = tx.load(shelf(), shelf_a, Lock::Update)?.unwrap();
            let mut after = before.boxed_clone();
            let name = shelf().fields.iter().position(|f| f.name == "name").unwrap();
            let key = format!("key {number}");
            after.set(name, text(&key)).unwrap();
            tx.update(&*before, &mut *after)?;
            let answer = Stored { status: 200, body: key.as_bytes().to_vec(), etag: None, location: None };
            tx.remember(&key, &[1; 32], &answer)
        };
        let later = Instant::from_micros(1_900_000_000_000_000 + day);
        store.write(Actor { now: Some(later), ..actor(1) }, work).await.unwrap();
    }
    let steps = tape.stop();
    store.close().await;
    let db = Connection::open(place.dir().join("toys.db")).unwrap();
    db.execute_batch("ANALYZE; UPDATE sqlite_stat1 SET stat = '1 1 1 1 1'; ANALYZE sqlite_schema").unwrap();
    let mut changes = 0;
    for step in &steps {
        let Step::Statement { sql, writes: true, .. } = step else { continue };
        if !(sql.starts_with("UPDATE") || sql.starts_with("DELETE")) {
            continue;
        }
        changes += 1;
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.replace('$', "?"))).unwrap();
        let marks = plan.parameter_count();
        let nothing = rusqlite::params_from_iter(std::iter::repeat_n(rusqlite::types::Null, marks));
        let told: Vec<String> = plan.query_map(nothing, |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(told.iter().all(|line| !line.starts_with("SCAN")), "{sql}: {told:?}");
    }
    assert!(changes > 32, "changes of a record, and an answer of yesterday that goes: {steps:?}");
    let kept: i64 = db.query_row("SELECT COUNT(*) FROM idempotency", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 16);
}

fn play(copy: &Path, steps: &[Step]) {
    let db = Connection::open(copy).unwrap();
    for step in steps {
        let Step::Statement { sql, params, writes: true } = step else { continue };
        let mut statement = db.prepare_cached(&sql.replace('$', "?")).unwrap();
        let mut rows = statement.query(rusqlite::params_from_iter(params)).unwrap();
        while rows.next().unwrap().is_some() {}
    }
}

fn rows(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("SELECT COUNT(*) FROM gadget", [], |row| row.get(0)).unwrap()
}
