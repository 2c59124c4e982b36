//! TLS to a server of PostgreSQL, with certificates made on the spot.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_store::testing::OwnServer;
use paas_store::{Store, Target};
use paas_types::Clock;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio_postgres::NoTls;
use toys::*;

/// A key and a certificate that vouches for itself, for the address of the test's server.
fn certificate(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (key, certificate) = (dir.join(format!("{name}.key")), dir.join(format!("{name}.pem")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("the package openssl is needed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The server runs as somebody else when the test runs as root.
    if std::fs::metadata(&key).unwrap().uid() == 0 {
        assert!(Command::new("chown").arg("postgres").arg(&key).status().unwrap().success());
    }
    (key, certificate)
}

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_secret_and_the_server_is_the_one_that_is_meant() {
    let dir = Dir(std::env::temp_dir().join(format!("superpaas-tls-{}", paas_types::Id::fresh())));
    std::fs::create_dir_all(&dir.0).unwrap();
    let (key, known) = certificate(&dir.0, "known");
    let (_, other) = certificate(&dir.0, "other");
    let (key, file) = (format!("ssl_key_file={}", key.display()), format!("ssl_cert_file={}", known.display()));
    let Some(server) = OwnServer::start(&["-c", "ssl=on", "-c", &key, "-c", &file]).unwrap() else { return };
    let place = server.place();
    let Target::Pg { prefix, max_connections, .. } = place.target().clone() else { unreachable!("on PostgreSQL") };
    let with = |url: &str, options: &str| {
        let (url, prefix) = (format!("{url}?{options}"), prefix.clone());
        Target::Pg { url, prefix, max_connections }
    };
    let known = format!("sslmode=verify-full&sslrootcert={}", known.display());
    let target = with(server.url(), &known);
    Store::migrate_pg(&target, &schema(), &master()).unwrap();
    let store = Store::open(&target, schema(), master(), Clock::system()).unwrap();
    store.provision(&tenant(1), "A", "Asia/Shanghai").await.unwrap();
    assert_eq!(store.write(actor(1), |tx| tx.counter("c")).await.unwrap(), 1);

    // As the server sees the program's connections, looked at over a plain one.
    let config = place.sign_in("toys", false, &master()).unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) \
               WHERE usename = current_user AND pid <> pg_backend_pid()";
    let row = client.query_one(sql, &[]).await.unwrap();
    let (secret, all): (i64, i64) = (row.get(0), row.get(1));
    assert!(secret > 0 && secret == all, "{secret} of {all} connections are secret");

    // Another certificate, another host, nobody's word, a file that is none.
    let elsewhere = server.url().replace("@127.0.0.1", "@localhost");
    let missing = dir.0.join("missing.pem");
    for (url, options, word) in [
        (server.url(), format!("sslmode=require&sslrootcert={}", other.display()), "certificate"),
        (&elsewhere, known.clone(), "certificate"),
        (server.url(), "sslmode=verify-full&sslrootcert=system".to_owned(), "certificate"),
        (server.url(), format!("sslmode=verify-ca&sslrootcert={}", missing.display()), "sslrootcert"),
        (server.url(), format!("sslmode=verify-ca&sslrootcert={}", dir.0.join("known.key").display()), "sslrootcert"),
        (server.url(), "sslmode=prefer".to_owned(), "sslmode"),
    ] {
        let refused = Store::open(&with(url, &options), schema(), master(), Clock::system()).err();
        let refused = refused.unwrap_or_else(|| panic!("{options} was accepted")).to_string();
        assert!(refused.contains(word) && !refused.contains("maker:"), "{options}: {refused}");
    }

    // A server without TLS is not spoken to in clear.
    let plain = OwnServer::start(&[]).unwrap().expect("as the other one");
    let refused = Store::migrate_pg(&with(plain.url(), &known), &schema(), &master()).unwrap_err().to_string();
    assert!(refused.contains("TLS"), "{refused}");
}
