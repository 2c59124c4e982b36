//! The suite over a toy cell, and the suite itself put to the test: each way an answer can go wrong is seen by the check
//! that is there for it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use paas_cell::Cell;
use paas_cell::prelude::*;
use paas_testkit::conformance::{Answer, Place, Samples, Tamper, findings};
use serde_json::json;

mod gadget {
    use paas_cell::prelude::*;

    /// 物件 | Gadget
    #[derive(Master, Clone, Debug)]
    pub struct Gadget {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, search)]
        pub code: String,
        /// 名称 | Name
        #[field(list, search, english = name_en)]
        pub name: String,
        /// 英文名称 | English name
        pub name_en: Option<String>,
        /// 电话 | Phone
        #[field(sensitive = phone)]
        pub phone: Option<Secret<String>>,
        /// 备注 | Remark
        #[field(list, max = 50)]
        pub remark: Option<String>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Gadget> = Flow::master();
}

mod shelf {
    use super::gadget::Gadget;
    use paas_cell::prelude::*;

    /// 架位流水 | Shelf move
    #[derive(Entry, Clone, Debug)]
    #[entry(balance = Shelf)]
    pub struct ShelfMove {
        pub id: Id,
        /// 物件 | Gadget
        #[field(key)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    /// 架位余额 | Shelf
    #[derive(Balance, Clone, Debug)]
    #[balance(resource = "shelves")]
    pub struct Shelf {
        /// 物件 | Gadget
        #[field(key)]
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        #[field(measure)]
        pub quantity: Quantity,
    }

    pub fn not_negative(_ctx: &mut Ctx, shelf: &Shelf) -> Result<()> {
        if shelf.quantity.is_negative() {
            let text = Text::of("架位不足。", "Not enough on the shelf.");
            return Err(Refusal::rule("toy.shelf.empty", text, json!({})));
        }
        Ok(())
    }
    use serde_json::json;
}

mod note {
    use super::gadget::Gadget;
    use super::shelf::ShelfMove;
    use paas_cell::prelude::*;

    /// 便条 | Note
    #[derive(Document, Clone, Debug)]
    #[document(number = "N{yyyy}-{seq:4}", date = day)]
    pub struct Note {
        pub head: Head,
        /// 日期 | Day
        #[field(list, indexed)]
        pub day: Date,
        /// 摘要 | Summary
        #[field(list, search)]
        pub summary: Option<String>,
        /// 合计 | Total
        #[field(list, computed)]
        pub total: Quantity,
        /// 明细 | Lines
        #[rows(min = 1)]
        pub lines: Vec<Line>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: NoteState,
    }

    /// 明细 | Line
    #[derive(Row, Clone, Debug)]
    #[row(name = "note-line")]
    pub struct Line {
        pub id: Id,
        /// 物件 | Gadget
        pub gadget: Ref<Gadget>,
        /// 数量 | Quantity
        pub quantity: Quantity,
    }

    /// 状态 | State
    #[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
    pub enum NoteState {
        /// 草稿 | Draft
        #[state(draft)]
        Draft,
        /// 已发 | Sent
        #[state(active)]
        Sent,
        /// 已归档 | Filed
        #[state(done)]
        Filed,
    }

    pub const FLOW: Flow<Note> = Flow::new(&[
        go("send", &[NoteState::Draft], NoteState::Sent).label("发送", "Send").guard(gadgets_in_use).does(send),
        go("file", &[NoteState::Sent], NoteState::Filed).label("归档", "File"),
    ])
    .prepare(sum);

    /// As the flow, with a guard that looks at what it relies on and does not hold it.
    pub const CARELESS: Flow<Note> = Flow::new(&[
        go("send", &[NoteState::Draft], NoteState::Sent).label("发送", "Send").guard(gadgets_seen_in_use).does(send),
        go("file", &[NoteState::Sent], NoteState::Filed).label("归档", "File"),
    ])
    .prepare(sum);

    fn gadgets_in_use(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        note.lines.iter().try_for_each(|line| in_use(&ctx.hold(line.gadget)?))
    }

    fn gadgets_seen_in_use(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        note.lines.iter().try_for_each(|line| in_use(&ctx.get(line.gadget)?))
    }

    fn in_use(gadget: &Gadget) -> Result<()> {
        if gadget.state == MasterState::Active {
            return Ok(());
        }
        Err(Refusal::rule("toy.gadget.disabled", Text::of("物件已停用。", "The gadget is out of use."), json!({})))
    }

    fn sum(_ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        note.total = note.lines.iter().map(|l| l.quantity).sum();
        Ok(())
    }

