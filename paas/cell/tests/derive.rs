//! The derives, on a toy trade: gadgets are placed on shelves. What must not compile is in `ui/`.
#![allow(clippy::unwrap_used)] // a failing unwrap is a failing test

use paas_cell::__private::{
    Document, EventBody, EventPart, Field, FieldType, Head, Kind, Mask, MasterState, Record, States, Text, Tone,
    TypeMeta, Typed, Value, ValueError,
};
use paas_cell::prelude::*;
use serde_json::json;

/// 类别 | Category
#[derive(Master, Clone, Debug)]
#[master(tree)]
struct Category {
    head: Head,
    /// 编码 | Code
    #[field(list, unique, search)]
    code: String,
    /// 名称：全称 | Name: in full
    #[field(list, search, english = name_en, max = 80)]
    name: String,
    /// 英文名称 | Name in English
    name_en: Option<String>,
    /// 上级 | Parent
    parent: Option<Ref<Category>>,
    /// 电话 | Phone
    #[field(sensitive = phone)]
    phone: Option<Secret<String>>,
    /// 口令 | Password
    #[field(password)]
    password: Option<String>,
    /// 权限 | Permissions
    #[field(permissions)]
    permissions: Vec<String>,
    /// 可用维度 | Dimensions
    #[field(choices = Dimension::CHOICES)]
    dimensions: Vec<String>,
    /// 状态 | State
    #[field(list, indexed)]
    state: MasterState,
}

/// 维度 | Dimension
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    /// 颜色 | Colour
    Colour,
    /// 大小 | Size
    ShelfSize,
    /// 记 | Note
    #[choice(value = "记")]
    Note,
}

/// 入架单 | Shelving: gadgets put on a shelf.
#[derive(Document, Clone, Debug)]
#[document(number = "SH{yyyy}{mm}-{seq:5}", date = on, party = category, unique(category, reference), index(state, on))]
struct Shelving {
    head: Head,
    /// 类别 | Category
    #[field(list, indexed, search)]
    category: Ref<Category>,
    /// 日期 | Date
    #[field(list, indexed)]
    on: Date,
    /// 参考 | Reference
    reference: Option<String>,
    /// 备注 | Note
    #[field(long, max = 1000)]
    note: Option<String>,
    /// 种类 | Dimension
    #[field(default = "\"colour\"")]
    r#type: Dimension,
    /// 颜色 | Colour
    #[field(group = "dimensions", name = "colour", column = "dim_colour")]
    dim_colour: Option<String>,
    /// 合计 | Total
    #[field(computed)]
    total: Amount,
    /// 次数 | Times
    #[field(default = 1, min = "1", max_value = "9")]
    times: i64,
    /// 明细 | Lines
    #[rows(min = 1)]
    lines: Vec<ShelvingLine>,
    /// 状态 | State
    #[field(list, indexed)]
    state: State,
}

/// 入架行 | Shelving line
#[derive(Row, Clone, Debug)]
struct ShelvingLine {
    id: Id,
    /// 数量 | Quantity
    #[field(above = "0")]
    quantity: Quantity,
    /// 已放 | Placed
    #[field(balance(Placement, key = line, sum = placed, minus(removed)))]
    placed: Quantity,
}

/// 状态 | State
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
    /// 已上架 | On the shelf
    #[state(active, editable)]
    OnShelf,
    /// 作废 | Void
    #[state(void)]
    Void,
}

const FLOW: Flow<Shelving> = Flow::new(&[
    go("place", &[State::Draft], State::OnShelf),
    go("void", &[State::Draft, State::OnShelf], State::Void),
]);

/// 放置余额 | Placement
#[derive(Balance, Clone, Debug)]
#[balance(resource = "placements")]
struct Placement {
    /// 行 | Line
    #[field(key, indexed)]
    line: Ref<ShelvingLine>,
    /// 已放 | Placed
    #[field(measure, min = "0")]
    placed: Quantity,
    /// 已取 | Removed
    #[field(measure)]
    removed: Quantity,
}

/// 放置流水 | Placement entry
#[derive(Entry, Clone, Debug)]
#[entry(balance = Placement, resource = "placement-moves", date = on)]
struct PlacementEntry {
    id: Id,
    /// 行 | Line
    #[field(key)]
    line: Ref<ShelvingLine>,
    /// 已放 | Placed
    #[field(measure)]
    placed: Quantity,
    /// 日期 | Date
    on: Date,
    /// 来源 | Source
    source: AnyRef,
}

