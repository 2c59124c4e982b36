//! The project's own automation, behind `cargo xtask` and `./run.sh`. It links nothing of the project, so it still works
//! when the rest does not compile.

pub mod amputate;
pub mod scaffold;
pub mod scratch;
pub mod tidy;
pub mod tree;

use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask tidy | contracts [--write] | docs [--write] | amputate [--test] | rehearse | \
                     new-cell <name> | new-document <cell> <name> | bench [--full]";

/// Runs one command; the error is a sentence for the person who typed it.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => tidy::run(&root()),
        ["contracts" | "docs", ..] => {
            cargo(&[&["run", "--quiet", "--locked", "--package", "contracts", "--"], words.as_slice()].concat())
        }
        ["amputate"] => amputate::run(&root(), false),
        ["amputate", "--test"] => amputate::run(&root(), true),
        ["rehearse"] => scaffold::rehearse(&root(), true),
        ["new-cell", name] => scaffold::new_cell(&root(), name).and_then(|()| refresh()),
        ["new-document", cell, name] => scaffold::new_document(&root(), cell, name).and_then(|()| refresh()),
        ["bench", rest @ ..] => {
            cargo(&[&["run", "--release", "--quiet", "--locked", "--package", "bench", "--"], rest].concat())
        }
        _ => Err(USAGE.to_owned()),
    }
}

/// After the sources grew: the lock file, the format, the contracts and the manual.
fn refresh() -> Result<(), String> {
    cargo(&["fmt", "--all"])?;
    for what in ["contracts", "docs"] {
        cargo(&["run", "--quiet", "--package", "contracts", "--", what, "--write"])?;
    }
    Ok(())
}

/// Runs cargo in the workspace and passes on what it says.
fn cargo(arguments: &[&str]) -> Result<(), String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = std::process::Command::new(program).args(arguments).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cargo {} failed.", arguments.first().unwrap_or(&""))),
        Err(error) => Err(format!("cargo cannot be started: {error}.")),
    }
}

/// The directory of the workspace this program was built in.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}
