//! Which crate may know which: the three red lines, by `cargo metadata` and by the manifests.

use super::Finding;
use crate::tree::Tree;
use serde_json::Value as Json;
use std::path::Path;
use std::process::Command;

/// Crates that talk to a database.
const SQL_DRIVERS: &[&str] =
    &["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres", "sqlx", "diesel", "sea-query", "sea-orm"];
/// Where a database may be seen. The bench replays the store's statements without the store.
const MAY_SQL: &[&str] = &["paas/store", "tools/bench"];
/// Crates that serve or speak HTTP.
const HTTP: &[&str] =
    &["axum", "axum-server", "actix-web", "warp", "rocket", "tonic", "hyper", "hyper-util", "tower-http"];
/// Where they may be seen: the two that serve, the link that calls, and the program whose loader is a client.
const MAY_HTTP: &[&str] = &["paas/cell", "paas/gateway", "paas/link", "paas/testkit", "app", "tools/bench"];
/// Where a listener may be opened or served outside of tests.
const MAY_LISTEN: &[&str] = &["paas/cell/", "paas/gateway/", "app/"];
/// Cells whose tests still name crates of the platform other than the testkit. May only shrink.
const TESTS_REACH_THROUGH: &[&str] = &["cells/erp"];

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(super) struct Crate {
    /// Directory from the root: `paas/store`.
    pub at: String,
    pub dependencies: Vec<Dependency>,
}

/// What a crate depends on.
#[derive(Clone, Debug)]
pub(super) struct Dependency {
    pub name: String,
    /// Directory from the root when the crate is ours.
    pub ours: Option<String>,
    /// Only for tests.
    pub dev: bool,
}

/// The crates of the workspace as cargo sees them.
pub(super) fn metadata(root: &Path) -> Result<Vec<Crate>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let json: Json = serde_json::from_slice(&output.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    Ok(parse(&json))
}

fn parse(json: &Json) -> Vec<Crate> {
    let root = json.get("workspace_root").and_then(Json::as_str).unwrap_or_default();
    let inside = |path: &str| {
        let path = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
        path.strip_suffix("/Cargo.toml").unwrap_or(path).to_owned()
    };
    let text = |value: &Json, key: &str| value.get(key).and_then(Json::as_str).map(str::to_owned);
    let list = |value: &Json, key: &str| value.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    list(json, "packages")
        .iter()
        .map(|package| Crate {
            at: inside(&text(package, "manifest_path").unwrap_or_default()),
            dependencies: list(package, "dependencies")
                .iter()
                .map(|d| Dependency {
                    name: text(d, "name").unwrap_or_default(),
                    ours: text(d, "path").map(|path| inside(&path)),
                    dev: text(d, "kind").as_deref() == Some("dev"),
                })
                .collect(),
        })
        .collect()
}

/// Platform on platform only; a cell on the chassis only; nothing on the tools; drivers and servers where they belong.
pub(super) fn dependencies(crates: &[Crate]) -> Vec<Finding> {
    let mut found = Vec::new();
    for member in crates {
        for dependency in &member.dependencies {
            if let Some(why) = refused(&member.at, dependency) {
                found.push(Finding::new(
                    format!("{}/Cargo.toml", member.at),
                    format!("the dependency {} is not allowed: {why}", dependency.name),
                ));
            }
        }
    }
    for at in TESTS_REACH_THROUGH {
        let reaches = |c: &Crate| c.at == **at && c.dependencies.iter().any(|d| d.dev && test_reach(d));
        if !crates.iter().any(reaches) {
            found.push(Finding::new(*at, "no longer reaches through; take it off TESTS_REACH_THROUGH"));
        }
    }
    found
}

fn test_reach(dependency: &Dependency) -> bool {
    dependency.ours.as_deref().is_some_and(|to| to != "paas/cell" && to != "paas/testkit")
}

fn refused(from: &str, dependency: &Dependency) -> Option<&'static str> {
    let name = dependency.name.as_str();
    if SQL_DRIVERS.contains(&name) && !MAY_SQL.contains(&from) {
        return Some("only paas/store sees SQL");
    }
    if HTTP.contains(&name) && !dependency.dev && !MAY_HTTP.contains(&from) {
        return Some("HTTP is served by paas/cell and paas/gateway");
    }
    let Some(to) = dependency.ours.as_deref() else {
        return (from.starts_with("cells/") && !dependency.dev)
            .then_some("a cell has what paas-cell gives it; widen the chassis for all cells instead");
    };
    if to.starts_with("tools/") && !from.starts_with("tools/") {
        return Some("nothing depends on the tools");
    }
    if from.starts_with("paas/") && !to.starts_with("paas/") {
        return Some("the platform depends on the platform only");
    }
    if from == "web" {
        return Some("the page depends on nothing of ours");
    }
    if from.starts_with("cells/") {
        if !dependency.dev && to != "paas/cell" {
            return Some("a cell depends on paas-cell only");
        }
        if dependency.dev && test_reach(dependency) && !TESTS_REACH_THROUGH.contains(&from) {
            return Some("tests of a cell use paas-testkit only");
        }
    }
    None
}

