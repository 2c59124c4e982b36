//! What somebody with every right in the database server changes behind the program's back is found and named, as it is in
//! files (`faults`, `checkpoint`).

use crate::program::{Program, wait};
use paas_store::testing::Place;
use serde_json::json;

/// The demo tenant in the tables of a cell.
const DEMO: &str = "(SELECT tenant FROM tenant WHERE code = 'demo')";

/// Changes the database of a cell as an attacker would who owns it: without the program, its triggers and its policies.
fn alter(place: &Place, cell: &str, tables: &[&str], sql: &str) {
    let open = |table: &&str| {
        format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; ALTER TABLE {table} DISABLE TRIGGER USER")
    };
    let shut =
        |table: &&str| format!("ALTER TABLE {table} ENABLE TRIGGER USER; ALTER TABLE {table} FORCE ROW LEVEL SECURITY");
    let changed = format!("DO $$ DECLARE n bigint; BEGIN {sql}; GET DIAGNOSTICS n = ROW_COUNT; ASSERT n > 0; END $$");
    let tables: Vec<&str> = tables.iter().copied().chain(["tenant"]).collect();
    let all: Vec<String> = tables.iter().map(open).chain([changed]).chain(tables.iter().map(shut)).collect();
    place.meddle(cell, &all.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
}

/// A change, how it is taken back, and the words that name it.
struct Attack {
    what: &'static str,
    tables: &'static [&'static str],
    attack: String,
    undo: Option<String>,
    named: &'static [&'static str],
}

fn attacks() -> Vec<Attack> {
    let middle = format!("(SELECT max(seq) / 2 FROM audit_seal WHERE tenant = {DEMO})");
    let row = format!("tenant = {DEMO} AND id = (SELECT id FROM audit_seal WHERE tenant = {DEMO} AND seq = {middle})");
    let one = |table: &str, column: &str, sign: char| {
        format!(
            "UPDATE {table} SET {column} = {column} {sign} 1000000 WHERE tenant = {DEMO} \
             AND id = (SELECT id FROM {table} WHERE tenant = {DEMO} ORDER BY id LIMIT 1)"
        )
    };
    let balance = |table: &str, column: &str, sign: char| {
        format!("UPDATE {table} SET {column} = {column} {sign} 1000000 WHERE tenant = {DEMO}")
    };
    let both = |sign| format!("{}; {}", one("ledger_entry", "debit", sign), balance("account_balance", "debit", sign));
    vec![
        Attack {
            what: "an altered audit row",
            tables: &["audit_log", "audit_seal"],
            attack: format!("UPDATE audit_log SET actor_name = actor_name || '!' WHERE {row}"),
            undo: Some(format!("UPDATE audit_log SET actor_name = left(actor_name, -1) WHERE {row}")),
            named: &["erp demo: audit_log: row "],
        },
        Attack {
            what: "an altered balance",
            tables: &["stock_balance"],
            attack: balance("stock_balance", "quantity", '+'),
            undo: Some(balance("stock_balance", "quantity", '-')),
            named: &["erp demo: stock_balance: the balance "],
        },
        Attack {
            what: "an altered entry",
            tables: &["stock_move"],
            attack: one("stock_move", "quantity", '+'),
            undo: Some(one("stock_move", "quantity", '-')),
            named: &["erp demo: stock_move: the entry ", "erp demo: stock_balance: the balance "],
        },
        Attack {
            what: "an altered entry with its balance",
            tables: &["ledger_entry", "account_balance"],
            attack: both('+'),
            undo: Some(both('-')),
            named: &["erp demo: ledger_entry: the entry "],
        },
        Attack {
            what: "a deleted audit row, with its seal",
            tables: &["audit_log", "audit_seal"],
            attack: format!(
                "CREATE TEMP TABLE gone AS SELECT id FROM audit_seal WHERE tenant = {DEMO} AND seq = {middle}; \
                 DELETE FROM audit_seal WHERE id IN (SELECT id FROM gone); DELETE FROM audit_log WHERE id IN (SELECT id FROM gone)"
            ),
            undo: None,
            named: &["erp demo: audit_log: row "],
        },
    ]
}

