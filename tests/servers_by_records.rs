//! A trunk that is written as a domain: its servers come from SRV and NAPTR records of a name server
//! (RFC 3263), over UDP or TCP, and when the first is gone its calls go to the next.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callbox::drivers::Clock;
use callbox::drivers::names::Names;
use callbox::drivers::sip::{self, Sockets};
use telephony::sip::{Command, Config, Endpoint, Hop, Notice, Search, TargetState, Transport, Trunk};
use tokio::time::timeout;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(30);

/// What a name server says of one name and type: each record's data.
type Zone = Vec<(&'static str, u16, Vec<Vec<u8>>)>;
const A: u16 = 1;
const SRV: u16 = 33;
const NAPTR: u16 = 35;

/// A name server that knows this much, and what it was asked.
struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

impl NameServer {
    fn new(zone: Zone) -> Self {
        let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&asked);
        // It ends with the test's process.
        std::thread::spawn(move || {
            let mut buffer = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let (name, end) = name_at(&buffer[..length], 12);
                let kind = u16::from_be_bytes([buffer[end], buffer[end + 1]]);
                told.lock().unwrap().push((name.clone(), kind));
                let found = zone.iter().find(|(known, of, _)| *known == name && *of == kind);
                let records = found.map(|(.., records)| records.as_slice()).unwrap_or_default();
                let mut answer = buffer[..2].to_vec();
                answer.extend([0x85, 0x80, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
                answer.extend(&buffer[12..end + 4]);
                for record in records {
                    answer.extend([0xc0, 12]); // the name that was asked for
                    answer.extend(kind.to_be_bytes());
                    answer.extend([0, 1, 0, 0, 0, 60]);
                    answer.extend((record.len() as u16).to_be_bytes());
                    answer.extend(record);
                }
                let _ = socket.send_to(&answer, from);
            }
        });
        NameServer { address, asked }
    }

    fn asked(&self) -> Vec<(String, u16)> {
        self.asked.lock().unwrap().clone()
    }
}

/// The name at this place of a message, in small letters, and where it ends.
fn name_at(message: &[u8], mut at: usize) -> (String, usize) {
    let mut labels = Vec::new();
    while message[at] != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..at + 1 + length]).to_lowercase());
        at += 1 + length;
    }
    (labels.join("."), at + 1)
}