    fn send(ctx: &mut Ctx, note: &mut Note) -> Result<()> {
        for line in &note.lines {
            ctx.post(ShelfMove { id: Id::fresh(), gadget: line.gadget, quantity: line.quantity })?;
        }
        Ok(())
    }
}

fn toy() -> Cell {
    Cell::new("toy", "玩具 | Toy")
        .master(gadget::FLOW)
        .document(note::FLOW)
        .ledger(Ledger::<shelf::ShelfMove>::of().bound(shelf::not_negative))
}

paas_testkit::conformance!(toy);

/// Each breaks one promise on the wire.
const TAMPERS: &[(&str, Tamper)] = &[
    ("every_type_can_be_created", |_, mut a| {
        a.headers.remove("etag");
        a
    }),
    ("what_is_written_is_read_and_exported", |q, a| {
        if q.uri().path().ends_with("export") { put(a, &["0", "remark"], json!("x")) } else { a }
    }),
    ("stale_versions_are_refused", |q, a| if q.method() == "PATCH" && a.status == 409 { status(a, 200) } else { a }),
    ("a_repeated_request_has_one_effect", |_, mut a| {
        a.headers.remove("x-idempotent-replay");
        a
    }),
    ("a_dry_run_leaves_nothing", |q, a| {
        if q.uri().query().is_some_and(|t| t.contains("dryRun")) { status(a, 500) } else { a }
    }),
    ("every_change_is_in_the_history", |q, a| {
        if q.uri().path().ends_with("history") { put(a, &["data"], json!([])) } else { a }
    }),
    ("unused_records_can_go", |q, a| if q.method() == "DELETE" { status(a, 204) } else { a }),
    ("labels_are_in_both_languages", |q, a| {
        if q.uri().path().ends_with("meta") { put(a, &["label", "en"], json!("")) } else { a }
    }),
    ("openapi_agrees_with_behaviour", |q, a| {
        if q.uri().path().contains("gadgets/") { put(a, &["secretExtra"], json!(1)) } else { a }
    }),
    ("unknown_fields_are_refused", |_, a| {
        if a.code() == "VALIDATION_FAILED" || a.code() == "UNKNOWN_FIELD" { status(a, 201) } else { a }
    }),
    ("mistyped_fields_are_named", |_, a| if a.status == 400 { put(a, &["details"], json!([])) } else { a }),
    ("limits_hold", |_, a| if a.status == 400 { put(a, &["details"], json!([])) } else { a }),
    ("system_fields_cannot_be_set", |_, a| {
        if a.json.to_string().contains("READ_ONLY") { put(status(a, 201), &["details"], json!([])) } else { a }
    }),
    ("malformed_bodies_are_refused", |_, a| if a.code() == "MALFORMED_REQUEST" { status(a, 500) } else { a }),
    ("tenants_are_apart", |_, a| if a.status == 404 { put(status(a, 403), &["code"], json!("FORBIDDEN")) } else { a }),
    ("foreign_references_do_not_exist", |q, a| {
        if q.method() == "POST" && a.status == 400 {
            put(a, &["details"], json!(paas_types::Id::fresh().to_string()))
        } else {
            a
        }
    }),
    ("every_permission_opens_its_operation_and_no_other", |q, a| {
        if q.uri().path().ends_with("export") && a.status == 403 { status(a, 200) } else { a }
    }),
    ("nothing_is_open_without_its_permission", |q, a| {
        if q.uri().path().ends_with("history") && a.status == 403 { status(a, 200) } else { a }
    }),
    ("sensitive_values_are_masked", |q, a| {
        if q.uri().path().ends_with("history") { put(a, &["leak"], json!("13987654321")) } else { a }
    }),
    ("hidden_fields_are_not_named", |_, a| {
        if a.json["remark"].is_null() && a.json["code"].is_string() { put(a, &["remark"], json!("x")) } else { a }
    }),
    ("custom_fields_hold", |q, a| {
        if q.method() == "GET" && a.json["custom"].is_object() { put(a, &["custom"], json!({})) } else { a }
    }),
    ("data_scopes_hold", |q, a| {
        if q.uri().path().ends_with("gadgets") && a.json["total"].is_u64() { put(a, &["total"], json!(99)) } else { a }
    }),
    ("every_edge_and_no_other_is_taken", |q, a| {
        if q.uri().path().ends_with("transitions") && a.status == 200 {
            put(status(a, 409), &["code"], json!("INVALID_TRANSITION"))
        } else {
            a
        }
    }),
    (
        "final_records_stay_as_they_are",
        |q, a| if q.method() == "PATCH" && a.status == 409 { status(a, 200) } else { a },
    ),
    ("a_refused_action_changes_nothing", |q, a| {
        if q.uri().path().ends_with("history") { put(a, &["data"], json!([1, 2])) } else { a }
    }),
    ("declared_filters_and_sorts_work", |q, a| {
        if q.uri().query().is_some_and(|t| t.starts_with("code=")) { put(a, &["data"], json!([])) } else { a }
    }),
    ("other_filters_are_refused", |_, a| if a.code() == "UNKNOWN_FILTER" { status(a, 200) } else { a }),
    ("pages_cover_the_list_once", |q, a| {
        if q.uri().query().is_some_and(|t| t.contains("after=")) { put(a, &["next"], json!(null)) } else { a }
    }),
    ("alternatives_find_what_either_finds", |q, a| {
        if q.uri().query().is_some_and(|t| t.contains("or=")) { put(a, &["data"], json!([])) } else { a }
    }),
    ("groups_add_up_to_the_list", |q, a| {
        if q.uri().path().ends_with("groups") { put(a, &["data", "0", "count"], json!(7)) } else { a }
    }),
    ("search_finds_what_is_searchable", |q, a| {
        if q.uri().query().is_some_and(|t| t.starts_with("q=")) { put(a, &["data"], json!([])) } else { a }
    }),
];

/// Each tamper breaks one promise on the wire; the check named beside it must see it.
#[test]
fn every_check_sees_what_it_is_there_for() {
    for (check, tamper) in TAMPERS {
        let found = findings(check, toy, Samples::default(), (Place::lite(), Some(*tamper)));
        assert!(!found.is_empty(), "{check} sees nothing wrong in a broken cell");
    }
}

mod odd {
    use paas_cell::prelude::*;

