//! For tests: places to keep data, one per test, on each of the databases. A server of PostgreSQL is given by
//! `SUPERPAAS_TEST_POSTGRES` (a URL whose role may create databases and roles); with
//! `SUPERPAAS_TEST_POSTGRES_REQUIRED` set, a missing server fails the test instead of leaving it out.

mod bulk;
mod cost;
mod grip;
mod kept;
mod own;

pub use bulk::{COMMON_WORD, multiply};
pub use cost::{Cost, Meter};
pub use grip::Grip;
pub use kept::Kept;
pub use own::OwnServer;

use crate::api::{OpenError, Schema, Target};
use crate::pg::Pg;
use crate::pg::migrate::unreachable;
use crate::pg::server::{Role, Server};
use crate::{Cell, Col, Store};
use paas_auth::MasterKey;
use paas_types::{Clock, Id};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

/// The server URL for tests.
const URL: &str = "SUPERPAAS_TEST_POSTGRES";
/// Which database tests use that play on one.
const CHOSEN: &str = "SUPERPAAS_TEST_ON";
/// Whether it must be there.
const REQUIRED: &str = "SUPERPAAS_TEST_POSTGRES_REQUIRED";

/// Where the data of one test is. What was made goes with it.
#[derive(Debug)]
pub struct Place {
    target: Target,
    dir: PathBuf,
}

impl Place {
    /// A fresh directory for SQLite.
    pub fn lite() -> Place {
        let dir = fresh_dir();
        Place { target: Target::Lite { dir: dir.clone() }, dir }
    }

    /// Fresh names on the PostgreSQL server for tests; `None`, and a line that says so, when there is no server. An error
    /// when there must be one.
    pub fn pg() -> Result<Option<Place>, OpenError> {
        let Some(url) = env::var(URL).ok().filter(|url| !url.is_empty()) else {
            if env::var_os(REQUIRED).is_some() {
                return Err(OpenError::new(format!("{REQUIRED} is set, but {URL} names no server.")));
            }
            println!("skipped: {URL} names no PostgreSQL server");
            return Ok(None);
        };
        Ok(Some(Place { target: Target::Pg { url, prefix: fresh_prefix(), max_connections: 15 }, dir: fresh_dir() }))
    }

    /// SQLite, or PostgreSQL when `SUPERPAAS_TEST_ON` says `postgresql`: for tests that a second run repeats there.
    pub fn chosen() -> Result<Place, OpenError> {
        match env::var(CHOSEN) {
            Ok(choice) if choice == "postgresql" => {
                Place::pg()?.ok_or_else(|| OpenError::new(format!("{CHOSEN} is {choice}, but {URL} names no server.")))
            }
            _ => Ok(Place::lite()),
        }
    }

    /// The target, for a store or a program.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The settings that lead a program to this place; none where its data directory is all it needs.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        match &self.target {
            Target::Lite { .. } => Vec::new(),
            Target::Pg { url, prefix, .. } => {
                vec![("SUPERPAAS_DATABASE_URL", url.clone()), ("SUPERPAAS_DATABASE_PREFIX", prefix.clone())]
            }
        }
    }

    /// A directory for the test's files; on SQLite the data is in it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether this is PostgreSQL.
    pub fn is_pg(&self) -> bool {
        matches!(self.target, Target::Pg { .. })
    }

    /// Opens a store, after migrating where that is a step of its own.
    pub fn open(&self, schema: Schema, master: Arc<MasterKey>, clock: Clock) -> Result<Store, OpenError> {
        if self.is_pg() {
            Store::migrate_pg(&self.target, &schema, &master)?;
        }
        Store::open(&self.target, schema, master, clock)
    }

    /// How the program itself signs in to the database of a cell, or its sequencer when `log`.
    pub fn sign_in(&self, cell: &str, log: bool, master: &MasterKey) -> Result<tokio_postgres::Config, OpenError> {
        let Target::Pg { url, prefix, .. } = &self.target else {
            return Err(OpenError::new("nobody signs in to a file"));
        };
        let role = if log { Role::Log } else { Role::App };
        Ok(Server::new(url, prefix, cell)?.as_role(role, master).config)
    }

    /// Runs statements in the database of a cell behind the store's back, as the role that owns it.
    pub fn meddle(&self, cell: &str, statements: &[&str]) -> Result<(), String> {
        let Target::Pg { url, prefix, .. } = &self.target else {
            return Err("only PostgreSQL is meddled with this way".to_owned());
        };
        let server = Server::new(url, prefix, cell).map_err(|e| e.to_string())?;
        apart(|| {
            let mut pg = admin(&server, true).map_err(|e| e.to_string())?;
            let owner = server.role(Role::Owner);
            for sql in [format!("SET ROLE \"{owner}\"")].iter().map(String::as_str).chain(statements.iter().copied()) {
                pg.batch(sql).map_err(|missed| format!("{:?}", missed.fault))?;
            }
            Ok(())
        })
    }
}

