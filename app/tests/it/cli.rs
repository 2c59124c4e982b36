//! The command line: where settings come from, what each command prints, and the one sentence in which the program says
//! why it does not start.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program without the settings of whoever runs the tests.
fn superpaas(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superpaas"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SUPERPAAS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `serve` on free ports with more arguments; a later one of the same name would be refused, so none is repeated.
fn serve(arguments: &[&str]) -> Command {
    let mut command = superpaas(&["serve"]);
    for (name, value) in [("--listen", "127.0.0.1:0"), ("--admin-listen", "127.0.0.1:0")] {
        if !arguments.contains(&name) {
            command.args([name, value]);
        }
    }
    command.args(arguments);
    command
}

/// What a command says that must end with a refusal: one line on the error stream and nothing else.
fn refused(mut command: Command) -> String {
    let mut child = command.spawn().unwrap();
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let (mut out, mut said) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!status.success() && out.is_empty(), "{command:?}: {status} {out}");
    assert!(said.starts_with("superpaas: ") && said.ends_with(".\n") && said.lines().count() == 1, "{said}");
    said
}

/// A program that started, and the address it says it is ready at.
struct Started(Child, String);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn started(mut command: Command) -> Started {
    let mut child = command.stderr(Stdio::inherit()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim().strip_prefix("Super PaaS is ready at ").unwrap().to_owned();
    Started(child, address)
}

/// Ends it in order.
fn ended(mut started: Started) {
    assert!(Command::new("kill").arg(started.0.id().to_string()).status().unwrap().success());
    assert!(started.0.wait().unwrap().success());
}

/// A directory with a place for data, and the place as text.
fn place() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    (dir, data)
}

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What the loader says to a gateway where it cannot sign in.
fn load(url: &str, tenant: &str, password: &str, trusted: Option<&str>) -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/northwind");
    let mut command = superpaas(&["demo", "northwind", "--url", url, "--tenant", tenant, "--user", "admin"]);
    command.args(["--password-file", password, "--dir"]).arg(&sample).env_remove("SSL_CERT_FILE");
    command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
    refused(command)
}

fn taken() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn the_command_line_weighs_more_than_the_environment_and_that_more_than_the_file() {
    let (dir, data) = place();
    let (_a, of_file) = taken();
    let (_b, of_environment) = taken();
    let (_c, of_line) = taken();
    let config = file(&dir, "settings.toml", &format!("data = \"{data}\"\nlisten = \"{of_file}\"\n"));
    let plain = || superpaas(&["serve", "--admin-listen", "127.0.0.1:0", "--config", &config]);
    assert!(refused(plain()).contains(&of_file), "the file is read");
    let mut command = plain();
    command.env("SUPERPAAS_LISTEN", &of_environment);
    assert!(refused(command).contains(&of_environment));
    let mut command = plain();
    command.env("SUPERPAAS_LISTEN", &of_environment).args(["--listen", &of_line]);
    assert!(refused(command).contains(&of_line));
    // The file itself may be named by the environment, and a flag may stand in it.
    let config = file(&dir, "demo.toml", "demo = true\nlisten = \"0.0.0.0:0\"\n");
    let mut command = superpaas(&["serve", "--admin-listen", "127.0.0.1:0", "--data", &data]);
    command.env("SUPERPAAS_CONFIG", &config);
    assert!(refused(command).contains("--demo-public"));
    let mut command = superpaas(&["serve", "--admin-listen", "127.0.0.1:0", "--data", &data, "--config", &config]);
    command.env("SUPERPAAS_LISTEN", "127.0.0.1:0").env("SUPERPAAS_DEMO", "off");
    let program = started(command);
    let password = file(&dir, "password", "Demo@12345");
    assert!(load(&program.1, "demo", &password, None).contains("INVALID_CREDENTIALS"), "there is no demo company");
    ended(program);
}

#[test]
fn a_wrong_setting_is_named() {
    let (dir, data) = place();
    let with = |text: &str| {
        let config = file(&dir, "settings.toml", text);
        refused(serve(&["--data", &data, "--config", &config]))
    };
    assert!(with("lisen = \"127.0.0.1:0\"").contains("unknown setting lisen; known are data, listen"));
    assert!(with("config = \"x\"").contains("unknown setting config"));
    let said = with("data = \"x\"\nmaster-key-file = 1.5");
    assert!(said.contains("settings.toml: master-key-file must be a text"), "{said}");
    assert!(with("demo = \"yes\"").contains("demo must be true or false"));
    assert!(with("listen = \"nowhere\"").contains("settings.toml: invalid value 'nowhere' for '--listen"));
    assert!(with("data = \"x\"\n\ndemo = \n").contains("settings.toml, line 3: "));
    assert!(refused(serve(&["--data", &data, "--config", "nowhere.toml"])).contains("nowhere.toml cannot be read"));

    assert!(refused(superpaas(&["serve"])).contains("were not provided: --data"));
    assert!(refused(serve(&["--data", &data, "--listen", "here"])).contains("'here' for '--listen"));
    assert!(refused(serve(&["--data", &data, "--colour"])).contains("'--colour'"));
    let mut command = serve(&["--data", &data]);
    command.env("SUPERPAAS_DEMO", "perhaps");
    assert!(refused(command).contains("'perhaps' for '--demo'"));
    assert!(refused(serve(&["--data", &data, "--tls-cert", "x"])).contains("both --tls-cert and --tls-key"));
    assert!(refused(serve(&["--data", &data, "--tls-cert", "x", "--tls-key", "y"])).contains("certificate file x"));
    assert!(!Path::new(&data).exists(), "a wrong setting makes no data");
}

