//! SIP over TCP: framing, keep-alive, bounds, and going back the way a message came.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{Bench, OFFER, at, header, invite, media, request, within};
use telephony::sip::{Command, Config, ConnectionId, EndCause, EndedBy, Event, Input, Load, Transport};

fn over_tcp(text: &str) -> Vec<u8> {
    text.replace("SIP/2.0/UDP", "SIP/2.0/TCP").replace('\n', "\r\n").into_bytes()
}

#[test]
fn a_call_goes_back_over_its_connection() {
    let mut bench = Bench::new();
    let call = bench.stream(1, &over_tcp(&invite("a", OFFER))).incoming().expect("a call");
    let seen = bench.command(Command::Answer { call, media: media() });
    let (connection, ok) = &seen.streams[0];
    assert_eq!(*connection, ConnectionId(1));
    assert_eq!(header(ok, "Contact").as_deref(), Some("<sip:192.0.2.1:5060;transport=tcp>"));
    let to = header(ok, "To").expect("a To");
    let seen = bench.stream(1, &over_tcp(&within("ACK", "a", &to, 1, "")));
    assert_eq!(seen.events, [Event::Established { call }]);
    let seen = bench.command(Command::HangUp { call });
    assert_eq!(seen.methods(), ["BYE"]);
    assert_eq!(seen.streams[0].0, ConnectionId(1), "the connection is used again");
    assert!(seen.streams[0].1.contains("Via: SIP/2.0/TCP "));
}

#[test]
fn messages_come_in_any_pieces() {
    let text = [over_tcp(&request("OPTIONS", "a", "", "")), over_tcp(&request("OPTIONS", "b", "", "hello"))].concat();
    for piece in [1, 2, 3, 7, 50, 10_000] {
        let mut bench = Bench::new();
        let mut statuses = Vec::new();
        for bytes in text.chunks(piece) {
            statuses.extend(bench.stream(1, bytes).statuses());
        }
        assert_eq!(statuses, [200, 200], "pieces of {piece}");
    }
}

#[test]
fn a_ping_gets_a_pong() {
    let mut bench = Bench::new();
    let seen = bench.stream(1, b"\r\n\r\n");
    assert_eq!(seen.streams, [(ConnectionId(1), "\r\n".to_owned())]);
    assert!(bench.stream(1, b"\r\n").streams.is_empty(), "a pong, or half a ping");
    assert_eq!(bench.stream(1, b"\r\n").streams.len(), 1);
    assert_eq!(bench.stream(1, &over_tcp(&request("OPTIONS", "a", "", ""))).statuses(), [200]);
}

#[test]
fn what_cannot_be_framed_is_400_and_the_end() {
    let honest = request("OPTIONS", "a", "", "");
    for length in [
        "Content-Length: -5",
        "Content-Length: 9x",
        "X: y",
        "Content-Length: 0\nl: 5",
        "Content-Length: 99999999999999999999",
        "Content-Length:\n 0",
    ] {
        let mut bench = Bench::new();
        let text = over_tcp(&honest.replace("Content-Length: 0", length));
        let seen = bench.stream(1, &text);
        assert_eq!(seen.statuses(), [400], "{length}");
        assert_eq!(seen.closed, [ConnectionId(1)], "{length}");
        assert_eq!(bench.endpoint.load(), Load::default(), "{length}");
    }
}

#[test]
fn a_malformed_message_that_can_be_framed_costs_only_itself() {
    let mut bench = Bench::new();
    let bad = over_tcp(&request("OPTIONS", "a", "", "").replace("OPTIONS sip", "OPTIONS  sip"));
    let good = over_tcp(&request("OPTIONS", "b", "", ""));
    let seen = bench.stream(1, &[bad, good].concat());
    assert_eq!((seen.statuses(), seen.closed.len()), (vec![400, 200], 0));
}

#[test]
fn an_endless_head_is_cut() {
    let mut bench = Bench::new();
    let _ = bench.stream(1, b"OPTIONS sip:box@192.0.2.1 SIP/2.0\r\n");
    let mut closed = Vec::new();
    for _ in 0..200 {
        closed.extend(bench.stream(1, &[b'x'; 1_000]).closed);
        if !closed.is_empty() {
            break;
        }
    }
    assert_eq!(closed, [ConnectionId(1)]);
    assert_eq!(bench.endpoint.load().connections, 0);
}

