//! Nothing too long to read: files up to 500 lines, functions up to about 70.

use super::Finding;
use crate::tree::{File, Tree};

const FILE_LINES: usize = 500;
/// “About 70”.
const FUNCTION_LINES: usize = 75;
/// What people write by hand.
const WRITTEN: &[&str] = &[".rs", ".ts", ".tsx", ".mjs", ".py", ".css", ".sh"];

/// Something longer than the limit, and how long it may be.
pub(super) struct Exception {
    path: &'static str,
    /// Name of the function; empty for the file itself.
    function: &'static str,
    lines: usize,
}

/// What is longer for a reason. May only shrink: an entry that is not needed, or allows more than there is, is a finding.
pub(super) const EXCEPTIONS: &[Exception] = &[];

/// Everything too long, and every exception that is not needed any more.
pub(super) fn check(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut used = vec![false; exceptions.len()];
    for (path, function, lines) in tree.files.iter().flat_map(too_long) {
        let known = exceptions.iter().position(|e| e.path == path && e.function == function);
        match known.and_then(|index| exceptions.get(index).map(|e| (index, e))) {
            Some((index, exception)) if exception.lines == lines => {
                if let Some(flag) = used.get_mut(index) {
                    *flag = true;
                }
            }
            _ => found
                .push(Finding::new(path, format!("{function} has {lines} lines; cut it where its subject changes"))),
        }
    }
    for (exception, used) in exceptions.iter().zip(used) {
        if !used {
            let what = format!("the exception for {} lines {} is stale", exception.lines, exception.function);
            found.push(Finding::new(exception.path, what));
        }
    }
    found
}

fn too_long(file: &File) -> Vec<(String, String, usize)> {
    if !file.is(WRITTEN) {
        return Vec::new();
    }
    let mut out = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES {
        out.push((file.path.clone(), String::new(), lines));
    }
    if file.is(&[".rs"]) {
        let long = functions(&file.text).into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES);
        out.extend(long.map(|(name, lines)| (file.path.clone(), name, lines)));
    }
    out
}

/// The functions of formatted Rust with their lines: from `fn` to the brace at the same depth.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut out = Vec::new();
    let mut open: Vec<(usize, String, usize)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let depth = line.len() - line.trim_start().len();
        if let Some(name) = function_name(line.trim_start()) {
            if !line.trim_end().ends_with([';', '}']) {
                open.push((depth, name, number));
            }
            continue;
        }
        let closes = line.trim_start() == "}" || line.trim() == ";";
        while closes && open.last().is_some_and(|(at, ..)| *at >= depth) {
            if let Some((_, name, start)) = open.pop() {
                out.push((name, number - start + 1));
            }
        }
    }
    out
}

fn function_name(line: &str) -> Option<String> {
    let mut rest = line;
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => return after.split(['(', '<']).next().map(str::to_owned),
            "pub" | "async" | "const" | "extern" | "pub(crate)" | "pub(super)" => rest = after,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { files: vec![File::new(path, text)] }
    }

    #[test]
    fn a_long_file_and_a_long_function_are_seen() {
        let file = "x\n".repeat(FILE_LINES + 1);
        assert_eq!(check(&tree("a.ts", &file), &[]).len(), 1);
        assert_eq!(check(&tree("a.csv", &file), &[]).len(), 0);
        let body = "        let x = 1;\n".repeat(FUNCTION_LINES);
        let long =
            format!("impl A {{\n    pub(crate) async fn a(&self) {{\n{body}    }}\n\n    fn b() {{\n    }}\n}}\n");
        let found = check(&tree("a.rs", &long), &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found.iter().all(|f| f.what.starts_with("a has")), "{found:?}");
    }

    #[test]
    fn an_exception_must_fit_exactly() {
        let file = "x\n".repeat(FILE_LINES + 7);
        let exception = |lines| [Exception { path: "a.rs", function: "", lines }];
        assert_eq!(check(&tree("a.rs", &file), &exception(FILE_LINES + 7)).len(), 0);
        assert_eq!(check(&tree("a.rs", &file), &exception(FILE_LINES + 8)).len(), 2);
        assert_eq!(check(&tree("a.rs", "x\n"), &exception(FILE_LINES + 7)).len(), 1);
    }
}
