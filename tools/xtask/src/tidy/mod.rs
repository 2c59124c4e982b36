//! The red lines and house rules a machine can check (docs: `ARCHITECTURE.md`, "Red lines"). Each rule is one function
//! from the files to what is wrong, and has a test in which it finds a sample that breaks it.

mod crates;
mod labels;
mod paths;
mod sizes;
mod vocabulary;
mod wording;

use crate::tree::Tree;
use std::fmt;
use std::path::Path;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: a path, with a line where that helps.
    pub at: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl Finding {
    fn new(at: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// Everything that is wrong under `root`.
pub fn check(root: &Path) -> Result<Vec<Finding>, String> {
    let tree = Tree::read(root)?;
    let crates = crates::metadata(root)?;
    let mut found = crates::dependencies(&crates);
    found.extend(crates::lints(&tree));
    found.extend(crates::listed_once(&tree));
    found.extend(crates::servers(&tree));
    found.extend(vocabulary::check(&tree));
    found.extend(sizes::check(&tree, sizes::EXCEPTIONS));
    found.extend(paths::architecture(&tree));
    found.extend(paths::code_map(&tree));
    found.extend(paths::links(&tree));
    found.extend(wording::unfinished(&tree));
    found.extend(wording::places(&tree));
    found.extend(wording::allowances(&tree));
    found.extend(labels::check(&tree));
    Ok(found)
}

/// `cargo xtask tidy`.
pub fn run(root: &Path) -> Result<(), String> {
    let found = check(root)?;
    for finding in &found {
        eprintln!("{finding}");
    }
    match found.len() {
        0 => Ok(()),
        some => Err(format!("{some} rules are broken; see above.")),
    }
}