#[test]
fn a_slow_message_is_given_up() {
    let mut bench = Bench::new();
    let text = over_tcp(&request("OPTIONS", "a", "", ""));
    let mut closed = Vec::new();
    for octet in text.iter().take(100) {
        closed.extend(bench.stream(1, &[*octet]).closed);
        closed.extend(bench.pass(Duration::from_secs(1)).closed);
        if !closed.is_empty() {
            break;
        }
    }
    assert_eq!(closed, [ConnectionId(1)]);
    assert!(bench.now.as_millis() <= 1_000 + 21_000, "{}", bench.now);
}

#[test]
fn a_busy_connection_whose_pieces_overlap_is_not_slow() {
    let mut bench = Bench::new();
    let text = over_tcp(&request("OPTIONS", "a", "", "")).repeat(40);
    for piece in text.chunks(text.len() / 60) {
        assert!(bench.stream(1, piece).closed.is_empty());
        assert!(bench.pass(Duration::from_secs(5)).closed.is_empty());
    }
}

#[test]
fn a_silent_connection_is_closed_and_a_busy_one_is_not() {
    let mut bench = Bench::new();
    for _ in 0..10 {
        let _ = bench.stream(1, b"\r\n\r\n");
        assert!(bench.pass(Duration::from_secs(900)).closed.is_empty());
    }
    assert_eq!(bench.pass(Duration::from_secs(1_900)).closed, [ConnectionId(1)]);
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn connections_are_capped_per_source_and_in_all() {
    let mut config = Config::new(at(peer::BOX));
    config.max_connections = 3;
    let mut bench = Bench::with(config);
    for connection in 0..3 {
        assert!(bench.stream(connection, b"\r\n").closed.is_empty());
    }
    assert_eq!(bench.stream(3, b"\r\n").closed, [ConnectionId(3)]);
    let _ = bench.handle(Input::StreamClosed { connection: ConnectionId(0) });
    assert!(bench.stream(4, b"\r\n").closed.is_empty());

    let mut config = Config::new(at(peer::BOX));
    config.max_connections_per_source = 1;
    let mut bench = Bench::with(config);
    let _ = bench.stream(0, b"\r\n");
    assert_eq!(bench.stream(1, b"\r\n").closed, [ConnectionId(1)]);
}

#[test]
fn when_the_connection_is_gone_a_bye_opens_one_to_the_contact() {
    let mut bench = Bench::new();
    let call = bench.stream(1, &over_tcp(&invite("a", OFFER))).incoming().expect("a call");
    let ok = bench.command(Command::Answer { call, media: media() });
    let to = header(&ok.streams[0].1, "To").expect("a To");
    let _ = bench.stream(1, &over_tcp(&within("ACK", "a", &to, 1, "")));
    let _ = bench.handle(Input::StreamClosed { connection: ConnectionId(1) });
    let seen = bench.command(Command::HangUp { call });
    let (connection, target) = seen.connects[0];
    assert_eq!(target, at("192.0.2.9:5060"));
    assert_eq!((seen.methods(), seen.streams[0].0), (vec!["BYE".to_owned()], connection));
    let _ = bench.handle(Input::StreamClosed { connection });
    assert_eq!(bench.endpoint.load().calls, 0, "a BYE that can't be sent is the end");
}

#[test]
fn dialling_over_tcp_asks_for_a_connection() {
    let mut bench = Bench::new();
    let dial = Command::Dial {
        token: 1,
        target: "sip:bob@192.0.2.9:5070".into(),
        destination: None,
        from_display: None,
        from_user: "box".into(),
        media: media(),
        transport: Transport::Tcp,
        connection: None,
    };
    let seen = bench.command(dial);
    assert_eq!(seen.connects[0].1, at("192.0.2.9:5070"));
    assert_eq!(seen.methods(), ["INVITE"]);
    let Event::Dialled { call, .. } = seen.events[0] else { panic!("{seen:?}") };
    let seen = bench.handle(Input::StreamClosed { connection: seen.connects[0].0 });
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::Unreachable, by: EndedBy::Network }]);
    assert_eq!(bench.endpoint.load(), Load::default());
}
