//! Cells live without each other, and the platform lives without cells: cut them off in a copy and build what is left.

use crate::scratch::Scratch;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a cell is named outside of its own directory; nothing else may need to change.
const LISTED_IN: &[&str] = &["Cargo.toml", "app/Cargo.toml"];
const LIST: &str = "app/src/cells.rs";

/// Keeps one cell after the other, then none, then the platform alone with its tests when `test` says so.
pub fn run(root: &Path, test: bool) -> Result<(), String> {
    let cells = cells(root)?;
    if cells.len() > 1 {
        for kept in &cells {
            eprintln!("xtask: the program with {kept} alone");
            let scratch = Scratch::of(root, "amputate")?;
            for cell in cells.iter().filter(|cell| *cell != kept) {
                cut(scratch.root(), cell)?;
            }
            build(&scratch, &["check", "--locked", "--offline", "--package", "superpaas"])?;
        }
    }
    eprintln!("xtask: the program with no cell");
    let scratch = Scratch::of(root, "amputate")?;
    for cell in &cells {
        cut(scratch.root(), cell)?;
    }
    edit(&scratch.root().join("Cargo.toml"), |text| text.replace("\"cells/*\", ", ""))?;
    build(&scratch, &["check", "--locked", "--offline", "--package", "superpaas"])?;
    eprintln!("xtask: the platform alone");
    alone(scratch.root())?;
    build(&scratch, &["check", "--locked", "--offline", "--workspace"])?;
    if test { scratch.cargo(&["test", "--locked", "--offline", "--workspace", "--quiet"]) } else { Ok(()) }
}

fn cells(root: &Path) -> Result<Vec<String>, String> {
    let failed = |e: std::io::Error| format!("the cells cannot be listed: {e}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("cells")).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Removes a cell and the lines that list it.
fn cut(root: &Path, cell: &str) -> Result<(), String> {
    std::fs::remove_dir_all(root.join("cells").join(cell)).map_err(|e| format!("cells/{cell}: {e}"))?;
    for path in LISTED_IN {
        edit(&root.join(path), |text| without_lines(text, &format!("cell-{cell}")))?;
    }
    let call = format!("cell_{}::cell()", cell.replace('-', "_"));
    edit(&root.join(LIST), |text| text.replace(&format!(", {call}"), "").replace(&call, ""))
}

/// Leaves `paas/` and no other crate of ours; the cells are already gone. Scripts that tests run stay.
fn alone(root: &Path) -> Result<(), String> {
    let tools = crates_of_tools(root)?;
    for gone in ["cells", "app", "web"].map(|name| root.join(name)).iter().chain(&tools) {
        std::fs::remove_dir_all(gone).map_err(|e| format!("{}: {e}", gone.display()))?;
    }
    edit(&root.join("Cargo.toml"), |text| {
        let mut text = text.to_owned();
        for name in ["superpaas =", "superpaas-web ="] {
            text = without_lines(&text, name);
        }
        let members =
            text.lines().map(|line| if line.starts_with("members = ") { "members = [\"paas/*\"]" } else { line });
        members.collect::<Vec<_>>().join("\n") + "\n"
    })
}

fn crates_of_tools(root: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(root.join("tools")).map_err(|e| format!("tools: {e}"))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(|e| format!("tools: {e}")));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    Ok(paths.into_iter().filter(|path| path.is_dir()).collect())
}

fn without_lines(text: &str, start: &str) -> String {
    let kept: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with(start)).collect();
    kept.join("\n") + "\n"
}

fn edit(path: &Path, how: impl FnOnce(&str) -> String) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", path.display());
    let text = std::fs::read_to_string(path).map_err(failed)?;
    std::fs::write(path, how(&text)).map_err(failed)
}

/// The lock file forgets who is gone and learns nobody new; then it is held to.
fn build(scratch: &Scratch, arguments: &[&str]) -> Result<(), String> {
    let path = scratch.root().join("Cargo.lock");
    let read = || std::fs::read_to_string(&path).map_err(|e| format!("Cargo.lock: {e}"));
    let before = packages(&read()?);
    scratch.cargo(&["update", "--workspace", "--offline", "--quiet"])?;
    if let Some(new) = packages(&read()?).difference(&before).next() {
        return Err(format!("without the cells the build would need {new}, which the lock file does not know"));
    }
    scratch.cargo(arguments)
}

/// `name version` of every locked package.
fn packages(lock: &str) -> BTreeSet<String> {
    let field = |part: &str, name: &str| {
        part.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim_matches('"').to_owned()
    };
    lock.split("[[package]]")
        .skip(1)
        .map(|part| format!("{} {}", field(part, "name = "), field(part, "version = ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_is_read() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2\"\n";
        assert_eq!(packages(lock), BTreeSet::from(["a 1.0".to_owned(), "b 2".to_owned()]));
    }

    /// A copy in which the platform leans on a cell does not build without it.
    #[test]
    fn a_platform_that_leans_on_a_cell_is_seen() {
        let scratch = Scratch::of(&crate::root(), "leaning").unwrap();
        let cells = cells(scratch.root()).unwrap();
        let cell = cells.first().unwrap();
        edit(&scratch.root().join("paas/types/Cargo.toml"), |text| {
            text.replace("[dependencies]", &format!("[dependencies]\ncell-{cell}.workspace = true"))
        })
        .unwrap();
        for cell in &cells {
            cut(scratch.root(), cell).unwrap();
        }
        alone(scratch.root()).unwrap();
        let said = build(&scratch, &["check", "--locked", "--offline"]).unwrap_err();
        assert!(said.contains(&format!("cell-{cell}")), "{said}");
    }
}