/// Every crate takes the lints of the workspace.
pub(super) fn lints(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    manifests
        .filter(|file| file.text.lines().any(|line| line.trim() == "[package]"))
        .filter(|file| !file.text.split("\n[").any(|part| part.starts_with("lints]\nworkspace = true")))
        .map(|file| Finding::new(&file.path, "has no `[lints] workspace = true`"))
        .collect()
}

/// The crate of a cell is named by the workspace, by itself, and in the one place of the program that lists the cells.
pub(super) fn listed_once(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for manifest in tree.files.iter().filter(|f| f.path.starts_with("cells/") && f.path.ends_with("/Cargo.toml")) {
        let own = manifest.path.trim_end_matches("Cargo.toml");
        let name = own.trim_start_matches("cells/").trim_end_matches('/');
        let spellings = [format!("cell-{name}"), format!("cell_{}", name.replace('-', "_"))];
        for file in tree.files.iter().filter(|f| f.is(&[".rs", "Cargo.toml"])) {
            let allowed = file.path.starts_with(own)
                || ["Cargo.toml", "app/Cargo.toml", "app/src/cells.rs"].contains(&file.path.as_str())
                || file.path.starts_with("app/tests/")
                || file.path.starts_with("tools/bench/");
            if !allowed && spellings.iter().any(|spelling| file.text.contains(spelling.as_str())) {
                found.push(Finding::new(
                    &file.path,
                    format!("names the cell {name}; cells are listed in app/src/cells.rs only"),
                ));
            }
        }
    }
    found
}

/// Listeners are opened where HTTP is served, and in tests.
pub(super) fn servers(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|f| f.is(&[".rs"]) && !f.is_test() && !f.path.starts_with("tools/")) {
        if MAY_LISTEN.iter().any(|may| file.path.starts_with(may)) {
            continue;
        }
        let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in ["TcpListener", "axum::serve", "hyper::server"] {
            if code.contains(word) {
                found.push(Finding::new(
                    &file.path,
                    format!("{word}: HTTP is served by paas/cell and paas/gateway only"),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;
    use serde_json::json;

    fn one(from: &str, dependency: Json) -> Vec<Finding> {
        let json = json!({"workspace_root": "/x", "packages": [
            {"manifest_path": format!("/x/{from}/Cargo.toml"), "dependencies": [dependency]},
            {"manifest_path": "/x/cells/erp/Cargo.toml",
             "dependencies": [{"name": "paas-store", "path": "/x/paas/store", "kind": "dev"}]},
        ]});
        dependencies(&parse(&json))
    }

    fn ours(to: &str, kind: Option<&str>) -> Json {
        json!({"name": to.replace('/', "-"), "path": format!("/x/{to}"), "kind": kind})
    }

    #[test]
    fn each_red_line_is_seen_when_crossed() {
        for (from, dependency) in [
            ("paas/store", ours("cells/erp", None)),
            ("paas/store", ours("app", Some("dev"))),
            ("cells/toy", ours("paas/store", None)),
            ("cells/toy", ours("cells/erp", None)),
            ("cells/toy", ours("paas/store", Some("dev"))),
            ("cells/toy", json!({"name": "serde_json", "kind": null})),
            ("app", ours("tools/xtask", None)),
            ("web", ours("paas/types", None)),
            ("paas/platform", json!({"name": "rusqlite", "kind": null})),
            ("paas/platform", json!({"name": "axum", "kind": null})),
        ] {
            assert_eq!(one(from, dependency.clone()).len(), 1, "{from} {dependency}");
        }
        for (from, dependency) in [
            ("paas/cell", ours("paas/store", None)),
            ("cells/toy", ours("paas/cell", None)),
            ("cells/toy", ours("paas/testkit", Some("dev"))),
            ("app", ours("cells/erp", None)),
            ("paas/store", json!({"name": "rusqlite", "kind": null})),
            ("paas/gateway", json!({"name": "axum", "kind": null})),
            ("paas/platform", json!({"name": "axum", "kind": "dev"})),
        ] {
            assert_eq!(one(from, dependency.clone()), [], "{from} {dependency}");
        }
    }

    #[test]
    fn a_stale_exception_is_seen() {
        assert_eq!(dependencies(&[]).len(), TESTS_REACH_THROUGH.len());
    }

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree { files: files.iter().map(|(path, text)| File::new(path, text)).collect() }
    }

    #[test]
    fn a_crate_without_lints_is_seen() {
        let with = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n";
        let found = lints(&tree(&[("a/Cargo.toml", with), ("b/Cargo.toml", "[package]\nname = \"b\"\n")]));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_second_list_of_cells_is_seen() {
        let files = [
            ("cells/toy/Cargo.toml", "name = \"cell-toy\""),
            ("app/src/cells.rs", "cell_toy::cell()"),
            ("app/src/serve.rs", "cell_toy::cell()"),
        ];
        let found = listed_once(&tree(&files));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_listener_in_the_wrong_place_is_seen() {
        let bad = "use tokio::net::TcpListener;";
        let files = [
            ("cells/toy/src/lib.rs", bad),
            ("paas/gateway/src/serve.rs", bad),
            ("paas/link/src/link.rs", "#[cfg(test)] mod tests { use tokio::net::TcpListener; }"),
        ];
        assert_eq!(servers(&tree(&files)).len(), 1);
    }
}
