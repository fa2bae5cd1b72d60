//! The box at a real registrar and proxy, Kamailio: over UDP, TCP and TLS it registers with a
//! digest, is called through it, calls through it, and is gone when it stops.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "appliance/ports.rs"]
mod ports;

use std::fs;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use callbox::config;
use callbox::drivers::Clock;
use callbox::drivers::sip::{Line, Sockets, run};
use callbox::drivers::tls::Tls;
use ports::free_ports;
use telephony::sip::{
    Account, AccountState, Command as Order, Config, Credentials, Endpoint, Event, Failure, LocalMedia, Notice,
    Transport,
};
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

struct Kamailio {
    child: Child,
    port: u16,
    secure_port: u16,
    folder: PathBuf,
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A certificate authority and its certificate for "localhost".
fn certificates(folder: &Path) {
    fs::write(folder.join("extensions"), "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n").unwrap();
    let steps = [
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout pbx.key -out pbx.csr",
        "x509 -req -in pbx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out pbx.pem",
    ];
    for step in steps {
        let made = Command::new("openssl").args(step.split(' ')).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

/// A running Kamailio with a certificate for "localhost"; none where it is not installed.
fn kamailio(name: &str, algorithm: &str) -> Option<Kamailio> {
    for (program, package) in [("kamailio", "kamailio and kamailio-tls-modules"), ("openssl", "openssl")] {
        if !is_there(program) {
            let must = std::env::var_os("CALLBOX_BIN_DIR").is_some();
            assert!(!must, "{program} is not installed: scripts/setup --peers does it (package {package})");
            println!("skipped: {program} is missing (package {package})");
            return None;
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kamailio-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    certificates(&folder);
    let (port, secure_port) = (free_ports(), free_ports());
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kamailio.cfg")).unwrap();
    let text = text
        .replace("TLSPORT", &secure_port.to_string())
        .replace("PORT", &port.to_string())
        .replace("FOLDER", folder.to_str().unwrap())
        .replace("ALGORITHM", algorithm);
    fs::write(folder.join("kamailio.cfg"), text).unwrap();
    let log = fs::File::create(folder.join("log")).unwrap();
    let child = Command::new("kamailio")
        .args(["-DD", "-E", "-m", "64", "-M", "8", "-f", "kamailio.cfg", "-Y"])
        .arg(&folder)
        .current_dir(&folder)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let kamailio = Kamailio { child, port, secure_port, folder };
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", secure_port)).is_ok() {
            return Some(kamailio);
        }
        std::thread::sleep(Duration::from_millis(50)); // another program starts: there is nothing to wait on
    }
    panic!("Kamailio does not start: {}", fs::read_to_string(kamailio.folder.join("log")).unwrap());
}

impl Kamailio {
    fn account(&self, transport: Transport, password: &str) -> Account {
        let port = if transport == Transport::Tls { self.secure_port } else { self.port };
        Account {
            name: "pbx".into(),
            user: "200".into(),
            domain: "pbx.test".into(),
            hop: format!("localhost:{port};transport={}", transport.word()).parse().unwrap(),
            proxied: false,
            credentials: Credentials { user: "200".into(), password: password.into() },
            expires_s: 300,
            instance: Some("urn:uuid:00000000-0000-8000-8000-00a95a0e128d".into()),
            only_ask: false,
        }
    }

    /// A box with this account, signed on.
    async fn line(&self, account: Account, trusts: bool) -> Line {
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let trust = trusts.then(|| self.folder.join("ca.pem"));
        let tls = config::Tls { port: 0, certificate: None, key: None, trust, clients: None };
        let sockets = Sockets::bind(address, true).await.unwrap().with_tls(Tls::new(&tls).unwrap(), None).unwrap();
        let mut config = Config::new(sockets.udp.local_addr().unwrap());
        config.contact_as_seen = true;
        config.accounts = vec![account];
        config.t1 = Duration::from_millis(200); // a busy machine, not a far one
        let line = run(Clock::start(), sockets, Endpoint::new(config, fastrand::u64(..)));
        line.commands.send(Order::SignOn).await.unwrap();
        line
    }

    /// Calls the account through Kamailio and tells the status of the final response.
    fn call(&self) -> impl Future<Output = u16> + use<> {
        let port = self.port;
        let calling = move || {
            let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
            phone.set_read_timeout(Some(LIMIT)).unwrap();
            let local = phone.local_addr().unwrap();
            let id = local.port();
            let text = format!(
                "INVITE sip:200@pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{id};rport\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:201@pbx.test>;tag={id}\r\nTo: <sip:200@pbx.test>\r\nCall-ID: {id}\r\n\
                 CSeq: 1 INVITE\r\nContact: <sip:201@{local}>\r\nContent-Length: 0\r\n\r\n"
            );
            phone.send_to(text.as_bytes(), ("127.0.0.1", port)).unwrap();
            let mut buffer = [0; 4_096];
            loop {
                let length = phone.recv(&mut buffer).expect("an answer");
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let status = text.get(8..11).and_then(|status| status.parse::<u16>().ok()).unwrap_or(0);
                if status >= 200 {
                    return status;
                }
            }
        };
        let call = tokio::task::spawn_blocking(calling);
        async move { call.await.unwrap() }
    }
}

/// The next state of the account.
async fn state(line: &mut Line) -> AccountState {
    loop {
        let notice = timeout(LIMIT, line.notices.recv()).await.expect("in time").expect("a notice");
        if let Notice::Account { state, .. } = notice {
            return state;
        }
    }
}

async fn event(line: &mut Line) -> Event {
    timeout(LIMIT, line.events.recv()).await.expect("in time").expect("an event")
}

async fn lives(transport: Transport, algorithm: &str) {
    let Some(kamailio) = kamailio(&format!("{}-{algorithm}", transport.word()), algorithm) else { return };
    let mut line = kamailio.line(kamailio.account(transport, "let me in"), true).await;
    let registered = state(&mut line).await;
    assert!(matches!(registered, AccountState::Registered { expires_s: 300, .. }), "{registered:?}");
    if transport != Transport::Udp {
        // Registered anew with the address that Kamailio sees.
        let again = state(&mut line).await;
        assert!(matches!(again, AccountState::Registered { .. }), "{again:?}");
    }

    let answer = kamailio.call();
    let incoming = event(&mut line).await;
    let Event::Incoming { call, called, .. } = incoming else { panic!("{incoming:?}") };
    assert_eq!(called.user.as_deref(), Some("200"));
    line.commands.send(Order::Reject { call, status: 486, retry_after_s: None }).await.unwrap();
    assert_eq!(answer.await, 486);
    while !matches!(event(&mut line).await, Event::Ended { .. }) {}

    // Out through it and in again: the INVITE is challenged on its way.
    let media = LocalMedia::plain("127.0.0.1:40000".parse().unwrap(), vec![telephony::sip::Codec::Pcmu]);
    let dial = Order::Dial {
        token: 7,
        target: "sip:200@pbx".into(),
        destination: None,
        from_display: None,
        from_user: String::new(),
        media: media.clone(),
        transport: Transport::Udp,
        connection: None,
    };
    line.commands.send(dial).await.unwrap();
    let mut up = 0;
    while up < 2 {
        match event(&mut line).await {
            Event::Incoming { call, .. } => {
                line.commands.send(Order::Answer { call, media: media.clone() }).await.unwrap();
            }
            Event::Established { .. } => up += 1,
            Event::Ended { cause, .. } => panic!("{cause:?}"),
            _ => {}
        }
    }

    let Line { commands, task, events, .. } = line;
    drop((commands, events));
    timeout(LIMIT, task).await.expect("it takes its leave").unwrap();
    assert_eq!(kamailio.call().await, 404, "nobody is sent to a box that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_udp_with_md5() {
    lives(Transport::Udp, "MD5").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tcp_with_sha_256() {
    lives(Transport::Tcp, "SHA-256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_with_sha_256() {
    lives(Transport::Tls, "SHA-256").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_stranger_s_certificate_are_told() {
    let Some(kamailio) = kamailio("wrong", "SHA-256") else { return };
    let mut line = kamailio.line(kamailio.account(Transport::Udp, "let me out"), true).await;
    let failed = state(&mut line).await;
    assert!(matches!(failed, AccountState::Failed { why: Failure::WrongPassword, .. }), "{failed:?}");
    let mut line = kamailio.line(kamailio.account(Transport::Tls, "let me in"), false).await;
    let failed = state(&mut line).await;
    assert!(matches!(failed, AccountState::Failed { why: Failure::NoAnswer, .. }), "{failed:?}");
}
