//! Records: isolation, constraints, versions, rows, secrets, search, pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_document::{Cursor, Filter, HeadField, Op, Page, Path, Query, Record, Scope, Sort, Value};
use paas_store::{Lock, Store};
use paas_types::{Code, Details, Id, Secret};
use toys::*;

async fn load(store: &Store, key: i64, id: Id) -> Option<Box<dyn Record>> {
    store.read(&tenant(key), move |tx| tx.load(gadget(), id, Lock::None)).await.unwrap()
}

/// Looks for a number in every row of every table.
const NOWHERE_IN_CLEAR: &str = "DO $$ DECLARE t text; n bigint; BEGIN \
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\\_wait' LOOP \
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', t); \
        EXECUTE format('SELECT count(*) FROM %I r WHERE r::text LIKE ''%%13800138000%%''', t) INTO n; \
        IF n > 0 THEN RAISE EXCEPTION 'found in %', t; END IF; \
    END LOOP; END $$";

on_both! {
    async fn tenants_do_not_see_each_other(place: Place) {
        let store = store(&place).await;
        let shelf_1 = a_shelf(&store, 1, "A", "one").await;
        a_shelf(&store, 2, "A", "two").await;
        let found = store.read(&tenant(2), move |tx| tx.load(shelf(), shelf_1, Lock::None)).await.unwrap();
        assert!(found.is_none());
        assert!(store.read(&tenant(2), move |tx| tx.names(shelf(), &[shelf_1])).await.unwrap().is_empty());
        let refused = put(&store, 2, a_gadget(shelf_1, "2026-01-01")).await.unwrap_err();
        assert!(matches!(refused.details(), Details::Fields(f) if f[0].field == "shelf" && f[0].code == "NOT_FOUND"));
        let page = store.read(&tenant(2), |tx| tx.find(shelf(), &Query::all(10))).await.unwrap();
        assert_eq!(page.records.len(), 1);
    }

    async fn what_is_unique_or_in_use_stays_so(place: Place) {
        let store = store(&place).await;
        let id = a_shelf(&store, 1, "A", "one").await;
        let again = Toy::new(shelf()).with("code", text("A")).with("name", text("x"));
        let refused = put(&store, 1, again).await.unwrap_err();
        assert_eq!(refused.code(), Code::Duplicate);
        assert_eq!(*refused.details(), Details::Data(serde_json::json!({"field": "code"})));

        let mut toy = a_gadget(id, "2026-01-01").numbered("G1");
        toy.push_row(0).unwrap();
        toy.row_mut(0, 0).unwrap().set(0, Value::Id(Id::fresh())).unwrap();
        let refused = put(&store, 1, toy).await.unwrap_err();
        assert!(matches!(refused.details(), Details::Fields(f) if f[0].field == "lines[0].item"));
        assert_eq!(store.read(&tenant(1), |tx| tx.find(gadget(), &Query::all(1))).await.unwrap().records.len(), 0);

        put(&store, 1, a_gadget(id, "2026-01-01").numbered("G1")).await.unwrap();
        let refused = put(&store, 1, a_gadget(id, "2026-01-01").numbered("G1")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Duplicate);
        let refused = store
            .write(actor(1), move |tx| {
                let shelf = tx.load(shelf(), id, Lock::Update)?.unwrap();
                let _ = tx.delete(&*shelf); // a refused write cannot be swallowed
                Ok(())
            })
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::InUse);
        assert!(store.read(&tenant(1), move |tx| tx.resolve(shelf(), "A")).await.unwrap() == Some(id));
    }

    async fn a_stale_version_is_refused(place: Place) {
        let store = store(&place).await;
        let shelf = a_shelf(&store, 1, "A", "one").await;
        let id = put(&store, 1, a_gadget(shelf, "2026-01-01")).await.unwrap();
        let change = |version_back: i64| {
            store.write(actor(1), move |tx| {
                let mut before = tx.load(gadget(), id, Lock::Update)?.unwrap();
                before.head_mut().unwrap().version -= version_back;
                let mut after = before.boxed_clone();
                after.set(3, Value::Int(before.get(3).int().unwrap() + 100)).unwrap();
                tx.update(&*before, &mut *after)?;
                Ok(after.head().unwrap().version)
            })
        };
        assert_eq!(change(0).await.unwrap(), 2);
        let refused = change(1).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict);
        assert_eq!(*refused.details(), Details::Data(serde_json::json!({"version": 2})));
        assert_eq!(value(&*load(&store, 1, id).await.unwrap(), "amount"), Value::Int(100));
    }

    async fn rows_are_added_changed_moved_and_dropped(place: Place) {
        let store = store(&place).await;
        let shelf = a_shelf(&store, 1, "A", "one").await;
        let mut toy = a_gadget(shelf, "2026-01-01");
        for n in 0..3 {
            let row = toy.push_row(0).unwrap();
            row.set(0, Value::Id(shelf)).unwrap();
            row.set(1, Value::Int(n)).unwrap();
        }
        let id = put(&store, 1, toy).await.unwrap();
        let first = load(&store, 1, id).await.unwrap();
        let ids: Vec<Id> = (0..3).map(|i| first.row(0, i).unwrap().id()).collect();
        store
            .write(actor(1), move |tx| {
                let before = tx.load(gadget(), id, Lock::Update)?.unwrap();
                let mut after = before.boxed_clone();
                after.keep_rows(0, &[2, 0]);
                after.row_mut(0, 1).unwrap().set(1, Value::Int(77)).unwrap();
                let row = after.push_row(0).unwrap();
                row.set(0, Value::Id(shelf)).unwrap();
                row.set(1, Value::Int(9)).unwrap();
                tx.update(&*before, &mut *after)
            })
            .await
            .unwrap();
        let then = load(&store, 1, id).await.unwrap();
        let rows: Vec<(Id, Value)> = (0..3).map(|i| then.row(0, i).unwrap()).map(|r| (r.id(), r.get(1))).collect();
        assert_eq!((rows[0].0, rows[1].0), (ids[2], ids[0]));
        assert_eq!(rows.iter().map(|r| r.1.clone()).collect::<Vec<_>>(), [Value::Int(2), Value::Int(77), Value::Int(9)]);
        assert!(!ids.contains(&rows[2].0));
        store
            .write(actor(1), move |tx| {
                let record = tx.load(gadget(), id, Lock::Update)?.unwrap();
                tx.delete(&*record)
            })
            .await
            .unwrap();
        assert!(load(&store, 1, id).await.is_none());
    }

    async fn a_secret_is_not_in_the_file_but_is_found(place: Place) {
        let store = store(&place).await;
        let secret = Value::Secret(Secret::new("13800138000".to_owned()));
        let toy = Toy::new(shelf()).with("code", text("S")).with("name", text("n")).with("phone", secret.clone());
        let id = put(&store, 1, toy).await.unwrap();
        let question = Query::all(5).filter(Path::field(2), Op::Eq, vec![text("13800138000")]);
        let found = store.read(&tenant(1), move |tx| tx.find(shelf(), &question)).await.unwrap();
        assert_eq!((found.records[0].id(), value(&*found.records[0], "phone")), (id, secret));
        store.close().await;
        if place.is_pg() {
            place.meddle("toys", &[NOWHERE_IN_CLEAR]).unwrap();
            let there = NOWHERE_IN_CLEAR.replace("13800138000", "Asia");
            assert!(place.meddle("toys", &[&there]).is_err(), "the search finds what is there");
        }
        for file in std::fs::read_dir(place.dir()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(11).any(|w| w == b"13800138000"));
        }
    }

    async fn keywords_find_chinese_pinyin_beginnings_and_last_digits(place: Place) {
        let store = store(&place).await;
        let id = a_shelf(&store, 1, "SH2026001", "北京南路货架 Northern").await;
        a_shelf(&store, 1, "X", "上海").await;
        let find = |keyword: &str| {
            let mut query = Query::all(10);
            query.keyword = Some(keyword.to_owned());
            let store = store.clone();
            async move {
                let found = store.read(&tenant(1), move |tx| tx.find(shelf(), &query)).await.unwrap();
                found.records.iter().map(|r| r.id()).collect::<Vec<_>>()
            }
        };
        for keyword in ["北京", "京", "南路货", "bjn", "nlhj", "north", "NORTHERN", "sh2026", "6001", "北京 north"]
        {
            assert_eq!(find(keyword).await, [id], "{keyword}");
        }
        for keyword in ["南京", "ern", "北京 south", "!!!"] {
            assert!(find(keyword).await.is_empty(), "{keyword}");
        }
        store
            .write(actor(1), move |tx| {
                let before = tx.load(shelf(), id, Lock::Update)?.unwrap();
                let mut after = before.boxed_clone();
                after.set(1, text("东海")).unwrap();
                tx.update(&*before, &mut *after)
            })
            .await
            .unwrap();
        assert!(find("北京").await.is_empty());
        assert_eq!(find("东海").await, [id]);
        let names = store.read(&tenant(1), move |tx| tx.names(shelf(), &[id])).await.unwrap();
        assert_eq!(names[&id].name.as_deref(), Some("东海"));
    }

    async fn a_record_is_found_by_its_number_and_by_what_its_reference_is_called_now(place: Place) {
        let store = store(&place).await;
        let shelf_id = a_shelf(&store, 1, "A", "北京货架").await;
        let other = a_shelf(&store, 1, "B", "上海").await;
        let id = put(&store, 1, a_gadget(shelf_id, "2026-01-01").numbered("G-0001")).await.unwrap();
        put(&store, 1, a_gadget(other, "2026-01-01").numbered("G-0002")).await.unwrap();
        let find = |keyword: &str| {
            let mut query = Query::all(10);
            query.keyword = Some(keyword.to_owned());
            query.count = true;
            let store = store.clone();
            async move {
                let found = store.read(&tenant(1), move |tx| tx.find(gadget(), &query)).await.unwrap();
                assert_eq!(found.total, found.records.len() as u64);
                found.records.iter().map(|r| r.id()).collect::<Vec<_>>()
            }
        };
        for keyword in ["北京", "bjhj", "0001", "北京 0001"] {
            assert_eq!(find(keyword).await, [id], "{keyword}");
        }
        assert!(find("北京 0002").await.is_empty());
        // Renamed, and given another number without a new version: only the new words find it.
        store
            .write(actor(1), move |tx| {
                let before = tx.load(shelf(), shelf_id, Lock::Update)?.unwrap();
                let mut after = before.boxed_clone();
                after.set(1, text("南京")).unwrap();
                tx.update(&*before, &mut *after)?;
                let before = tx.load(gadget(), id, Lock::Update)?.unwrap();
                let mut after = before.boxed_clone();
                after.head_mut().unwrap().number = Some("G-7777".to_owned());
                tx.update_quietly(&*before, &mut *after)
            })
            .await
            .unwrap();
        assert!(find("北京").await.is_empty());
        assert!(find("0001").await.is_empty());
        assert_eq!(find("南京").await, [id]);
        assert_eq!(find("7777").await, [id]);
    }

    async fn pages_by_cursor_and_by_number_are_the_same(place: Place) {
        let store = store(&place).await;
        let shelf_id = a_shelf(&store, 1, "A", "one").await;
        store
            .write(actor(1), move |tx| {
                for n in 0..57_i64 {
                    let day = format!("2026-01-{:02}", n % 5 + 1);
                    let mut toy = a_gadget(shelf_id, &day);
                    if n % 3 != 0 {
                        toy.put("note", text(&format!("n{}", n % 4)));
                    }
                    tx.insert(&mut toy)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        for (note_down, day_down) in [(false, true), (true, false)] {
            let mut query = Query::all(10);
            query.count = true;
            query.sort = vec![
                Sort { path: Path::field(2), descending: note_down },
                Sort { path: Path { via: Some(0), step: paas_document::Step::Field(0) }, descending: false },
                Sort { path: Path::field(1), descending: day_down },
            ];
            let (mut by_number, mut by_cursor, mut cursor): (Vec<Id>, Vec<Id>, Option<Cursor>) = (vec![], vec![], None);
            for number in 1..=6 {
                let mut question = query.clone();
                question.page = Page::Number(number);
                let found = store.read(&tenant(1), move |tx| tx.find(gadget(), &question)).await.unwrap();
                assert_eq!((found.total, found.total_exact), (57, true));
                by_number.extend(found.records.iter().map(|r| r.id()));
                let mut question = query.clone();
                question.page = cursor.take().map_or(Page::Number(1), Page::After);
                let found = store.read(&tenant(1), move |tx| tx.find(gadget(), &question)).await.unwrap();
                by_cursor.extend(found.records.iter().map(|r| r.id()));
                cursor = found.next;
            }
            assert!(cursor.is_none());
            assert_eq!(by_number.len(), 57);
            assert_eq!(by_number, by_cursor);
        }
    }

    async fn filters_scopes_trees_and_sums(place: Place) {
        let store = store(&place).await;
        let top = a_shelf(&store, 1, "A", "top").await;
        let low = put(
            &store,
            1,
            Toy::new(shelf()).with("code", text("B")).with("name", text("low")).with("parent", Value::Id(top)),
        );
        let low = low.await.unwrap();
        for (place, amount) in [(top, 100), (low, 250), (low, 50)] {
            put(&store, 1, a_gadget(place, "2026-03-01").with("amount", Value::Int(amount))).await.unwrap();
        }
        let count = |query: Query| {
            let store = store.clone();
            async move { store.read(&tenant(1), move |tx| tx.find(gadget(), &query)).await.unwrap().records.len() }
        };
        let via = Path { via: Some(0), step: paas_document::Step::Field(0) };
        assert_eq!(count(Query::all(9).filter(via, Op::Eq, vec![text("B")])).await, 2);
        assert_eq!(count(Query::all(9).filter(Path::field(0), Op::Under, vec![Value::Id(top)])).await, 3);
        assert_eq!(count(Query::all(9).filter(Path::field(0), Op::Under, vec![Value::Id(low)])).await, 2);
        assert_eq!(count(Query::all(9).filter(Path::field(3), Op::In, vec![Value::Int(50), Value::Int(100)])).await, 2);
        assert_eq!(count(Query::all(9).filter(Path::field(2), Op::IsNull, vec![Value::Bool(true)])).await, 3);
        assert_eq!(count(Query::all(9).filter(Path::head(HeadField::Owner), Op::Ne, vec![Value::Id(top)])).await, 3);
        let nothing = Query { scope: Scope::default(), ..Query::all(9) };
        assert_eq!(count(nothing).await, 0);
        let mine = Query { scope: Scope { owner: Some(top), ..Scope::default() }, ..Query::all(9) };
        assert_eq!(count(mine).await, 0);
        let sums = store
            .read(&tenant(1), move |tx| {
                let all: [Filter; 0] = [];
                tx.sum(gadget(), &all, &[Path::field(0)], &[3])
            })
            .await
            .unwrap();
        assert_eq!(sums, [(vec![Value::Id(top)], vec![100], 1), (vec![Value::Id(low)], vec![300], 2)]);
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let place = Place::lite();
    let store = store(&place).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(a_shelf(&store, 1, &format!("K{n}"), "kept").await);
    }
    // The files as a killed process leaves them: nothing is closed, nothing written back.
    let copy = Place::lite();
    for name in ["toys.db", "toys.db-wal"] {
        std::fs::copy(place.dir().join(name), copy.dir().join(name)).unwrap();
    }
    let after = open_with(&copy, schema()).unwrap();
    for id in ids {
        let found = after.read(&tenant(1), move |tx| tx.load(shelf(), id, Lock::None)).await.unwrap();
        assert!(found.is_some());
    }
    assert_eq!(after.prove(&tenant(1)).await.unwrap(), []);
}
