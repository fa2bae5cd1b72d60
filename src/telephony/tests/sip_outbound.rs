//! The registrar keeps the very way that a registration came over (RFC 5626): it is told who we are, its
//! keep-alives are answered or the way is left, and it is registered over another one.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{BOX, Bench, Seen, at, by_address, grant, header};
use telephony::sip::{Account, Command, Config, ConnectionId, Credentials, Input};

const REGISTRAR: &str = "192.0.2.50:5060";
const INSTANCE: &str = "urn:uuid:00000000-0000-8000-8000-00a95a0e128d";
const KEPT: &str = "Require: outbound\nFlow-Timer: 40\n";

fn bench(transport: &str, instance: Option<&str>) -> Bench {
    let mut config = Config::new(at(BOX));
    config.accounts = vec![Account {
        name: "office".into(),
        user: "200".into(),
        domain: "pbx.example".into(),
        hop: format!("pbx.example;transport={transport}").parse().expect("a hop"),
        proxied: false,
        credentials: Credentials { user: "200".into(), password: "secret".into() },
        expires_s: 3_600,
        instance: instance.map(str::to_owned),
        only_ask: false,
    }];
    config.contact_as_seen = false;
    Bench::with(config)
}

fn resolve(bench: &mut Bench, seen: Seen) -> Seen {
    let (query, search) = seen.resolves.into_iter().next().expect("a name to look up");
    bench.handle(Input::Resolved { query, found: by_address(search, &[REGISTRAR]), own: None })
}

fn signed_on(bench: &mut Bench) -> Seen {
    let seen = bench.command(Command::SignOn);
    resolve(bench, seen)
}

/// The last REGISTER, and the connection it went over.
fn register(seen: &Seen) -> (Option<ConnectionId>, String) {
    let sent = seen.sent.iter().map(|(_, text)| (None, text));
    let mut all = sent.chain(seen.streams.iter().map(|(connection, text)| (Some(*connection), text)));
    let last = all.rfind(|(_, text)| text.starts_with("REGISTER ")).expect("a REGISTER");
    (last.0, last.1.clone())
}

/// The registrar answers the last REGISTER.
fn answer(bench: &mut Bench, seen: &Seen, status: u16, more: &str) -> Seen {
    let (connection, text) = register(seen);
    let reply = grant(&text, status, more);
    bench.from = at(REGISTRAR);
    match connection {
        Some(connection) => bench.handle(arrived(connection, reply.replace('\n', "\r\n").as_bytes())),
        None => bench.send(&reply),
    }
}

fn arrived(connection: ConnectionId, bytes: &[u8]) -> Input {
    let (local, from) = (at("192.0.2.1:40000"), at(REGISTRAR));
    Input::Stream { connection, local, from, secure: false, bytes: bytes.to_vec() }
}

/// Lets time pass, second by second, until keep-alives go out; after how many seconds they did.
fn until_keep_alive(bench: &mut Bench, most: u64) -> Option<(u64, Seen)> {
    (1..=most).find_map(|second| {
        let seen = bench.pass(Duration::from_secs(1));
        let pings = seen.streams.iter().any(|(_, text)| text == "\r\n\r\n");
        (pings || seen.sent.iter().any(|(_, text)| text.as_bytes().starts_with(&[0, 1]))).then_some((second, seen))
    })
}

#[test]
fn it_says_who_it_is_and_which_way_this_is() {
    let mut named = bench("tcp", Some(INSTANCE));
    let (_, text) = register(&signed_on(&mut named));
    let contact = header(&text, "Contact").expect("Contact");
    assert_eq!(
        contact,
        format!("<sip:200@192.0.2.1:5060;transport=tcp>;expires=3600;reg-id=1;+sip.instance=\"<{INSTANCE}>\"")
    );
    assert_eq!(header(&text, "Supported").as_deref(), Some("path, outbound"));
    let mut nameless = bench("tcp", None);
    let (_, text) = register(&signed_on(&mut nameless));
    assert!(!text.contains("reg-id") && !text.contains("outbound"), "{text}");
}

#[test]
fn a_proxy_that_lets_no_way_be_kept_is_asked_without() {
    let mut bench = bench("udp", Some(INSTANCE));
    let seen = signed_on(&mut bench);
    let seen = answer(&mut bench, &seen, 439, "");
    let (_, text) = register(&seen);
    assert!(!text.contains("reg-id") && !text.contains("outbound"), "{text}");
    let _ = answer(&mut bench, &seen, 200, "");
    let seen = bench.pass(Duration::from_secs(26));
    assert!(seen.sent.iter().any(|(_, text)| text == "\r\n\r\n"), "the plain kind: {seen:?}");
}