    /// 怪物 | Odd
    #[derive(Master, Clone, Debug)]
    #[master(resource = "odds")]
    pub struct Odd {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, visible_when = "code ==")]
        pub code: String,
        /// 电话 | Phone
        #[field(sensitive = phone, required_when = "colour == 'red'")]
        pub phone: Option<Secret<String>>,
        /// 备注 | Remark
        #[field(readonly_when = "phone == '1' || code.matches('x')")]
        pub remark: Option<String>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Odd> = Flow::master();
}

/// Conditions that are no CEL, ask for fields that are not there or not seen, or call what the page has not, are named.
#[test]
fn a_condition_that_cannot_be_read_is_seen() {
    let odd = || Cell::new("toy", "玩具 | Toy").master(odd::FLOW);
    let found = findings("conditions_can_be_read", odd, Samples::default(), (Place::lite(), None));
    for (field, why) in [("odd.code", "not CEL"), ("odd.phone", "colour"), ("odd.remark", "matches")] {
        assert!(found.iter().any(|f| f.starts_with(field) && f.contains(why)), "{field}: {found:#?}");
    }
    let sensitive = odd().condition_faults().len();
    assert_eq!((sensitive, found.len()), (3, 3));
}

/// A table without its indexes answers as before, and costs more.
#[test]
fn a_missing_index_is_seen() {
    for place in [Some(Place::lite()), Place::pg().unwrap()].into_iter().flatten() {
        let samples = Samples { without_indexes: Some("note"), ..Samples::default() };
        let found = findings("questions_cost_what_they_answer", toy, samples, (place, None));
        for query in ["notes?sort=-day", "notes?state=", "notes?pageSize=200"] {
            assert!(found.iter().any(|what| what.starts_with(query)), "{query} is not in {found:#?}");
        }
        assert!(found.iter().all(|what| what.starts_with("notes")), "{found:#?}");
    }
}

/// A guard that does not hold what it relies on, on the database where others come between.
#[test]
fn a_careless_guard_is_seen() {
    let careless = || {
        Cell::new("toy", "玩具 | Toy")
            .master(gadget::FLOW)
            .document(note::CARELESS)
            .ledger(Ledger::<shelf::ShelfMove>::of().bound(shelf::not_negative))
    };
    let Some(place) = Place::pg().unwrap() else { return };
    let found = findings("every_guard_holds_what_it_relies_on", careless, Samples::default(), (place, None));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("note: send does not hold lines[].gadget") && found[0].contains("disable"),
        "{found:#?}"
    );
}

fn status(mut answer: Answer, status: u16) -> Answer {
    answer.status = status;
    answer
}

/// Puts a value at a path into the body, when there is a body.
fn put(mut answer: Answer, path: &[&str], value: serde_json::Value) -> Answer {
    let mut at = &mut answer.json;
    for step in path {
        at = match (at.is_array(), step.parse::<usize>()) {
            (true, Ok(n)) if at.as_array().is_some_and(|l| n < l.len()) => &mut at[n],
            (true, _) => return answer,
            (false, _) if at.is_object() => &mut at[*step],
            _ => return answer,
        };
    }
    *at = value;
    answer
}
