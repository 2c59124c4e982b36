//! Hand-written records for the store's tests: shelves, gadgets with lines, moves that fold into stock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(dead_code, unused_imports, missing_docs)]

use paas_auth::MasterKey;
use paas_document::{
    Bounds, Field, FieldType, FromBalance, Head, Kind, NumberKind, Record, RowTable, TypeMeta, Value, ValueError, When,
};
pub use paas_store::on_both;
pub use paas_store::testing::Place;
use paas_store::{Actor, Ledger, Schema, Store, TypeInfo};
use paas_types::{Clock, Id, Mask, Tenant, TenantKey, Text};
use std::any::Any;
use std::sync::{Arc, LazyLock};

const LABEL: Text = Text::of("物", "Thing");

pub fn field(column: &'static str, ty: FieldType) -> Field {
    Field {
        name: column,
        column,
        label: LABEL,
        help: None,
        ty,
        required: true,
        computed: false,
        list: true,
        indexed: false,
        search: false,
        unique: false,
        group: None,
        english: None,
        from_balance: None,
        write_only: false,
        key: false,
        measure: false,
        bounds: Bounds::NONE,
        default: None,
        when: When::NONE,
    }
}

pub fn meta(name: &'static str, table: &'static str, kind: Kind, fields: Vec<Field>) -> TypeMeta {
    TypeMeta {
        name,
        resource: name,
        table,
        label: LABEL,
        kind,
        fields: Vec::leak(fields),
        tables: &[],
        states: &[],
        state_field: None,
        number: None,
        date_field: None,
        party_field: None,
        unique: &[],
        indexes: &[],
        tree: false,
    }
}

pub const TEXT: FieldType = FieldType::Text { max: 100 };
pub const AMOUNT: FieldType = FieldType::Decimal { kind: NumberKind::Amount, scale: 2 };
pub const QUANTITY: FieldType = FieldType::Decimal { kind: NumberKind::Quantity, scale: 6 };

pub fn shelf_fields() -> Vec<Field> {
    vec![
        Field { unique: true, search: true, ..field("code", TEXT) },
        Field { search: true, ..field("name", TEXT) },
        Field { required: false, indexed: true, ..field("phone", FieldType::Secret(Mask::Phone)) },
        Field { required: false, ..field("parent", FieldType::Ref { target: shelf }) },
    ]
}

static SHELF: LazyLock<TypeMeta> =
    LazyLock::new(|| TypeMeta { tree: true, ..meta("shelf", "shelf", Kind::Master, shelf_fields()) });
static LINE: LazyLock<TypeMeta> = LazyLock::new(|| {
    let fields = vec![field("item", FieldType::Ref { target: shelf }), field("quantity", QUANTITY)];
    meta("gadget-line", "gadget_line", Kind::Row, fields)
});
static TABLES: [RowTable; 1] = [RowTable { name: "lines", label: LABEL, meta: line, min_rows: 0 }];
static GADGET: LazyLock<TypeMeta> = LazyLock::new(|| {
    let stocked = FromBalance { balance: stock, key: "shelf", by: "shelf", plus: &["quantity"], minus: &[] };
    let fields = vec![
        Field { indexed: true, search: true, ..field("shelf", FieldType::Ref { target: shelf }) },
        Field { indexed: true, ..field("made_on", FieldType::Date) },
        Field { required: false, indexed: true, ..field("note", TEXT) },
        field("amount", AMOUNT),
        Field { from_balance: Some(stocked), computed: true, ..field("stocked", QUANTITY) },
    ];
    TypeMeta { tables: &TABLES, ..meta("gadget", "gadget", Kind::Document, fields) }
});
static MOVE: LazyLock<TypeMeta> = LazyLock::new(|| {
    let fields = vec![
        Field { key: true, ..field("shelf", FieldType::Ref { target: shelf }) },
        Field { key: true, required: false, ..field("lot", TEXT) },
        Field { measure: true, ..field("quantity", QUANTITY) },
        field("source", FieldType::AnyRef),
    ];
    meta("move", "shelf_move", Kind::Ledger, fields)
});
static STOCK: LazyLock<TypeMeta> = LazyLock::new(|| {
    let fields = vec![
        Field { key: true, ..field("shelf", FieldType::Ref { target: shelf }) },
        Field { key: true, required: false, ..field("lot", TEXT) },
        Field { measure: true, ..field("quantity", QUANTITY) },
    ];
    meta("stock", "stock", Kind::Balance, fields)
});

pub fn shelf() -> &'static TypeMeta {
    &SHELF
}
pub fn line() -> &'static TypeMeta {
    &LINE
}
pub fn gadget() -> &'static TypeMeta {
    &GADGET
}
pub fn shelf_move() -> &'static TypeMeta {
    &MOVE
}
pub fn stock() -> &'static TypeMeta {
    &STOCK
}

#[derive(Clone)]
pub struct Toy {
    meta: &'static TypeMeta,
    id: Id,
    head: Head,
    values: Vec<Value>,
    rows: Vec<Vec<Toy>>,
}

fn blank_value(field: &Field) -> Value {
    match &field.ty {
        FieldType::Integer | FieldType::Decimal { .. } => Value::Int(0),
        FieldType::Text { .. } if field.required => Value::Text(String::new()),
        _ => Value::Null,
    }
}

