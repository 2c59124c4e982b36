//! One signed-in client of the gateway: HTTP/1.1 over one kept connection, a deadline on every call, and the same
//! request again — under the same request id — when the answer was lost or the gateway asked to wait.

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, HOST, IF_MATCH, RETRY_AFTER};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use paas_types::Secret;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// How long one attempt may take, connection and body of the answer included.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long a call is tried again before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first pause before another attempt; doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// The largest answer that is read, bytes.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Why a call did not succeed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The gateway answered with an error envelope.
    Refused {
        /// HTTP status.
        status: u16,
        /// Code of the envelope; empty when the answer was none.
        code: String,
        /// The sentence for people.
        message: String,
        /// What the envelope says to machines.
        details: Value,
        /// Seconds to wait, when the gateway said so.
        retry_after_s: Option<u64>,
    },
    /// No answer came; the sentence says why.
    Lost(String),
}

impl Fault {
    /// The code of the refusal; empty when there was no answer.
    pub(super) fn code(&self) -> &str {
        match self {
            Fault::Refused { code, .. } => code,
            Fault::Lost(_) => "",
        }
    }

    /// Whether the same request may succeed later.
    fn is_passing(&self) -> bool {
        match self {
            Fault::Lost(_) => true,
            Fault::Refused { status: 429 | 502..=504, .. } => true,
            Fault::Refused { code, .. } => code == "REQUEST_IN_PROGRESS",
        }
    }

    fn is_signed_out(&self) -> bool {
        matches!(self, Fault::Refused { status: 401, .. }) && matches!(self.code(), "TOKEN_EXPIRED" | "UNAUTHENTICATED")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Lost(why) => f.write_str(why),
            Fault::Refused { status, code, message, details, .. } => {
                let message = message.trim_end_matches('.');
                if code.is_empty() { write!(f, "{message} ({status})") } else { write!(f, "{message} ({code})") }?;
                if !details.is_null() {
                    write!(f, ": {details}")?;
                }
                f.write_str(".")
            }
        }
    }
}

/// A call to make.
pub(super) struct Ask<'a> {
    /// Method.
    pub(super) method: Method,
    /// Path and query behind the address of the gateway.
    pub(super) path: &'a str,
    /// The idempotency key of a write.
    pub(super) key: Option<&'a str>,
    /// The version of the record that is to change.
    pub(super) version: Option<i64>,
    /// The body.
    pub(super) body: Option<&'a Value>,
}

