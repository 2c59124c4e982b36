//! References between records.

use crate::{TypeMeta, Typed};
use paas_types::Id;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A reference to a record of type `T` in the same cell.
pub struct Ref<T>(Id, PhantomData<fn() -> T>);

impl<T> Ref<T> {
    /// To the record with this id.
    pub const fn new(id: Id) -> Ref<T> {
        Ref(id, PhantomData)
    }

    /// The id referred to.
    pub const fn id(&self) -> Id {
        self.0
    }
}

impl<T: Typed> Ref<T> {
    /// Metadata of the type referred to.
    pub fn meta() -> &'static TypeMeta {
        T::meta_of()
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Ref<T> {
        *self
    }
}
impl<T> Copy for Ref<T> {}
impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Ref<T>) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Ref<T> {}
impl<T> PartialOrd for Ref<T> {
    fn partial_cmp(&self, other: &Ref<T>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Ref<T> {
    fn cmp(&self, other: &Ref<T>) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Ref<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A user of the tenant (a membership), known to every cell through the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserRef(pub Id);

/// A department of the tenant, known to every cell through the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DepartmentRef(pub Id);

/// A reference to a record of any type of the same cell, with its number for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnyRef {
    /// Singular type name, e.g. `shelf-note`.
    pub kind: String,
    /// Its id.
    pub id: Id,
    /// Its number or code at the time.
    pub number: Option<String>,
}

/// What an answer shows for a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Code of a master, number of a document.
    pub code: Option<String>,
    /// Name in Chinese.
    pub name: Option<String>,
    /// Name in English.
    pub name_en: Option<String>,
}

impl Named {
    /// The name in a language; in Chinese where there is no other.
    pub fn name_in(self, lang: paas_types::Lang) -> Option<String> {
        match lang {
            paas_types::Lang::En => self.name_en.or(self.name),
            paas_types::Lang::Zh => self.name,
        }
    }
}
