//! A declared struct, read and checked.

use crate::attrs::{FieldAttr, TypeAttr, rows};
use crate::errors::Errors;
use crate::words::{Label, camel, hint, kebab, plural, snake};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, GenericArgument, Ident, PathArguments, Type};

/// Which derive it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    Document,
    Master,
    Setting,
    Row,
    Entry,
    Balance,
    View,
}

impl Shape {
    /// The attribute of the type.
    pub fn attribute(self) -> &'static str {
        match self {
            Shape::Document => "document",
            Shape::Master => "master",
            Shape::Setting => "setting",
            Shape::Row => "row",
            Shape::Entry => "entry",
            Shape::Balance => "balance",
            Shape::View => "view",
        }
    }

    /// The words of that attribute.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Shape::Document => &["name", "resource", "table", "number", "date", "party", "unique", "index", "tree"],
            Shape::Master => &["name", "resource", "table", "date", "party", "unique", "index", "tree"],
            Shape::Setting => &["name", "resource"],
            Shape::Row => &["name", "index", "unique"],
            Shape::Entry => &["name", "resource", "balance", "date", "party", "unique", "index"],
            Shape::Balance => &["name", "resource", "date", "party", "index"],
            Shape::View => &["name", "resource"],
        }
    }

    /// Whether the struct has `pub head: Head`.
    pub fn has_head(self) -> bool {
        matches!(self, Shape::Document | Shape::Master | Shape::Setting)
    }

    /// Whether the struct has `pub id: Id`.
    pub fn has_id(self) -> bool {
        matches!(self, Shape::Row | Shape::Entry | Shape::View)
    }

    /// The variant of `paas_document::Kind`.
    pub fn kind(self) -> &'static str {
        match self {
            Shape::Document => "Document",
            Shape::Master => "Master",
            Shape::Setting => "Setting",
            Shape::Row => "Row",
            Shape::Entry => "Ledger",
            Shape::Balance => "Balance",
            Shape::View => "Ledger",
        }
    }

    /// Columns the chassis itself has in such tables.
    fn own_columns(self) -> &'static [&'static str] {
        match self {
            Shape::Master | Shape::Setting => &[
                "tenant",
                "id",
                "version",
                "created_at",
                "created_by",
                "updated_at",
                "updated_by",
                "owner",
                "department",
            ],
            Shape::Document => &[
                "tenant",
                "id",
                "version",
                "number",
                "created_at",
                "created_by",
                "updated_at",
                "updated_by",
                "owner",
                "department",
            ],
            Shape::Row => &["tenant", "id", "parent", "position"],
            Shape::Entry | Shape::View => &["tenant", "id"],
            Shape::Balance => &["tenant"],
        }
    }
}

/// A field.
pub struct Member {
    pub ident: Ident,
    pub ty: Type,
    pub name: String,
    pub column: String,
    pub label: Label,
    pub attr: FieldAttr,
}

/// A table of rows.
pub struct Table {
    pub ident: Ident,
    pub row: Type,
    pub name: String,
    pub label: Label,
    pub min_rows: usize,
}

/// The whole declaration. It is complete also when there are errors, as far as it could be read.
pub struct Model {
    pub shape: Shape,
    pub ident: Ident,
    pub name: String,
    pub resource: String,
    pub table: String,
    pub label: Label,
    pub attr: TypeAttr,
    pub members: Vec<Member>,
    pub tables: Vec<Table>,
    /// Index of the field `state` of a master or document.
    pub state: Option<usize>,
    pub errors: Errors,
}

impl Model {
    /// Reads a derive's input.
    pub fn read(input: &DeriveInput, shape: Shape) -> Model {
        let mut errors = Errors::default();
        let ident = input.ident.clone();
        let label = errors.take(Label::of(&input.attrs, &format!("`{ident}`"), ident.span())).unwrap_or_default();
        let attr = errors.take(TypeAttr::parse(&input.attrs, shape.attribute(), shape.words())).unwrap_or_default();
        if !input.generics.params.is_empty() {
            errors.at(ident.span(), format!("`{ident}` has generics; a declared type has none"));
        }
        let pascal = ident.to_string();
        let name = attr.name.as_ref().map_or_else(|| kebab(&pascal), syn::LitStr::value);
        let resource = match &attr.resource {
            Some(resource) => resource.value(),
            None if shape == Shape::Setting => name.clone(),
            None => plural(&name),
        };
        let table = match (&attr.table, &attr.name) {
            (Some(table), _) => table.value().replace('-', "_"),
            (None, Some(_)) => name.replace('-', "_"),
            (None, None) => snake(&pascal),
        };
        let mut model = Model {
            shape,
            ident,
            name,
            resource,
            table,
            label,
            attr,
            members: Vec::new(),
            tables: Vec::new(),
            state: None,
            errors,
        };
        model.read_fields(&input.data);
        model.check_names();
        model.check_kind();
        model
    }

