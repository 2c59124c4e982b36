//! What is kept from job to job: clients make up questions without end, and nothing of them may stay for ever.

use crate::tx::{Backend, Tx};

/// How much a connection and its store keep now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Statements of PostgreSQL that stay prepared; SQLite's are counted by its driver, which holds 512.
    pub statements: usize,
    /// Masters and settings that the one writer remembers.
    pub records: usize,
    /// Codes it remembers.
    pub codes: usize,
    /// Names that are shown beside references.
    pub names: usize,
    /// Tenants whose data key lies open.
    pub keys: usize,
}

impl Kept {
    /// The most of each that may be kept.
    pub const MOST: Kept = Kept { statements: 1_024, records: 8_192, codes: 8_192, names: 50_000, keys: 10_000 };

    /// Whether nothing is more than that.
    pub fn is_bounded(&self) -> bool {
        let of = |kept: &Kept| [kept.statements, kept.records, kept.codes, kept.names, kept.keys];
        of(self).into_iter().zip(of(&Kept::MOST)).all(|(kept, most)| kept <= most)
    }
}

impl Tx {
    /// How much this connection and its store keep.
    pub fn kept(&self) -> Kept {
        let statements = match &self.backend {
            Backend::Lite(_) => 0,
            Backend::Pg(pg) => pg.prepared(),
        };
        let (records, codes) = self.lasting.sizes();
        Kept { statements, records, codes, names: self.shared.names.len(), keys: self.shared.sealers.len() }
    }
}
