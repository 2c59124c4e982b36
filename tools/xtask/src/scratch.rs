//! A copy of the project to cut and grow in.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Not copied: what was built, and what is somebody's data.
const LEFT: &[&str] = &["target", "node_modules", ".git", "data"];

/// A copy inside the target directory, built into a target directory of its own: cargo knows a crate of a workspace by its
/// path from the root, so a shared one would give what was built from the copy to the original. The copy keeps its place
/// and the files their times, so that what did not change is not built again the next time.
pub struct Scratch {
    root: PathBuf,
}

impl Scratch {
    /// Copies the project to the scratch of this name; what was there is gone.
    pub fn of(root: &Path, name: &str) -> Result<Scratch, String> {
        let to = target().join("scratch").join(name);
        if to.exists() {
            std::fs::remove_dir_all(&to).map_err(|e| format!("{} cannot be cleared: {e}", to.display()))?;
        }
        copy(root, &to)?;
        Ok(Scratch { root: to })
    }

    /// Where the copy is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs cargo in the copy.
    pub fn cargo(&self, arguments: &[&str]) -> Result<(), String> {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target().join("scratch/target"))
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .map_err(|e| format!("cargo cannot be started: {e}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let out = String::from_utf8_lossy(&output.stdout);
        Err(format!("cargo {}:\n{said}\n{out}", arguments.join(" ")))
    }
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| crate::root().join("target"), PathBuf::from)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} cannot be copied: {e}", from.display());
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if LEFT.iter().any(|left| name == *left) {
            continue;
        }
        let (old, new) = (entry.path(), to.join(&name));
        if old.is_dir() {
            copy(&old, &new)?;
        } else {
            std::fs::copy(&old, &new).map_err(failed)?;
            let changed = std::fs::metadata(&old).and_then(|meta| meta.modified()).map_err(failed)?;
            std::fs::File::options()
                .write(true)
                .open(&new)
                .and_then(|file| file.set_modified(changed))
                .map_err(failed)?;
        }
    }
    Ok(())
}