    fn read_fields(&mut self, data: &Data) {
        let named = match data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(named) => named,
                _ => return self.errors.at(self.ident.span(), "a declared type is a struct with named fields"),
            },
            _ => return self.errors.at(self.ident.span(), "a declared type is a struct with named fields"),
        };
        let (mut head, mut id) = (false, false);
        for field in &named.named {
            let Some(ident) = &field.ident else { continue };
            if self.shape.has_head() && ident == "head" {
                head = true;
                if last_segment(&field.ty).is_none_or(|last| last != "Head") {
                    self.errors.push(syn::Error::new_spanned(&field.ty, "`head` must be `pub head: Head`"));
                }
            } else if self.shape.has_id() && ident == "id" {
                id = true;
                if last_segment(&field.ty).is_none_or(|last| last != "Id") {
                    self.errors.push(syn::Error::new_spanned(&field.ty, "`id` must be `pub id: Id`"));
                }
            } else {
                self.read_field(field, ident);
            }
        }
        if self.shape.has_head() && !head {
            self.errors.at(self.ident.span(), format!("`{}` lacks its first field `pub head: Head`", self.ident));
        }
        if self.shape.has_id() && !id {
            self.errors.at(self.ident.span(), format!("`{}` lacks its first field `pub id: Id`", self.ident));
        }
    }

    fn read_field(&mut self, field: &syn::Field, ident: &Ident) {
        let plain = ident.unraw().to_string();
        let what = format!("field `{plain}`");
        let label = self.errors.take(Label::of(&field.attrs, &what, ident.span())).unwrap_or_default();
        if let Some(min_rows) = self.errors.take(rows(&field.attrs)).flatten() {
            let Some(row) = inner(&field.ty, "Vec") else {
                return self.errors.push(syn::Error::new_spanned(&field.ty, "`#[rows]` stands on a `Vec<Row>`"));
            };
            if !matches!(self.shape, Shape::Document | Shape::Master) {
                return self.errors.at(ident.span(), "only masters and documents have tables of rows");
            }
            let (ident, row) = (ident.clone(), row.clone());
            return self.tables.push(Table { ident, row, name: camel(&plain), label, min_rows });
        }
        let attr = self.errors.take(FieldAttr::parse(&field.attrs)).unwrap_or_default();
        if let Some(message) = wrong_type(&field.ty, &plain) {
            self.errors.push(syn::Error::new_spanned(&field.ty, message));
        }
        let name = attr.name.as_ref().map_or_else(|| camel(&plain), syn::LitStr::value);
        let column = attr.column.as_ref().map_or_else(|| plain.clone(), syn::LitStr::value);
        if matches!(self.shape, Shape::Document | Shape::Master) && plain == "state" {
            self.state = Some(self.members.len());
        }
        self.members.push(Member { ident: ident.clone(), ty: field.ty.clone(), name, column, label, attr });
    }

    /// Names that clash, and names that lead nowhere.
    fn check_names(&mut self) {
        let mut errors = Errors::default();
        for (i, member) in self.members.iter().enumerate() {
            let span = member.ident.span();
            let earlier = self.members.iter().take(i);
            if earlier.clone().any(|o| o.name == member.name && o.attr.group == member.attr.group) {
                errors.at(span, format!("two fields have the JSON name `{}`", member.name));
            }
            if earlier.clone().any(|o| o.column == member.column) {
                errors.at(span, format!("two fields have the column `{}`", member.column));
            }
            if self.shape.own_columns().contains(&member.column.as_str()) {
                errors.at(span, format!("the column `{}` belongs to the chassis; use `column = \"..\"` and, where they clash, `name = \"..\"`", member.column));
            }
            if let Some(column) = &member.attr.column
                && (member.column != member.column.to_lowercase()
                    || !member.column.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
            {
                errors.at(column.span(), "a column is snake_case");
            }
            if let Some(pointed) = &member.attr.english {
                errors.take(self.position(pointed));
            }
            if let Some(by) = member.attr.balance.as_ref().and_then(|b| b.by.as_ref()).filter(|by| *by != "id") {
                errors.take(self.position(by));
            }
        }
        let lists = self.attr.unique.iter().chain(&self.attr.index).flatten();
        for pointed in lists.chain(&self.attr.date).chain(&self.attr.party) {
            errors.take(self.position(pointed));
        }
        if let (Some(span), Err(_)) = (self.attr.tree, self.index_of("parent")) {
            errors.at(span, format!("`tree` needs a field `pub parent: Option<Ref<{}>>`", self.ident));
        }
        self.errors.extend(errors);
    }

    /// What only some kinds have or need.
    fn check_kind(&mut self) {
        let ledger = matches!(self.shape, Shape::Entry | Shape::Balance);
        for member in &self.members {
            if let (Some(span), false) = (member.attr.key.or(member.attr.measure), ledger) {
                self.errors.at(span, "`key` and `measure` are words of ledger entries and balances");
            }
            if ledger && member.attr.column.is_some() && (member.attr.key.is_some() || member.attr.measure.is_some()) {
                self.errors.at(
                    member.ident.span(),
                    "a key or measure has the column of its name, by which entry and balance are matched",
                );
            }
        }
        let has = |pick: fn(&FieldAttr) -> bool| self.members.iter().any(|m| pick(&m.attr));
        if ledger && !has(|a| a.measure.is_some()) {
            self.errors.at(self.ident.span(), format!("`{}` has no `#[field(measure)]`", self.ident));
        }
        if ledger && !has(|a| a.key.is_some()) {
            self.errors.at(self.ident.span(), format!("`{}` has no `#[field(key)]`", self.ident));
        }
        if self.shape == Shape::Entry && self.attr.balance.is_none() {
            self.errors.at(self.ident.span(), format!("`{}` needs `#[entry(balance = <its balance>)]`", self.ident));
        }
        if self.shape == Shape::Document && self.state.is_none() {
            self.errors.at(
                self.ident.span(),
                format!("`{}` lacks its field `pub state: <an enum with #[derive(States)]>`", self.ident),
            );
        }
    }

    /// The index of the field a word points to; an error with the near name when there is none.
    pub fn position(&self, pointed: &Ident) -> syn::Result<usize> {
        let plain = pointed.unraw().to_string();
        self.index_of(&plain)
            .map_err(|tip| syn::Error::new(pointed.span(), format!("`{}` has no field `{plain}`{tip}", self.ident)))
    }

    fn index_of(&self, plain: &str) -> Result<usize, String> {
        let names: Vec<String> = self.members.iter().map(|m| m.ident.unraw().to_string()).collect();
        names.iter().position(|name| name == plain).ok_or_else(|| hint(plain, names.iter().map(String::as_str)))
    }

    /// The state field.
    pub fn state_member(&self) -> Option<&Member> {
        self.members.get(self.state?)
    }
}

/// Numbers that lose digits or are not ours, named with what to use instead.
fn wrong_type(ty: &Type, field: &str) -> Option<String> {
    let ty = inner(ty, "Option").unwrap_or(ty);
    let last = last_segment(ty)?.to_string();
    match last.as_str() {
        "f32" | "f64" => {
            Some(format!("field `{field}` is a float, which is never exact; use Amount, Price, Quantity or Rate"))
        }
        "i8" | "i16" | "i32" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            Some(format!("field `{field}` is `{last}`; a whole number is `i64`"))
        }
        _ => None,
    }
}

/// The last segment of a type path.
pub fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|s| &s.ident),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}

/// `T` of `Vec<T>` or `Option<T>`.
pub fn inner<'a>(ty: &'a Type, outer: &str) -> Option<&'a Type> {
    let path = match ty {
        Type::Path(path) => path,
        Type::Group(group) => return inner(&group.elem, outer),
        _ => return None,
    };
    let last = path.path.segments.last().filter(|s| s.ident == outer)?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}

/// The place of a type, for errors found later.
pub fn span_of(ty: &Type) -> Span {
    syn::spanned::Spanned::span(ty)
}
