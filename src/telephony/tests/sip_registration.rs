//! The box registers as an extension and stays reachable: digest, refresh, longer intervals,
//! failover, back-off, the address the registrar sees, and a clean good-bye.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{BOX, Bench, Seen, at, by_address, grant, header, invite, reply};
use telephony::sip::{
    Account, AccountState, Command, Config, Credentials, Event, Failure, Hop, Input, LocalMedia, Notice, Transport,
};

const REGISTRAR: &str = "192.0.2.50:5060";
const OTHER: &str = "192.0.2.51:5060";
const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\n\
    WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth,auth-int\", opaque=\"o\"\n";

fn account() -> Account {
    Account {
        name: "office".into(),
        user: "200".into(),
        domain: "pbx.example".into(),
        hop: "pbx.example".parse().expect("a hop"),
        proxied: false,
        credentials: Credentials { user: "200".into(), password: "secret".into() },
        expires_s: 600,
        instance: None,
        only_ask: false,
    }
}

fn bench(account: Account) -> Bench {
    let mut config = Config::new(at(BOX));
    config.accounts = vec![account];
    config.contact_as_seen = true;
    Bench::with(config)
}

/// Signs on and resolves the registrar's name to these addresses.
fn signed_on(bench: &mut Bench, addresses: &[&str]) -> Seen {
    let seen = bench.command(Command::SignOn);
    resolve(bench, &seen, addresses)
}

fn resolve(bench: &mut Bench, seen: &Seen, addresses: &[&str]) -> Seen {
    let (query, search) = seen.resolves.first().expect("a name to look up").clone();
    assert_eq!(search.host(), "pbx.example");
    bench.handle(Input::Resolved { query, found: by_address(search, addresses), own: None })
}

/// The last REGISTER sent.
fn register(seen: &Seen) -> String {
    let found = seen.sent.iter().rev().find(|(_, text)| text.starts_with("REGISTER "));
    found.unwrap_or_else(|| panic!("no REGISTER in {seen:#?}")).1.clone()
}

/// A request as its receiver notes where it came from (RFC 3581).
fn seen_from(request: &str, place: &str) -> String {
    request.replace(";rport", &format!(";rport={place}"))
}

/// An answer to the last REGISTER.
fn answer(bench: &mut Bench, seen: &Seen, status: u16, more: &str) -> Seen {
    let text = seen_from(&register(seen), "5060;received=192.0.2.1");
    bench.from = at(REGISTRAR);
    bench.send(&reply(&text, status, more))
}

fn granted(bench: &mut Bench, seen: &Seen, expires_s: u32) -> Seen {
    answer(bench, seen, 200, &format!("Contact: <sip:200@192.0.2.1:5060>;expires={expires_s}\n"))
}

fn states(seen: &Seen) -> Vec<AccountState> {
    let state = |notice: &Notice| match notice {
        Notice::Account { state, .. } => Some(state.clone()),
        _ => None,
    };
    seen.notices.iter().filter_map(state).collect()
}

fn is_registered(seen: &Seen) -> bool {
    matches!(states(seen).last(), Some(AccountState::Registered { .. }))
}

fn failure(seen: &Seen) -> Option<Failure> {
    match states(seen).last() {
        Some(AccountState::Failed { why, .. }) => Some(*why),
        _ => None,
    }
}

#[test]
fn it_registers_with_the_strongest_digest_and_counts_the_nonce() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let first = register(&seen);
    assert!(first.starts_with("REGISTER sip:pbx.example SIP/2.0"), "{first}");
    assert_eq!(header(&first, "To").expect("To"), "<sip:200@pbx.example>");
    assert_eq!(header(&first, "Contact").expect("Contact"), "<sip:200@192.0.2.1:5060>;expires=600");
    assert!(header(&first, "Authorization").is_none());

    let seen = answer(&mut bench, &seen, 401, CHALLENGE);
    let second = register(&seen);
    let proof = header(&second, "Authorization").expect("a proof");
    for part in
        ["algorithm=SHA-256", "nonce=\"n2\"", "qop=auth", "nc=00000001", "opaque=\"o\"", "uri=\"sip:pbx.example\""]
    {
        assert!(proof.contains(part), "{part} not in {proof}");
    }
    assert_eq!(header(&first, "Call-ID"), header(&second, "Call-ID"));
    assert_eq!(header(&second, "CSeq").expect("CSeq"), "2 REGISTER");
    let seen = granted(&mut bench, &seen, 600);
    assert!(is_registered(&seen), "{seen:?}");

    let seen = bench.pass(Duration::from_secs(540));
    assert!(!seen.sent.iter().any(|(_, text)| text.starts_with("REGISTER")), "the name is looked up first");
    let seen = resolve(&mut bench, &seen, &[REGISTRAR]);
    let refresh = register(&seen);
    assert!(header(&refresh, "Authorization").expect("a proof").contains("nc=00000002"), "asked for only once");
}

