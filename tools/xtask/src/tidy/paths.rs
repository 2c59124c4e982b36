//! What the pages name exists.

use super::Finding;
use crate::tree::{File, Tree};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const ARCHITECTURE_LINES: usize = 200;

/// The page stays short, and every path in back-ticks exists.
pub(super) fn architecture(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, "is missing")];
    };
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > ARCHITECTURE_LINES {
        found.push(Finding::new(ARCHITECTURE, format!("has {lines} lines; it is a map, not a book")));
    }
    for (number, line) in file.lines() {
        for path in quoted(line).filter(|quoted| is_path(quoted)) {
            if !exists(tree, path) {
                found.push(Finding::new(format!("{ARCHITECTURE}:{number}"), format!("{path} does not exist")));
            }
        }
    }
    found
}

/// Every crate stands in the code map.
pub(super) fn code_map(tree: &Tree) -> Vec<Finding> {
    let map = tree.file(ARCHITECTURE).map_or("", |file| file.text.as_str());
    let crates = tree.files.iter().filter_map(|file| Some((file, file.path.strip_suffix("/Cargo.toml")?)));
    crates
        .filter(|(file, _)| file.text.lines().any(|line| line == "[package]"))
        .filter(|(_, home)| !map.contains(&format!("| `{home}` |")))
        .map(|(file, home)| Finding::new(&file.path, format!("{home} is not in the code map of {ARCHITECTURE}")))
        .collect()
}

fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Whether a quoted text means a file or directory: it has a slash or a known ending, and no blank or call.
fn is_path(text: &str) -> bool {
    let ending = [".rs", ".md", ".sh", ".mjs", ".py", ".toml", ".json"].iter().any(|e| text.ends_with(e));
    (text.contains('/') || ending) && !text.contains([' ', '(', ':', '{']) && !text.starts_with('/')
}

fn exists(tree: &Tree, path: &str) -> bool {
    if let Some((before, after)) = path.split_once("<cell>").or_else(|| path.split_once('*')) {
        return tree.files.iter().any(|f| f.path.starts_with(before) && f.path.contains(after.trim_end_matches('/')));
    }
    if path.contains('/') {
        tree.has(path)
    } else {
        tree.files.iter().any(|f| f.path == path || f.path.ends_with(&format!("/{path}")))
    }
}

/// Links between pages lead somewhere.
pub(super) fn links(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.is(&[".md"])).flat_map(|file| broken(tree, file)).collect()
}

fn broken(tree: &Tree, file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (number, line) in file.lines() {
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            let is_image = [".png", ".svg", ".jpg"].iter().any(|e| target.ends_with(e));
            if !is_image && !tree.has(&join(folder, target)) {
                found.push(Finding::new(
                    format!("{}:{number}", file.path),
                    format!("the link to {target} leads nowhere"),
                ));
            }
        }
    }
    found
}

fn join(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        let files = [(ARCHITECTURE, text), ("paas/store/src/lib.rs", ""), ("docs/a.md", "[up](../ARCHITECTURE.md)")];
        Tree { files: files.iter().map(|(path, text)| File::new(path, text)).collect() }
    }

    #[test]
    fn a_path_that_does_not_exist_is_seen() {
        assert_eq!(architecture(&tree("see `paas/gone`")).len(), 1);
        assert_eq!(architecture(&tree("see `gone.rs`")).len(), 1);
        assert_eq!(architecture(&tree("see `cells/*/src`")).len(), 1);
        assert_eq!(architecture(&tree("see `paas/store`, `lib.rs`, `paas/*/src`, `Cell::new`, `cargo x/y z`")), []);
        assert_eq!(architecture(&Tree::default()).len(), 1);
        assert_eq!(architecture(&tree(&"x\n".repeat(ARCHITECTURE_LINES + 1))).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_code_map_is_seen() {
        let with = |text: &str| {
            let mut tree = tree(text);
            tree.files.push(File::new("paas/store/Cargo.toml", "[package]"));
            tree
        };
        assert_eq!(code_map(&with("| `paas/store` | SQL |")), []);
        assert_eq!(code_map(&with("| `paas/stores` | SQL |")).len(), 1);
    }

    #[test]
    fn a_broken_link_is_seen() {
        assert_eq!(links(&tree("[a](docs/a.md) [b](https://example.org)")), []);
        assert_eq!(links(&tree("[a](docs/b.md)")).len(), 1);
    }
}