/// 设置 | Shelf settings
#[derive(Setting, Clone, Debug)]
struct ShelfSetting {
    head: Head,
    /// 上限 | Limit
    limit: Option<Amount>,
}

#[derive(Event)]
#[event("toy.shelving.placed", version = 2)]
struct Placed {
    shelving: Ref<Shelving>,
    total: Amount,
    on: Date,
    note: Option<String>,
    kind: Option<Dimension>,
    #[rows]
    lines: Vec<PlacedLine>,
}

#[derive(Event)]
#[event(part)]
struct PlacedLine {
    quantity: Quantity,
}

fn field(meta: &'static TypeMeta, name: &str) -> &'static Field {
    meta.fields.iter().find(|f| f.name == name).unwrap()
}

#[test]
fn names_labels_and_places_come_from_the_declaration() {
    let meta = Shelving::meta_of();
    assert_eq!((meta.name, meta.resource, meta.table), ("shelving", "shelvings", "shelving"));
    assert_eq!(meta.label, Text::of("入架单", "Shelving"));
    assert_eq!(meta.kind, Kind::Document);
    assert_eq!(meta.number, Some("SH{yyyy}{mm}-{seq:5}"));
    assert_eq!((meta.date_field, meta.party_field, meta.state_field), (Some(1), Some(0), Some(8)));
    assert_eq!((meta.unique, meta.indexes), (&[&[0, 2][..]][..], &[&[8, 1][..]][..]));
    let names: Vec<_> = meta.fields.iter().map(|f| (f.name, f.column)).collect();
    assert_eq!(names.get(4), Some(&("type", "type")));
    assert_eq!(names.get(5), Some(&("colour", "dim_colour")));
    assert_eq!(meta.grouped_field("dimensions", "colour"), Some(5));
    let states: Vec<_> = meta.states.iter().map(|s| (s.name, s.editable, s.tone)).collect();
    assert_eq!(states, [("draft", true, Tone::Draft), ("on-shelf", true, Tone::Active), ("void", false, Tone::Void)]);
    assert_eq!(Category::meta_of().resource, "categories");
    assert!(Category::meta_of().tree);
    assert_eq!((ShelfSetting::meta_of().resource, ShelfSetting::meta_of().kind), ("shelf-setting", Kind::Setting));
    assert_eq!(ShelvingLine::meta_of().table, "shelving_line");
    assert_eq!(Placement::meta_of().resource, "placements");
    assert_eq!(PlacementEntry::meta_of().date_field, Some(2));
}

#[test]
fn attributes_refine_the_field() {
    let category = Category::meta_of();
    assert!(field(category, "code").indexed && field(category, "code").unique);
    assert_eq!(field(category, "name").english, category.field_named("nameEn"));
    assert_eq!(field(category, "name").help, Some(Text::of("全称", "in full")));
    assert!(matches!(field(category, "name").ty, FieldType::Text { max: 80 }));
    assert!(matches!(field(category, "phone").ty, FieldType::Secret(Mask::Phone)));
    assert!(matches!(field(category, "password").ty, FieldType::Password));
    assert!(field(category, "password").write_only);
    assert!(matches!(field(category, "permissions").ty, FieldType::Permissions));
    assert!(matches!(field(category, "dimensions").ty, FieldType::TextList([_, _, _])));
    assert_eq!((field(category, "state").required, field(category, "state").computed), (false, true));
    assert_eq!(field(category, "state").default, Some("\"active\""));
    let shelving = Shelving::meta_of();
    assert!(matches!(field(shelving, "note").ty, FieldType::LongText { max: 1000 }));
    assert!(field(shelving, "category").required && !field(shelving, "reference").required);
    assert!(!field(shelving, "total").required && field(shelving, "total").computed);
    assert!(!field(shelving, "type").required);
    assert_eq!(field(shelving, "times").bounds.max, Some("9"));
    assert!(field(shelving, "state").computed && !field(shelving, "state").required);
    let placed = field(ShelvingLine::meta_of(), "placed").from_balance.unwrap();
    assert_eq!(((placed.balance)().name, placed.key, placed.by), ("placement", "line", "id"));
    assert_eq!((placed.plus, placed.minus), (&["placed"][..], &["removed"][..]));
    assert!(field(ShelvingLine::meta_of(), "placed").computed);
}

#[test]
fn records_give_and_take_values() {
    let mut shelving = Shelving::blank();
    let id = Id::fresh();
    shelving.set_id(id);
    shelving.set(0, Value::Id(id)).unwrap();
    shelving.set(4, Value::Text("shelf-size".to_owned())).unwrap();
    assert_eq!(shelving.r#type, Dimension::ShelfSize);
    assert_eq!(shelving.set(4, Value::Text("nothing".to_owned())), Err(ValueError));
    assert_eq!(shelving.set(99, Value::Null), Err(ValueError));
    assert_eq!(shelving.get(99), Value::Null);
    shelving.set(6, Value::Int(1250)).unwrap();
    assert_eq!(shelving.total.to_string(), "12.50");
    assert_eq!(shelving.get(0), Value::Id(id));
    assert_eq!(shelving.head().unwrap().id, id);
    assert_eq!(shelving.state(), State::Draft);
    shelving.set_state(State::Void);
    assert_eq!(shelving.get(8), Value::Text("void".to_owned()));
    assert_eq!(shelving.head_of().id, Record::id(&shelving));
    let copy: Box<dyn Record> = shelving.boxed_clone();
    assert_eq!(copy.into_any().downcast::<Shelving>().unwrap().state, State::Void);
    let mut balance = Placement::blank();
    balance.set_id(id);
    assert!(Record::id(&balance).is_nil() && balance.head().is_none());
    let entry = PlacementEntry::blank();
    assert!(entry.head().is_none() && entry.blank_like().id().is_nil());
}

#[test]
fn rows_are_reached_by_table() {
    let mut shelving = Shelving::blank();
    assert_eq!(
        Shelving::meta_of().tables.first().map(|t| (t.name, t.min_rows, (t.meta)().name)),
        Some(("lines", 1, "shelving-line"))
    );
    for raw in [1, 2, 3] {
        let row = shelving.push_row(0).unwrap();
        row.set(0, Value::Int(raw)).unwrap();
        row.set_id(Id::fresh());
    }
    shelving.row_mut(0, 1).unwrap().set(0, Value::Int(7)).unwrap();
    shelving.keep_rows(0, &[2, 1]);
    let left: Vec<_> = (0..shelving.row_count(0)).filter_map(|i| shelving.row(0, i)).map(|r| r.get(0)).collect();
    assert_eq!(left, [Value::Int(3), Value::Int(7)]);
    assert!(shelving.row(0, 2).is_none() && shelving.row(1, 0).is_none() && shelving.push_row(1).is_none());
    assert_eq!(shelving.row_count(1), 0);
}

#[test]
fn states_and_choices_have_names() {
    assert_eq!((State::COUNT, State::OnShelf.id(), State::OnShelf.ordinal()), (3, 1, 1));
    assert_eq!(
        (State::named("on-shelf"), State::named("gone"), State::Void.name()),
        (Some(State::OnShelf), None, "void")
    );
    assert_eq!((Dimension::named("记"), Dimension::ShelfSize.name()), (Some(Dimension::Note), "shelf-size"));
    assert_eq!(Dimension::CHOICES.len(), 3);
    FLOW.check(State::COUNT);
}

#[test]
fn events_are_exact_and_described() {
    let id = Id::fresh();
    let event = Placed {
        shelving: Ref::new(id),
        total: Amount::from_raw(-5),
        on: Date::new(1996, 7, 4).unwrap(),
        note: None,
        kind: Some(Dimension::ShelfSize),
        lines: vec![PlacedLine { quantity: Quantity::from_raw(1_500_000) }],
    };
    assert_eq!((Placed::TYPE, Placed::VERSION), ("toy.shelving.placed", 2));
    assert_eq!(
        event.to_json(),
        json!({"shelving": id.to_string(), "total": "-0.05", "on": "1996-07-04", "note": null, "kind": "shelf-size",
            "lines": [{"quantity": "1.500000"}]})
    );
    let schema = Placed::schema();
    assert_eq!(schema["required"], json!(["shelving", "total", "on", "lines"]));
    assert_eq!(schema["properties"]["kind"]["enum"], json!(["colour", "shelf-size", "记", null]));
    assert_eq!(schema["properties"]["lines"]["items"], PlacedLine::schema());
}

#[test]
fn wrong_declarations_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