#[test]
fn a_stale_nonce_is_replaced_and_a_wrong_password_is_not_insisted_on() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let seen = answer(&mut bench, &seen, 401, CHALLENGE);
    let stale = "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n3\", stale=TRUE, qop=\"auth\"\n";
    let seen = answer(&mut bench, &seen, 401, stale);
    assert!(header(&register(&seen), "Authorization").expect("a proof").contains("nonce=\"n3\""));
    let seen = answer(&mut bench, &seen, 401, "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n4\", qop=\"auth\"\n");
    assert_eq!(failure(&seen), Some(Failure::WrongPassword));
    assert_eq!(bench.pass(Duration::from_secs(50)).resolves.len(), 0, "a registrar may ban whoever insists");
    assert_eq!(bench.pass(Duration::from_secs(120)).resolves.len(), 1);
}

#[test]
fn what_cannot_be_answered_is_said() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let seen = answer(&mut bench, &seen, 401, "WWW-Authenticate: Basic realm=\"pbx\"\n");
    assert_eq!(failure(&seen), Some(Failure::NotUnderstood));
}

#[test]
fn a_registrar_that_wants_longer_intervals_gets_them() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let seen = answer(&mut bench, &seen, 423, "Min-Expires: 1800\n");
    assert!(header(&register(&seen), "Contact").expect("Contact").ends_with("expires=1800"));
    assert!(is_registered(&granted(&mut bench, &seen, 1_800)));
    assert_eq!(bench.pass(Duration::from_secs(1_200)).resolves.len(), 0);
    assert_eq!(bench.pass(Duration::from_secs(400)).resolves.len(), 1, "before it expires");
}

#[test]
fn a_registrar_that_is_down_is_replaced_by_the_next() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR, OTHER]);
    assert_eq!(seen.sent[0].0, at(REGISTRAR));
    let seen = bench.pass(Duration::from_secs(33));
    let (to, _) = seen.sent.iter().rev().find(|(_, text)| text.starts_with("REGISTER")).expect("a REGISTER");
    assert_eq!(*to, at(OTHER), "after 64*T1");
    let seen = granted(&mut bench, &seen, 600);
    assert!(matches!(states(&seen)[0], AccountState::Registered { registrar, .. } if registrar == at(OTHER)));
}

#[test]
fn waits_grow_and_differ_from_box_to_box() {
    let mut bench = bench(account());
    let mut seen = bench.command(Command::SignOn);
    let mut waits = Vec::new();
    for _ in 0..8 {
        seen = resolve(&mut bench, &seen, &[]);
        let Some(AccountState::Failed { why: Failure::NoAddress, retry_s }) = states(&seen).last().cloned() else {
            panic!("{seen:?}");
        };
        waits.push(retry_s);
        seen = bench.pass(Duration::from_secs(u64::from(retry_s) + 1));
    }
    assert!(waits[0] < 5 && waits[7] >= 150 && waits.iter().all(|wait| *wait <= 300), "{waits:?}");
}

#[test]
fn behind_nat_it_is_reached_where_the_registrar_sees_it() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let text = register(&seen);
    bench.from = at(REGISTRAR);
    let seen = bench.send(&grant(&seen_from(&text, "33000;received=203.0.113.7"), 200, ""));
    let again = register(&seen);
    assert!(again.contains("Contact: <sip:200@192.0.2.1:5060>;expires=0\r\n"), "{again}");
    assert!(again.contains("Contact: <sip:200@203.0.113.7:33000>;expires=600\r\n"), "{again}");

    // A call that comes in by the registrar is answered with that address, too.
    bench.from = at(REGISTRAR);
    let call = bench.send(&invite("nat", peer::OFFER)).incoming().expect("a call");
    let media = LocalMedia { ..peer::media() };
    let answered = bench.command(Command::Answer { call, media });
    assert_eq!(answered.header("Contact"), "<sip:203.0.113.7:33000>");
}

#[test]
fn the_mapping_of_a_nat_is_kept() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let _ = granted(&mut bench, &seen, 600);
    let seen = bench.pass(Duration::from_secs(61));
    let pings = seen.sent.iter().filter(|(to, text)| *to == at(REGISTRAR) && text == "\r\n\r\n").count();
    assert_eq!(pings, 2, "every 25 s: {seen:?}");
}

#[test]
fn a_box_that_stops_says_good_bye() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let _ = granted(&mut bench, &seen, 600);
    let seen = bench.command(Command::SignOff);
    assert!(header(&register(&seen), "Contact").expect("Contact").ends_with(";expires=0"));
    assert!(!bench.endpoint.is_signed_off());
    let seen = answer(&mut bench, &seen, 200, "");
    assert_eq!(states(&seen), [AccountState::Unregistered]);
    assert!(bench.endpoint.is_signed_off());
    assert!(bench.pass(Duration::from_secs(3_600)).methods().is_empty(), "and nothing more");
}

