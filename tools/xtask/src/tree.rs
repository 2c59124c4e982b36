//! The project's files as text.

use std::path::Path;

/// Directories that hold nothing written by hand, wherever they are.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "coverage", ".git"];

/// One text file.
#[derive(Clone, Debug)]
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

impl File {
    /// A file of these lines; for samples in tests.
    pub fn new(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether the name ends with one of these.
    pub fn is(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Whether the file holds tests only.
    pub fn is_test(&self) -> bool {
        ["/tests/", "/test/", "/e2e/", "/mock/"].iter().any(|part| self.path.contains(part)) || self.is(&["/tests.rs"])
    }
}

/// All text files of a directory.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The files, sorted by path.
    pub files: Vec<File>,
}

impl Tree {
    /// Reads everything under `root`; files that are not UTF-8 are left out.
    pub fn read(root: &Path) -> Result<Tree, String> {
        let mut tree = Tree::default();
        collect(root, root, &mut tree.files)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file or directory is there.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/");
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&inside))
    }
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<File>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} cannot be read: {e}", directory.display());
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let at_root = directory == root;
        if SKIPPED.contains(&name) || (at_root && name == "data") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let (Ok(text), Ok(inside)) = (std::fs::read_to_string(&path), path.strip_prefix(root)) {
            files.push(File { path: inside.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}