#[test]
fn self_check_names_what_was_altered_in_a_server() {
    let Some(place) = Place::pg().unwrap() else { return };
    let mut p = Program::start_at(place, &["--demo"]);
    let data = p.stop();
    let check = || p.run(&["self-check", "--data", data.to_str().unwrap()]);
    let (well, said) = check();
    assert!(well, "{said}");
    for Attack { what, tables, attack, undo, named } in attacks() {
        alter(p.place(), "erp", tables, &attack);
        let (well, said) = check();
        assert!(!well, "{what} was not found: {said}");
        for name in named {
            assert!(said.contains(name), "{what}: {said}");
        }
        if let Some(undo) = undo {
            alter(p.place(), "erp", tables, &undo);
            assert!(check().0, "{what} was taken back: {}", check().1);
        }
    }
}

/// The newest row is deleted and its seal left: no number is missing among the rows, so it is the seals that must be read.
#[test]
fn self_check_names_a_row_whose_seal_was_left_in_a_server() {
    let Some(place) = Place::pg().unwrap() else { return };
    let mut p = Program::start_at(place, &["--demo"]);
    let data = p.stop();
    let newest = format!("(SELECT max(seq) FROM audit_seal WHERE tenant = {DEMO})");
    let row = format!("id = (SELECT id FROM audit_seal WHERE tenant = {DEMO} AND seq = {newest})");
    alter(p.place(), "erp", &["audit_log", "audit_seal"], &format!("DELETE FROM audit_log WHERE {row}"));
    let (well, said) = p.run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(!well && said.contains("erp demo: audit_log: row "), "{said}");
}

#[test]
fn rows_cut_off_after_a_checkpoint_are_found_in_a_server() {
    let Some(place) = Place::pg().unwrap() else { return };
    let mut p = Program::start_at(place, &["--demo"]);
    let (admin, auditor) = (p.sign_in("admin"), p.sign_in("auditor"));
    p.post(&admin, "platform/departments", &json!({"code": "D1", "name": "One"}));
    // The sequencer seals within a moment.
    wait("what was done is sealed", || p.get(&auditor, "platform/audit-log?type=department")["total"] == json!(1));
    let point = p.get(&auditor, "platform/audit-log/checkpoint");
    let of_platform = point["data"].as_array().unwrap().iter().find(|p| p["cell"] == "platform").unwrap();
    let size = of_platform["size"].as_i64().unwrap();
    p.post(&admin, "platform/departments", &json!({"code": "D2", "name": "Two"}));
    let data = p.stop();
    let file = data.with_extension("checkpoint");
    std::fs::write(&file, point.to_string()).unwrap();
    let check = || p.run(&["self-check", "--data", data.to_str().unwrap(), "--checkpoint", file.to_str().unwrap()]);
    let (well, said) = check();
    assert!(well && said.contains("hold everything"), "{said}");
    let cut = |beyond: i64| {
        format!(
            "CREATE TEMP TABLE gone AS SELECT id FROM audit_seal WHERE tenant = {DEMO} AND seq > {beyond}; \
             DELETE FROM audit_seal WHERE id IN (SELECT id FROM gone); DELETE FROM audit_log WHERE id IN (SELECT id FROM gone)"
        )
    };
    // What came after the checkpoint may be cut unseen, what came before may not.
    alter(p.place(), "platform", &["audit_log", "audit_seal"], &cut(size));
    assert!(check().0, "{:?}", check());
    alter(p.place(), "platform", &["audit_log", "audit_seal"], &cut(size - 1));
    let (well, said) = check();
    assert!(!well && said.contains("platform demo: audit_log: rows of "), "{said}");
    assert!(p.run(&["self-check", "--data", data.to_str().unwrap()]).0, "nobody knows without a checkpoint");
}
