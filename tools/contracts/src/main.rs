//! `contracts [contracts|docs] [--write]`; behind `cargo xtask`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["contracts"] => contracts::check(&contracts::committed()),
        ["contracts", "--write"] => contracts::write(&contracts::committed()),
        ["docs"] => manual().and_then(|files| contracts::check(&files)),
        ["docs", "--write"] => manual().and_then(|files| contracts::write(&files)),
        _ => Err("usage: contracts contracts|docs [--write]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("contracts: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn manual() -> Result<Vec<contracts::Generated>, String> {
    contracts::manual::files(&superpaas::cells::all())
}
