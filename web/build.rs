//! Builds the page with npm and Vite into `OUT_DIR` and writes the table of its files.
//!
//! - `WEB_DIST=<dir>`: embed that directory, build nothing (containers without Node.js).
//! - `SUPERPAAS_WEB=full|notice`: force one of the two; the default is `full` in release builds
//!   and `notice` in debug builds, so that tests of Rust code never wait for npm.
//! - Without Node.js ≥ 20, or when the build fails, a notice is embedded that says so.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const WATCHED: &[&str] = &[
    "build.rs",
    "embed",
    "src",
    "public",
    "scripts",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    for name in WATCHED {
        let path = root.join(name);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    println!("cargo::rerun-if-env-changed=WEB_DIST");
    println!("cargo::rerun-if-env-changed=SUPERPAAS_WEB");

    let dist = match page(&root, &out) {
        Ok(dist) => dist,
        Err(reason) => {
            println!("cargo::warning=the page is not built, a notice is embedded: {reason}");
            notice(&out, &reason)?
        }
    };
    write_table(&dist, &out.join("assets.rs"))
}

/// The directory of the built page, or why there is none.
fn page(root: &Path, out: &Path) -> Result<PathBuf, String> {
    if let Some(dist) = env::var_os("WEB_DIST") {
        let dist = PathBuf::from(dist);
        return if dist.join("index.html").is_file() {
            println!("cargo::rerun-if-changed={}", dist.display());
            Ok(dist)
        } else {
            Err("WEB_DIST names no directory with an index.html".to_owned())
        };
    }
    let release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let wanted = match env::var("SUPERPAAS_WEB").as_deref() {
        Ok("full") => true,
        Ok("notice") => false,
        _ => release,
    };
    if !wanted {
        return notice(out, "").map_err(|error| error.to_string());
    }
    node_is_fit()?;
    install(root)?;
    let dist = out.join("dist");
    let vite = root.join("node_modules/vite/bin/vite.js");
    run(Command::new("node")
        .current_dir(root)
        .arg(vite)
        .args(["build", "--emptyOutDir", "--logLevel", "warn", "--outDir"])
        .arg(&dist))?;
    run(Command::new("node").current_dir(root).arg("scripts/precompress.mjs").arg(&dist))?;
    Ok(dist)
}

fn node_is_fit() -> Result<(), String> {
    let answer = Command::new("node").arg("--version").output();
    let text = match answer {
        Ok(answer) => String::from_utf8_lossy(&answer.stdout).into_owned(),
        Err(_) => return Err("Node.js is not installed".to_owned()),
    };
    let major = text.trim().trim_start_matches('v').split('.').next().unwrap_or_default();
    match major.parse::<u32>() {
        Ok(major) if major >= 20 => Ok(()),
        _ => Err(format!("Node.js is too old ({})", text.trim())),
    }
}

/// `npm ci`, but only when the lockfile is not the one that was installed last.
fn install(root: &Path) -> Result<(), String> {
    let lock = fs::read(root.join("package-lock.json")).map_err(|error| error.to_string())?;
    let stamp = root.join("node_modules/.superpaas-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new("npm").current_dir(root).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(stamp, lock).map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let mut lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.truncate(8);
    Err(format!("{program} failed: {}", lines.join(" / ")))
}

/// Writes the one-page notice and returns its directory.
fn notice(out: &Path, reason: &str) -> io::Result<PathBuf> {
    let dist = out.join("notice");
    fs::create_dir_all(&dist)?;
    let reason = reason.replace('&', "&amp;").replace('<', "&lt;");
    fs::write(dist.join("index.html"), include_str!("scripts/notice.html").replace("__REASON__", &reason))?;
    Ok(dist)
}

/// Writes `assets.rs`: one `include_bytes!` per file and per compressed form.
fn write_table(dist: &Path, table: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    collect(dist, dist, &mut files)?;
    files.sort();
    let mut text = String::from("static ASSETS: &[Asset] = &[\n");
    for name in files.iter().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")) {
        let form = |suffix: &str| {
            let path = dist.join(format!("{name}{suffix}"));
            if path.is_file() {
                format!("Some(include_bytes!({:?}))", path.display().to_string())
            } else {
                "None".to_owned()
            }
        };
        let body = dist.join(name).display().to_string();
        let written = writeln!(
            text,
            "    Asset {{ path: {name:?}, mime: {:?}, body: include_bytes!({body:?}), gzip: {}, brotli: {}, immutable: {} }},",
            mime(name),
            form(".gz"),
            form(".br"),
            name.starts_with("assets/"),
        );
        written.map_err(io::Error::other)?;
    }
    text.push_str("];\n");
    fs::write(table, text)
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
