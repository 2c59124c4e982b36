//! Words that must not stand in files: unfinished work, places of one machine, allowances without a reason.

use super::Finding;
use crate::tree::{File, Tree};

/// What people write; not data and not lock files.
const TEXT: &[&str] = &[".rs", ".toml", ".ts", ".tsx", ".mjs", ".css", ".html", ".py", ".sh", ".md", ".json", ".yml"];

/// Marks of unfinished work. In pieces, so that this file does not find itself.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("#[ig", "nore"),
    concat!("it.on", "ly("),
    concat!("it.sk", "ip("),
    concat!("describe.sk", "ip("),
];
/// Directories of somebody's machine and hosts of package registries.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Use", "rs/"),
    concat!("regis", "try.npm"),
    concat!("npm", "mirror"),
    concat!("static.cra", "tes.io"),
    concat!("pypi", ".org"),
    concat!("arti", "factory"),
    concat!("rs", "proxy"),
];
/// Code a derive emits when it already failed, so that one mistake gives one message.
const STUB: &str = concat!("::core::unimple", "mented!(");

/// Work left for later, tests that do not run.
pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    scan(tree, UNFINISHED, contains_word, "finish it or file it")
}

/// Machine paths and registry hosts.
pub(super) fn places(tree: &Tree) -> Vec<Finding> {
    scan(tree, PLACES, contains_place, "no path of a machine and no host of a registry stands in a file")
}

fn scan(tree: &Tree, words: &[&str], contains: fn(&str, &str) -> bool, why: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|f| f.is(TEXT) || !f.path.contains('.')) {
        for (number, line) in file.lines() {
            let line = line.replace(STUB, "");
            if let Some(word) = words.iter().find(|word| contains(&line, word)) {
                found.push(Finding::new(format!("{}:{number}", file.path), format!("“{word}”: {why}")));
            }
        }
    }
    found
}

/// Whether the word stands there, not as a part of a longer one.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|s| s.chars().next());
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let inner = |edge: Option<char>, own: Option<char>| letter(edge) && letter(own);
        !inner(before, word.chars().next()) && !inner(after, word.chars().next_back())
    })
}

/// Whether an absolute path begins there, or a host is named; `web/home/list` is neither.
fn contains_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|s| s.chars().next_back());
        !place.starts_with('/') || !before.is_some_and(|c| c.is_ascii_alphanumeric() || "._-*>}".contains(c))
    })
}

/// Where Rust code outside of tests allows what the workspace denies, a comment on the line says why.
pub(super) fn allowances(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|f| f.is(&[".rs"]) && !f.is_test()) {
        for (number, line) in code(file) {
            let line = line.trim_start();
            let allows = line.starts_with("#[allow(clippy::") || line.starts_with("#![allow(");
            if allows && !line.contains("//") {
                found.push(Finding::new(format!("{}:{number}", file.path), "an allowance says why on its line"));
            }
        }
    }
    found
}

/// The lines before the tests of a file.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.lines().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { files: vec![File::new(path, text)] }
    }

    #[test]
    fn unfinished_work_is_seen() {
        for word in UNFINISHED {
            assert_eq!(unfinished(&tree("a.rs", &format!("// {word} later"))).len(), 1, "{word}");
        }
        assert_eq!(unfinished(&tree("a.rs", STUB)), []);
        assert_eq!(unfinished(&tree("a.csv", UNFINISHED.first().unwrap())), []);
    }

    #[test]
    fn places_are_seen() {
        for word in PLACES {
            assert_eq!(places(&tree("a.md", &format!("see {word}here"))).len(), 1, "{word}");
        }
        assert_eq!(places(&tree("a.md", concat!("../ho", "me/list and src/ho", "me/list"))), []);
    }

    #[test]
    fn an_allowance_without_a_reason_is_seen() {
        assert_eq!(allowances(&tree("a/src/x.rs", "#[allow(clippy::panic)]")).len(), 1);
        assert_eq!(allowances(&tree("a/src/x.rs", "#[allow(clippy::panic)] // the declaration is wrong")), []);
        assert_eq!(allowances(&tree("a/tests/x.rs", "#![allow(clippy::panic)]")), []);
    }
}
