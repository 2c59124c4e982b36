//! What clients make up without end is not kept without end: texts of questions, codes, records, tenants.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_document::{Op, Page, Path, Query};
use paas_store::Tx;
use paas_store::testing::Kept;
use toys::*;

/// The memory of this process, KB.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// A question whose text the database has not seen yet.
fn question(n: usize) -> Query {
    let codes = (0..=n % 150).map(|k| text(&format!("X{n}-{k}"))).collect();
    let mut query = Query::all(1 + u32::try_from(n % 199).unwrap());
    query.page = Page::Number(1 + u32::try_from(n % 181).unwrap());
    query.count = true;
    query.filter(Path::field(0), Op::In, codes).filter(Path::field(1), Op::Contains, vec![text(&format!("z{n}"))])
}

on_both! {
    async fn ever_new_questions_are_forgotten(place: Place) {
        let store = store(&place).await;
        a_shelf(&store, 1, "A", "a").await;
        let (first, all) = if place.is_pg() { (1_000, 6_000) } else { (2_500, 12_000) };
        let mut before = 0;
        let mut most = Kept::default();
        for n in 0..all {
            let whose = tenant(1 + i64::try_from(n % 2).unwrap());
            let asked = question(n);
            let read = store.read(&whose, move |tx| Ok((tx.find(shelf(), &asked)?.records.len(), tx.kept())));
            let (found, kept) = read.await.unwrap();
            assert_eq!(found, 0);
            assert!(kept.is_bounded(), "{kept:?}");
            most.statements = most.statements.max(kept.statements);
            if n == first {
                before = memory_kb();
            }
        }
        assert!(!place.is_pg() || most.statements > Kept::MOST.statements / 2, "the test asks too little: {most:?}");
        // A text of a kilobyte or two and its plan for each would be a hundred megabytes.
        let grown = memory_kb().saturating_sub(before);
        assert!(grown < 30_000, "{grown} KB for good");
    }

    async fn ever_new_codes_and_records_are_forgotten(place: Place) {
        let store = store(&place).await;
        for round in 0..12 {
            let job = move |tx: &mut Tx| {
                for n in 0..1_000 {
                    let mut toy = Toy::new(shelf()).with("code", text(&format!("R{round}-{n}"))).with("name", text("n"));
                    tx.insert(&mut toy)?;
                }
                Ok(())
            };
            store.write_within(actor(1), 60_000, job).await.unwrap();
        }
        let mut most = Kept::default();
        for round in 0..12 {
            let job = move |tx: &mut Tx| {
                for n in 0..1_000 {
                    let id = tx.resolve(shelf(), &format!("R{round}-{n}"))?.unwrap();
                    tx.load(shelf(), id, paas_store::Lock::None)?.unwrap();
                    assert_eq!(tx.resolve(shelf(), &format!("nothing-{round}-{n}"))?, None);
                }
                Ok(tx.kept())
            };
            let kept = store.write_within(actor(1), 60_000, job).await.unwrap();
            assert!(kept.is_bounded(), "{kept:?}");
            most.codes = most.codes.max(kept.codes);
        }
        let several = place.is_pg();
        assert!(several || most.codes > Kept::MOST.codes / 2, "the test asks too little: {most:?}");
    }
}