#[test]
fn what_cannot_start_says_why() {
    let (dir, data) = place();
    let (_held, address) = taken();
    let public = serve(&["--data", &data, "--listen", "0.0.0.0:0", "--demo"]);
    assert!(refused(public).contains("--demo-public"));
    assert!(refused(serve(&["--data", &data, "--listen", &address])).contains("of --listen cannot be used"));
    assert!(refused(serve(&["--data", &data, "--admin-listen", &address])).contains("of --admin-listen cannot be"));
    let no_directory = file(&dir, "plain", "text");
    assert!(refused(serve(&["--data", &no_directory])).contains("plain cannot be made"));
    let below = format!("{no_directory}/below");
    assert!(refused(serve(&["--data", &below])).contains("below cannot be made"));

    let program = started(serve(&["--data", &data]));
    assert!(refused(serve(&["--data", &data])).contains("is in use by another superpaas"));
    ended(program);
    let key = PathBuf::from(format!("{data}.key"));
    let right = std::fs::read(&key).unwrap();
    let with_key = |bytes: &[u8]| {
        std::fs::write(&key, bytes).unwrap();
        refused(serve(&["--data", &data]))
    };
    assert!(with_key(b"not a key").contains("data.key is damaged"));
    assert!(with_key("0".repeat(64).as_bytes()).contains("data.key is not the one of this data"));
    let check = |more: &[&str]| superpaas(&[&["self-check", "--data", &data], more].concat());
    assert!(refused(check(&[])).contains("data.key is not the one of this data"));
    let elsewhere = file(&dir, "elsewhere", std::str::from_utf8(&right).unwrap());
    std::fs::set_permissions(&elsewhere, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(check(&["--master-key-file", &elsewhere]).status().unwrap().success());
    std::fs::remove_file(&key).unwrap();
    assert!(refused(serve(&["--data", &data])).contains("data.key of the data in"));
    assert!(!key.exists(), "data does not get another key");
    std::fs::write(&key, &right).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(serve(&["--data", &data])).contains("data.key is open to others"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();

    let database = Path::new(&data).join("erp.db");
    let sound = std::fs::read(&database).unwrap();
    for cut in [100, sound.len() / 2 - 7] {
        std::fs::write(&database, &sound[..cut]).unwrap();
        assert!(refused(serve(&["--data", &data])).contains("erp.db"), "cut at {cut}");
    }
    std::fs::write(&database, "something else".repeat(1_000)).unwrap();
    assert!(refused(serve(&["--data", &data])).contains("erp.db"));
    std::fs::remove_file(&database).unwrap();
    let out = check(&[]).output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(!out.status.success() && said.contains("erp.db is missing") && !database.exists(), "{said}");
    std::fs::write(&database, &sound).unwrap();
    ended(started(serve(&["--data", &data])));
}

#[test]
fn https_is_spoken_with_a_certificate_of_ones_own() {
    let (dir, data) = place();
    let (key, certificate) = (dir.path().join("key.pem"), dir.path().join("certificate.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    assert!(made.unwrap().status.success());
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let program = started(serve(&["--data", &data, "--tls-cert", certificate, "--tls-key", key]));
    assert!(program.1.starts_with("https://127.0.0.1:"), "{}", program.1);
    let password = file(&dir, "password", "wrong\n");
    let load = |trusted| load(&program.1, "system", &password, trusted);
    assert!(load(Some(certificate)).contains("INVALID_CREDENTIALS"), "the gateway was spoken to");
    assert!(load(None).contains("certificate"), "the machine does not trust it");
}

#[test]
fn the_interface_is_printed_without_server_and_data() {
    let dir = tempfile::tempdir().unwrap();
    let out = superpaas(&["openapi"]).current_dir(dir.path()).output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let whole: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(whole["openapi"], "3.1.0");
    for path in ["/api/v1/auth/token", "/api/v1/platform/users", "/api/v1/erp/sales-orders/{id}/transitions"] {
        assert!(whole["paths"][path].is_object(), "{path}");
    }
    // Every reference leads somewhere.
    let mut seen = 0;
    references(&whole, &mut |reference| {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(whole.pointer(pointer).is_some(), "{reference}");
        seen += 1;
    });
    assert!(seen > 100, "{seen}");

    // It is what a running gateway answers.
    let (_dir, data) = place();
    let program = started(serve(&["--data", &data]));
    let served = get(program.1.strip_prefix("http://").unwrap(), "/openapi.json");
    assert_eq!(served, whole);
}

fn references(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                match item {
                    Value::String(text) if key == "$ref" => found(text),
                    item => references(item, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

fn get(address: &str, path: &str) -> Value {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    serde_json::from_str(body).unwrap()
}
