//! Session timers (RFC 4028), in both roles, to the second.
#![allow(clippy::expect_used)] // a test may fail

mod ends;
mod peer;

use std::time::Duration;

use ends::{CALLEE, CALLER, Ends};
use peer::{Bench, OFFER, ack, media, request, within};
use telephony::sip::{Command, EndCause, EndedBy, Event};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_hour_on_the_line_is_refreshed_every_quarter_by_update() {
    let mut ends = Ends::up(|_, _| {});
    ends.pass(60 * MINUTE);
    // 1800 s, nobody said who: the callee refreshes, at half of it.
    assert_eq!(ends.requests("UPDATE"), [(901, CALLEE), (1801, CALLEE), (2701, CALLEE), (3601, CALLEE)]);
    assert!(ends.requests("INVITE").is_empty());
    assert!(ends.ended(CALLER).is_none() && ends.ended(CALLEE).is_none());
}

#[test]
fn a_dead_peer_is_noticed_by_either_role() {
    let mut ends = Ends::up(|_, _| {});
    ends.cut = true;
    ends.pass(31 * MINUTE);
    // The refresher's UPDATE at 900 s finds nobody for 64*T1 = 32 s.
    let over = |end: usize, ends: &Ends| {
        matches!(ends.ended(end), Some(Event::Ended { cause: EndCause::Expired, by: EndedBy::Network, .. }))
    };
    assert!(over(CALLEE, &ends) && over(CALLER, &ends));
    // The other hangs up 32 s before the end: 1.1 + 1800 - 32.
    let byes: Vec<_> = ends.requests("BYE").into_iter().map(|(at, end)| (end, at)).collect();
    assert!(byes.contains(&(CALLEE, 933)), "{byes:?}");
    assert!(byes.contains(&(CALLER, 1769)), "{byes:?}");
}

#[test]
fn a_session_too_short_for_them_is_asked_for_again_longer() {
    let mut ends = Ends::new(|end, config| {
        if end == CALLER {
            config.session_interval = Duration::from_secs(120);
        } else {
            config.min_session = Duration::from_secs(600);
        }
    });
    ends.dial();
    ends.pass(Duration::from_secs(1));
    let invites: Vec<_> = ends.sent.iter().filter(|(_, _, text)| text.starts_with("INVITE ")).collect();
    assert_eq!(invites.len(), 2);
    assert!(invites[0].2.contains("Session-Expires: 120\r\n") && invites[0].2.contains("CSeq: 1 INVITE\r\n"));
    assert!(invites[1].2.contains("Session-Expires: 600\r\n") && invites[1].2.contains("CSeq: 2 INVITE\r\n"));
    assert!(invites[1].2.contains("Min-SE: 600\r\n"), "{}", invites[1].2);
    assert_eq!(ends.events.iter().filter(|(_, e)| matches!(e, Event::Incoming { .. })).count(), 1);
    let call = ends.call(CALLEE);
    ends.command(CALLEE, Command::Answer { call, media: ends::media(CALLEE) });
    ends.pass(11 * MINUTE);
    assert_eq!(ends.requests("UPDATE"), [(302, CALLEE), (602, CALLEE)]);
}

/// A call of a PBX that says this about its session.
fn called(bench: &mut Bench, session: &str) -> peer::Seen {
    let more = format!("Content-Type: application/sdp\n{session}");
    let seen = bench.send(&request("INVITE", "a", &more, OFFER));
    match seen.incoming() {
        Some(call) => bench.command(Command::Answer { call, media: media() }),
        None => seen,
    }
}

#[test]
fn what_a_pbx_demands_is_agreed_to() {
    for (asked, agreed) in [
        ("Supported: timer\nSession-Expires: 90;refresher=uac\n", Some("90;refresher=uac")),
        ("Require: timer\nSession-Expires: 90;refresher=uas\n", Some("90;refresher=uas")),
        ("k: timer\nx: 300\n", Some("300;refresher=uas")),
        ("Supported: timer\n", Some("1800;refresher=uas")),
        ("", None),
    ] {
        let seen = called(&mut Bench::new(), asked);
        let (_, ok) = seen.sent.last().expect("an answer").clone();
        assert!(ok.starts_with("SIP/2.0 200"), "{asked}: {ok}");
        assert_eq!(peer::header(&ok, "Session-Expires").as_deref(), agreed, "{asked}");
        assert_eq!(peer::header(&ok, "Require").as_deref(), agreed.map(|_| "timer"), "{asked}");
        assert!(peer::header(&ok, "Supported").expect("a header").contains("timer"));
    }
}

#[test]
fn a_session_too_short_for_us_is_refused_with_what_would_do() {
    let mut bench = Bench::new();
    let seen = called(&mut bench, "Supported: timer\nSession-Expires: 30\n");
    assert_eq!(seen.statuses(), [422]);
    assert_eq!(seen.header("Min-SE"), "90");
    assert_eq!(bench.endpoint.load().calls, 0);
    // A caller who knows no 422 got its timer from a proxy: we refresh, and not so often.
    let seen = called(&mut Bench::new(), "Session-Expires: 30\n");
    assert_eq!((seen.statuses().last(), seen.header("Session-Expires").as_str()), (Some(&200), "90;refresher=uas"));
}

#[test]
fn without_update_the_refresh_is_a_re_invite_that_changes_nothing() {
    let mut bench = Bench::new();
    let seen = called(&mut bench, "Supported: timer\nSession-Expires: 90;refresher=uas\nAllow: INVITE, ACK, BYE\n");
    let described = seen.body();
    let to = seen.header("To");
    let _ = bench.send(&ack("a", &to, 1));
    assert!(bench.pass(Duration::from_millis(44_900)).sent.is_empty());
    let seen = bench.pass(Duration::from_millis(200));
    assert_eq!(seen.methods(), ["INVITE"]);
    assert_eq!((seen.body(), seen.header("Session-Expires").as_str()), (described, "90;refresher=uac"));
}

#[test]
fn refreshes_of_theirs_keep_the_call_and_their_absence_ends_it() {
    let mut bench = Bench::new();
    let seen = called(&mut bench, "Supported: timer\nSession-Expires: 90;refresher=uac\n");
    let to = seen.header("To");
    let _ = bench.send(&ack("a", &to, 1));
    for sequence in 2..=80 {
        assert!(bench.pass(Duration::from_secs(45)).sent.is_empty(), "not our turn");
        let update = within("UPDATE", "a", &to, sequence, "");
        let update =
            update.replace("Content-Length", "Supported: timer\nSession-Expires: 90;refresher=uac\nContent-Length");
        let seen = bench.send(&update);
        assert_eq!((seen.statuses(), seen.header("Session-Expires").as_str()), (vec![200], "90;refresher=uac"));
    }
    // An hour later they stop: a third of 90 s before the end the call is over.
    assert!(bench.pass(Duration::from_millis(59_900)).sent.is_empty());
    let seen = bench.pass(Duration::from_millis(200));
    assert_eq!(seen.methods(), ["BYE"]);
    assert!(matches!(seen.events[..], [Event::Ended { cause: EndCause::Expired, .. }]), "{seen:?}");
}
