//! Custom fields in the query of a list: filters and sorts by `custom.<key>`.

use super::params::{CUSTOM, Reader, bounded_values, not_indexed, unknown, unknown_because, yes_or_no};
use crate::custom::{self, CustomKind, Definition};
use crate::rights::Place;
use paas_auth::FieldRight;
use paas_document::{Filter, Op, Path, Step, Value};
use paas_types::{Refusal, Result, Text};

/// Whether a query names custom fields; then it is read with the tenant's.
pub(super) fn names_custom(query: &[(String, String)]) -> bool {
    let in_value = |name: &str, value: &str| matches!(name, "or" | "sort" | "by") && value.contains(CUSTOM);
    query.iter().any(|(name, value)| name.starts_with(CUSTOM) || in_value(name, value))
}

impl Reader<'_> {
    /// A custom field of the type that the caller may see something of.
    pub(super) fn custom(&self, key: &str) -> Option<&Definition> {
        let place = Place::of(self.registry.name, self.meta);
        let right = |name: &str| place.right(&self.caller.rights, name);
        let definition = self.customs.find(self.meta.resource, key)?;
        (right("custom").min(right(&definition.name)) > FieldRight::Hidden).then_some(definition)
    }

    pub(super) fn custom_filter(&self, definition: &Definition, op: Op, (name, value): (&str, &str)) -> Result<Filter> {
        use CustomKind as K;
        self.allow_custom(definition, op, name)?;
        let fits = match op {
            Op::IsNull | Op::Eq | Op::Ne | Op::In => true,
            Op::Gt | Op::Gte | Op::Lt | Op::Lte => !matches!(definition.kind, K::Bool | K::Choice),
            Op::StartsWith => definition.kind == K::Text,
            Op::Contains | Op::Under => false,
        };
        if !fits {
            return Err(unknown_because(name, "operator"));
        }
        let operand = |text: &str| {
            let message = Text::of("筛选值无效。", "The value of the filter is not valid.");
            custom::operand(definition, text).ok_or_else(|| Refusal::field(name, "INVALID", message))
        };
        let values = match op {
            Op::IsNull => vec![Value::Bool(yes_or_no(name, value)?)],
            Op::In => value.split(',').map(|v| operand(v.trim())).collect::<Result<_>>()?,
            _ => vec![operand(value)?],
        };
        bounded_values(name, &values)?;
        Ok(Filter { path: Path { via: None, step: Step::Custom(definition.step()) }, op, values })
    }

    /// As [`Reader::allow`], for a custom field.
    fn allow_custom(&self, definition: &Definition, op: Op, name: &str) -> Result<()> {
        let place = Place::of(self.registry.name, self.meta);
        let right = |name: &str| place.right(&self.caller.rights, name);
        let closed = definition.sensitive || right("custom").min(right(&definition.name)) <= FieldRight::Masked;
        let may = self.caller.rights.allows(&format!("{}.{}.unmask", self.registry.name, custom::NAME));
        if closed && (op != Op::Eq || !may) { Err(unknown(name)) } else { Ok(()) }
    }

    /// The path of a custom field that a list is sorted by.
    pub(super) fn custom_sort(&self, key: &str, name: &str) -> Result<Path> {
        let definition = self.custom(key).ok_or_else(|| unknown(name))?;
        self.allow_custom(definition, Op::Gt, name)?;
        let path = Path { via: None, step: Step::Custom(definition.step()) };
        if definition.indexed { Ok(path) } else { Err(not_indexed(name)) }
    }
}