#[test]
fn a_stream_whose_keep_alives_are_answered_stays_and_one_without_is_left() {
    let mut bench = bench("tcp", Some(INSTANCE));
    let seen = signed_on(&mut bench);
    let connection = register(&seen).0.expect("a connection");
    let _ = answer(&mut bench, &seen, 200, KEPT);
    for _ in 0..5 {
        let (after, _) = until_keep_alive(&mut bench, 41).expect("a keep-alive");
        assert!((32..=41).contains(&after), "as often as the registrar wants: {after} s");
        // In two pieces and not alone: what follows is read as well.
        assert!(bench.handle(arrived(connection, b"\r")).streams.is_empty());
        let options = "OPTIONS sip:box@192.0.2.1 SIP/2.0\nVia: SIP/2.0/TCP 192.0.2.50;branch=z9hG4bKo\nMax-Forwards: 70\n\
                       From: <sip:r@192.0.2.50>;tag=1\nTo: <sip:box@192.0.2.1>\nCall-ID: o\nCSeq: 1 OPTIONS\n\
                       Content-Length: 0\n\n";
        let bytes = [b"\n", options.replace('\n', "\r\n").as_bytes()].concat();
        let seen = bench.handle(arrived(connection, &bytes));
        assert_eq!(seen.statuses(), [200]);
    }
    // A keep-alive of theirs is no answer to ours.
    assert!(until_keep_alive(&mut bench, 41).is_some());
    let seen = bench.handle(arrived(connection, b"\r\n\r\n"));
    assert_eq!(seen.streams, [(connection, "\r\n".to_owned())]);
    let seen = bench.pass(Duration::from_secs(11));
    assert_eq!(seen.closed, [connection], "nobody is there any more");
    let seen = resolve(&mut bench, seen);
    let (other, text) = register(&seen);
    assert!(other.is_some_and(|other| other != connection), "over a new one: {text}");
    assert!(text.contains(";reg-id=1;"), "in the place of the old one: {text}");
}

#[test]
fn over_a_stream_that_nobody_keeps_no_answer_is_awaited() {
    let mut bench = bench("tcp", Some(INSTANCE));
    let seen = signed_on(&mut bench);
    let _ = answer(&mut bench, &seen, 200, "");
    assert!(until_keep_alive(&mut bench, 95).is_some());
    assert!(bench.pass(Duration::from_secs(60)).closed.is_empty(), "not all registrars answer");
}

/// The answer to the last keep-alive over UDP, with the address it was seen from.
fn seen_from(bench: &mut Bench, ping: &Seen, from: &str) -> Seen {
    let octets = &ping.octets;
    assert_eq!((octets.len(), &octets[4..8]), (20, &[0x21, 0x12, 0xa4, 0x42][..]));
    let std::net::SocketAddr::V4(from) = at(from) else { unreachable!("IPv4") };
    let mut answer = vec![1, 1, 0, 12];
    answer.extend(&octets[4..20]);
    answer.extend([0, 0x20, 0, 8, 0, 1]);
    answer.extend((from.port() ^ 0x2112).to_be_bytes());
    answer.extend(from.ip().octets().iter().zip(&octets[4..8]).map(|(a, b)| a ^ b));
    bench.from = at(REGISTRAR);
    bench.send_bytes(answer)
}

#[test]
fn over_udp_keep_alives_are_stun_and_a_new_mapping_is_registered() {
    let mut bench = bench("udp", Some(INSTANCE));
    let seen = signed_on(&mut bench);
    let _ = answer(&mut bench, &seen, 200, KEPT);
    for _ in 0..3 {
        let (_, ping) = until_keep_alive(&mut bench, 41).expect("a keep-alive");
        let seen = seen_from(&mut bench, &ping, "198.51.100.7:4711");
        assert!(seen.sent.is_empty() && seen.resolves.is_empty(), "{seen:?}");
    }
    let (_, ping) = until_keep_alive(&mut bench, 41).expect("a keep-alive");
    let seen = seen_from(&mut bench, &ping, "198.51.100.7:4712");
    let (_, text) = register(&seen);
    assert!(text.contains(";reg-id=1;"), "the NAT has another mapping now: {text}");
    let _ = answer(&mut bench, &seen, 200, KEPT);

    // Three in a row without an answer: it is registered anew.
    assert!(until_keep_alive(&mut bench, 41).is_some());
    let seen = bench.pass(Duration::from_secs(35));
    assert_eq!(seen.resolves.len(), 1, "the registrar is looked for anew: {seen:?}");
}