impl Toy {
    pub fn new(meta: &'static TypeMeta) -> Toy {
        Toy {
            meta,
            id: Id::NIL,
            head: Head::default(),
            values: meta.fields.iter().map(blank_value).collect(),
            rows: meta.tables.iter().map(|_| Vec::new()).collect(),
        }
    }

    pub fn with(mut self, column: &str, value: Value) -> Toy {
        self.put(column, value);
        self
    }

    pub fn put(&mut self, column: &str, value: Value) {
        let index = self.meta.fields.iter().position(|f| f.column == column).unwrap();
        self.values[index] = value;
    }

    pub fn numbered(mut self, number: &str) -> Toy {
        self.head.number = Some(number.to_owned());
        self
    }
}

/// The value of a column.
pub fn value(record: &dyn Record, column: &str) -> Value {
    record.get(record.meta().fields.iter().position(|f| f.column == column).unwrap())
}

pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

impl Record for Toy {
    fn meta(&self) -> &'static TypeMeta {
        self.meta
    }
    fn id(&self) -> Id {
        self.id
    }
    fn set_id(&mut self, id: Id) {
        self.id = id;
        self.head.id = id;
    }
    fn head(&self) -> Option<&Head> {
        self.meta.has_head().then_some(&self.head)
    }
    fn head_mut(&mut self) -> Option<&mut Head> {
        self.meta.has_head().then_some(&mut self.head)
    }
    fn get(&self, field: usize) -> Value {
        self.values.get(field).cloned().unwrap_or(Value::Null)
    }
    fn set(&mut self, field: usize, value: Value) -> Result<(), ValueError> {
        *self.values.get_mut(field).ok_or(ValueError)? = value;
        Ok(())
    }
    fn row_count(&self, table: usize) -> usize {
        self.rows.get(table).map_or(0, Vec::len)
    }
    fn row(&self, table: usize, index: usize) -> Option<&dyn Record> {
        self.rows.get(table)?.get(index).map(|r| r as &dyn Record)
    }
    fn row_mut(&mut self, table: usize, index: usize) -> Option<&mut dyn Record> {
        self.rows.get_mut(table)?.get_mut(index).map(|r| r as &mut dyn Record)
    }
    fn push_row(&mut self, table: usize) -> Option<&mut dyn Record> {
        let meta = (self.meta.tables.get(table)?.meta)();
        let rows = self.rows.get_mut(table)?;
        rows.push(Toy::new(meta));
        rows.last_mut().map(|r| r as &mut dyn Record)
    }
    fn keep_rows(&mut self, table: usize, order: &[usize]) {
        if let Some(rows) = self.rows.get_mut(table) {
            paas_document::derived::keep_rows(rows, order);
        }
    }
    fn blank_like(&self) -> Box<dyn Record> {
        Box::new(Toy::new(self.meta))
    }
    fn boxed_clone(&self) -> Box<dyn Record> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

pub const LEDGER: fn() -> Ledger = || Ledger { entry: shelf_move(), balance: stock() };

pub fn schema() -> Schema {
    Schema {
        cell: "toys",
        types: vec![
            TypeInfo { meta: shelf(), blank: || Box::new(Toy::new(shelf())) },
            TypeInfo { meta: gadget(), blank: || Box::new(Toy::new(gadget())) },
            TypeInfo { meta: shelf_move(), blank: || Box::new(Toy::new(shelf_move())) },
            TypeInfo { meta: stock(), blank: || Box::new(Toy::new(stock())) },
        ],
        ledgers: vec![LEDGER()],
    }
}

pub fn tenant(key: i64) -> Tenant {
    Tenant { key: TenantKey(key), code: Arc::from(format!("t{key}")) }
}

pub fn actor(key: i64) -> Actor {
    Actor::system(tenant(key), "r1")
}

pub fn master() -> Arc<MasterKey> {
    Arc::new(MasterKey::from_bytes([5; 32]))
}

pub fn open_with(place: &Place, schema: Schema) -> Result<Store, paas_store::OpenError> {
    place.open(schema, master(), Clock::system())
}

/// A fresh store with two tenants.
pub async fn store(place: &Place) -> Store {
    let store = open_with(place, schema()).unwrap();
    for key in [1, 2] {
        assert!(store.provision(&tenant(key), "A", "Asia/Shanghai").await.unwrap());
    }
    store
}

/// Stores a shelf and answers its id.
pub async fn a_shelf(store: &Store, key: i64, code: &str, name: &str) -> Id {
    let toy = Toy::new(shelf()).with("code", text(code)).with("name", text(name));
    put(store, key, toy).await.unwrap()
}

pub async fn put(store: &Store, key: i64, toy: Toy) -> paas_types::Result<Id> {
    store
        .write(actor(key), move |tx| {
            let mut toy = toy.clone();
            tx.insert(&mut toy)?;
            Ok(toy.id())
        })
        .await
}

pub fn a_gadget(shelf: Id, day: &str) -> Toy {
    Toy::new(gadget()).with("shelf", Value::Id(shelf)).with("made_on", Value::Date(day.parse().unwrap()))
}

pub fn a_move(shelf: Id, quantity: i64) -> Toy {
    let source = paas_document::AnyRef { kind: "gadget".to_owned(), id: Id::fresh(), number: None };
    Toy::new(shelf_move())
        .with("shelf", Value::Id(shelf))
        .with("quantity", Value::Int(quantity))
        .with("source", Value::Any(source))
}
