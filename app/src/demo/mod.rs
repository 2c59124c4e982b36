//! `superpaas demo northwind`: loads the Northwind sample into a tenant, as a client of the public interface and
//! nothing else. What is posted and in which order is said in `tests/northwind/LOAD_ORDER.md`.

mod client;
mod load;
mod plan;
mod source;

use client::Client;
use paas_types::Secret;
use plan::Plan;
use source::Source;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What `demo` can load.
#[derive(clap::Subcommand)]
pub(crate) enum Demo {
    /// Loads the sample company Northwind into a tenant that has the cell erp and no documents.
    ///
    /// A run that broke off is continued by the same command within a day. A gateway with a certificate of one's own is
    /// trusted when SSL_CERT_FILE names the certificate of its issuer.
    Northwind(Northwind),
}

/// Where the sample comes from and where it goes.
#[derive(clap::Args)]
pub(crate) struct Northwind {
    /// The directory with customers.csv, suppliers.csv, products.csv, orders.csv and order_lines.csv.
    #[arg(long, env = "SUPERPAAS_DEMO_DIR")]
    dir: PathBuf,
    /// The address of the gateway.
    #[arg(long, env = "SUPERPAAS_URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// The code of the tenant.
    #[arg(long, env = "SUPERPAAS_TENANT")]
    tenant: String,
    /// The user who loads; needs every permission of erp.
    #[arg(long, env = "SUPERPAAS_USER")]
    user: String,
    /// The file that holds the user's password and nothing else.
    #[arg(long, env = "SUPERPAAS_PASSWORD_FILE")]
    password_file: PathBuf,
}

/// Runs one of the loaders; the error is one sentence.
pub(crate) async fn run(demo: Demo) -> Result<(), String> {
    let Demo::Northwind(Northwind { dir, url, tenant, user, password_file }) = demo;
    let started = Instant::now();
    let source = Source::read(&dir)?;
    let plan = Plan::new(&source)?;
    let password = password_of(&password_file)?;
    let mut client = Client::new(&url, &tenant, &user, password)?;
    client.sign_in().await.map_err(|fault| fault.to_string())?;
    let made = load::run(&mut client, &source, &plan).await?;
    crate::say(&format!("Northwind is in tenant {tenant}: {made}; {} s.", started.elapsed().as_secs()));
    Ok(())
}

fn password_of(file: &Path) -> Result<Secret<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| format!("The password file {} cannot be read: {e}.", file.display()))?;
    let password = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.expose().is_empty() {
        return Err(format!("The password file {} is empty.", file.display()));
    }
    Ok(password)
}
