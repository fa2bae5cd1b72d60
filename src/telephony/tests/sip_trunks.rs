//! Trunks: asked whether they are there, left when they are not, and let in by their addresses.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{BOX, Bench, OFFER, Seen, at, by_address, header, invite};
use telephony::sip::{Command, Config, Input, Notice, TargetState, Transport, Trunk};

fn bench() -> Bench {
    let trunk = Trunk {
        name: "carrier".into(),
        targets: vec!["sip:one.example".parse().expect("a hop"), "two.example:5070".parse().expect("a hop")],
        from: vec!["203.0.113.0/24".parse().expect("a network")],
        credentials: None,
        ping: Some(Duration::from_secs(30)),
    };
    let mut config = Config::new(at(BOX));
    config.trunks = vec![trunk];
    config.restricted = true;
    let mut bench = Bench::with(config);
    let seen = bench.command(Command::SignOn);
    for (query, search) in seen.resolves {
        let ip = if search.host() == "one.example" { "192.0.2.51:1" } else { "192.0.2.52:1" };
        let _ = bench.handle(Input::Resolved { query, found: by_address(search, &[ip]), own: None });
    }
    bench
}

/// Where a call by the trunk goes.
fn way(bench: &mut Bench) -> String {
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:+4930123@carrier".into(),
        destination: None,
        from_display: None,
        from_user: "box".into(),
        media: peer::media(),
        transport: Transport::Udp,
        connection: None,
    });
    let invite = seen.sent.iter().find(|(_, text)| text.starts_with("INVITE"));
    invite.map(|(to, text)| format!("{to} {}", text.lines().next().unwrap_or_default())).unwrap_or_default()
}

fn states(seen: &Seen) -> Vec<(String, TargetState)> {
    let state = |notice: &Notice| match notice {
        Notice::Trunk { target, state, .. } => Some((target.clone(), *state)),
        _ => None,
    };
    seen.notices.iter().filter_map(state).collect()
}

/// Lets time pass; the second target answers every OPTIONS, the first one only if it is there.
fn pass(bench: &mut Bench, seconds: u64, first_is_there: bool) -> Seen {
    let mut all = Seen::default();
    for _ in 0..seconds {
        let seen = bench.pass(Duration::from_secs(1));
        for (to, text) in seen.sent.iter().filter(|(_, text)| text.starts_with("OPTIONS")) {
            if first_is_there || *to == at("192.0.2.52:5070") {
                let field = |name: &str| header(text, name).expect("a field");
                bench.from = *to;
                let answered = bench.send(&format!(
                    "SIP/2.0 405 No\nVia: {}\nFrom: {}\nTo: {};tag=t\nCall-ID: {}\nCSeq: {}\nContent-Length: 0\n\n",
                    field("Via"),
                    field("From"),
                    field("To"),
                    field("Call-ID"),
                    field("CSeq")
                ));
                all.notices.extend(answered.notices);
            }
        }
        all.notices.extend(seen.notices);
    }
    all
}

#[test]
fn calls_go_to_the_first_target_that_answers() {
    let mut bench = bench();
    assert_eq!(way(&mut bench), "192.0.2.51:5060 INVITE sip:+4930123@one.example SIP/2.0");
    let seen = pass(&mut bench, 40, true);
    assert_eq!(states(&seen).len(), 2, "{seen:?}");
    let seen = pass(&mut bench, 150, false);
    assert_eq!(states(&seen), [("sip:one.example".to_owned(), TargetState::Down)]);
    assert_eq!(way(&mut bench), "192.0.2.52:5070 INVITE sip:+4930123@two.example:5070 SIP/2.0");
    let seen = pass(&mut bench, 40, true);
    assert_eq!(states(&seen), [("sip:one.example".to_owned(), TargetState::Up)]);
    assert!(way(&mut bench).starts_with("192.0.2.51:5060 "));
}

#[test]
fn who_belongs_to_a_trunk_may_call() {
    let mut bench = bench();
    for (from, may) in
        [("203.0.113.8:9999", true), ("192.0.2.52:5080", true), ("203.0.114.8:5060", false), (peer::PHONE, false)]
    {
        bench.from = at(from);
        let seen = bench.send(&invite(from, OFFER));
        assert_eq!(seen.incoming().is_some(), may, "{from}: {seen:?}");
        assert_eq!(seen.statuses().contains(&403), !may, "{from}");
    }
}
