//! How a record shows itself to the chassis.

use crate::{Head, StateMeta, TypeMeta, Value, ValueError};
use paas_types::Id;
use std::any::Any;

/// A record of any declared type: fields by index, rows by table. Implemented by the derives.
pub trait Record: Any + Send + Sync {
    /// What it is.
    fn meta(&self) -> &'static TypeMeta;
    /// Its identity (a row's own id for rows, the entry's for ledgers; nil for balances).
    fn id(&self) -> Id;
    /// Gives it an identity.
    fn set_id(&mut self, id: Id);
    /// The chassis' part; `None` for rows, ledger entries and balances.
    fn head(&self) -> Option<&Head>;
    /// The chassis' part, to change.
    fn head_mut(&mut self) -> Option<&mut Head>;
    /// The value of a field; `Null` for an index the type does not have.
    fn get(&self, field: usize) -> Value;
    /// Sets a field. `Err` when the value is of another type or the field does not exist.
    fn set(&mut self, field: usize, value: Value) -> Result<(), ValueError>;
    /// The number of rows in a table.
    fn row_count(&self, table: usize) -> usize;
    /// A row.
    fn row(&self, table: usize, index: usize) -> Option<&dyn Record>;
    /// A row, to change.
    fn row_mut(&mut self, table: usize, index: usize) -> Option<&mut dyn Record>;
    /// Appends a blank row and returns it.
    fn push_row(&mut self, table: usize) -> Option<&mut dyn Record>;
    /// Puts rows into the order given by their present indexes, dropping those not named.
    fn keep_rows(&mut self, table: usize, order: &[usize]);
    /// A blank record of the same type.
    fn blank_like(&self) -> Box<dyn Record>;
    /// A copy.
    fn boxed_clone(&self) -> Box<dyn Record>;
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
    /// For downcasts.
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// For downcasts.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// A record whose type is known.
pub trait Typed: Record + Sized + Clone + 'static {
    /// What it is; a function, so that types may refer to each other in a circle.
    fn meta_of() -> &'static TypeMeta;
    /// A record with nothing in it.
    fn blank() -> Self;
}

/// The states of a flow: a field-less enum with `#[derive(States)]`.
pub trait States: Copy + PartialEq + Send + Sync + 'static {
    /// All of them, the initial one first.
    const ALL: &'static [StateMeta];
    /// Its position in [`States::ALL`].
    fn ordinal(self) -> u8;
    /// The state at a position.
    fn from_ordinal(ordinal: u8) -> Option<Self>;

    /// Its kebab-case name.
    fn name(self) -> &'static str {
        Self::ALL.get(usize::from(self.ordinal())).map_or("", |s| s.name)
    }

    /// The state with this name.
    fn named(name: &str) -> Option<Self> {
        let position = Self::ALL.iter().position(|s| s.name == name)?;
        Self::from_ordinal(u8::try_from(position).ok()?)
    }
}

/// A master or document with a flow.
pub trait Document: Typed {
    /// Its states.
    type State: States;
    /// Its state.
    fn state(&self) -> Self::State;
    /// Puts it into a state; only the chassis calls this.
    fn set_state(&mut self, state: Self::State);
    /// The chassis' part.
    fn head_of(&self) -> &Head;
}

/// An entry of a ledger.
pub trait Entry: Typed {
    /// The balance it folds into. Key and measure fields are matched by name; further fields of the balance that the
    /// entry also has are copied when a balance row is first made.
    type Balance: Typed;
}
