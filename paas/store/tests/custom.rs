//! Values of custom fields: kept with their record, found by a table that the proof holds against it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_document::{CustomValue, Record as _, Value};
use paas_store::{CustomMark, Lock, Store};
use paas_types::{Code, Id, Secret};
use toys::*;

/// Changes data behind the store's back, as somebody with the rights of the owner.
fn behind(place: &Place, statements: &[&str]) -> Result<(), String> {
    if place.is_pg() {
        return place.meddle("toys", statements);
    }
    let file = rusqlite::Connection::open(place.dir().join("toys.db")).unwrap();
    statements.iter().try_for_each(|sql| file.execute_batch(sql)).map_err(|error| error.to_string())
}

/// A shelf with a text, a decimal and a sensitive value.
async fn marked(store: &Store, code: &str, colour: &str) -> paas_types::Result<Id> {
    let mut toy = Toy::new(shelf()).with("code", text(code)).with("name", text(code));
    let custom = &mut toy.head_mut().unwrap().custom.0;
    custom.insert("colour".to_owned(), CustomValue::Text(colour.to_owned()));
    custom.insert("weight".to_owned(), CustomValue::Text("1.50".to_owned()));
    custom.insert("phone".to_owned(), CustomValue::Secret(Secret::new("13912345678".to_owned())));
    let colour = colour.to_owned();
    store
        .write(actor(1), move |tx| {
            let mut toy = toy.clone();
            tx.insert(&mut toy)?;
            let marks = [
                CustomMark { key: "colour", value: Value::Text(colour.clone()), unique: true },
                CustomMark { key: "phone", value: Value::Secret(Secret::new("13912345678".to_owned())), unique: false },
                CustomMark { key: "weight", value: Value::Int(150), unique: false },
            ];
            tx.mark_custom(shelf(), toy.id(), (&["colour", "phone", "weight"], &marks))?;
            Ok(toy.id())
        })
        .await
}

async fn used(store: &Store, key: &'static str) -> bool {
    store.read(&tenant(1), move |tx| tx.custom_is_used(shelf(), key, false)).await.unwrap()
}

on_both! {
    async fn custom_values_are_kept_sealed_and_once(place: Place) {
        let store = store(&place).await;
        let id = marked(&store, "A", "red").await.unwrap();
        let read = store.read(&tenant(1), move |tx| tx.load(shelf(), id, Lock::None)).await.unwrap().unwrap();
        let custom = &read.head().unwrap().custom.0;
        assert_eq!(custom["colour"], CustomValue::Text("red".to_owned()));
        assert_eq!(custom["phone"], CustomValue::Secret(Secret::new("13912345678".to_owned())));
        let refused = marked(&store, "B", "red").await.unwrap_err();
        assert_eq!(refused.code(), Code::Duplicate);
        assert!(format!("{:?}", refused.details()).contains("custom.colour"), "{:?}", refused.details());
        assert_eq!(store.prove(&tenant(1)).await.unwrap(), []);
        assert_eq!((used(&store, "colour").await, used(&store, "other").await), (true, false));
        store.write(actor(1), move |tx| {
            let record = tx.load(shelf(), id, Lock::Update)?.unwrap();
            tx.delete(&*record)
        }).await.unwrap();
        assert!(!used(&store, "colour").await, "what is deleted is not found");
    }

    async fn the_proof_sees_values_that_lead_astray(place: Place) {
        let store = store(&place).await;
        for (code, colour) in [("A", "red"), ("B", "blue")] {
            marked(&store, code, colour).await.unwrap();
        }
        if place.is_pg() {
            behind(&place, &["ALTER TABLE custom_value NO FORCE ROW LEVEL SECURITY"]).unwrap();
        }
        for (statement, expected) in [
            ("UPDATE custom_value SET value = substr(value, 2) WHERE field = 'weight'", 2),
            ("DELETE FROM custom_value WHERE field = 'phone'", 4),
            ("UPDATE custom_value SET field = 'shade' WHERE field = 'colour'", 8),
        ] {
            behind(&place, &[statement]).unwrap();
            let found = store.prove(&tenant(1)).await.unwrap();
            assert_eq!(found.len(), expected, "{statement}: {found:?}");
            assert!(found.iter().all(|d| d.subject == "shelf"), "{found:?}");
        }
    }
}
