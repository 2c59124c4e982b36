//! Where cells keep their data: files in the data directory, or the databases of a PostgreSQL server.

use paas_store::Target;
use std::path::Path;

/// Settings of the database.
#[derive(clap::Args, Clone)]
pub struct Database {
    /// A PostgreSQL server, `postgres://user:password@host:port`, instead of files in the data directory; the databases must have been made by `superpaas migrate`. With `?sslmode=verify-full` connections use TLS and the server's certificate is checked, by those the system trusts or by those in the PEM file of `&sslrootcert=`.
    #[arg(long, env = "SUPERPAAS_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Begins the names of databases and roles on the server, so that installations can share one.
    #[arg(long, env = "SUPERPAAS_DATABASE_PREFIX", default_value = Target::PREFIX)]
    database_prefix: String,
    /// The most connections per cell.
    #[arg(long, env = "SUPERPAAS_DATABASE_CONNECTIONS", default_value_t = Target::CONNECTIONS)]
    database_connections: usize,
}

impl Database {
    /// Whether the data is in files.
    pub fn is_files(&self) -> bool {
        self.database_url.is_none()
    }

    /// Where the cells of a data directory keep their data.
    pub fn target(&self, data: &Path) -> Target {
        match &self.database_url {
            Some(url) => Target::Pg {
                url: url.clone(),
                prefix: self.database_prefix.clone(),
                max_connections: self.database_connections,
            },
            None => Target::Lite { dir: data.to_path_buf() },
        }
    }
}