/// The beginning of names that no other test uses.
fn fresh_prefix() -> String {
    let unique: String = Id::fresh().to_string().chars().filter(char::is_ascii_hexdigit).skip(8).collect();
    format!("t{}", unique.get(..20).unwrap_or(&unique))
}

fn fresh_dir() -> PathBuf {
    let dir = env::temp_dir().join(format!("superpaas-test-{}", Id::fresh()));
    if let Err(error) = fs::create_dir_all(&dir) {
        println!("the directory {} cannot be made: {error}", dir.display());
    }
    dir
}

fn admin(server: &Server, inside: bool) -> Result<Pg, OpenError> {
    let way = if inside { server.as_admin_inside() } else { server.as_admin() };
    let mut pg = Pg::new(way, Arc::default()).map_err(|fault| OpenError::new(format!("{fault:?}")))?;
    pg.connect().map_err(|error| unreachable(&error))?;
    Ok(pg)
}

/// A connection blocks, which a test's own runtime does not allow.
fn apart<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
        if let Target::Pg { url, prefix, .. } = &self.target
            && let Err(error) = apart(|| drop_all(url, prefix))
        {
            println!("the databases {prefix}_* were not dropped: {error}");
        }
    }
}

/// Drops the databases and roles of a prefix.
fn drop_all(url: &str, prefix: &str) -> Result<(), String> {
    let server = Server::new(url, prefix, "any").map_err(|e| e.to_string())?;
    let mut pg = admin(&server, false).map_err(|e| e.to_string())?;
    let like = [Cell::Text(format!("{prefix}_%"))];
    let mut names = |sql: &str| {
        let rows = pg.query(sql, &like, &[Col::Text]).map_err(|missed| format!("{:?}", missed.fault))?;
        Ok::<_, String>(rows.into_iter().flatten().filter_map(Cell::into_text).collect::<Vec<_>>())
    };
    let databases = names("SELECT datname FROM pg_database WHERE datname LIKE $1")?;
    let roles = names("SELECT rolname FROM pg_roles WHERE rolname LIKE $1")?;
    // Whoever ends the sessions of a role must be its member.
    for name in &roles {
        pg.batch(&format!("GRANT \"{name}\" TO CURRENT_USER")).map_err(|missed| format!("{:?}", missed.fault))?;
    }
    let drops = databases.iter().map(|name| format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
    for sql in drops.chain(roles.iter().map(|name| format!("DROP ROLE \"{name}\""))).collect::<Vec<_>>() {
        pg.batch(&sql).map_err(|missed| format!("{:?}", missed.fault))?;
    }
    Ok(())
}

/// Makes of each story a module with one test per database: `<name>::sqlite` and `<name>::postgresql`. A story is an
/// `async fn` that takes the [`Place`] it plays in.
#[macro_export]
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($place:ident: Place) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($place: $crate::testing::Place) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story($crate::testing::Place::lite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgresql() {
                if let Some(place) = $crate::testing::Place::pg().unwrap() {
                    story(place).await;
                }
            }
        }
    )*};
}