fn name(text: &str) -> Vec<u8> {
    let labels = text.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Vec<u8> {
    [&priority.to_be_bytes()[..], &weight.to_be_bytes(), &port.to_be_bytes(), &name(target)].concat()
}

fn naptr(order: u16, service: &str, replacement: &str) -> Vec<u8> {
    let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let fixed = [order.to_be_bytes(), 1_u16.to_be_bytes()].concat();
    [fixed, text("s"), text(service), text(""), name(replacement)].concat()
}

fn hop(text: &str) -> Hop {
    text.parse().unwrap()
}

/// A SIP server that answers every OPTIONS until it is told to fall silent.
struct Server {
    socket: tokio::net::UdpSocket,
}

impl Server {
    async fn new() -> (Self, u16) {
        let socket = tokio::net::UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        (Server { socket }, port)
    }

    /// Answers what comes; the first line of the first INVITE ends it.
    async fn serve(&self) -> String {
        let mut buffer = [0; 4_096];
        loop {
            let (length, from) = self.socket.recv_from(&mut buffer).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.starts_with("INVITE ") {
                return text.lines().next().unwrap().to_owned();
            }
            let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = text.lines().filter(|line| echoed.iter().any(|name| line.starts_with(name)));
            let headers: String = lines.map(|line| format!("{line}\r\n")).collect();
            let answer = format!("SIP/2.0 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
            self.socket.send_to(answer.as_bytes(), from).await.unwrap();
        }
    }
}

fn dial() -> Command {
    Command::Dial {
        token: 1,
        target: "sip:300@carrier".into(),
        destination: None,
        from_display: None,
        from_user: "box".into(),
        media: telephony::sip::LocalMedia::plain(SocketAddr::new(LOOPBACK, 30_000), vec![telephony::sip::Codec::Pcmu]),
        transport: Transport::Udp,
        connection: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_to_the_first_server_and_when_it_is_gone_to_the_next() {
    let ((first, first_port), (second, second_port)) = (Server::new().await, Server::new().await);
    let records = vec![srv(20, 0, second_port, "b.carrier.test"), srv(10, 5, first_port, "a.carrier.test")];
    let address = || vec![Ipv4Addr::LOCALHOST.octets().to_vec()];
    let server = NameServer::new(vec![
        ("_sip._udp.carrier.test", SRV, records),
        ("a.carrier.test", A, address()),
        ("b.carrier.test", A, address()),
    ]);
    let mut sockets = Sockets::bind(SocketAddr::new(LOOPBACK, 0), false).await.unwrap();
    sockets.names = Names::of(server.address);
    let mut config = Config::new(sockets.udp.local_addr().unwrap());
    config.t1 = Duration::from_millis(5); // a ping is lost after 64 of them
    config.trunks = vec![Trunk {
        name: "carrier".into(),
        targets: vec![hop("carrier.test")],
        from: Vec::new(),
        credentials: None,
        ping: Some(Duration::from_secs(1)),
    }];
    let mut line = sip::run(Clock::start(), sockets, Endpoint::new(config, 1));
    line.commands.send(Command::SignOn).await.unwrap();

    let up = async {
        loop {
            if let Some(Notice::Trunk { state: TargetState::Up, .. }) = line.notices.recv().await {
                return;
            }
        }
    };
    // It answers the ping, and then the call goes there as well.
    timeout(SOON, async {
        tokio::select! { () = up => {}, _ = first.serve() => {} }
    })
    .await
    .expect("the first is up");
    line.commands.send(dial()).await.unwrap();
    let invite = timeout(SOON, first.serve()).await.expect("a call at the first");
    assert_eq!(invite, "INVITE sip:300@carrier.test SIP/2.0", "the name stays what it is");

    drop(first); // nobody answers its pings any more
    let called = async {
        loop {
            line.commands.send(dial()).await.unwrap();
            if let Ok(invite) = timeout(Duration::from_millis(700), second.serve()).await {
                return invite;
            }
        }
    };
    assert_eq!(timeout(SOON, called).await.expect("a call at the second"), "INVITE sip:300@carrier.test SIP/2.0");
    let asked = server.asked();
    assert!(asked.contains(&("carrier.test".into(), NAPTR)), "{asked:?}");
    let plain = asked.iter().any(|(name, kind)| name == "carrier.test" && *kind != NAPTR);
    assert!(!plain, "with servers named nobody asks for the host itself: {asked:?}");
}

#[tokio::test]
async fn the_transport_is_the_one_that_the_domain_prefers() {
    let server = NameServer::new(vec![
        (
            "office.test",
            NAPTR,
            vec![naptr(20, "SIP+D2U", "_sip._udp.office.test"), naptr(10, "SIP+D2T", "_sip._tcp.office.test")],
        ),
        ("_sip._udp.office.test", SRV, vec![srv(1, 1, 5_060, "u.office.test")]),
        ("_sip._tcp.office.test", SRV, vec![srv(1, 1, 5_090, "t.office.test")]),
        ("t.office.test", A, vec![vec![127, 0, 0, 9]]),
    ]);
    let names = Names::of(server.address);
    let found = names.find(Search::new(&hop("office.test"), true, 1)).await;
    assert_eq!((found.places, found.transport), (vec!["127.0.0.9:5090".parse().unwrap()], Transport::Tcp));
    let valid = found.valid.expect("a time to live");
    assert!(valid <= Duration::from_secs(60) && valid > Duration::from_secs(20), "{valid:?}");
}

/// A name without records, a name server that is not there: the system's own look-up is left.
#[tokio::test]
async fn without_records_the_host_itself_is_looked_up() {
    let server = NameServer::new(Vec::new());
    let names = Names::of(server.address);
    let found = names.find(Search::new(&hop("localhost"), true, 1)).await;
    assert!(found.places.contains(&"127.0.0.1:5060".parse().unwrap()), "{found:?}");
    assert_eq!(server.asked(), [], "a word is no domain: no name server hears of it");
    let found = names.find(Search::new(&hop("sip:localhost:5099;transport=tls"), true, 1)).await;
    assert!(found.places.contains(&"127.0.0.1:5099".parse().unwrap()), "{found:?}");
    assert_eq!(server.asked(), []);
}
