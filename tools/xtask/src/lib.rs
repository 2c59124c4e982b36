//! The project's own automation, behind `cargo xtask` and `./run.sh`. It links nothing of the project, so it still works
//! when the rest does not compile.

pub mod tidy;
pub mod tree;

use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask tidy";

/// Runs one command; the error is a sentence for the person who typed it.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => tidy::run(&root()),
        _ => Err(USAGE.to_owned()),
    }
}

/// The directory of the workspace this program was built in.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_path_buf()
}