impl<'a> Ask<'a> {
    /// A read.
    pub(super) fn get(path: &'a str) -> Ask<'a> {
        Ask { method: Method::GET, path, key: None, version: None, body: None }
    }

    /// A write under an idempotency key.
    pub(super) fn post(path: &'a str, key: &'a str, body: &'a Value) -> Ask<'a> {
        Ask { method: Method::POST, path, key: Some(key), version: None, body: Some(body) }
    }
}

/// Either kind of stream.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The signed-in client.
pub(super) struct Client {
    host: String,
    port: u16,
    authority: String,
    prefix: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    tenant: String,
    user: String,
    password: Secret<String>,
    token: Secret<String>,
    connection: Option<SendRequest<Full<Bytes>>>,
    patience: Duration,
}

impl Client {
    /// A client that has not signed in yet. The error is a sentence about the address.
    pub(super) fn new(url: &str, tenant: &str, user: &str, password: Secret<String>) -> Result<Client, String> {
        let wrong = || format!("{url} is not the address of a gateway; it looks like http://127.0.0.1:8000.");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().filter(|a| !a.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.query().is_some() || authority.host().is_empty() {
            return Err(wrong());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = || ServerName::try_from(host.clone()).map_err(|_| wrong());
        Ok(Client {
            port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
            tls: if https { Some((trusting()?, name()?)) } else { None },
            tenant: tenant.to_owned(),
            user: user.to_owned(),
            password,
            token: Secret::new(String::new()),
            connection: None,
            patience: Duration::ZERO,
            host,
        })
    }

    /// Signs in with the password. The first time a gateway that is not there is not waited for.
    pub(super) async fn sign_in(&mut self) -> Result<(), Fault> {
        let body = json!({"grant_type": "password", "tenant": self.tenant, "username": self.user,
            "password": self.password.expose()});
        let path = "/api/v1/auth/token";
        let ask = Ask { method: Method::POST, path, key: None, version: None, body: Some(&body) };
        self.token = Secret::new(String::new());
        let answer = self.persist(&ask).await?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Fault::Lost("The gateway gave no access token.".to_owned()))?;
        self.token = Secret::new(token.to_owned());
        self.patience = PATIENCE;
        Ok(())
    }

    /// Makes a call; signs in again when the token has expired meanwhile.
    pub(super) async fn call(&mut self, ask: &Ask<'_>) -> Result<Value, Fault> {
        match self.persist(ask).await {
            Err(fault) if fault.is_signed_out() => {
                self.sign_in().await?;
                self.persist(ask).await
            }
            outcome => outcome,
        }
    }

    /// The same request until there is an answer that waiting does not change.
    async fn persist(&mut self, ask: &Ask<'_>) -> Result<Value, Fault> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let tried = tokio::time::timeout(DEADLINE, self.once(ask)).await;
            let fault = match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Lost(format!("{} did not answer within {} s.", self.authority, DEADLINE.as_secs())),
            };
            if matches!(fault, Fault::Lost(_)) {
                self.connection = None;
            }
            let told = match &fault {
                Fault::Refused { retry_after_s: Some(seconds), .. } => Some(Duration::from_secs(*seconds)),
                _ => None,
            };
            let wait = told.unwrap_or(pause);
            if !fault.is_passing() || started.elapsed() + wait > self.patience {
                return Err(fault);
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    async fn once(&mut self, ask: &Ask<'_>) -> Result<Value, Fault> {
        let request = self.request(ask)?;
        let broken = |authority: &str, why: &dyn fmt::Display| {
            Fault::Lost(format!("The connection to {authority} broke: {why}."))
        };
        let mut sender = match self.connection.take().filter(|kept| !kept.is_closed()) {
            Some(kept) => kept,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(|e| broken(&self.authority, &e))?;
        let answer = sender.send_request(request).await.map_err(|e| broken(&self.authority, &e))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|e| broken(&self.authority, &e))?;
        let body = body.to_bytes();
        self.connection = Some(sender);
        let said: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if head.status.is_success() {
            return Ok(said);
        }
        let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = Some(text("message")).filter(|m| !m.is_empty());
        Err(Fault::Refused {
            status: head.status.as_u16(),
            code: text("code"),
            message: message.unwrap_or_else(|| format!("{} answered with an error", self.authority)),
            details: said.get("details").cloned().unwrap_or(Value::Null),
            retry_after_s: head.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok()),
        })
    }

    fn request(&self, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder()
            .method(&ask.method)
            .uri(format!("{}{}", self.prefix, ask.path))
            .header(HOST, &self.authority)
            .header(ACCEPT_LANGUAGE, "en-US");
        if !self.token.expose().is_empty() {
            request = request
                .header(AUTHORIZATION, format!("Bearer {}", self.token.expose()))
                .header("x-tenant-id", &self.tenant);
        }
        if let Some(key) = ask.key {
            request = request.header("x-request-id", key);
        }
        if let Some(version) = ask.version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        let body = match ask.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(body)).map_err(|e| Fault::Lost(format!("{} cannot be called: {e}.", ask.path)))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let failed = |why: &dyn fmt::Display| Fault::Lost(format!("{} cannot be reached: {why}.", self.authority));
        let plain = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| failed(&e))?;
        let _ = plain.set_nodelay(true);
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(plain),
            Some((connector, name)) => Box::new(connector.connect(name.clone(), plain).await.map_err(|e| failed(&e))?),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| failed(&e))?;
        tokio::spawn(async move {
            // How a connection ends is seen by the call that uses it.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// Trusts whom the machine trusts.
fn trusting() -> Result<TlsConnector, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = rustls::RootCertStore::empty();
    let (known, _) = roots.add_parsable_certificates(found.certs);
    if known == 0 {
        return Err("This machine trusts no certificate authority, so https cannot be used; install \
                    ca-certificates or let SSL_CERT_FILE name one."
            .to_owned());
    }
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| format!("https cannot be used: {e}."))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::{Mutex, PoisonError};

    /// A gateway that answers from a script and notes what it was asked; an empty answer cuts the connection.
    struct Scripted {
        url: String,
        asked: Arc<Mutex<Vec<String>>>,
    }

    fn answer(status: u16, headers: &str, body: &str) -> String {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
    }

    fn refusal(status: u16, headers: &str, code: &str) -> String {
        answer(status, headers, &format!(r#"{{"code":"{code}","message":"No.","details":null}}"#))
    }

    fn token(token: &str) -> String {
        answer(200, "", &format!(r#"{{"access_token":"{token}"}}"#))
    }

    impl Scripted {
        fn new(script: Vec<String>) -> Scripted {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let asked = Arc::new(Mutex::new(Vec::new()));
            let noted = Arc::clone(&asked);
            std::thread::spawn(move || {
                let mut script = script.into_iter();
                while let Ok((mut stream, _)) = listener.accept() {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = Scripted::take(&mut reader) {
                        noted.lock().unwrap().push(request);
                        let Some(said) = script.next().filter(|said| !said.is_empty()) else { break };
                        stream.write_all(said.as_bytes()).unwrap();
                    }
                }
            });
            Scripted { url, asked }
        }

        fn take(reader: &mut BufReader<std::net::TcpStream>) -> Option<String> {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).ok()? == 0 {
                    return None;
                }
            }
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut body).ok()?;
            Some(head + &String::from_utf8(body).unwrap())
        }

        /// The requests after the first sign-in.
        fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(1).cloned().collect()
        }
    }

    /// Signs in, posts once under the key `k` and version 7; the outcome and what was asked after the sign-in.
    async fn post(mut script: Vec<String>) -> (Result<Value, Fault>, Vec<String>) {
        script.insert(0, token("first"));
        let gateway = Scripted::new(script);
        let password = Secret::new("secret".to_owned());
        let mut client = Client::new(&gateway.url, "t", "u", password).unwrap();
        client.sign_in().await.unwrap();
        let body = json!({"a": 1});
        let outcome = client.call(&Ask { version: Some(7), ..Ask::post("/x", "k", &body) }).await;
        (outcome, gateway.asked())
    }

    #[tokio::test]
    async fn the_same_request_goes_again_until_there_is_an_answer() {
        let script = vec![
            refusal(503, "Retry-After: 0\r\n", "UNAVAILABLE"),
            refusal(429, "Retry-After: 0\r\n", "RATE_LIMITED"),
            String::new(),
            refusal(409, "", "REQUEST_IN_PROGRESS"),
            answer(201, "", r#"{"id":"1"}"#),
        ];
        let (outcome, asked) = post(script).await;
        assert_eq!(outcome.unwrap(), json!({"id": "1"}));
        assert_eq!(asked.len(), 5);
        let first = asked.first().unwrap();
        for line in ["post /x http/1.1", "x-request-id: k", "if-match: \"7\"", "x-tenant-id: t", "bearer first"] {
            assert!(first.contains(line), "{line}: {first}");
        }
        assert!(first.ends_with(r#"{"a":1}"#) && asked.iter().all(|request| request == first), "{asked:?}");
    }

    #[tokio::test]
    async fn an_expired_token_is_replaced_once() {
        let expired = || refusal(401, "", "TOKEN_EXPIRED");
        let (outcome, asked) = post(vec![expired(), token("second"), answer(200, "", "{}")]).await;
        assert_eq!(outcome.unwrap(), json!({}));
        assert!(asked.get(1).unwrap().starts_with("post /api/v1/auth/token "), "{asked:?}");
        assert!(asked.get(2).unwrap().contains("bearer second"), "{asked:?}");
        let (outcome, asked) = post(vec![expired(), token("second"), expired()]).await;
        assert_eq!((outcome.unwrap_err().code(), asked.len()), ("TOKEN_EXPIRED", 3));
    }

    #[tokio::test]
    async fn a_refusal_is_told_and_not_asked_again() {
        let (outcome, asked) = post(vec![refusal(422, "", "BUSINESS_RULE")]).await;
        let fault = outcome.unwrap_err();
        assert_eq!((fault.code(), asked.len()), ("BUSINESS_RULE", 1));
        assert_eq!(fault.to_string(), "No (BUSINESS_RULE).");
        let (outcome, _) = post(vec![answer(500, "", "<html>")]).await;
        assert!(outcome.unwrap_err().to_string().ends_with("answered with an error (500)."));
    }

    #[test]
    fn an_address_is_read_strictly() {
        let client = |url: &str| Client::new(url, "t", "u", Secret::new("p".to_owned()));
        for bad in ["", "127.0.0.1:8000", "ftp://a", "http://a?b", "http://u@a", "http://"] {
            assert!(client(bad).err().unwrap().contains("is not the address of a gateway"), "{bad}");
        }
        let read = client("http://[::1]:8000/base/").unwrap();
        assert_eq!((read.host.as_str(), read.port, read.prefix.as_str()), ("::1", 8000, "/base"));
        assert_eq!(client("http://a").unwrap().port, 80);
    }
}
