//! What the code written by the derives calls: refinements and checks of field types, evaluated while compiling, so
//! that an attribute on a field it does not fit is a compile error at that field.
#![allow(clippy::panic)] // every panic here is a compile error of the declaration

use crate::{Choice, FieldType};
use paas_types::Mask;

/// A text field with its limit (characters); `long` makes it a text of several lines.
pub const fn text(ty: FieldType, max: Option<u32>, long: bool) -> FieldType {
    let FieldType::Text { max: usual } = ty else {
        panic!("`max` and `long` are for String fields; bounds of numbers are `min`, `above`, `max_value`");
    };
    match (max, long) {
        (Some(max), true) => FieldType::LongText { max },
        (Some(max), false) => FieldType::Text { max },
        (None, true) => FieldType::LongText { max: 4000 },
        (None, false) => FieldType::Text { max: usual },
    }
}

/// A sensitive field with its mask.
pub const fn masked(ty: FieldType, mask: Mask) -> FieldType {
    match ty {
        FieldType::Secret(_) => FieldType::Secret(mask),
        _ => panic!("`sensitive` is for Secret<String> fields"),
    }
}

/// A password.
pub const fn password(ty: FieldType) -> FieldType {
    match ty {
        FieldType::Text { .. } => FieldType::Password,
        _ => panic!("`password` is for String fields"),
    }
}

/// A list of permission codes.
pub const fn permissions(ty: FieldType) -> FieldType {
    match ty {
        FieldType::TextList(_) => FieldType::Permissions,
        _ => panic!("`permissions` is for Vec<String> fields"),
    }
}

/// A list of texts out of a closed list.
pub const fn choices(ty: FieldType, choices: &'static [Choice]) -> FieldType {
    match ty {
        FieldType::TextList(_) => FieldType::TextList(choices),
        _ => panic!("`choices` is for Vec<String> fields; a single choice is an enum with #[derive(Choice)]"),
    }
}

/// A field whose bounds, measure or balance need a number.
pub const fn number(ty: FieldType) {
    match ty {
        FieldType::Decimal { .. } | FieldType::Integer => {}
        _ => panic!("bounds, `measure` and `balance(..)` are for Amount, Price, Quantity, Rate and i64 fields"),
    }
}

/// The business date.
pub const fn date(ty: FieldType) {
    match ty {
        FieldType::Date => {}
        _ => panic!("`date` names a Date field"),
    }
}

/// The party.
pub const fn party(ty: FieldType) {
    match ty {
        FieldType::Ref { .. } => {}
        _ => panic!("`party` names a Ref field"),
    }
}

/// The English form of a name.
pub const fn english(ty: FieldType) {
    match ty {
        FieldType::Text { .. } | FieldType::LongText { .. } => {}
        _ => panic!("`english` names a String field, usually an Option<String>"),
    }
}

/// A field that may leave the cell in an event.
pub const fn public(ty: FieldType) {
    match ty {
        FieldType::Secret(_) | FieldType::Password => panic!("an event must not carry a sensitive field"),
        _ => {}
    }
}

/// The keys of an entry are the keys of the balance it folds into.
pub const fn same_keys(entry: &[&str], balance: &[&str]) {
    let mut i = 0;
    while i < balance.len() {
        let mut found = false;
        let mut j = 0;
        while j < entry.len() {
            #[allow(clippy::indexing_slicing)] // the loop bounds prove it; `get` is not const
            if crate::meta::same(entry[j], balance[i]) {
                found = true;
            }
            j += 1;
        }
        assert!(found, "the entry lacks a `key` field that its balance has");
        i += 1;
    }
    assert!(entry.len() == balance.len(), "the entry has a `key` field that its balance does not have as a key");
}

/// Puts rows into the order given by their present indexes, dropping those not named; an index named twice counts once.
pub fn keep_rows<T>(rows: &mut Vec<T>, order: &[usize]) {
    let mut old: Vec<Option<T>> = std::mem::take(rows).into_iter().map(Some).collect();
    rows.extend(order.iter().filter_map(|index| old.get_mut(*index).and_then(Option::take)));
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_are_reordered_and_dropped() {
        let mut rows = vec!["a", "b", "c"];
        super::keep_rows(&mut rows, &[2, 0, 2, 9]);
        assert_eq!(rows, ["c", "a"]);
    }
}
