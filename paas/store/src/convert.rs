//! Between field values and columns.

use crate::plan::Plan;
use crate::{Cell, Tx};
use paas_document::{AnyRef, DepartmentRef, Field, FieldType, Head, Record, TypeMeta, UserRef, Value};
use paas_types::{Id, Refusal, Result, Secret};

/// What a sealed value is bound to.
pub(crate) fn seal_label(tenant: i64, meta: &TypeMeta, field: &Field) -> String {
    format!("{tenant}/{}.{}", meta.table, field.column)
}

/// The form of a sensitive text that equal texts share.
pub(crate) fn normal(clear: &Secret<String>) -> Secret<String> {
    Secret::new(clear.expose().trim().to_lowercase())
}

impl Tx {
    /// The columns of a field's value.
    pub(crate) fn cells_of(&mut self, meta: &TypeMeta, field: &Field, value: Value, out: &mut Vec<Cell>) -> Result<()> {
        match (&field.ty, value) {
            (FieldType::Secret(_), Value::Secret(clear)) => {
                let sealer = self.sealer()?;
                let label = seal_label(self.tenant().key.0, meta, field);
                out.push(Cell::Bytes(sealer.seal_text(&label, &clear)?));
                out.push(Cell::Bytes(sealer.blind(&label, normal(&clear).expose().as_bytes()).to_vec()));
            }
            (FieldType::Secret(_), Value::Null) => out.extend([Cell::Null, Cell::Null]),
            (FieldType::AnyRef, Value::Any(any)) => {
                out.extend([Cell::Id(any.id), Cell::Text(any.kind), Cell::text(any.number.as_deref())]);
            }
            (FieldType::AnyRef, Value::Null) => out.extend([Cell::Null, Cell::Null, Cell::Null]),
            (_, value) => out.push(plain(value)?),
        }
        Ok(())
    }

    /// The value of a field out of its columns.
    pub(crate) fn value_of(
        &mut self,
        meta: &TypeMeta,
        field: &Field,
        cells: &mut impl Iterator<Item = Cell>,
    ) -> Result<Value> {
        let cell = cells.next().unwrap_or(Cell::Null);
        Ok(match (&field.ty, cell) {
            (FieldType::AnyRef, first) => {
                let (kind, number) = (cells.next(), cells.next());
                match (first, kind.and_then(Cell::into_text)) {
                    (Cell::Id(id), Some(kind)) => {
                        Value::Any(AnyRef { kind, id, number: number.and_then(Cell::into_text) })
                    }
                    _ => Value::Null,
                }
            }
            (FieldType::Secret(_), Cell::Bytes(sealed)) => {
                let label = seal_label(self.tenant().key.0, meta, field);
                Value::Secret(self.sealer()?.open_text(&label, &sealed)?)
            }
            (ty, cell) => value(ty, cell),
        })
    }

    /// Fills a record from the cells of its plan's columns.
    pub(crate) fn fill(&mut self, plan: &Plan, record: &mut dyn Record, cells: Vec<Cell>) -> Result<()> {
        let mut cells = cells.into_iter();
        let mut head = Head::default();
        let mut id = Id::NIL;
        for (name, _) in &plan.lead {
            let cell = cells.next().unwrap_or(Cell::Null);
            match *name {
                "id" => id = cell.as_id().unwrap_or(Id::NIL),
                "version" => head.version = cell.as_int(),
                "number" => head.number = cell.into_text(),
                "created_at" => head.created_at = cell.as_instant(),
                "created_by" => head.created_by = UserRef(cell.as_id().unwrap_or(Id::NIL)),
                "updated_at" => head.updated_at = cell.as_instant(),
                "updated_by" => head.updated_by = UserRef(cell.as_id().unwrap_or(Id::NIL)),
                "owner" => head.owner = cell.as_id().map(UserRef),
                "department" => head.department = cell.as_id().map(DepartmentRef),
                "custom" if cell != Cell::Null => head.custom = self.custom_of(plan.meta, cell)?,
                _ => {}
            }
        }
        head.id = id;
        if let Some(place) = record.head_mut() {
            *place = head;
        }
        record.set_id(id);
        for (index, field) in plan.meta.fields.iter().enumerate() {
            let value = self.value_of(plan.meta, field, &mut cells)?;
            record.set(index, value).map_err(|_| {
                Refusal::internal(format!("{}.{} holds what the field does not take", plan.meta.table, field.column))
            })?;
        }
        Ok(())
    }
}

/// A value that is one column.
pub(crate) fn plain(value: Value) -> Result<Cell> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(b) => Cell::Bool(b),
        Value::Int(i) => Cell::Int(i),
        Value::Text(t) | Value::Json(t) => Cell::Text(t),
        Value::Id(id) => Cell::Id(id),
        Value::Any(any) => Cell::Id(any.id),
        Value::Date(d) => Cell::Date(d),
        Value::Instant(i) => Cell::Instant(i),
        Value::Secret(_) => return Err(Refusal::internal("a sensitive value in a field that is not sensitive")),
    })
}

/// The value of a field that is one column.
pub(crate) fn value(ty: &FieldType, cell: Cell) -> Value {
    match cell {
        Cell::Null | Cell::Bytes(_) => Value::Null,
        Cell::Int(i) => Value::Int(i),
        Cell::Bool(b) => Value::Bool(b),
        Cell::Id(id) => Value::Id(id),
        Cell::Date(d) => Value::Date(d),
        Cell::Instant(i) => Value::Instant(i),
        Cell::Text(t) => match ty {
            FieldType::TextList(_) | FieldType::Permissions | FieldType::RefList { .. } | FieldType::Json => {
                Value::Json(t)
            }
            _ => Value::Text(t),
        },
    }
}
