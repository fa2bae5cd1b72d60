//! A box that listens on all addresses tells each peer the one that this peer reaches, in SIP and
//! in the description of the audio alike, by IPv4 and by IPv6.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use callbox::drivers::Clock;
use callbox::drivers::ports::Ports;
use callbox::drivers::sip::{Sockets, run};
use telephony::sip::{Config, Endpoint};

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn audio_is_asked_for_at_the_address_that_the_caller_reaches() {
    for everywhere in ["0.0.0.0", "::"] {
        let ports = Ports::new(everywhere.parse().unwrap(), 61_000..=61_099);
        let pair = ports.open_towards(at("127.0.0.1:5060")).unwrap();
        assert_eq!(pair.local.ip(), at("127.0.0.1:1").ip(), "{everywhere}");
        assert_eq!(pair.rtp.local_addr().unwrap().port(), pair.local.port());
    }
    let one = Ports::new("127.0.0.2".parse().unwrap(), 61_000..=61_099);
    assert_eq!(one.open_towards(at("127.0.0.1:5060")).unwrap().local.ip(), at("127.0.0.2:1").ip());
}

/// Sends an INVITE, which a box without room refuses at once.
fn ask(peer: &UdpSocket, port: u16, ip: &str) -> String {
    let (host, local) = (ip, peer.local_addr().unwrap());
    let text = format!(
        "INVITE sip:box@{host}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{port};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:a@{local}>;tag=1\r\nTo: <sip:box@{host}>\r\nCall-ID: {port}{local}\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:a@{local}>\r\nContent-Length: 0\r\n\r\n"
    );
    peer.send_to(text.as_bytes(), (ip.trim_matches(['[', ']']), port)).unwrap();
    let mut buffer = [0; 2_048];
    let (length, _) = peer.recv_from(&mut buffer).expect("an answer");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_socket_serves_both_families() {
    let sockets = Sockets::bind(at("[::]:0"), true).await.unwrap();
    let port = sockets.udp.local_addr().unwrap().port();
    let ip: IpAddr = "::".parse().unwrap();
    let mut config = Config::new(SocketAddr::new(ip, port));
    config.max_calls = 0; // refuses at once, which is an answer
    let _line = run(Clock::start(), sockets, Endpoint::new(config, 1));
    for (from, ip) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]")] {
        let Ok(peer) = UdpSocket::bind(from) else {
            println!("skipped: this machine has no {from}");
            continue;
        };
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let text = tokio::task::spawn_blocking(move || ask(&peer, port, ip)).await.unwrap();
        let received = format!("received={}", ip.trim_matches(['[', ']']));
        assert!(text.starts_with("SIP/2.0 100") || text.starts_with("SIP/2.0 503"), "{text}");
        assert!(text.contains(&received), "answered over {ip}: {text}");
    }
}