#[test]
fn over_a_stream_it_uses_one_connection_and_registers_anew_when_that_is_lost() {
    let hop: Hop = "pbx.example;transport=tls".parse().expect("a hop");
    let mut bench = bench(Account { hop, ..account() });
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let (connection, to) = seen.connects[0];
    assert_eq!(to, at("192.0.2.50:5061"));
    let (_, text) = seen.streams[0].clone();
    assert!(text.contains("Via: SIP/2.0/TLS ") && text.contains(";transport=tls>;expires=600"), "{text}");
    let reply = grant(&text, 200, "").replace('\n', "\r\n");
    let arrived = |bytes: &[u8]| Input::Stream {
        connection,
        local: at("192.0.2.1:40000"),
        from: to,
        secure: true,
        bytes: bytes.to_vec(),
    };
    assert!(is_registered(&bench.handle(arrived(reply.as_bytes()))));
    let _ = bench.handle(Input::StreamClosed { connection });
    let seen = bench.pass(Duration::from_secs(31));
    let seen = resolve(&mut bench, &seen, &[REGISTRAR]);
    assert_eq!(seen.connects.len(), 1, "a new connection: {seen:?}");
}

#[test]
fn a_call_out_by_the_account_proves_itself_and_its_ack_and_bye_are_in_order() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let _ = granted(&mut bench, &seen, 600);
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:+4930123@office".into(),
        destination: None,
        from_display: None,
        from_user: "ignored".into(),
        media: peer::media(),
        transport: Transport::Tcp,
        connection: None,
    });
    let (to, first) = seen.sent[0].clone();
    assert_eq!(to, at(REGISTRAR));
    assert!(first.starts_with("INVITE sip:+4930123@pbx.example SIP/2.0"), "{first}");
    assert!(header(&first, "From").expect("From").starts_with("<sip:200@pbx.example>;tag="));
    let reply = |text: &str, status: u16, more: &str, body: &str| {
        let field = |name: &str| header(text, name).expect("a field");
        let body = body.replace('\n', "\r\n");
        format!(
            "SIP/2.0 {status} X\nVia: {}\nFrom: {}\nTo: {};tag=r{status}\nCall-ID: {}\nCSeq: {}\n\
             Contact: <sip:r@192.0.2.50>\n{more}Content-Length: {}\n\n{body}",
            field("Via"),
            field("From"),
            field("To"),
            field("Call-ID"),
            field("CSeq"),
            body.len()
        )
    };
    bench.from = at(REGISTRAR);
    let challenge = CHALLENGE.replace("WWW", "Proxy");
    let seen = bench.send(&reply(&first, 407, &challenge, ""));
    assert_eq!(seen.methods(), ["ACK", "INVITE"]);
    let second = seen.sent[1].1.clone();
    assert_eq!(header(&second, "CSeq").expect("CSeq"), "2 INVITE");
    assert!(header(&second, "Proxy-Authorization").expect("a proof").contains("username=\"200\""));
    assert_ne!(header(&first, "Via"), header(&second, "Via"), "a transaction of its own");
    assert!(!second.contains("To: <sip:+4930123@pbx.example>;tag"), "{second}");
    let seen = bench.send(&reply(&second, 200, "Content-Type: application/sdp\n", peer::OFFER));
    assert!(seen.events.iter().any(|event| matches!(event, Event::Established { .. })), "{seen:?}");
    assert!(seen.sent[0].1.starts_with("ACK ") && seen.header("CSeq") == "2 ACK");
}

#[test]
fn nobody_else_gets_an_answer_to_a_challenge() {
    let mut bench = bench(account());
    let seen = signed_on(&mut bench, &[REGISTRAR]);
    let _ = granted(&mut bench, &seen, 600);
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:a@192.0.2.66".into(),
        destination: None,
        from_display: None,
        from_user: "me".into(),
        media: peer::media(),
        transport: Transport::Udp,
        connection: None,
    });
    let text = seen.sent[0].1.clone();
    let field = |name: &str| header(&text, name).expect("a field");
    bench.from = at("192.0.2.66:5060");
    let seen = bench.send(&format!(
        "SIP/2.0 401 X\nVia: {}\nFrom: {}\nTo: {};tag=x\nCall-ID: {}\nCSeq: 1 INVITE\n{CHALLENGE}Content-Length: 0\n\n",
        field("Via"),
        field("From"),
        field("To"),
        field("Call-ID")
    ));
    assert_eq!((seen.methods(), seen.ended()), (vec!["ACK".to_owned()], 1));
}

#[test]
fn credentials_print_without_the_password() {
    let text = format!("{:?}", account());
    assert!(text.contains("redacted") && !text.contains("secret"), "{text}");
}
