//! The derives of declared types. A declaration is a real Rust struct; the derive makes its metadata
//! (`paas_document::TypeMeta`, in a static) and the code by which the chassis reads and writes records of it.
//!
//! # Labels
//! Type, field, rows, state and choice take their label from the first line of the doc comment: `/// 中文 | English`.
//! `/// 中文：说明 | English: explanation` also gives a field its help text; given in one language only, it is shown in
//! both. No label, no ` | `: a compile error naming the item. `head` and `id` need none.
//!
//! # Declared structs
//! | derive | must have | attribute of the type | implements besides `Record`, `Typed` |
//! | --- | --- | --- | --- |
//! | `Master` | `head: Head` | `#[master(name, resource, table, date, party, unique(..), index(..), tree)]` | `Document` if it has `state` |
//! | `Document` | `head: Head`, `state: <States>` | `#[document(.. as master .., number)]` | `Document` |
//! | `Setting` | `head: Head` | `#[setting(name, resource)]` | |
//! | `Row` | `id: Id` | `#[row(name, unique(..), index(..))]` | |
//! | `Entry` | `id: Id`, a key, a measure | `#[entry(balance = Type, name, resource, date, party, unique(..), index(..))]` | `Entry` |
//! | `Balance` | a key, a measure | `#[balance(name, resource, date, party, index(..))]` | |
//! | `View` | `id: Id` | `#[view(name, resource)]` | |
//!
//! A `View` is read like a ledger and kept nowhere: a source of the cell answers its lists. All derive `Clone` too.
//! Names: struct `ShelfDay` → name `shelf-day`, resource `shelf-days` (`y` → `ies`; `s x ch sh` → `es`; a setting keeps
//! the singular), table `shelf_day`. `name = "a-b"` changes all three, `resource = "a-bs"` the second, `table = "a-b"`
//! the third. `number = "XX{yyyy}{mm}-{seq:5}"` (also `{yy}`, `{dd}`; exactly one `{seq:N}`) numbers documents;
//! `date = field` names the business date, `party = field` the reference for data scope `party`; `unique(a, b)` and
//! `index(a, b)` may stand several times; `tree` needs `parent: Option<Ref<Self>>`.
//!
//! The field `state` of a master or document makes it a `Document`. With a `States` enum of its own it is computed (only
//! actions change it) and the module must have `const FLOW: Flow<Type>`: the derive emits
//! `const _: () = FLOW.check(<State>::COUNT);`. A `MasterState` needs no flow, may be written, and defaults to `active`.
//!
//! # Fields: `#[field(..)]`
//! | word | meaning |
//! | --- | --- |
//! | `list` | shown in the default list |
//! | `indexed` | filter and sort |
//! | `search` | fed into keyword search |
//! | `unique` | unique per tenant; implies `indexed` |
//! | `computed` | only rules set it; never required |
//! | `write_only` | accepted, never answered |
//! | `password` | `String`: a password; implies `write_only` |
//! | `permissions` | `Vec<String>`: permission codes |
//! | `choices = Enum::CHOICES` | `Vec<String>`: only these values |
//! | `max = 80` | `String`: most characters (200 by default) |
//! | `long` | `String`: several lines (4,000 characters unless `max`) |
//! | `min = "0"`, `above = "0"`, `max_value = "1"` | bounds of a number, decimal text |
//! | `sensitive = phone` | `Secret<String>`: the mask; also `id_number`, `account`, `all` (the default) |
//! | `english = name_en` | the field that holds this name in English |
//! | `default = 1`, `= true`, `= "\"text\""` | JSON text for a create that leaves the field out; never required then |
//! | `group = "dimensions"` | nested under this name in JSON |
//! | `name = "holderName"` | JSON name (camelCase of the field by default) |
//! | `column = "x"` | column (the field's name by default) |
//! | `key`, `measure` | of entries and balances: what it is kept per, and what is added up |
//! | `balance(Type, key = line, by = own, sum = a, minus = b)` | the sum of a balance's measures, see below |
//!
//! `required` = the Rust type is not an `Option` or list, the field is not computed and has no default.
//! `#[rows]`, `#[rows(min = 1)]` on `Vec<Row>` makes a table of rows.
//!
//! `balance(Type, key = k, by = f, sum = a, minus = b)` reads `Σ a − b` of the balance whose key `k` equals the own field
//! `f` (by default the record's or row's own id); several measures: `sum(a, b)`, `minus(c, d)`. It implies `computed`;
//! the compiler checks that the balance has these fields. An entry must have exactly the keys of its balance, and its
//! keys and measures have the types of the balance's.
//!
//! # Enums
//! `#[derive(States)]`, at most 64: each variant has `#[state(draft)]`, `active`, `done` or `void`, which is its tone.
//! People may change and delete the record in `draft` states and those that say `editable`: `#[state(active, editable)]`.
//! The first variant is where records start. Beside the enum stand `COUNT`, `const fn id(self) -> u8` and
//! `const fn go(name, &[from..], to) -> Edge<D>`, so one module holds one `States` enum.
//!
//! `#[derive(Choice)]`: the value is the variant in kebab-case or `#[choice(value = "..")]`. The enum has `CHOICES`,
//! `name(self)` and `named(&str)`. The first variant is that of a blank record.
//!
//! # Events
//! `#[derive(Event)] #[event("cell.subject.what-happened", version = 1)]` on a struct of fields (sensitive ones refused)
//! implements `EventBody`; `#[rows] lines: Vec<Part>` nests structs with `#[event(part)]`, which implement `EventPart`.
//! Decimals become text with all their decimals, references ids.
//!
//! A wrong declaration says everything that is wrong with it at once, and still gets implementations without sense, so
//! that files that use the type do not fail too.

mod attrs;
mod enums;
mod errors;
mod event;
mod meta;
mod model;
mod record;
mod words;

use model::Shape;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// A document: something that happens, with a flow of states.
#[proc_macro_derive(Document, attributes(document, field, rows))]
pub fn document(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Document).into()
}

/// A master: something that exists.
#[proc_macro_derive(Master, attributes(master, field, rows))]
pub fn master(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Master).into()
}

/// Settings: one record per tenant.
#[proc_macro_derive(Setting, attributes(setting, field))]
pub fn setting(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Setting).into()
}

/// A row of a table inside a master or document.
#[proc_macro_derive(Row, attributes(row, field))]
pub fn row(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Row).into()
}

/// An append-only entry of a ledger.
#[proc_macro_derive(Entry, attributes(entry, field))]
pub fn entry(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Entry).into()
}

/// The fold of a ledger per key.
#[proc_macro_derive(Balance, attributes(balance, field))]
pub fn balance(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Balance).into()
}

/// What is read like a ledger and kept nowhere.
#[proc_macro_derive(View, attributes(view, field))]
pub fn view(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::View).into()
}

/// The states of a flow.
#[proc_macro_derive(States, attributes(state))]
pub fn states(input: TokenStream) -> TokenStream {
    enums::states(&parse_macro_input!(input as DeriveInput)).into()
}

/// A closed list of values.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    enums::choice(&parse_macro_input!(input as DeriveInput)).into()
}

/// An event, or a row of one.
#[proc_macro_derive(Event, attributes(event, rows))]
pub fn event(input: TokenStream) -> TokenStream {
    event::derive(&parse_macro_input!(input as DeriveInput)).into()
}
