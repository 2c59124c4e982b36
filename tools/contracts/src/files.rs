//! Generated files that are committed: written on demand, compared otherwise.

use std::path::{Path, PathBuf};

/// A file made by a program.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Path from the root of the workspace.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Refuses when a committed file is not what would be generated; names the first line that differs.
pub fn check(files: &[Generated]) -> Result<(), String> {
    compare(&root(), files)
}

/// Writes the files.
pub fn write(files: &[Generated]) -> Result<(), String> {
    store(&root(), files)
}

pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}

pub(crate) fn compare(root: &Path, files: &[Generated]) -> Result<(), String> {
    let mut wrong = Vec::new();
    for file in files {
        let committed = std::fs::read_to_string(root.join(&file.path)).unwrap_or_default();
        if committed != file.text {
            wrong.push(format!("{}: {}", file.path, difference(&committed, &file.text)));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let hint = "If the change is meant, run `cargo xtask contracts --write` and `cargo xtask docs --write` and commit.";
    Err(format!("{}\n{hint}", wrong.join("\n")))
}

fn difference(committed: &str, generated: &str) -> String {
    let (mut old, mut new) = (committed.lines(), generated.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (a, b) if a == b && a.is_some() => {}
            (a, b) => {
                return format!(
                    "line {number} is {:?}, from the code it would be {:?}",
                    a.unwrap_or(""),
                    b.unwrap_or("")
                );
            }
        }
    }
}

pub(crate) fn store(root: &Path, files: &[Generated]) -> Result<(), String> {
    for file in files {
        let path = root.join(&file.path);
        let failed = |e: std::io::Error| format!("{} cannot be written: {e}.", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, &file.text).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_what_the_code_says_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let file = |text: &str| [Generated { path: "a/contract/x.json".to_owned(), text: text.to_owned() }];
        assert!(compare(dir.path(), &file("{}\n")).unwrap_err().contains("line 1"));
        store(dir.path(), &file("{\n  1\n}\n")).unwrap();
        assert_eq!(compare(dir.path(), &file("{\n  1\n}\n")), Ok(()));
        assert!(compare(dir.path(), &file("{\n  2\n}\n")).unwrap_err().contains("line 2 is \"  1\""));
    }
}
