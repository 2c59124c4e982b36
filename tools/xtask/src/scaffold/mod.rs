//! `new-cell` and `new-document`: code that passes everything at once, to be changed into what is meant.

use crate::scratch::Scratch;
use std::path::{Path, PathBuf};

/// Makes a cell with documents in a scratch copy and holds it against the rules; `whole` also against the compiler, its
/// own tests and the lints, and builds it into the program, which takes minutes.
pub fn rehearse(root: &Path, whole: bool) -> Result<(), String> {
    const CELL: &str = "probe";
    let scratch = Scratch::of(root, "scaffold")?;
    let package = format!("cell-{CELL}");
    let made = scratch.root();
    new_cell(made, CELL)?;
    for document in ["gadget-note", "shelf"] {
        new_document(made, CELL, document)?;
    }
    if new_document(made, CELL, "shelf").is_ok() || new_cell(made, CELL).is_ok() {
        return Err("what is there was made again".to_owned());
    }
    scratch.cargo(&["update", "--workspace", "--offline", "--quiet"])?;
    scratch.cargo(&["fmt", "--package", &package])?;
    scratch.cargo(&["fmt", "--package", &package, "--check"])?;
    let found: Vec<String> = crate::tidy::check(made)?.iter().map(ToString::to_string).collect();
    if !found.is_empty() {
        return Err(found.join("\n"));
    }
    if !whole {
        return Ok(());
    }
    let offline = |words: &[&str]| {
        let (command, rest) = words.split_first().unwrap_or((&"check", &[]));
        scratch.cargo(&[&[*command, "--locked", "--offline", "--quiet"], rest].concat())
    };
    offline(&["test", "--package", &package])?;
    offline(&["clippy", "--package", &package, "--all-targets", "--no-deps", "--", "-D", "warnings"])?;
    offline(&["check", "--package", "superpaas"])
}

/// Adds a cell with nothing in it yet, and lists it.
pub fn new_cell(root: &Path, name: &str) -> Result<(), String> {
    let names = Names::of(name)?;
    let folder = root.join("cells").join(name);
    if folder.exists() {
        return Err(format!("cells/{name} exists."));
    }
    put(&folder.join("Cargo.toml"), &names.fill(include_str!("templates/cell.Cargo.toml.txt"), name))?;
    put(&folder.join("src/lib.rs"), &names.fill(include_str!("templates/cell.lib.rs.txt"), name))?;
    let (kebab, snake) = (&names.kebab, &names.snake);
    change(&root.join("Cargo.toml"), |text| {
        before_line(text, "superpaas = ", &format!("cell-{kebab} = {{ path = \"cells/{kebab}\" }}"))
    })?;
    change(&root.join("app/Cargo.toml"), |text| before_line(text, "clap", &format!("cell-{kebab}.workspace = true")))?;
    change(&root.join("ARCHITECTURE.md"), |text| {
        before_line(text, "| `app` |", &format!("| `cells/{kebab}` | {} | cell |", names.title))
    })?;
    change(&root.join("app/src/cells.rs"), |text| {
        let (before, after) = text.rsplit_once("::cell()")?;
        Some(format!("{before}::cell(), cell_{snake}::cell(){after}"))
    })
}

/// Adds a document with lines, states, permissions and a report to a cell: one folder and one line.
pub fn new_document(root: &Path, cell: &str, name: &str) -> Result<(), String> {
    let names = Names::of(name)?;
    let source = root.join("cells").join(cell).join("src");
    let folder = source.join(&names.snake);
    if !source.is_dir() {
        return Err(format!("There is no cell {cell}; make it with `cargo xtask new-cell {cell}`."));
    }
    if folder.exists() {
        return Err(format!("cells/{cell}/src/{} exists.", names.snake));
    }
    put(&folder.join("mod.rs"), &names.fill(include_str!("templates/document.mod.rs.txt"), cell))?;
    put(&folder.join("rules.rs"), &names.fill(include_str!("templates/document.rules.rs.txt"), cell))?;
    put(&folder.join("tests.rs"), &names.fill(include_str!("templates/document.tests.rs.txt"), cell))?;
    change(&source.join("lib.rs"), |text| declared(text, &names.snake))
}

/// The cell's list with one part more, and the module that holds it.
fn declared(text: &str, snake: &str) -> Option<String> {
    let at = text.find("    Cell::new(")?;
    let end = at + text.get(at..)?.find("\n}")?;
    let text = format!("{}\n        .with({snake}::declare){}", text.get(..end)?, text.get(end..)?);
    if text.contains("\npub mod ") {
        return before_line(&text, "pub mod ", &format!("pub mod {snake};"));
    }
    before_line(&text, "use paas_cell::prelude::*;", &format!("pub mod {snake};\n"))
}

fn before_line(text: &str, start: &str, line: &str) -> Option<String> {
    let at = text.lines().position(|l| l.starts_with(start))?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.insert(at, line);
    Some(lines.join("\n") + "\n")
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} cannot be written: {e}.", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

fn change(path: &PathBuf, how: impl FnOnce(&str) -> Option<String>) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    let changed = how(&text).ok_or_else(|| format!("{} is not as expected; add the line by hand.", path.display()))?;
    put(path, &changed)
}

/// A name in the spellings that code needs.
#[derive(Debug)]
struct Names {
    kebab: String,
    snake: String,
    pascal: String,
    /// `Gadget note`
    title: String,
    /// `GN`
    prefix: String,
}

impl Names {
    fn of(name: &str) -> Result<Names, String> {
        let parts: Vec<&str> = name.split('-').collect();
        let good = |part: &&str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !parts.iter().all(good) {
            return Err(format!("“{name}” is no name; write it as gadget-note."));
        }
        let upper = |part: &&str| part.get(..1).unwrap_or_default().to_uppercase() + part.get(1..).unwrap_or_default();
        let initials: String = parts.iter().filter_map(|part| part.get(..1)).collect();
        let pascal: String = parts.iter().map(upper).collect();
        let title = parts.join(" ");
        Ok(Names {
            kebab: name.to_owned(),
            snake: name.replace('-', "_"),
            title: upper(&title.as_str()),
            prefix: initials.to_uppercase(),
            pascal,
        })
    }

    fn fill(&self, template: &str, cell: &str) -> String {
        template
            .replace("__KEBAB__", &self.kebab)
            .replace("__SNAKE__", &self.snake)
            .replace("__PASCAL__", &self.pascal)
            .replace("__TITLE__", &self.title)
            .replace("__PREFIX__", &self.prefix)
            .replace("__CELL__", cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_code_needs_them() {
        let names = Names::of("gadget-note").unwrap();
        assert_eq!(
            (names.snake.as_str(), names.pascal.as_str(), names.title.as_str(), names.prefix.as_str()),
            ("gadget_note", "GadgetNote", "Gadget note", "GN")
        );
        for bad in ["", "Gadget", "gadget_note", "-x", "9x", "a b", "../x"] {
            assert!(Names::of(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_document_is_one_line_of_the_list() {
        let text =
            "//! Doc.\n\nuse paas_cell::prelude::*;\n\npub fn cell() -> Cell {\n    Cell::new(\"a\", \"b\")\n}\n";
        let once = declared(text, "note").unwrap();
        assert!(once.contains("pub mod note;\n\nuse paas_cell"), "{once}");
        assert!(once.contains("    Cell::new(\"a\", \"b\")\n        .with(note::declare)\n}"), "{once}");
        let twice = declared(&once, "shelf").unwrap();
        assert!(twice.contains(".with(note::declare)\n        .with(shelf::declare)\n}"), "{twice}");
    }
}
