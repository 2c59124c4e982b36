//! Where the database of a cell is, and as whom this program signs in.

use super::tls::Tls;
use crate::api::OpenError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paas_auth::MasterKey;
use paas_types::Secret;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

/// How long a connection may take to come about.
pub(crate) const CONNECT_MS: u64 = 3_000;
/// How long sent bytes may stay without an answer of the network.
const SILENCE_MS: u64 = 10_000;

/// Who signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Owns the tables; only to migrate, and nobody signs in as it.
    Owner,
    /// One tenant at a time.
    App,
    /// Audit and outbox of all tenants.
    Log,
}

/// How somebody reaches a database.
#[derive(Clone)]
pub(crate) struct Way {
    pub config: Config,
    pub tls: Tls,
}

/// The database of one cell on a server.
#[derive(Clone)]
pub(crate) struct Server {
    config: Config,
    tls: Tls,
    prefix: String,
    cell: String,
}

impl Server {
    /// Out of a server URL. The prefix begins the names of databases and roles, so that installations can share a server.
    pub fn new(url: &str, prefix: &str, cell: &str) -> Result<Server, OpenError> {
        let Asked { plain, mode, roots } = Asked::of(url);
        let mut config: Config = plain.parse().map_err(|_| {
            OpenError::new("The database URL is not of the form postgres://user:password@host:port/database.")
        })?;
        let tls = match mode {
            None | Some("disable") => Tls::default(),
            Some("require" | "verify-ca" | "verify-full") => Tls::checked(roots.filter(|file| *file != "system"))?,
            Some(_) => {
                return Err(OpenError::new(
                    "The database URL has another sslmode than disable and verify-full: a connection is plain, or it is checked.",
                ));
            }
        };
        let secret = !matches!(mode, None | Some("disable"));
        config.ssl_mode(if secret { SslMode::Require } else { SslMode::Disable });
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let good = prefix.starts_with(|c: char| c.is_ascii_lowercase()) && prefix.chars().all(letters);
        if !good || prefix.len() > 30 {
            return Err(OpenError::new(format!(
                "The database prefix {prefix:?} must be at most 30 of a-z, 0-9 and _, and begin with a letter."
            )));
        }
        config.connect_timeout(Duration::from_millis(CONNECT_MS)).tcp_user_timeout(Duration::from_millis(SILENCE_MS));
        Ok(Server { config, tls, prefix: prefix.to_owned(), cell: cell.to_owned() })
    }

    /// The name of the database.
    pub fn database(&self) -> String {
        format!("{}_{}", self.prefix, self.cell)
    }

    /// The name of a role.
    pub fn role(&self, role: Role) -> String {
        let name = match role {
            Role::Owner => "owner",
            Role::App => "app",
            Role::Log => "log",
        };
        format!("{}_{}_{name}", self.prefix, self.cell)
    }

    /// The password of a role, derived from the master key: it is written down nowhere.
    pub fn password(&self, role: Role, master: &MasterKey) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(master.derive(&format!("postgresql:{}", self.role(role)))))
    }

    /// How a role reaches the database of the cell.
    pub fn as_role(&self, role: Role, master: &MasterKey) -> Way {
        let mut config = self.config.clone();
        config.user(self.role(role)).password(self.password(role, master).expose()).dbname(self.database());
        config.application_name(format!("superpaas-{}", self.cell));
        self.way(config)
    }

    /// How the administrator of the URL reaches the server.
    pub fn as_admin(&self) -> Way {
        let mut config = self.config.clone();
        if config.get_dbname().is_none() {
            config.dbname("postgres");
        }
        self.way(config)
    }

    /// How the administrator of the URL reaches the database of the cell.
    pub fn as_admin_inside(&self) -> Way {
        let mut config = self.config.clone();
        config.dbname(self.database());
        self.way(config)
    }

    fn way(&self, config: Config) -> Way {
        Way { config, tls: self.tls.clone() }
    }
}

/// A server URL without what it says about TLS, and that.
struct Asked<'a> {
    plain: String,
    mode: Option<&'a str>,
    roots: Option<&'a str>,
}

impl<'a> Asked<'a> {
    fn of(url: &'a str) -> Asked<'a> {
        let Some((place, options)) = url.split_once('?') else {
            return Asked { plain: url.to_owned(), mode: None, roots: None };
        };
        let mut asked = Asked { plain: String::new(), mode: None, roots: None };
        let mut rest = Vec::new();
        for option in options.split('&') {
            match option.split_once('=') {
                Some(("sslmode", mode)) => asked.mode = Some(mode),
                Some(("sslrootcert", file)) => asked.roots = Some(file),
                _ => rest.push(option),
            }
        }
        asked.plain = if rest.is_empty() { place.to_owned() } else { format!("{place}?{}", rest.join("&")) };
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_prefix_and_passwords_the_master_key() {
        let server = Server::new("postgres://root:geheim@127.0.0.1:5433", "superpaas", "toys").unwrap();
        assert_eq!((server.database(), server.role(Role::App)), ("superpaas_toys".into(), "superpaas_toys_app".into()));
        let (one, two) = (MasterKey::from_bytes([1; 32]), MasterKey::from_bytes([2; 32]));
        assert_ne!(server.password(Role::App, &one).expose(), server.password(Role::Log, &one).expose());
        assert_ne!(server.password(Role::App, &one).expose(), server.password(Role::App, &two).expose());
        let config = server.as_role(Role::App, &one).config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("superpaas_toys_app"), Some("superpaas_toys")));
        assert_eq!(config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(server.as_admin().config.get_dbname(), Some("postgres"));
    }

    #[test]
    fn what_cannot_be_is_refused_without_telling_the_password() {
        for (url, prefix) in [
            ("http://root:geheim@here", "superpaas"),
            ("postgres://root:geheim@here?sslmode=prefer", "superpaas"),
            (
                "postgres://root:geheim@here?connect_timeout=1&sslmode=verify-full&sslrootcert=/no/such/file",
                "superpaas",
            ),
            ("postgres://root:geheim@here", "Super\"paas"),
            ("postgres://root:geheim@here", ""),
        ] {
            let refused = Server::new(url, prefix, "toys").err().unwrap();
            assert!(!refused.to_string().contains("geheim"), "{refused}");
        }
    }
}
